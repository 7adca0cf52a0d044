module CoQuic.Engine.Tests.Congestion.PccTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender
open CoQuic.Engine.Tests.Congestion.Feed
open CoQuic.Engine.Tests.Congestion.Loop

/// One megabit a second, in bytes.
let private megabit = 125_000.0

/// The next trial, with a share of it lost; and the rate that was tried.
let private answer (coin: bool) (lossRate: float) (learner: IRateLearner) =
    let struct (trial, rate) = learner.Next coin
    let interval = MonitorInterval(TimeUs.Zero, ms 100.0, rate, trial)
    let packet = packetSent TimeUs.Zero 1000

    for _ in 1..100 do
        interval.OnSent &packet

    interval.OnLost(int (lossRate * 100_000.0))
    learner.OnAnswer interval
    rate

let private learners =
    testList
        "learners"
        [ for name, create in
              [ "Allegro", (fun () -> Allegro megabit :> IRateLearner)
                "Vivace", (fun () -> Vivace megabit) ] do
              testCase $"{name} doubles until utility falls, and goes back by one"
              <| fun () ->
                  let learner = create ()
                  let tried = [ for _ in 1..4 -> learner |> answer true 0.0 ]
                  Expect.equal tried [ for power in 0..3 -> megabit * Math.Pow(2.0, float power) ] "doubled"
                  learner |> answer true 0.5 |> ignore
                  Expect.isFalse learner.IsStarting "too much"
                  Expect.equal learner.Rate (8.0 * megabit) "the last that was better"

              testCase $"{name} moves up when higher is no worse, and down when it loses"
              <| fun () ->
                  for higherLoses in [ false; true ] do
                      let learner = create ()

                      for loss in [ 0.0; 0.0; 0.5 ] do
                          learner |> answer true loss |> ignore

                      let rate = learner.Rate

                      for coin in [ true; false; false; true ] do
                          let struct (trial, tried) = learner.Next coin
                          let interval = MonitorInterval(TimeUs.Zero, ms 100.0, tried, trial)
                          let packet = packetSent TimeUs.Zero 1000
                          interval.OnSent &packet

                          if higherLoses && trial = PccTrial.Higher then
                              interval.OnLost 500

                          if trial <> PccTrial.None then
                              learner.OnAnswer interval

                      if higherLoses then
                          Expect.isLessThan learner.Rate rate "down"
                      else
                          Expect.isGreaterThan learner.Rate rate "up"

              testCase $"{name} learns nothing from an application that lacks data"
              <| fun () ->
                  let learner = create ()
                  let struct (trial, rate) = learner.Next true
                  let interval = MonitorInterval(TimeUs.Zero, ms 100.0, rate, trial)

                  let packet =
                      SentPacket(
                          PacketNumber = 0UL,
                          Level = EncryptionLevel.OneRtt,
                          Size = 1000,
                          IsAckEliciting = true,
                          IsInFlight = true,
                          IsAppLimited = true
                      )

                  interval.OnSent &packet
                  learner.OnAnswer interval
                  Expect.equal learner.Rate megabit "not doubled"
                  Expect.equal (learner |> answer true 0.0) megabit "tried again"

          testCase "Allegro asks four times, higher and lower in each pair"
          <| fun () ->
              let learner = Allegro megabit :> IRateLearner

              for loss in [ 0.0; 0.5 ] do
                  learner |> answer true loss |> ignore

              let trials =
                  [ for coin in [ true; true; false; true; true ] ->
                        let struct (trial, _) = learner.Next coin
                        trial ]

              Expect.equal
                  trials
                  [ PccTrial.Higher
                    PccTrial.Lower
                    PccTrial.Lower
                    PccTrial.Higher
                    PccTrial.None ]
                  "and then waits for the answers" ]

let private utilities =
    testList
        "utilities"
        [ testCase "Allegro prefers more up to a loss of five in a hundred"
          <| fun () ->
              Expect.isGreaterThan (Allegro.Utility(2.0 * megabit, 0.0)) (Allegro.Utility(megabit, 0.0)) "more"

              Expect.isGreaterThan
                  (Allegro.Utility(2.0 * megabit, 0.03))
                  (Allegro.Utility(megabit, 0.0))
                  "three are borne"

              Expect.isLessThan (Allegro.Utility(2.0 * megabit, 0.1)) (Allegro.Utility(megabit, 0.0)) "ten are not"

          testCase "Vivace minds queues that grow, and losses"
          <| fun () ->
              Expect.floatClose Accuracy.medium (Vivace.Utility(megabit, 0.0, 0.0)) 1.0 "x^0.9 of one"
              Expect.floatClose Accuracy.medium (Vivace.Utility(1024.0 * megabit, 0.0, 0.0)) 512.0 "x^0.9 of 2^10"
              Expect.floatClose Accuracy.medium (Vivace.Utility(megabit, 0.1, 0.0)) (1.0 - 1.135) "c"
              Expect.floatClose Accuracy.medium (Vivace.Utility(megabit, 0.0, 0.02)) (1.0 - 18.0) "b"
              Expect.floatClose Accuracy.medium (Vivace.Utility(megabit, 0.0, 0.009)) 1.0 "noise is none" ]

