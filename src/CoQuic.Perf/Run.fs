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
        /// By the number of the connection's handle, which is compared faster than a handle.
        Sessions: Map<uint64, ClientSession>
        /// Sessions that are not being closed.
        Live: uint64
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
          Live = 0UL
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
    let opened tag (handle: ConnectionHandle) (run: Run) =
        let limit = requestLimit run.Config (uint64 tag)

        { run with
            Opening = run.Opening - 1UL
            Live = run.Live + 1UL
            Sessions = Map.add handle.Value (ClientTurn.session handle limit) run.Sessions }

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
            let room = config.Connections - min config.Connections (run.Opening + run.Live)

            match config.Requests with
            | Some requests -> min room (requests - min requests run.Opened)
            | None -> room

    /// Whether there are.
    let isMissing (run: Run) =
        mayBegin run.Phase && missingConnections run > 0UL

    let openMissing (run: Run) =
        let count = min maximumOpens (missingConnections run)

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

    /// Whether nothing is left to be done.
    let isDone (run: Run) =
        match run.Phase with
        | RunPhase.Working -> isWorkDone run
        | RunPhase.Draining _ -> run.Opening = 0UL && run.Live = 0UL
        | RunPhase.Waiting
        | RunPhase.WarmingUp _
        | RunPhase.Measuring _
        | RunPhase.Over -> false

    /// Ends a run that is done.
    let conclude (now: TimeUs) (run: Run) =
        match run.Phase with
        | RunPhase.Draining _ -> drained now run
        | RunPhase.Waiting
        | RunPhase.Working
        | RunPhase.WarmingUp _
        | RunPhase.Measuring _
        | RunPhase.Over -> finish now None run

    let private count condition = if condition then 1UL else 0UL

    /// Takes what a session did into its run.
    let private absorb (now: TimeUs) (before: ClientSession) (turn: ClientTurn) (run: Run) =
        let session = turn.Session

        { run with
            LastHeard = now
            Sessions =
                // Much of what is heard changes nothing.
                if obj.ReferenceEquals(session, before) then
                    run.Sessions
                else
                    Map.add session.Connection.Value session run.Sessions
            Live = run.Live - count (session.IsClosing && not before.IsClosing)
            Totals = turn.Totals
            ControlComplete =
                run.ControlComplete
                + count (session.IsControlComplete && not before.IsControlComplete) }

    /// Turns one session, and takes what it did into the run.
    let turnSession (now: TimeUs) (handle: ConnectionHandle) (step: Moment -> ClientTurn -> ClientTurn) (run: Run) =
        match Map.tryFind handle.Value run.Sessions with
        | None -> run, []
        | Some session ->
            let turn = step (moment now run) (ClientTurn.start run.Totals session)
            let run = absorb now session turn run

            match turn.Failure with
            | Some reason -> finish now (Some reason) run
            | None -> run, List.rev turn.Commands

    let private turnAll (now: TimeUs) step (run: Run) =
        let turnOne (run, commands) (session: ClientSession) =
            let run, more = turnSession now session.Connection step run
            run, commands @ more

        run.Sessions.Values |> Seq.fold turnOne (run, [])

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

    /// Whether a phase has ended by the clock.
    let isPhaseOver (now: TimeUs) (run: Run) =
        match run.Phase with
        | RunPhase.WarmingUp until
        | RunPhase.Measuring(_, until)
        | RunPhase.Draining until -> now.CompareTo until >= 0
        | RunPhase.Waiting
        | RunPhase.Working
        | RunPhase.Over -> false

    /// What follows a phase that has ended by the clock.
    let advance (now: TimeUs) (run: Run) =
        match run.Phase with
        | RunPhase.WarmingUp _ -> beginMeasuring now run
        | RunPhase.Measuring _ -> beginDraining now run
        | RunPhase.Draining _ ->
            let run, closes = closeAll now run
            let run, stop = drained now run
            run, closes @ stop
        | RunPhase.Waiting
        | RunPhase.Working
        | RunPhase.Over -> run, []
