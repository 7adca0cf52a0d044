namespace CoQuic.Perf

open CoQuic.FSharp

/// A request that waits for its response.
type Request =
    {
        IssuedAt: TimeUs
        /// Whether it was issued while measuring.
        IsCounted: bool
    }

/// What a run has counted.
type Totals =
    {
        Counted: Counters
        Latencies: Latencies
        /// What servers reported, added up.
        Server: Counters
    }

[<RequireQualifiedAccess>]
module Totals =
    let zero =
        { Counted = Counters.zero
          Latencies = Latencies.empty
          Server = Counters.zero }

/// The client's side of a session: one a connection.
type ClientSession =
    {
        Connection: ConnectionHandle
        /// This connection's share of a bounded rr or persistent-rr run; the run's limit in the other modes.
        Limit: uint64 option
        /// Bytes of the control stream that are not a whole message yet.
        Control: Bytes
        /// Whether session_ready has come in.
        IsStarted: bool
        /// Whether session_complete has come in.
        IsControlComplete: bool
        /// Whether we have asked for the connection's end.
        IsClosing: bool
        /// Whether a data stream has been asked for that is not there yet.
        IsOpening: bool
        /// Data streams or, in persistent-rr, requests begun.
        Issued: uint64
        /// Data streams that the server has ended.
        Ended: uint64
        /// Data streams that it has not, by number, with the request that each carries. A number is compared faster than a stream.
        Active: Map<uint64, Request>
        /// persistent-rr: requests that wait, oldest first, in batches issued at the same time.
        Queue: (Request * uint64) list
        /// persistent-rr: bytes of a response that is not complete yet.
        Partial: uint64
        /// Streams with something to hand over still, by number.
        Outgoing: Map<uint64, Outgoing>
    }

/// What a session sees of its run at one instant.
[<Struct>]
type Moment =
    {
        Now: TimeUs
        Config: Config
        /// Whether work begun now, and bytes that come in now, are measured.
        IsCounting: bool
        /// Whether new work may begin.
        MayBegin: bool
    }

/// What a client posts to itself.
[<RequireQualifiedAccess>]
type ClientMessage =
    | Begin
    /// A second has passed.
    | Tick
    /// A phase of a timed run may be over.
    | Wake

/// A session being turned: itself, its run's totals, what is wanted so far (newest first), and why the run fails, if so.
[<Struct>]
type ClientTurn =
    { Session: ClientSession
      Totals: Totals
      Commands: Command<ClientMessage> list
      Failure: string option }

/// The steps that all modes are made of.
[<RequireQualifiedAccess>]
module ClientTurn =
    /// Answers that belong to the control stream and to a data stream.
    let controlTag, dataTag = 0, 1

    let session connection limit : ClientSession =
        { Connection = connection
          Limit = limit
          Control = Bytes.empty
          IsStarted = false
          IsControlComplete = false
          IsClosing = false
          IsOpening = false
          Issued = 0UL
          Ended = 0UL
          Active = Map.empty
          Queue = []
          Partial = 0UL
          Outgoing = Map.empty }

    let start totals session =
        { Session = session
          Totals = totals
          Commands = []
          Failure = None }

    let command command turn =
        { turn with
            Commands = command :: turn.Commands }

    let inline update ([<InlineIfLambda>] change) turn =
        { turn with
            Session = change turn.Session }

    let fail reason (turn: ClientTurn) =
        { turn with
            Failure = turn.Failure |> Option.orElse (Some reason) }

    let inline private count ([<InlineIfLambda>] change) turn =
        { turn with
            Totals =
                { turn.Totals with
                    Counted = change turn.Totals.Counted } }

    let countSent bytes turn =
        turn
        |> count (fun counters ->
            { counters with
                BytesSent = counters.BytesSent + bytes })

    let countReceived bytes turn =
        turn
        |> count (fun counters ->
            { counters with
                BytesReceived = counters.BytesReceived + bytes })

    let private countCompleted turn =
        turn
        |> count (fun counters ->
            { counters with
                RequestsCompleted = counters.RequestsCompleted + 1UL })

    /// The response to a request is complete.
    let complete (moment: Moment) request turn =
        if request.IsCounted then
            let latencies =
                turn.Totals.Latencies |> Latencies.add (moment.Now - request.IssuedAt)

            { turn with
                Totals =
                    { turn.Totals with
                        Latencies = latencies } }
            |> countCompleted
        else
            turn

    /// Asks for the next data stream. One is asked for at a time, so that no number of streams floods the peer's limit.
    let openStream turn =
        if turn.Session.IsOpening then
            turn
        else
            turn
            |> update (fun session -> { session with IsOpening = true })
            |> command (Command.OpenStream(turn.Session.Connection, StreamKind.Bidirectional, dataTag))

    /// The data stream asked for is there: it carries this request.
    let beginStream (stream: StreamId) request turn =
        turn
        |> update (fun session ->
            { session with
                IsOpening = false
                Issued = session.Issued + 1UL
                Active = Map.add stream.Value request session.Active })

    /// The server has ended a data stream.
    let endStream (stream: StreamId) turn =
        turn
        |> update (fun session ->
            { session with
                Ended = session.Ended + 1UL
                Active = Map.remove stream.Value session.Active })

    /// Hands over what a stream may take, and keeps it as long as something is left. The second result is how many bytes were
    /// handed over.
    let private fill (stream: StreamId) (outgoing: Outgoing) turn =
        let filled, commands = Outgoing.fill turn.Session.Connection stream outgoing

        { turn with
            Session =
                { turn.Session with
                    Outgoing =
                        if Outgoing.isSent filled then
                            Map.remove stream.Value turn.Session.Outgoing
                        else
                            Map.add stream.Value filled turn.Session.Outgoing }
            Commands = List.fold (fun all command -> command :: all) turn.Commands commands },
        filled.Queued - outgoing.Queued

    /// Begins a stream that sends `length` bytes and ends.
    let sendWhole stream length turn =
        fill stream (Outgoing.whole length) turn

    /// Adds to what a stream sends, which may begin with it.
    let change (stream: StreamId) change turn =
        let outgoing =
            Map.tryFind stream.Value turn.Session.Outgoing
            |> Option.defaultValue Outgoing.nothing

        fill stream (change outgoing) turn

    /// The peer acknowledged bytes of a stream.
    let onSendProgress (progress: SendProgress) turn =
        match Map.tryFind progress.Stream.Value turn.Session.Outgoing with
        | Some outgoing -> fill progress.Stream (Outgoing.released progress outgoing) turn
        | None -> turn, 0UL

    /// Closes the connection, once.
    let close reason turn =
        if turn.Session.IsClosing then
            turn
        else
            turn
            |> command (Command.close turn.Session.Connection 0UL reason)
            |> update (fun session -> { session with IsClosing = true })
