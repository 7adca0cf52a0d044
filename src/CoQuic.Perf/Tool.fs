namespace CoQuic.Perf

open System
open System.IO
open System.Runtime.InteropServices
open System.Threading
open System.Threading.Tasks
open CoQuic.FSharp
open CoQuic.Runtime

/// Programs seen from outside while they run: `see` is told the instant, the event and the model that came of it.
[<RequireQualifiedAccess>]
module internal Observed =
    let program see (program: Program<'model, 'message>) : Program<'model, 'message> =
        { program with
            Update =
                fun now event model ->
                    let model, commands = program.Update now event model
                    see now event model
                    model, commands }

/// The rim of the tool: sockets, files, the console. Everything it knows comes from the pure programs.
[<RequireQualifiedAccess>]
module internal Tool =
    let private complain (sentence: string) =
        Console.Error.WriteLine $"coquic-fsharp-perf: {sentence}"

    let private lookUp name =
        System.Environment.GetEnvironmentVariable name |> Option.ofObj

    /// What the process has allocated so far, where that is asked for.
    let private tellProfile () =
        if Environment.tellsProfile lookUp then
            Console.Error.WriteLine $"allocated_bytes={GC.GetTotalAllocatedBytes true}"

    let private options (config: Config) endpoint =
        { RuntimeOptions.create endpoint with
            Engine = config.Engine
            KeyLogFile = config.KeyLogFile
            QlogDirectory = config.QlogDirectory
            Offload = Environment.allowsOffload lookUp }

    /// Whether the file is there now. What keeps it from being written is told.
    let private write what (path: string) (content: string) =
        try
            File.WriteAllText(path, content)
            true
        with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? ArgumentException as problem ->
            complain $"{what} cannot be written to '{path}': {problem.Message}"
            false

    /// The files of the runs, which were one at least.
    let private writeFiles (config: Config) (runs: ChartedRun list) =
        let results =
            match config.JsonOut with
            | Some path -> write "The result" path (Repeat.json (runs |> List.map _.Measurement))
            | None -> true

        let chart =
            match config.Chart with
            | Some path -> write "The chart" path (Chart.html runs)
            | None -> true

        results && chart

    /// Every run ends like this, failed ones too: the reason, the summary.
    let private tell (report: Measurement) =
        report.Failure |> Option.iter complain
        Console.Out.WriteLine(Report.summaryLine report)

    let private conclude (config: Config) (runs: ChartedRun list) =
        let measurements = runs |> List.map _.Measurement

        if measurements.Length > 1 then
            Console.Out.WriteLine(Repeat.summaryLine measurements)

        let areWritten = writeFiles config runs
        let areOk = measurements |> List.forall _.Failure.IsNone
        if areOk && areWritten then 0 else 1

    /// The client's program, and a look at its run from another thread.
    let private visible (config: Config) =
        let program = Client.program config
        let latest = ref (TimeUs.zero, fst program.Init)
        // Only a chart wants it, and it is seen at every event.
        let timeline = ref Timeline.empty

        let see now _ (run: Run) =
            if config.Chart.IsSome then
                timeline.Value <- Timeline.see now run.Totals.Counted timeline.Value

            Volatile.Write(&latest.contents, (now, run))

        Observed.program see program, (fun () -> Volatile.Read &latest.contents), (fun () -> timeline.Value)

    let private charted failure (run: Run) timeline : ChartedRun =
        let report = Client.report run

        { Measurement =
            { report with
                Failure = failure |> Option.orElse report.Failure }
          Timeline = timeline
          Latencies = run.Totals.Latencies }

    /// The run to its end. A program that throws is a defect of ours, and a failed run.
    let private follow (agent: RunningAgent<Run, ClientMessage>) look timeline : Task<ChartedRun> =
        task {
            try
                do! Progress.watch look agent.Statistics agent.Completion
                let! run = agent.Completion
                return charted None run (timeline ())
            with defect ->
                return charted (Some $"client backend shutdown: {defect.Message}") (snd (look ())) (timeline ())
        }

    let private runOnce (config: Config) : Task<ChartedRun> =
        task {
            let program, look, timeline = visible config

            match Runtime.start (options config (PerfDefaults.client config)) program with
            | Error error -> return charted (Some $"client bootstrap failed: {error}") (fst program.Init) Timeline.empty
            | Ok agent -> return! follow agent look timeline
        }

    /// Runs a benchmark as often as is asked for, or until a run fails; reports on it, and returns the exit status.
    let measure (config: Config) : Task<int> =
        task {
            let runs = Collections.Generic.List<ChartedRun>()
            let mutable isFailed = false

            while runs.Count < config.Repeat && not isFailed do
                let! run = runOnce config
                tell run.Measurement
                runs.Add run
                isFailed <- run.Measurement.Failure.IsSome

            tellProfile ()
            return conclude config (List.ofSeq runs)
        }

    let private identity (config: Config) =
        match config.CertificateFiles with
        | Some files -> Identities.ofPemFiles files.Chain files.PrivateKey
        | None -> Ok(Identities.development [])

    /// Whether a connection's end is worth a line: no orderly close, by us or the peer, and no silence.
    let private isFailure (reason: CloseReason) =
        match reason.Code with
        | CloseCode.Application 0UL
        // What an application closes with before the handshake is confirmed (RFC 9000 §10.2.3).
        | CloseCode.Transport(TransportErrorCode.ApplicationError, _) -> false
        | CloseCode.Transport(TransportErrorCode.NoError, _) -> reason.Origin <> CloseOrigin.Peer
        | CloseCode.Application _
        | CloseCode.Transport _ -> true

    /// An error on one connection is logged, and the server lives.
    let private log (_: TimeUs) event (_: Server) =
        match event with
        | Network(Signal.Closed closed) when isFailure closed.Reason -> complain $"{closed.Connection}: {closed.Reason}"
        | Network(Signal.Declined error) -> complain (string error)
        | Network _
        | Message _ -> ()

    /// Ends the server in order when it is asked to end.
    let private onSignals (stop: unit -> unit) =
        [ for signal in [ PosixSignal.SIGINT; PosixSignal.SIGTERM ] ->
              PosixSignalRegistration.Create(
                  signal,
                  fun context ->
                      context.Cancel <- true
                      stop ()
              ) ]

    let private startServer (config: Config) =
        task {
            match identity config with
            | Error error -> return Error error
            | Ok identity ->
                let! endPoint = Runtime.resolve config.Host (int config.Port)

                return
                    endPoint
                    |> Result.bind (fun endPoint ->
                        let options =
                            { options config (PerfDefaults.server identity config) with
                                LocalEndPoint = Some endPoint }

                        let program = Server.program (Environment.serverExit lookUp) |> Observed.program log

                        Runtime.startShards config.Shards options (fun _ -> program))
        }

    /// Serves until the server ends by itself or is asked to, and returns the exit status.
    let serve (config: Config) : Task<int> =
        task {
            match! startServer config with
            | Error error ->
                complain (string error)
                return 1
            | Ok shards ->
                Console.Out.WriteLine $"listening on {shards.Head.LocalEndPoint}"

                let stopAll () =
                    shards |> List.iter (fun shard -> shard.Stop() |> ignore)

                let registrations = onSignals stopAll
                // Shards end together, whichever has a reason to.
                let! _ = Task.WhenAny(shards |> List.map _.Completion)
                stopAll ()
                let! _ = Task.WhenAll(shards |> List.map _.Completion)
                registrations |> List.iter _.Dispose()
                tellProfile ()
                return 0
        }
