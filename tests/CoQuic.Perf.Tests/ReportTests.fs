module CoQuic.Perf.Tests.ReportTests

open System
open System.Text.Json
open Expecto
open CoQuic.FSharp
open CoQuic.Perf
open CoQuic.Tests

let private download =
    { Config =
        { Config.standard with
            TotalBytes = Some 1073741824UL
            Streams = 4UL
            Warmup = TimeSpan.FromMilliseconds 250.0 }
      Failure = None
      Elapsed = TimeSpan.FromTicks 20_004_567L
      Counted =
        { BytesSent = 0UL
          BytesReceived = 1073741824UL
          RequestsCompleted = 4UL }
      ServerCounters =
        { BytesSent = 1073741824UL
          BytesReceived = 0UL
          RequestsCompleted = 4UL }
      Latency =
        { Minimum = 1L
          Average = 2L
          P50 = 3L
          P90 = 4L
          P99 = 5L
          Maximum = 6L } }

let private refused =
    { download with
        Failure = Some "a \"quoted\\text\"\r\n\tand\u0001more" }

[<Tests>]
let tests =
    testList
        "report"
        [ testCase "the summary is one line with three decimals"
          <| fun () ->
              Expect.equal
                  (Report.summaryLine download)
                  "status=ok mode=bulk cc=newreno direction=download throughput_mib/s=511.883 throughput_gbit/s=4.294 requests/s=2.000"
                  "the line"

          testCase "a failure changes the status alone"
          <| fun () ->
              Expect.equal
                  (Report.summaryLine refused)
                  ((Report.summaryLine download).Replace("status=ok", "status=failed"))
                  "the line"

          testCase "the JSON object has its keys in order and no newline"
          <| fun () ->
              let expected =
                  "{\"schema_version\":1,\"status\":\"ok\",\"mode\":\"bulk\",\"direction\":\"download\",\"backend\":\"socket\","
                  + "\"congestion_control\":\"newreno\",\"remote_host\":\"127.0.0.1\",\"remote_port\":4433,"
                  + "\"alpn\":\"coquic-perf/1\",\"elapsed_ms\":2000,\"warmup_ms\":250,\"bytes_sent\":0,"
                  + "\"bytes_received\":1073741824,\"server_counters\":{\"bytes_sent\":1073741824,\"bytes_received\":0,"
                  + "\"requests_completed\":4},\"requests_completed\":4,\"streams\":4,\"connections\":1,"
                  + "\"requests_in_flight\":1,\"request_bytes\":64,\"response_bytes\":64,"
                  + "\"throughput_mib_per_s\":511.883,\"throughput_gbit_per_s\":4.294,\"requests_per_s\":2.000,"
                  + "\"latency\":{\"min_us\":1,\"avg_us\":2,\"p50_us\":3,\"p90_us\":4,\"p99_us\":5,\"max_us\":6}}"

              Expect.equal (Report.json download) expected "the object"

          testCase "the reason of a failure comes last, with five characters escaped"
          <| fun () ->
              Expect.stringEnds
                  (Report.json refused)
                  ",\"failure_reason\":\"a \\\"quoted\\\\text\\\"\\r\\n\\tand\u0001more\"}"
                  "the object"

          testCase "a run without time is measured over a millisecond"
          <| fun () ->
              let instant =
                  { download with
                      Elapsed = TimeSpan.Zero }

              Expect.equal (Report.mebibytesPerSecond instant) 1024000.0 "1 GiB in 1 ms"

          testCase "the names of the congestion controllers are those of the command line"
          <| fun () ->
              let names =
                  Enum.GetValues<CongestionControl>() |> Array.map Config.congestionControlName

              Expect.equal names [| "newreno"; "cubic"; "bbr"; "copa"; "pcc"; "pcc-vivace" |] "the names"

          Properties.property "the object is JSON, whatever the host is called"
          <| fun (host: string | null) ->
              let host =
                  Option.ofObj host
                  |> Option.defaultValue ""
                  |> String.filter (fun character -> character >= ' ' && not (Char.IsSurrogate character))

              let report =
                  { download with
                      Config = { download.Config with Host = host } }

              use document = JsonDocument.Parse(Report.json report)
              Expect.equal (document.RootElement.GetProperty("remote_host").GetString()) host "the host" ]
