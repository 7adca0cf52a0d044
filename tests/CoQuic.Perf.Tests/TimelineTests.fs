module CoQuic.Perf.Tests.TimelineTests

open System
open Expecto
open CoQuic.FSharp
open CoQuic.Perf

let private completed count =
    { Counters.zero with
        RequestsCompleted = count }

let private at milliseconds =
    TimeUs.ofMilliseconds (float milliseconds)

let private requests (counters: Counters) = float counters.RequestsCompleted

let private after observations =
    observations
    |> List.fold (fun timeline (time, counters) -> Timeline.see (at time) counters timeline) Timeline.empty

[<Tests>]
let tests =
    testList
        "timeline"
        [ testCase "a rate is the difference of two points over the time between them"
          <| fun () ->
              let timeline =
                  after [ 1000, completed 0UL; 1100, completed 50UL; 1300, completed 70UL ]

              Expect.equal (Timeline.rates requests timeline) [ 0.1, 500.0; 0.3, 100.0 ] "the rates"

          testCase "what comes within an interval is counted at its end"
          <| fun () ->
              let timeline =
                  after [ 0, completed 0UL; 10, completed 4UL; 20, completed 8UL; 50, completed 10UL ]

              Expect.equal (Timeline.rates requests timeline) [ 0.05, 200.0 ] "one interval"

          testCase "counters that fall begin anew: the warm-up is over"
          <| fun () ->
              let timeline =
                  after
                      [ 0, completed 0UL
                        100, completed 90UL
                        200, completed 0UL
                        300, completed 10UL ]

              Expect.equal (Timeline.rates requests timeline) [ 0.1, 100.0 ] "only what was measured"

          testCase "a long run keeps its shape in bounded space"
          <| fun () ->
              let timeline = after [ for tick in 0..20_000 -> tick * 50, completed (uint64 tick) ]
              let rates = Timeline.rates requests timeline
              Expect.isLessThanOrEqual rates.Length 400 "points"
              Expect.isGreaterThan rates.Length 150 "points"
              Expect.all rates (fun (_, rate) -> abs (rate - 20.0) < 0.001) "the rate is the same throughout"
              Expect.isGreaterThan (fst (List.last rates)) 900.0 "up to the end" ]
