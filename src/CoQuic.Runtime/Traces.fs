namespace CoQuic.Runtime

open System
open CoQuic.FSharp

/// What an agent tells besides its results: its log, and key-log lines and qlog files when asked.
[<Sealed>]
type internal Traces(log: Log, keyLog: KeyLog option, qlog: QlogFiles option) =

    /// Nobody listens, and nothing is asked for.
    static member val None = new Traces(Log.None, None, None)

    /// The agent's.
    member _.Log: Log = log

    /// The agent's.
    member _.Record(trace: Trace) =
        match trace.Record with
        | TraceRecord.KeyLogLine line -> keyLog |> Option.iter (fun keyLog -> keyLog.Write line)
        | TraceRecord.Qlog(time, event) -> qlog |> Option.iter (fun qlog -> qlog.Record(trace.Connection, time, event))

    interface IDisposable with
        member _.Dispose() =
            keyLog |> Option.iter (fun keyLog -> (keyLog :> IDisposable).Dispose())
            qlog |> Option.iter (fun qlog -> (qlog :> IDisposable).Dispose())

    /// Opens the files that are asked for, by option or by the environment variables SSLKEYLOGFILE and QLOGDIR.
    static member Open
        (log: Log, keyLogFile: string option, qlogDirectory: string option)
        : Result<Traces, RuntimeError> =
        let optionally opening path =
            match path with
            | None -> Ok None
            | Some path -> opening path |> Result.map Some

        let openKeyLog path =
            log.SecretsWritten path
            KeyLog.Open path

        let openQlog directory =
            QlogFiles.Open(directory, Clock.utc, log.QlogIncomplete)

        optionally openKeyLog (KeyLog.path keyLogFile)
        |> Result.bind (fun keyLog ->
            match optionally openQlog (QlogFiles.path qlogDirectory) with
            | Ok qlog -> Ok(new Traces(log, keyLog, qlog))
            | Error error ->
                keyLog |> Option.iter (fun keyLog -> (keyLog :> IDisposable).Dispose())
                Error error)
