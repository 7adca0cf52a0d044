namespace CoQuic.Perf

open CoQuic.FSharp

/// What a client's session does with signals of its connection, whatever the mode.
[<RequireQualifiedAccess>]
module ClientControl =
    let private controlStream = StreamId.clientBidirectional 0UL

    /// The first stream of the connection is the control stream.
    let onHandshakeReady (turn: ClientTurn) =
        let connection = turn.Session.Connection
        ClientTurn.command (Command.OpenStream(connection, StreamKind.Bidirectional, ClientTurn.controlTag)) turn

    let private sendStart (moment: Moment) (turn: ClientTurn) =
        let start = SessionStart(Config.sessionStart turn.Session.Limit moment.Config)
        ClientTurn.command (Command.sendLast turn.Session.Connection controlStream (ControlCodec.encode start)) turn

    let private onDataStreamOpened (moment: Moment) stream turn =
        match moment.Config.Mode with
        | Mode.Bulk -> BulkClient.onStreamOpened moment stream turn
        | Mode.RequestResponse
        | Mode.ConnectRequestResponse -> ExchangeClient.onStreamOpened moment stream turn
        | Mode.PersistentRequestResponse -> PersistentClient.onStreamOpened moment turn

    let onStreamOpened (moment: Moment) (stream: StreamId) (turn: ClientTurn) =
        if turn.Session.IsClosing then turn
        elif stream.Equals controlStream then sendStart moment turn
        else onDataStreamOpened moment stream turn

    let private beginWork (moment: Moment) (turn: ClientTurn) =
        let turn =
            turn |> ClientTurn.update (fun session -> { session with IsStarted = true })

        match moment.Config.Mode with
        | Mode.Bulk -> BulkClient.beginWork moment turn
        | Mode.RequestResponse
        | Mode.ConnectRequestResponse -> ExchangeClient.beginWork moment turn
        | Mode.PersistentRequestResponse -> PersistentClient.beginWork turn

    let private completeControl counters (turn: ClientTurn) =
        if turn.Session.IsControlComplete then
            turn
        else
            { turn with
                Session =
                    { turn.Session with
                        IsControlComplete = true }
                Totals =
                    { turn.Totals with
                        Server = Counters.add turn.Totals.Server counters } }

    let private onMessage (moment: Moment) message (turn: ClientTurn) =
        match message with
        | Some(SessionReady _) when turn.Session.IsStarted -> turn
        | Some(SessionReady _) -> beginWork moment turn
        | Some(SessionError text) -> ClientTurn.fail text turn
        | Some(SessionComplete counters) -> completeControl counters turn
        | Some(SessionStart _) -> ClientTurn.fail "client stream handling failed" turn
        // A complete frame that is no message is dropped.
        | None -> turn

    /// Reads the messages that are complete, in order.
    let rec private readMessages (moment: Moment) isEnded (turn: ClientTurn) =
        match ControlCodec.cut turn.Session.Control with
        | ControlCodec.Framing.Message(message, rest) ->
            turn
            |> ClientTurn.update (fun session -> { session with Control = rest })
            |> onMessage moment (ControlCodec.tryDecode message)
            |> readMessages moment isEnded
        | ControlCodec.Framing.TooLong -> ClientTurn.fail "client stream handling failed" turn
        | ControlCodec.Framing.Incomplete when isEnded && not turn.Session.Control.IsEmpty ->
            ClientTurn.fail "client stream handling failed" turn
        | ControlCodec.Framing.Incomplete -> turn

    let private onControlData (moment: Moment) (data: ReceiveStreamData) turn =
        turn
        |> ClientTurn.update (fun session ->
            { session with
                Control = Bytes.concat [ session.Control; data.Bytes ] })
        |> readMessages moment data.Fin

    /// Whether the server owes no more. It leaves the streams of an upload and of persistent-rr open.
    let private isAnswered (config: Config) session =
        match config.Mode, config.Direction with
        | Mode.Bulk, Direction.Upload -> true
        | Mode.Bulk, Direction.Download
        | Mode.RequestResponse, _
        | Mode.ConnectRequestResponse, _ -> session.Active.IsEmpty
        | Mode.PersistentRequestResponse, _ -> session.Queue.IsEmpty

    /// A session that is done waits for no other: its connection would be silent until the slowest is done, and end by its idle timeout.
    let private closeIfDone (moment: Moment) (turn: ClientTurn) =
        if turn.Session.IsControlComplete && isAnswered moment.Config turn.Session then
            ClientTurn.close "session complete" turn
        else
            turn

    let private onStream (moment: Moment) (data: ReceiveStreamData) (turn: ClientTurn) =
        if data.Stream.Equals controlStream then
            onControlData moment data turn
        else
            match moment.Config.Mode with
            | Mode.Bulk -> BulkClient.onStreamData moment data turn
            | Mode.RequestResponse
            | Mode.ConnectRequestResponse -> ExchangeClient.onStreamData moment data turn
            | Mode.PersistentRequestResponse -> PersistentClient.onStreamData moment data turn

    let onStreamData (moment: Moment) (data: ReceiveStreamData) (turn: ClientTurn) =
        turn |> onStream moment data |> closeIfDone moment

    let onSendProgress (moment: Moment) progress (turn: ClientTurn) =
        match moment.Config.Mode with
        | Mode.Bulk -> BulkClient.onSendProgress moment progress turn
        | Mode.RequestResponse
        | Mode.ConnectRequestResponse -> ExchangeClient.onSendProgress progress turn
        | Mode.PersistentRequestResponse -> PersistentClient.onSendProgress moment progress turn

    /// The measuring period of a timed run is over.
    let drain (moment: Moment) (turn: ClientTurn) =
        match moment.Config.Mode with
        | Mode.Bulk -> BulkClient.drain turn
        | Mode.RequestResponse
        | Mode.ConnectRequestResponse -> ExchangeClient.drain moment turn
        | Mode.PersistentRequestResponse -> PersistentClient.drain moment turn

    /// What the end of draining tells the peer where a connection is still open.
    let drainReason mode =
        match mode with
        | Mode.Bulk -> "timed bulk drain complete"
        | Mode.RequestResponse -> "timed rr drain complete"
        | Mode.ConnectRequestResponse -> "timed crr drain complete"
        | Mode.PersistentRequestResponse -> "persistent rr drain complete"

    /// The warm-up is over: bytes and requests are counted from here, but no request issued before.
    let forgetWarmup (session: ClientSession) =
        let uncounted (request: Request) = { request with IsCounted = false }

        { session with
            Active = Map.map (fun _ request -> uncounted request) session.Active
            Queue = session.Queue |> List.map (fun (request, count) -> uncounted request, count) }
