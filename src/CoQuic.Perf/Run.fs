namespace CoQuic.Perf

open System
open CoQuic.FSharp

/// Where a run is in time.
[<RequireQualifiedAccess>]
type RunPhase =
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
type Run =
    {
        Config: Config
        Phase: RunPhase
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
        /// What the server gave last to resume a session with, where that is asked for.
        Resumption: Secret
        Failure: string option
    }

/// What a run does of itself: it opens connections, turns sessions, goes through its phases, and ends.
[<RequireQualifiedAccess>]
module Run =
    /// Draining lasts no longer, nor longer than measuring did.
    let private maximumDrain = TimeSpan.FromSeconds 2.0

    /// So many connections are asked for at a time; each that is there lets more be asked for.
    let private maximumOpens = 256UL

    let initial (config: Config) =
        { Config = config
          Phase =
            if Config.isTimed config then
                RunPhase.Waiting
            else
                RunPhase.Working
          StartedAt = TimeUs.zero
          LastHeard = TimeUs.zero
          Sessions = Map.empty
          Opened = 0UL
          Opening = 0UL
          ControlComplete = 0UL
          Totals = Totals.zero
          Elapsed = TimeSpan.Zero
          Resumption = Secret.empty
          Failure = None }

    let private isCounting phase =
        match phase with
        | RunPhase.Working
        | RunPhase.Measuring _ -> true
        | RunPhase.Waiting
        | RunPhase.WarmingUp _
        | RunPhase.Draining _
        | RunPhase.Over -> false

    let private mayBegin phase =
        match phase with
        | RunPhase.Waiting
        | RunPhase.Working
        | RunPhase.WarmingUp _
        | RunPhase.Measuring _ -> true
        | RunPhase.Draining _
        | RunPhase.Over -> false

    let moment (now: TimeUs) (run: Run) =
        { Now = now
          Config = run.Config
          IsCounting = isCounting run.Phase
          MayBegin = mayBegin run.Phase }

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

    /// A connection that was asked for is there.
    let opened tag handle (run: Run) =
        let limit = requestLimit run.Config (uint64 tag)

        { run with
            Opening = run.Opening - 1UL
            Sessions = Map.add handle (ClientTurn.session handle limit) run.Sessions }

    let private openRequest (run: Run) =
        { OpenRequest.create run.Config.Host (int run.Config.Port) with
            ServerName = run.Config.ServerName
            ResumptionState = run.Resumption }

    /// The server gave something to resume a session with.
    let resumable (state: ResumptionStateAvailable) (run: Run) =
        if run.Config.Resume then
            { run with
                Resumption = state.Serialized }
        else
            run

    /// How many connections to open now.
    let private missingConnections (run: Run) =
        let config = run.Config

        match config.Mode with
        | Mode.Bulk
        | Mode.RequestResponse
        | Mode.PersistentRequestResponse -> connectionCount config - run.Opened
        | Mode.ConnectRequestResponse ->
            let isOpen _ (session: ClientSession) = not session.IsClosing

            let active = run.Opening + uint64 (run.Sessions |> Map.filter isOpen |> Map.count)

            let room = config.Connections - min config.Connections active

            match config.Requests with
            | Some requests -> min room (requests - min requests run.Opened)
            | None -> room

    let openMissing (run: Run) =
        let count =
            if mayBegin run.Phase then
                min maximumOpens (missingConnections run)
            else
                0UL

        if count = 0UL then
            run, []
        else
            { run with
                Opened = run.Opened + count
                Opening = run.Opening + count },
            List.init (int count) (fun index -> Command.Open(int run.Opened + index, openRequest run))

    let private elapsed (now: TimeUs) (run: Run) =
        match run.Phase with
        | RunPhase.Working -> now - run.StartedAt
        | RunPhase.Measuring(since, _) -> now - since
        | RunPhase.Waiting
        | RunPhase.WarmingUp _
        | RunPhase.Draining _
        | RunPhase.Over -> run.Elapsed

    let finish (now: TimeUs) failure (run: Run) =
        { run with
            Phase = RunPhase.Over
            Elapsed = elapsed now run
            Failure = failure },
        [ Command.Stop ]

    /// A timed download that measured nothing measured wrongly.
    let private drained (now: TimeUs) (run: Run) =
        let config = run.Config

        let isEmptyDownload =
            config.Mode = Mode.Bulk
            && config.Direction = Direction.Download
            && config.ResponseBytes > 0UL
            && run.Totals.Counted.BytesReceived = 0UL

        let failure =
            if isEmptyDownload then
                Some "timed bulk download measured zero bytes"
            else
                None

        finish now failure run

    let private isBulkDone (run: Run) =
        let config = run.Config
        let total = Option.defaultValue 0UL config.TotalBytes

        let moved =
            match config.Direction with
            | Direction.Upload -> run.Totals.Counted.BytesSent
            | Direction.Download -> run.Totals.Counted.BytesReceived

        run.ControlComplete >= config.Connections
        && UInt128.op_Implicit moved
           >= UInt128.op_Implicit total * UInt128.op_Implicit config.Connections

    let private isWorkDone (run: Run) =
        let config = run.Config
        let requests = Option.defaultValue 0UL config.Requests
        let completed = run.Totals.Counted.RequestsCompleted

        match config.Mode with
        | Mode.Bulk -> isBulkDone run
        | Mode.RequestResponse
        | Mode.PersistentRequestResponse ->
            let connections = connectionCount config

            connections > 0UL && run.ControlComplete >= connections && completed >= requests
        | Mode.ConnectRequestResponse -> completed >= requests && run.Sessions.IsEmpty && run.Opening = 0UL

    let private isClosing _ (session: ClientSession) = session.IsClosing

    /// Ends the run where it is done.
    let finishIfDone (now: TimeUs) (run: Run) =
        match run.Phase with
        | RunPhase.Working when isWorkDone run -> finish now None run
        | RunPhase.Draining _ when run.Opening = 0UL && Map.forall isClosing run.Sessions -> drained now run
        | RunPhase.Waiting
        | RunPhase.Working
        | RunPhase.WarmingUp _
        | RunPhase.Measuring _
        | RunPhase.Draining _
        | RunPhase.Over -> run, []

    /// Turns one session, and takes what it did into the run.
    let turnSession (now: TimeUs) handle (step: Moment -> ClientTurn -> ClientTurn) (run: Run) =
        match Map.tryFind handle run.Sessions with
        | None -> run, []
        | Some session ->
            let turn = step (moment now run) (ClientTurn.start run.Totals session)
            let isCompleted = turn.Session.IsControlComplete && not session.IsControlComplete

            let run =
                { run with
                    Sessions = Map.add handle turn.Session run.Sessions
                    Totals = turn.Totals
                    ControlComplete = run.ControlComplete + (if isCompleted then 1UL else 0UL) }

            match turn.Failure with
            | Some reason -> finish now (Some reason) run
            | None -> run, List.rev turn.Commands

    let private turnAll (now: TimeUs) step (run: Run) =
        let turnOne (run, commands) handle =
            let run, more = turnSession now handle step run
            run, commands @ more

        run.Sessions |> Map.keys |> Seq.fold turnOne (run, [])

    let private beginMeasuring (now: TimeUs) (run: Run) =
        let until = now + run.Config.Duration

        { run with
            Phase = RunPhase.Measuring(now, until)
            Totals = Totals.zero
            Sessions = run.Sessions |> Map.map (fun _ session -> ClientControl.forgetWarmup session) },
        [ Command.After(run.Config.Duration, ClientMessage.Wake) ]

    let beginClock (now: TimeUs) (run: Run) =
        if run.Config.Warmup = TimeSpan.Zero then
            beginMeasuring now run
        else
            { run with
                Phase = RunPhase.WarmingUp(now + run.Config.Warmup) },
            [ Command.After(run.Config.Warmup, ClientMessage.Wake) ]

    let private beginDraining (now: TimeUs) (run: Run) =
        let length = min run.Config.Duration maximumDrain

        let run, commands =
            { run with
                Phase = RunPhase.Draining(now + length)
                Elapsed = run.Config.Duration }
            |> turnAll now ClientControl.drain

        run, commands @ [ Command.After(length, ClientMessage.Wake) ]

    let private closeAll (now: TimeUs) (run: Run) =
        let reason = ClientControl.drainReason run.Config.Mode
        turnAll now (fun _ turn -> ClientTurn.close reason turn) run

    /// Phases end by the clock, before anything that happens at the same time is looked at.
    let advance (now: TimeUs) (run: Run) =
        match run.Phase with
        | RunPhase.WarmingUp until when now >= until -> beginMeasuring now run
        | RunPhase.Measuring(_, until) when now >= until -> beginDraining now run
        | RunPhase.Draining until when now >= until ->
            let run, closes = closeAll now run
            let run, stop = drained now run
            run, closes @ stop
        | RunPhase.Waiting
        | RunPhase.Working
        | RunPhase.WarmingUp _
        | RunPhase.Measuring _
        | RunPhase.Draining _
        | RunPhase.Over -> run, []