let private intervals =
    testList
        "monitor intervals"
        [ testCase "the slope of round-trip times is that of the line through them"
          <| fun () ->
              let interval = MonitorInterval(ms 0.0, ms 100.0, megabit, PccTrial.Plain)

              for index in 0..9 do
                  let sent = ms (10.0 * float index)
                  let packet = packetSent sent 1000
                  interval.OnSent &packet
                  interval.OnAcked 1000
                  interval.OnRoundTrip(sent, span (40.0 + float index))

              Expect.floatClose Accuracy.medium interval.RttGradient 0.1 "1 ms in 10 ms"
              Expect.isTrue interval.IsSettled "all arrived"

          testCase "a slope that chance explains is none"
          <| fun () ->
              let slopeOf roundTrips =
                  let interval = MonitorInterval(ms 0.0, ms 100.0, megabit, PccTrial.Plain)

                  roundTrips
                  |> List.iteri (fun index roundTrip -> interval.OnRoundTrip(ms (10.0 * float index), span roundTrip))

                  interval.RttGradient

              Expect.equal (slopeOf [ 40.0; 44.0; 39.0; 43.0; 41.0; 44.0 ]) 0.0 "it goes up and down"
              Expect.isGreaterThan (slopeOf [ 40.0; 44.0; 46.0; 51.0; 53.0; 58.0 ]) 0.3 "it grows, if not evenly"
              Expect.equal (slopeOf [ 40.0; 50.0 ]) 0.0 "two are always on a line"

          testCase "an interval is settled when each packet arrived or is lost"
          <| fun () ->
              let interval = MonitorInterval(ms 0.0, ms 100.0, megabit, PccTrial.Plain)
              let packet = packetSent (ms 1.0) 1000
              interval.OnSent &packet
              interval.OnSent &packet
              interval.OnAcked 1000
              Expect.isFalse interval.IsSettled "one is missing"
              interval.OnLost 1000
              Expect.isTrue interval.IsSettled "it is lost"
              Expect.equal interval.LossRate 0.5 "half" ]

let private mathematics =
    testList
        "mathematics that is the same everywhere"
        [ for value in [ -700.0; -20.0; -1.0; -1e-9; 0.0; 0.5; 3.0; 50.0; 700.0 ] do
              testCase $"e to the {value}"
              <| fun () ->
                  let ratio = PortableMath.Exponential value / Math.Exp value
                  Expect.isLessThan (abs (ratio - 1.0)) 1e-9 "close"

          for value in [ 1e-9; 0.001; 1.0; 20.0; 12345.0; 1e12 ] do
              testCase $"the tenth root of {value}"
              <| fun () ->
                  let ratio = PortableMath.TenthRoot value / Math.Pow(value, 0.1)
                  Expect.isLessThan (abs (ratio - 1.0)) 1e-12 "close" ]

let private controllers =
    testList
        "in a loop"
        [ for name, create in
              [ "Allegro", (fun () -> Pcc(size, constantly 1uy, fun rate -> Allegro rate :> IRateLearner))
                "Vivace", (fun () -> Pcc(size, constantly 1uy, fun rate -> Vivace rate)) ] do
              testCase $"{name} uses the path"
              <| fun () ->
                  let controller = create ()
                  let loop = Loop(controller, 1.25e6, 40.0, 50_000.0)
                  loop.Run 4_000.0 ignore
                  let before = loop.Delivered
                  loop.Run 12_000.0 ignore
                  Expect.isGreaterThan (float (loop.Delivered - before) / (1.25e6 * 8.0)) 0.85 "most of it"

              testCase $"{name} starts again with two packets a round trip after persistent congestion"
              <| fun () ->
                  let controller = create ()
                  let loop = Loop(controller, 1.25e6, 40.0, 50_000.0)
                  loop.Run 1_000.0 ignore
                  controller.OnPersistentCongestion loop.Now
                  let rate = (controller :> ICongestionController).PacingRate.Value
                  let perRoundTrip = float rate * loop.Sender.Path.Rtt.SmoothedRtt.TotalSeconds
                  Expect.floatClose Accuracy.low perRoundTrip 2400.0 "two packets" ]

[<Tests>]
let tests =
    testList "Congestion.Pcc" [ learners; utilities; intervals; mathematics; controllers ]
