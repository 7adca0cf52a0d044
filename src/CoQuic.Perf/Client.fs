namespace CoQuic.Perf

open System
open CoQuic.FSharp

/// The benchmark client: it describes the sessions to the server, drives the work, counts, and ends.
[<RequireQualifiedAccess>]
module Client =
    /// The clock starts with the first session that is ready, before its work does.
    let private startClock (now: TimeUs) (data: ReceiveStreamData) (run: Run) =
        if run.Phase.IsWaiting && data.Stream.Equals(StreamId.clientBidirectional 0UL) then
            Run.beginClock now run
        else
            run, []

    let private describeOpenError (config: Config) error =
        match error with
        | OpenError.HostNotFound host -> $"open connection failed: no address is known for the host '{host}'"
        | OpenError.NoRoute reason -> $"open connection failed: there is no way to {config.Host}: {reason}"
        | OpenError.Declined code -> $"open connection failed: {code}"

    /// Host and port as people write them: an IPv6 literal in brackets.
    let private address (config: Config) =
        let host =
            if config.Host.Contains ':' then
                $"[{config.Host}]"
            else
                config.Host

        $"{host}:{config.Port}"

    let private describeClose (config: Config) (closed: ConnectionClosed) =
        match closed.Reason.Origin with
        | CloseOrigin.HandshakeTimeout ->
            $"open connection failed: {address config} did not answer within \
              {config.ConnectTimeout |> Option.map _.TotalSeconds |> Option.defaultValue 0.0} s"
        | _ -> $"client core state failed connection={closed.Connection.Value} {closed.Reason}"

    let private onClosed (now: TimeUs) (closed: ConnectionClosed) (run: Run) =
        match Map.tryFind closed.Connection.Value run.Sessions with
        | Some session when session.IsClosing ->
            { run with
                Sessions = Map.remove closed.Connection.Value run.Sessions },
            []
        | Some _ -> Run.finish now (Some(describeClose run.Config closed)) run
        | None -> run, []

    let private onDeclined (now: TimeUs) (error: LocalError) (run: Run) =
        let isClosing =
            error.Connection
            |> Option.bind (fun handle -> Map.tryFind handle.Value run.Sessions)
            |> Option.exists _.IsClosing

        let stream =
            error.Stream
            |> Option.map (fun stream -> $" stream_id={stream.Value}")
            |> Option.defaultValue ""

        if isClosing then
            run, []
        else
            Run.finish now (Some $"client local error code={int error.Code}{stream}") run

    let private onOpened (now: TimeUs) tag handle (run: Run) =
        let run = Run.opened tag handle run

        match run.Phase with
        | RunPhase.Draining _ -> Run.turnSession now handle (fun moment turn -> ClientControl.drain moment turn) run
        | RunPhase.Waiting
        | RunPhase.Working
        | RunPhase.WarmingUp _
        | RunPhase.Measuring _
        | RunPhase.Over -> run, []

    let private onSignal (now: TimeUs) signal (run: Run) =
        let onSession handle step = Run.turnSession now handle step run

        match signal with
        | Signal.Opened(tag, handle) -> onOpened now tag handle run
        | Signal.Refused(_, error) -> Run.finish now (Some(describeOpenError run.Config error)) run
        | Signal.HandshakeReady(handle, _) -> onSession handle (fun _ turn -> ClientControl.onHandshakeReady turn)
        | Signal.StreamOpened(_, handle, stream) ->
            onSession handle (fun moment turn -> ClientControl.onStreamOpened moment stream turn)
        | Signal.StreamData data ->
            let run, clock = startClock now data run

            let run, commands =
                Run.turnSession now data.Connection (fun moment turn -> ClientControl.onStreamData moment data turn) run

            run, clock @ commands
        | Signal.SendProgress progress ->
            onSession progress.Connection (fun moment turn -> ClientControl.onSendProgress moment progress turn)
        | Signal.PeerReset reset ->
            onSession reset.Connection (fun _ turn -> ClientTurn.fail "client stream handling failed" turn)
        | Signal.PeerStopSending stop ->
            onSession stop.Connection (fun _ turn -> ClientTurn.fail "client stream handling failed" turn)
        | Signal.Closed closed -> onClosed now closed run
        | Signal.Declined error -> onDeclined now error run
        | Signal.ResumptionState state -> Run.resumable state run, []
        // Nothing else concerns a benchmark.
        | Signal.Accepted _
        | Signal.Confirmed _
        | Signal.Datagram _
        | Signal.PathChanged _
        | Signal.PreferredAddress _
        | Signal.NewToken _
        | Signal.ZeroRtt _
        | Signal.CertificateVerdictNeeded _
        | Signal.ServerIdentityNeeded _
        | Signal.Inspected _ -> run, []

    let private oneSecond = TimeSpan.FromSeconds 1.0

    let private tick = Command.After(oneSecond, ClientMessage.Tick)

    let private isUnderWay (run: Run) =
        run.Sessions |> Map.exists (fun _ session -> session.IsStarted)

    /// How long silence lasts before the run fails; none while a clock will end it anyway, and none while a session is under way:
    /// what has been handed over may take long to go out, and a peer that is gone is the idle timeout's business. A handshake
    /// without an answer is given up a second earlier, with a better reason.
    let private patience (run: Run) =
        match run.Phase with
        | RunPhase.Waiting
        | RunPhase.Working when run.Opened = 0UL -> Some oneSecond
        | RunPhase.Working when isUnderWay run -> None
        | RunPhase.Waiting
        | RunPhase.Working -> run.Config.ConnectTimeout |> Option.map (fun time -> time + oneSecond)
        | RunPhase.WarmingUp _
        | RunPhase.Measuring _
        | RunPhase.Draining _
        | RunPhase.Over -> None

    let private onTick (now: TimeUs) (run: Run) =
        match patience run with
        | Some patience when now - run.LastHeard >= patience ->
            Run.finish now (Some "client timed out waiting for progress") run
        | Some _
        | None -> run, [ tick ]

    let private onMessage (now: TimeUs) message (run: Run) =
        match message with
        | ClientMessage.Begin ->
            { run with
                StartedAt = now
                LastHeard = now },
            [ tick ]
        | ClientMessage.Tick -> onTick now run
        | ClientMessage.Wake -> run, []

    let private onEvent now event run =
        match event with
        | Network signal -> onSignal now signal run
        | Message message -> onMessage now message run

    /// One step after the other, where there is something to be done and as long as the run is not over.
    let inline private andThen
        ([<InlineIfLambda>] isDue)
        ([<InlineIfLambda>] step)
        (struct (run: Run, commands: Command<ClientMessage> list))
        =
        if run.Phase.IsOver || not (isDue run) then
            struct (run, commands)
        else
            let run, more = step run
            struct (run, commands @ more)

    let private update (now: TimeUs) event (run: Run) =
        let struct (run, commands) =
            struct (run, [])
            // Phases end by the clock, before anything that happens at the same time is looked at.
            |> andThen (fun run -> Run.isPhaseOver now run) (fun run -> Run.advance now run)
            |> andThen (fun _ -> true) (fun run -> onEvent now event run)
            |> andThen Run.isMissing Run.openMissing
            |> andThen Run.isDone (fun run -> Run.conclude now run)

        run, commands

    /// The run as a program. It ends with `Command.Stop`, which closes what is open.
    let program (config: Config) : Program<Run, ClientMessage> =
        { Init = Run.initial config, [ Command.After(TimeSpan.Zero, ClientMessage.Begin) ]
          Update = update }

    /// Servers do not report on runs that the client's clock ends: there its own figures stand for theirs.
    let private serverCounters (run: Run) =
        let counted = run.Totals.Counted

        if Config.isTimed run.Config && run.Config.Mode <> Mode.Bulk then
            { BytesSent = counted.BytesReceived
              BytesReceived = counted.BytesSent
              RequestsCompleted = counted.RequestsCompleted }
        else
            run.Totals.Server

    /// In bulk only the servers know what a request is.
    let private counters (run: Run) =
        match run.Config.Mode with
        | Mode.Bulk ->
            { run.Totals.Counted with
                RequestsCompleted = run.Totals.Server.RequestsCompleted }
        | Mode.RequestResponse
        | Mode.ConnectRequestResponse
        | Mode.PersistentRequestResponse -> run.Totals.Counted

    /// What the run has measured.
    let report (run: Run) : Measurement =
        { Config = run.Config
          Failure = run.Failure
          Elapsed = run.Elapsed
          Counted = counters run
          ServerCounters = serverCounters run
          Latency = Latencies.summary run.Totals.Latencies }
