namespace CoQuic.Perf

open System
open CoQuic.FSharp

/// Where a run is in time.
[<RequireQualifiedAccess>]
type Phase =
    /// Timed: no session is ready yet, so that the clock does not run.
    | Waiting
    /// Bounded: everything counts until the work is done.
    | Working
    | WarmingUp of until: TimeUs
    | Measuring of since: TimeUs * until: TimeUs
    /// No new work; connections are being closed.
    | Draining of until: TimeUs
    | Over

/// A benchmark run.
type Client =
    {
        Config: Config
        Phase: Phase
        /// When the run began.
        StartedAt: TimeUs
        /// When something last came from the network.
        LastHeard: TimeUs
        Sessions: Map<ConnectionHandle, ClientSession>
        /// Connections asked for since the run began.
        Opened: uint64
        /// Connections asked for and not there yet.
        Opening: uint64
        /// Sessions whose session_complete has come in.
        ControlComplete: uint64
        Totals: Totals
        Elapsed: TimeSpan
        Failure: string option
    }

/// The benchmark client: it describes the sessions to the server, drives the work, counts, and ends.
[<RequireQualifiedAccess>]
module Client =
    /// Draining lasts no longer, nor longer than measuring did.
    let private maximumDrain = TimeSpan.FromSeconds 2.0

    let private oneSecond = TimeSpan.FromSeconds 1.0

    let private initial (config: Config) =
        { Config = config
          Phase =
            if Config.isTimed config then
                Phase.Waiting
            else
                Phase.Working
          StartedAt = TimeUs.zero
          LastHeard = TimeUs.zero
          Sessions = Map.empty
          Opened = 0UL
          Opening = 0UL
          ControlComplete = 0UL
          Totals = Totals.zero
          Elapsed = TimeSpan.Zero
          Failure = None }

    let private isCounting phase =
        match phase with
        | Phase.Working
        | Phase.Measuring _ -> true
        | Phase.Waiting
        | Phase.WarmingUp _
        | Phase.Draining _
        | Phase.Over -> false

    let private mayBegin phase =
        match phase with
        | Phase.Waiting
        | Phase.Working
        | Phase.WarmingUp _
        | Phase.Measuring _ -> true
        | Phase.Draining _
        | Phase.Over -> false

    let private moment (now: TimeUs) client =
        { Now = now
          Config = client.Config
          IsCounting = isCounting client.Phase
          MayBegin = mayBegin client.Phase }

    // Beginning and ending

    /// How many connections a run uses that does not open one for each request.
    let private connectionCount (config: Config) =
        match config.Mode, config.Requests with
        | Mode.RequestResponse, Some requests
        | Mode.PersistentRequestResponse, Some requests -> min config.Connections requests
        | Mode.RequestResponse, None
        | Mode.PersistentRequestResponse, None
        | Mode.Bulk, _
        | Mode.ConnectRequestResponse, _ -> config.Connections

    /// What the connection number `index` is told about the limit of requests.
    let private requestLimit (config: Config) index =
        match config.Mode with
        | Mode.RequestResponse
        | Mode.PersistentRequestResponse ->
            config.Requests
            |> Option.map (fun requests -> Protocol.share requests (connectionCount config) index)
        | Mode.Bulk
        | Mode.ConnectRequestResponse -> config.Requests

    let private openRequest (config: Config) =
        { OpenRequest.create config.Host (int config.Port) with
            ServerName = config.ServerName }

    /// How many connections to open now.
    let private missingConnections client =
        let config = client.Config

        match config.Mode with
        | Mode.Bulk
        | Mode.RequestResponse
        | Mode.PersistentRequestResponse -> connectionCount config - client.Opened
        | Mode.ConnectRequestResponse ->
            let isOpen _ (session: ClientSession) = not session.IsClosing

            let active =
                client.Opening + uint64 (client.Sessions |> Map.filter isOpen |> Map.count)

            let room = config.Connections - min config.Connections active

            match config.Requests with
            | Some requests -> min room (requests - min requests client.Opened)
            | None -> room

    let private openMissing client =
        let count =
            if mayBegin client.Phase then
                missingConnections client
            else
                0UL

        let opens =
            List.init (int count) (fun index -> Command.Open(int client.Opened + index, openRequest client.Config))

        { client with
            Opened = client.Opened + count
            Opening = client.Opening + count },
        opens

    let private elapsed (now: TimeUs) client =
        match client.Phase with
        | Phase.Working -> now - client.StartedAt
        | Phase.Measuring(since, _) -> now - since
        | Phase.Waiting
        | Phase.WarmingUp _
        | Phase.Draining _
        | Phase.Over -> client.Elapsed

    let private finish (now: TimeUs) failure client =
        { client with
            Phase = Phase.Over
            Elapsed = elapsed now client
            Failure = failure },
        [ Command.Stop ]

    /// A timed download that measured nothing measured wrongly.
    let private drained (now: TimeUs) client =
        let config = client.Config

        let isEmptyDownload =
            config.Mode = Mode.Bulk
            && config.Direction = Direction.Download
            && config.ResponseBytes > 0UL
            && client.Totals.Counted.BytesReceived = 0UL

        let failure =
            if isEmptyDownload then
                Some "timed bulk download measured zero bytes"
            else
                None

        finish now failure client

    let private isBulkDone client =
        let config = client.Config
        let total = Option.defaultValue 0UL config.TotalBytes

        let moved =
            match config.Direction with
            | Direction.Upload -> client.Totals.Counted.BytesSent
            | Direction.Download -> client.Totals.Counted.BytesReceived

        client.ControlComplete >= config.Connections
        && UInt128.op_Implicit moved
           >= UInt128.op_Implicit total * UInt128.op_Implicit config.Connections

    let private isWorkDone client =
        let config = client.Config
        let requests = Option.defaultValue 0UL config.Requests
        let completed = client.Totals.Counted.RequestsCompleted

        match config.Mode with
        | Mode.Bulk -> isBulkDone client
        | Mode.RequestResponse
        | Mode.PersistentRequestResponse ->
            let connections = connectionCount config

            connections > 0UL
            && client.ControlComplete >= connections
            && completed >= requests
        | Mode.ConnectRequestResponse -> completed >= requests && client.Sessions.IsEmpty && client.Opening = 0UL

    let private isClosing _ (session: ClientSession) = session.IsClosing

    /// Ends the run where it is done.
    let private finishIfDone (now: TimeUs) client =
        match client.Phase with
        | Phase.Working when isWorkDone client -> finish now None client
        | Phase.Draining _ when client.Opening = 0UL && Map.forall isClosing client.Sessions -> drained now client
        | Phase.Waiting
        | Phase.Working
        | Phase.WarmingUp _
        | Phase.Measuring _
        | Phase.Draining _
        | Phase.Over -> client, []

    // Sessions

    /// Turns one session, and takes what it did into the run.
    let private turnSession (now: TimeUs) handle (step: Moment -> ClientTurn -> ClientTurn) client =
        match Map.tryFind handle client.Sessions with
        | None -> client, []
        | Some session ->
            let turn = ClientTurn.start client.Totals session |> step (moment now client)
            let isCompleted = turn.Session.IsControlComplete && not session.IsControlComplete

            let client =
                { client with
                    Sessions = Map.add handle turn.Session client.Sessions
                    Totals = turn.Totals
                    ControlComplete = client.ControlComplete + (if isCompleted then 1UL else 0UL) }

            match turn.Failure with
            | Some reason -> finish now (Some reason) client
            | None -> client, List.rev turn.Commands

    let private turnAll (now: TimeUs) step client =
        let turnOne (client, commands) handle =
            let client, more = turnSession now handle step client
            client, commands @ more

        client.Sessions |> Map.keys |> Seq.fold turnOne (client, [])

    // Phases of a timed run

    let private beginMeasuring (now: TimeUs) client =
        let until = now + client.Config.Duration

        { client with
            Phase = Phase.Measuring(now, until)
            Totals = Totals.zero
            Sessions = client.Sessions |> Map.map (fun _ session -> ClientControl.forgetWarmup session) },
        [ Command.After(client.Config.Duration, ClientMessage.Wake) ]

    let private beginClock (now: TimeUs) client =
        if client.Config.Warmup = TimeSpan.Zero then
            beginMeasuring now client
        else
            { client with
                Phase = Phase.WarmingUp(now + client.Config.Warmup) },
            [ Command.After(client.Config.Warmup, ClientMessage.Wake) ]

    let private beginDraining (now: TimeUs) client =
        let length = min client.Config.Duration maximumDrain

        let client, commands =
            { client with
                Phase = Phase.Draining(now + length)
                Elapsed = client.Config.Duration }
            |> turnAll now ClientControl.drain

        client, commands @ [ Command.After(length, ClientMessage.Wake) ]

    let private closeAll (now: TimeUs) client =
        let reason = ClientControl.drainReason client.Config.Mode
        turnAll now (fun _ turn -> ClientTurn.close reason turn) client

    /// Phases end by the clock, before anything that happens at the same time is looked at.
    let private advance (now: TimeUs) client =
        match client.Phase with
        | Phase.WarmingUp until when now >= until -> beginMeasuring now client
        | Phase.Measuring(_, until) when now >= until -> beginDraining now client
        | Phase.Draining until when now >= until ->
            let client, closes = closeAll now client
            let client, stop = drained now client
            client, closes @ stop
        | Phase.Waiting
        | Phase.Working
        | Phase.WarmingUp _
        | Phase.Measuring _
        | Phase.Draining _
        | Phase.Over -> client, []

    // Signals

    let private opened tag handle client =
        let limit = requestLimit client.Config (uint64 tag)

        { client with
            Opening = client.Opening - 1UL
            Sessions = Map.add handle (ClientTurn.session handle limit) client.Sessions }

    /// The clock starts with the first session that is ready, before its work does.
    let private startClock (now: TimeUs) (data: ReceiveStreamData) client =
        if client.Phase = Phase.Waiting && data.Stream = StreamId.clientBidirectional 0UL then
            beginClock now client
        else
            client, []

    let private describeOpenError (config: Config) error =
        match error with
        | OpenError.HostNotFound host -> $"open connection failed: no address is known for the host '{host}'"
        | OpenError.NoRoute reason -> $"open connection failed: there is no way to {config.Host}: {reason}"
        | OpenError.Declined code -> $"open connection failed: {code}"

    let private describeClose (config: Config) (closed: ConnectionClosed) =
        match closed.Reason.Origin with
        | CloseOrigin.HandshakeTimeout ->
            $"open connection failed: {config.Host}:{config.Port} did not answer within \
              {config.ConnectTimeout |> Option.map _.TotalSeconds |> Option.defaultValue 0.0} s"
        | _ -> $"client core state failed connection={closed.Connection.Value} {closed.Reason}"

    let private onClosed (now: TimeUs) (closed: ConnectionClosed) client =
        match Map.tryFind closed.Connection client.Sessions with
        | Some session when session.IsClosing ->
            { client with
                Sessions = Map.remove closed.Connection client.Sessions },
            []
        | Some _ -> finish now (Some(describeClose client.Config closed)) client
        | None -> client, []

    let private onDeclined (now: TimeUs) (error: LocalError) client =
        let isClosing =
            error.Connection
            |> Option.bind (fun handle -> Map.tryFind handle client.Sessions)
            |> Option.exists _.IsClosing

        let stream =
            error.Stream
            |> Option.map (fun stream -> $" stream_id={stream.Value}")
            |> Option.defaultValue ""

        if isClosing then
            client, []
        else
            finish now (Some $"client local error code={int error.Code}{stream}") client

    let private onOpened (now: TimeUs) tag handle client =
        let client = opened tag handle client

        match client.Phase with
        | Phase.Draining _ -> turnSession now handle (fun moment turn -> ClientControl.drain moment turn) client
        | Phase.Waiting
        | Phase.Working
        | Phase.WarmingUp _
        | Phase.Measuring _
        | Phase.Over -> client, []

    let private onSignal (now: TimeUs) signal client =
        let onSession handle step = turnSession now handle step client

        match signal with
        | Signal.Opened(tag, handle) -> onOpened now tag handle client
        | Signal.Refused(_, error) -> finish now (Some(describeOpenError client.Config error)) client
        | Signal.HandshakeReady(handle, _) -> onSession handle (fun _ turn -> ClientControl.onHandshakeReady turn)
        | Signal.StreamOpened(_, handle, stream) ->
            onSession handle (fun moment turn -> ClientControl.onStreamOpened moment stream turn)
        | Signal.StreamData data ->
            let client, clock = startClock now data client

            let client, commands =
                turnSession now data.Connection (fun moment turn -> ClientControl.onStreamData moment data turn) client

            client, clock @ commands
        | Signal.SendProgress progress ->
            onSession progress.Connection (fun moment turn -> ClientControl.onSendProgress moment progress turn)
        | Signal.PeerReset reset ->
            onSession reset.Connection (fun _ turn -> ClientTurn.fail "client stream handling failed" turn)
        | Signal.PeerStopSending stop ->
            onSession stop.Connection (fun _ turn -> ClientTurn.fail "client stream handling failed" turn)
        | Signal.Closed closed -> onClosed now closed client
        | Signal.Declined error -> onDeclined now error client
        // Nothing else concerns a benchmark.
        | Signal.Accepted _
        | Signal.Confirmed _
        | Signal.Datagram _
        | Signal.PathChanged _
        | Signal.PreferredAddress _
        | Signal.ResumptionState _
        | Signal.NewToken _
        | Signal.ZeroRtt _
        | Signal.Inspected _ -> client, []

    // Messages

    let private tick = Command.After(oneSecond, ClientMessage.Tick)

    /// How long silence lasts before the run fails; none while a clock will end it anyway.
    let private patience client =
        match client.Phase with
        | Phase.Waiting
        | Phase.Working when client.Opened = 0UL -> Some oneSecond
        | Phase.Waiting
        | Phase.Working -> client.Config.ConnectTimeout
        | Phase.WarmingUp _
        | Phase.Measuring _
        | Phase.Draining _
        | Phase.Over -> None

    let private onTick (now: TimeUs) client =
        match patience client with
        | Some patience when now - client.LastHeard >= patience ->
            finish now (Some "client timed out waiting for progress") client
        | Some _
        | None -> client, [ tick ]

    let private onMessage (now: TimeUs) message client =
        match message with
        | ClientMessage.Begin ->
            { client with
                StartedAt = now
                LastHeard = now },
            [ tick ]
        | ClientMessage.Tick -> onTick now client
        | ClientMessage.Wake -> client, []

    /// One step after the other, as long as the run is not over.
    let private andThen step (client, commands) =
        if client.Phase = Phase.Over then
            client, commands
        else
            let client, more = step client
            client, commands @ more

    let private update (now: TimeUs) event (client: Client) =
        let handle client =
            match event with
            | Network signal -> onSignal now signal { client with LastHeard = now }
            | Message message -> onMessage now message client

        (client, [])
        |> andThen (advance now)
        |> andThen handle
        |> andThen openMissing
        |> andThen (finishIfDone now)

    /// The client as a program. It ends with `Command.Stop`, which closes what is open.
    let program (config: Config) : Program<Client, ClientMessage> =
        { Init = initial config, [ Command.After(TimeSpan.Zero, ClientMessage.Begin) ]
          Update = update }

    // The result

    /// Servers do not report on runs that the client's clock ends: there the client's own figures stand for theirs.
    let private serverCounters client =
        let counted = client.Totals.Counted

        if Config.isTimed client.Config && client.Config.Mode <> Mode.Bulk then
            { BytesSent = counted.BytesReceived
              BytesReceived = counted.BytesSent
              RequestsCompleted = counted.RequestsCompleted }
        else
            client.Totals.Server

    /// In bulk only the servers know what a request is.
    let private counters client =
        match client.Config.Mode with
        | Mode.Bulk ->
            { client.Totals.Counted with
                RequestsCompleted = client.Totals.Server.RequestsCompleted }
        | Mode.RequestResponse
        | Mode.ConnectRequestResponse
        | Mode.PersistentRequestResponse -> client.Totals.Counted

    /// What the run has measured.
    let report client : Measurement =
        { Config = client.Config
          Failure = client.Failure
          Elapsed = client.Elapsed
          Counted = counters client
          ServerCounters = serverCounters client
          Latency = Latencies.summary client.Totals.Latencies }
