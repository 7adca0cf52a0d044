module CoQuic.Perf.Tests.RepeatTests

open System
open System.Text.Json
open Expecto
open CoQuic.FSharp
open CoQuic.Perf

let private run requests : Measurement =
    { Config =
        { Config.standard with
            Mode = Mode.RequestResponse }
      Failure = None
      Elapsed = TimeSpan.FromSeconds 2.0
      Counted =
        { Counters.zero with
            RequestsCompleted = requests }
      ServerCounters = Counters.zero
      Latency = Latencies.summary Latencies.empty }

let private charted measurement : ChartedRun =
    let point (timeline: Timeline) second =
        let counters =
            { Counters.zero with
                RequestsCompleted = uint64 second * 100UL }

        Timeline.see (TimeUs.ofSeconds (float second)) counters timeline

    let latencies =
        [ 20.0; 30.0; 4000.0 ]
        |> List.fold
            (fun latencies micros -> Latencies.add (TimeSpan.FromMicroseconds micros) latencies)
            Latencies.empty

    { Measurement = measurement
      Timeline = List.fold point Timeline.empty [ 0..4 ]
      Latencies = latencies }

[<Tests>]
let tests =
    testList
        "several runs"
        [ testCase "the median is the run in the middle, of an even number the slower one"
          <| fun () ->
              Expect.equal (Repeat.median [ run 30UL; run 10UL; run 20UL ]) (run 20UL) "of three"
              Expect.equal (Repeat.median [ run 30UL; run 10UL; run 20UL; run 40UL ]) (run 20UL) "of four"

          testCase "the line says median, ends and spread"
          <| fun () ->
              Expect.equal
                  (Repeat.summaryLine [ run 300UL; run 100UL; run 200UL ])
                  "repeat=3 median_requests/s=100.000 min=50.000 max=150.000 spread_percent=100.000"
                  "the line"

          testCase "one run is reported as the protocol has it"
          <| fun () -> Expect.equal (Repeat.json [ run 5UL ]) (Report.json (run 5UL)) "the object"

          testCase "several are the median with the rates of all behind it"
          <| fun () ->
              use document = JsonDocument.Parse(Repeat.json [ run 300UL; run 100UL; run 200UL ])
              let runs = document.RootElement.GetProperty "runs"

              let rates =
                  [ for rate in runs.GetProperty("rates").EnumerateArray() -> rate.GetDouble() ]

              Expect.equal rates [ 150.0; 50.0; 100.0 ] "in order"
              Expect.equal (document.RootElement.GetProperty("requests_completed").GetInt32()) 200 "the median's"

          testCase "a chart shows each run, over time and by latency"
          <| fun () ->
              let page = Chart.html [ charted (run 400UL); charted (run 500UL) ]
              let lines = page.Split "<polyline"
              Expect.hasLength lines 5 "two figures with two lines each"
              Expect.stringContains page "200 requests/s" "the first run's rate"
              Expect.stringContains page "Latency distribution" "the second figure"

          testCase "a chart of a run that measured nothing is a page still"
          <| fun () ->
              let failed =
                  { charted
                        { run 0UL with
                            Failure = Some "<no server>" } with
                      Timeline = Timeline.empty
                      Latencies = Latencies.empty }

              let page = Chart.html [ failed ]
              Expect.stringContains page "&lt;no server&gt;" "the reason, escaped"
              Expect.isFalse (page.Contains "Latency distribution") "without samples there is no distribution" ]
