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

    let private options (config: Config) endpoint =
        { RuntimeOptions.create endpoint with
            Engine = config.Engine
            Offload = Environment.allowsOffload lookUp }

    let private writeJson (report: Measurement) =
        match report.Config.JsonOut with
        | None -> true
        | Some path ->
            try
                File.WriteAllText(path, Report.json report)
                true
            with
            | :? IOException
            | :? UnauthorizedAccessException
            | :? ArgumentException as problem ->
                complain $"The result cannot be written to '{path}': {problem.Message}"
                false

    /// Every run ends like this, failed ones too: the reason, the summary, the file.
    let private conclude (report: Measurement) =
        report.Failure |> Option.iter complain
        Console.Out.WriteLine(Report.summaryLine report)
        let isWritten = writeJson report
        if report.Failure.IsNone && isWritten then 0 else 1

    let private failedBeforehand config (reason: string) : Measurement =
        { Client.report (fst (Client.program config).Init) with
            Failure = Some reason }

    /// The client's program, and a look at its run from another thread.
    let private visible (config: Config) =
        let latest = ref (TimeUs.zero, fst (Client.program config).Init)

        let program =
            Client.program config
            |> Observed.program (fun now _ run -> Volatile.Write(&latest.contents, (now, run)))

        program, (fun () -> Volatile.Read &latest.contents)

    /// The run to its end, with what it has measured. A program that throws is a defect of ours, and a failed run.
    let private follow (agent: RunningAgent<Run, ClientMessage>) look : Task<Measurement> =
        task {
            try
                do! Progress.watch look agent.Completion
                let! run = agent.Completion
                return Client.report run
            with defect ->
                return
                    { Client.report (snd (look ())) with
                        Failure = Some $"client backend shutdown: {defect.Message}" }
        }

    /// Runs a benchmark, reports on it, and returns the exit status.
    let measure (config: Config) : Task<int> =
        task {
            let program, look = visible config

            match Runtime.start (options config (PerfDefaults.client config)) program with
            | Error error -> return conclude (failedBeforehand config $"client bootstrap failed: {error}")
            | Ok agent ->
                let! report = follow agent look
                return conclude report
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

                        Server.program (Environment.serverExit lookUp)
                        |> Observed.program log
                        |> Runtime.start options)
        }

    /// Serves until the server ends by itself or is asked to, and returns the exit status.
    let serve (config: Config) : Task<int> =
        task {
            match! startServer config with
            | Error error ->
                complain (string error)
                return 1
            | Ok agent ->
                Console.Out.WriteLine $"listening on {agent.LocalEndPoint}"
                let registrations = onSignals (fun () -> agent.Stop() |> ignore)
                let! _ = agent.Completion
                registrations |> List.iter _.Dispose()
                return 0
        }
