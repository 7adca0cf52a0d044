namespace CoQuic.Perf

open System
open System.Globalization
open System.Text
open CoQuic.FSharp

/// What a run measured.
type Measurement =
    {
        Config: Config
        /// Why it failed; none for a run that is ok.
        Failure: string option
        /// Bounded: from the start of the run to its completion. Timed: the measuring period.
        Elapsed: TimeSpan
        /// What the client counted: payload on data streams and responses.
        Counted: Counters
        /// What the servers counted, added up.
        ServerCounters: Counters
        Latency: LatencySummary
    }

[<RequireQualifiedAccess>]
module Report =
    let private status (report: Measurement) =
        if report.Failure.IsSome then "failed" else "ok"

    /// The elapsed time that rates are divided by: never less than a millisecond.
    let private seconds (report: Measurement) =
        Math.Max(float (report.Elapsed.Ticks / TimeSpan.TicksPerMicrosecond) / 1e6, 0.001)

    let private bytes (counters: Counters) =
        float (counters.BytesSent + counters.BytesReceived)

    let mebibytesPerSecond (report: Measurement) =
        bytes report.Counted / 1048576.0 / seconds report

    let gigabitsPerSecond (report: Measurement) =
        bytes report.Counted * 8.0 / 1e9 / seconds report

    let requestsPerSecond (report: Measurement) =
        float report.Counted.RequestsCompleted / seconds report

    let internal decimals (value: float) =
        value.ToString("F3", CultureInfo.InvariantCulture)

    /// The one line that every run ends with.
    let summaryLine (report: Measurement) =
        String.Join(
            " ",
            [ $"status={status report}"
              $"mode={Mode.name report.Config.Mode}"
              $"cc={Config.congestionControlName report.Config.CongestionControl}"
              $"direction={Direction.name report.Config.Direction}"
              $"throughput_mib/s={decimals (mebibytesPerSecond report)}"
              $"throughput_gbit/s={decimals (gigabitsPerSecond report)}"
              $"requests/s={decimals (requestsPerSecond report)}" ]
        )

    /// A JSON string; of all characters the protocol escapes only these five.
    let private text (value: string) =
        let escaped = StringBuilder(value)

        for character, replacement in [ "\\", "\\\\"; "\"", "\\\""; "\n", "\\n"; "\r", "\\r"; "\t", "\\t" ] do
            escaped.Replace(character, replacement) |> ignore

        $"\"{escaped}\""

    let private wholeMilliseconds (duration: TimeSpan) =
        duration.Ticks / TimeSpan.TicksPerMillisecond

    let internal object members =
        let members = [ for name, value in members -> $"\"{name}\":{value}" ]
        "{" + String.Join(",", members) + "}"

    let private latency summary =
        object
            [ "min_us", $"{summary.Minimum}"
              "avg_us", $"{summary.Average}"
              "p50_us", $"{summary.P50}"
              "p90_us", $"{summary.P90}"
              "p99_us", $"{summary.P99}"
              "max_us", $"{summary.Maximum}" ]

    /// What a mode is about, and the unit of its rate: requests, or Gbit for bulk.
    let amount mode (counters: Counters) : float * string =
        match mode with
        | Mode.Bulk -> bytes counters * 8.0 / 1e9, "Gbit/s"
        | Mode.RequestResponse
        | Mode.ConnectRequestResponse
        | Mode.PersistentRequestResponse -> float counters.RequestsCompleted, "requests/s"

    /// The rate that a mode is about, and its unit.
    let rate (report: Measurement) : float * string =
        let amount, unit = amount report.Config.Mode report.Counted
        amount / seconds report, unit

    let private serverCounters counters =
        object
            [ "bytes_sent", $"{counters.BytesSent}"
              "bytes_received", $"{counters.BytesReceived}"
              "requests_completed", $"{counters.RequestsCompleted}" ]

    /// One object without a newline. Names and order are a contract with those who read the file; what else there is to say
    /// comes behind them, but for the reason of a failure.
    let internal jsonWith more (report: Measurement) =
        let config = report.Config

        object
            [ "schema_version", "1"
              "status", text (status report)
              "mode", text (Mode.name config.Mode)
              "direction", text (Direction.name config.Direction)
              "backend", text "socket"
              "congestion_control", text (Config.congestionControlName config.CongestionControl)
              "remote_host", text config.Host
              "remote_port", $"{config.Port}"
              "alpn", text Protocol.alpn
              "elapsed_ms", $"{wholeMilliseconds report.Elapsed}"
              "warmup_ms", $"{wholeMilliseconds config.Warmup}"
              "bytes_sent", $"{report.Counted.BytesSent}"
              "bytes_received", $"{report.Counted.BytesReceived}"
              "server_counters", serverCounters report.ServerCounters
              "requests_completed", $"{report.Counted.RequestsCompleted}"
              "streams", $"{config.Streams}"
              "connections", $"{config.Connections}"
              "requests_in_flight", $"{config.RequestsInFlight}"
              "request_bytes", $"{config.RequestBytes}"
              "response_bytes", $"{config.ResponseBytes}"
              "throughput_mib_per_s", decimals (mebibytesPerSecond report)
              "throughput_gbit_per_s", decimals (gigabitsPerSecond report)
              "requests_per_s", decimals (requestsPerSecond report)
              "latency", latency report.Latency
              yield! more
              match report.Failure with
              | Some reason -> "failure_reason", text reason
              | None -> () ]

    /// The result of a run as `coquic-perf/1` has it.
    let json (report: Measurement) : string = jsonWith [] report
