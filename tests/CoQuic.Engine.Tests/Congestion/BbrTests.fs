module CoQuic.Engine.Tests.Congestion.BbrTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender
open CoQuic.Engine.Tests.Congestion.Feed
open CoQuic.Engine.Tests.Congestion.Loop

let private create () = Bbr(size, constantly 0uy)

/// 10 Mbit/s after 40 ms, with a queue of two bandwidth-delay products.
let private loopOf (controller: Bbr) =
    Loop(controller, 1.25e6, 40.0, 100_000.0)

/// The states that it passes through, each once in a row.
let private statesUntil until (controller: Bbr) =
    let states = ResizeArray [ controller.State ]
    let loop = loopOf controller

    loop.Run until (fun () ->
        if states[states.Count - 1] <> controller.State then
            states.Add controller.State)

    List.ofSeq states, loop

let private sample rate delivered prior =
    DeliverySample(Rate = rate, TotalDelivered = delivered, PriorDelivered = prior, NewlyAcked = 1200UL)

let private gains =
    testList
        "gains (§4.6.1)"
        [ for state, pacing, window in
              [ BbrState.Startup, 2.77, 2.0
                BbrState.Drain, 0.5, 2.0
                BbrState.ProbeBandwidthDown, 0.9, 2.0
                BbrState.ProbeBandwidthCruise, 1.0, 2.0
                BbrState.ProbeBandwidthRefill, 1.0, 2.0
                BbrState.ProbeBandwidthUp, 1.25, 2.0
                BbrState.ProbeRtt, 1.0, 0.5 ] do
              testCase $"%A{state}"
              <| fun () ->
                  Expect.equal (BbrStates.PacingGain state) pacing "pacing"
                  Expect.equal (BbrStates.WindowGain state) window "window" ]

let private states =
    testList
        "states (§4.1.1)"
        [ testCase "it starts, drains, and then searches for bandwidth in turns"
          <| fun () ->
              let states, _ = create () |> statesUntil 4_000.0

              Expect.equal
                  (List.truncate 7 states)
                  [ BbrState.Startup
                    BbrState.Drain
                    // Nothing is left to drain, so that DOWN is over at once.
                    BbrState.ProbeBandwidthCruise
                    BbrState.ProbeBandwidthRefill
                    BbrState.ProbeBandwidthUp
                    BbrState.ProbeBandwidthDown
                    BbrState.ProbeBandwidthCruise ]
                  "in this order"

          testCase "after five seconds without a shorter round trip it measures one (§4.3.4)"
          <| fun () ->
              let controller = create ()
              let states, _ = controller |> statesUntil 6_000.0
              let at = List.findIndex ((=) BbrState.ProbeRtt) states
              Expect.equal states[at + 1] BbrState.ProbeBandwidthCruise "and cruises on"

          testCase "it sends what the path delivers, and keeps no queue"
          <| fun () ->
              let controller = create ()
              let loop = loopOf controller
              loop.Run 2_000.0 ignore
              let before = loop.Delivered
              let mutable longest = TimeSpan.Zero

              loop.Run 10_000.0 (fun () -> longest <- max longest loop.Sender.Path.Rtt.SmoothedRtt)

              let share = float (loop.Delivered - before) / (1.25e6 * 8.0)
              Expect.isGreaterThan share 0.94 "full"
              Expect.isLessThan longest (span 60.0) "half a bandwidth-delay product at most"

          testCase "while it measures round trips it holds back, and says so"
          <| fun () ->
              let controller = create ()
              let loop = loopOf controller
              let mutable least = UInt64.MaxValue

              loop.Run 6_000.0 (fun () ->
                  let isHolding = (controller :> ICongestionController).IsHoldingBack
                  Expect.equal isHolding (controller.State = BbrState.ProbeRtt) "only then"

                  if isHolding then
                      least <- min least loop.Sender.Path.BytesInFlight)

              Expect.isLessThan least 30_000UL "half of 50,000 bytes" ]

let private machines =
    testList
        "its machines"
        [ testCase "the bandwidth is the highest of two cycles (§4.5.2)"
          <| fun () ->
              let mutable filter = BbrBandwidthFilter()

              let update rate =
                  let sample = sample rate 0UL 0UL
                  filter.Update &sample

              update 1000UL
              update 900UL
              Expect.equal filter.Maximum 1000.0 "the highest"
              filter.Advance()
              update 800UL
              Expect.equal filter.Maximum 1000.0 "of the cycle before"
              filter.Advance()
              Expect.equal filter.Maximum 800.0 "which is forgotten now"
              filter.Advance()
              Expect.equal filter.Maximum 800.0 "a cycle without samples does not count"

          testCase "a sample of an idle application counts when it is higher (§4.5.2.3)"
          <| fun () ->
              let mutable filter = BbrBandwidthFilter()

              let update rate =
                  let sample = DeliverySample(Rate = rate, IsAppLimited = true)
                  filter.Update &sample

              update 500UL
              Expect.equal filter.Maximum 500.0 "better than nothing"
              update 400UL
              Expect.equal filter.Maximum 500.0 "says nothing about the path"

          testCase "three rounds without growth of a quarter mean a full pipe (§4.3.1.2)"
          <| fun () ->
              let mutable pipe = BbrFullPipe()

              for rate in [ 100.0; 200.0; 250.0; 260.0; 311.0 ] do
                  pipe.OnRound(rate, false)

              Expect.isFalse pipe.IsFull "two"
              pipe.OnRound(500.0, true)
              pipe.OnRound(312.0, true)
              Expect.isFalse pipe.IsFull "an idle application's do not count"
              pipe.OnRound(312.0, false)
              Expect.isTrue pipe.IsFull "three, since 312 is less than a quarter more than 250"

          testCase "a round trip of repair with three separate losses means a full pipe (§4.3.1.3)"
          <| fun () ->
              let mutable pipe = BbrFullPipe()

              let round numbers isInRecovery =
                  for number in numbers do
                      pipe.OnPacketLost number

                  pipe.OnLossRound(isInRecovery, true)

              round [ 1UL; 3UL; 5UL ] true
              Expect.isFalse pipe.IsFull "the first round of repair"
              round [ 7UL; 8UL; 9UL ] true
              Expect.isFalse pipe.IsFull "one burst"
              round [ 11UL; 13UL; 15UL ] true
              Expect.isTrue pipe.IsFull "three in the second round and later"

          testCase "losses while cruising lower the bounds to what was delivered, by three tenths at most (§4.5.6.3)"
          <| fun () ->
              let mutable bounds = BbrLowerBounds()
              let quiet = sample 1000UL 10_000UL 0UL
              bounds.Update &quiet
              bounds.Adapt(false, 1000.0, 20_000UL)
              Expect.equal bounds.Bandwidth Double.PositiveInfinity "without losses there are none"
              bounds.Advance &quiet

              let lossy =
                  DeliverySample(
                      Rate = 500UL,
                      TotalDelivered = 30_000UL,
                      PriorDelivered = 10_000UL,
                      NewlyAcked = 1200UL,
                      NewlyLost = 1200UL
                  )

              bounds.ResetSignals()
              bounds.Update &lossy
              bounds.Adapt(true, 1000.0, 40_000UL)
              Expect.equal bounds.InFlight UInt64.MaxValue "while accelerating they are the price"
              bounds.ResetSignals()

              let later =
                  DeliverySample(
                      Rate = 500UL,
                      TotalDelivered = 50_000UL,
                      PriorDelivered = 30_000UL,
                      NewlyAcked = 1200UL,
                      NewlyLost = 1200UL
                  )

              bounds.Update &later
              bounds.Adapt(false, 1000.0, 40_000UL)
              Expect.equal bounds.Bandwidth 700.0 "BBRBeta of what it was"
              Expect.equal bounds.InFlight 28_000UL "and of the window"
              bounds.Reset()
              Expect.equal bounds.InFlight UInt64.MaxValue "until the next search"

          testCase "min_rtt is believed for ten seconds, and to be measured after five (§4.3.4.4)"
          <| fun () ->
              let mutable rtt = BbrMinimumRtt()
              rtt.Update(ms 0.0, Nullable(span 40.0))
              rtt.Update(ms 4_000.0, Nullable(span 60.0))
              Expect.isFalse rtt.IsProbeDue "not yet"
              rtt.Update(ms 5_001.0, Nullable(span 70.0))
              Expect.isTrue rtt.IsProbeDue "five seconds"
              Expect.equal rtt.Value (Nullable(span 40.0)) "still believed"
              rtt.Update(ms 10_001.0, Nullable(span 80.0))
              Expect.equal rtt.Value (Nullable(span 70.0)) "the least of the last five seconds"

          testCase "what comes acknowledged at once beyond the bandwidth is remembered for ten round trips (§4.5.5)"
          <| fun () ->
              let aggregation = BbrAckAggregation()
              aggregation.Update(ms 100.0, 1UL, 100_000.0, 1_000UL, 1_000_000UL)
              aggregation.Update(ms 110.0, 1UL, 100_000.0, 20_000UL, 1_000_000UL)
              Expect.equal aggregation.Extra 20_000UL "21,000 in 10 ms, where 1,000 were expected"

              for round in 2UL .. 10UL do
                  aggregation.Update(ms (1000.0 * float round), round, 100_000.0, 1_000UL, 1_000_000UL)

              Expect.equal aggregation.Extra 20_000UL "nine round trips later"
              aggregation.Update(ms 20_000.0, 11UL, 100_000.0, 1_000UL, 1_000_000UL)
              Expect.equal aggregation.Extra 1_000UL "forgotten" ]

let private losses =
    testList
        "losses"
        [ testCase "in recovery no more is in flight than was, and then the window returns (§4.6.4.4)"
          <| fun () ->
              let controller = create ()
              let loop = loopOf controller
              loop.Run 3_000.0 ignore
              let window = controller.CongestionWindow
              let packet = packetSent loop.Now size
              let context = LossContext(40_000UL, 1200UL)
              controller.OnPacketLost(loop.Now, &packet, &context)
              Expect.equal controller.CongestionWindow 40_000UL "what is in flight"
              controller.OnSpuriousLoss(loop.Now, &packet)
              Expect.equal controller.CongestionWindow window "it was only late"

          testCase "persistent congestion leaves two packets"
          <| fun () ->
              let controller = create ()
              controller.OnPersistentCongestion(ms 100.0)
              Expect.equal controller.CongestionWindow 2400UL "the minimum window"

          testCase "a queue too short for the search is found, and some of it left to others (§4.5.6.2)"
          <| fun () ->
              let controller = create ()
              let loop = Loop(controller, 1.25e6, 40.0, 10_000.0)
              loop.Run 2_000.0 ignore
              let lost = loop.Sender.Detector.PacketsLost
              loop.Run 10_000.0 ignore

              let rate =
                  float (loop.Sender.Detector.PacketsLost - lost) * float size / (1.25e6 * 8.0)

              Expect.isLessThan rate 0.02 "BBRLossThresh"
              Expect.isGreaterThan (float loop.Delivered / 1.25e7) 0.9 "and the path is used" ]

[<Tests>]
let tests =
    testList "Congestion.Bbr (draft-cardwell-iccrg-bbr-congestion-control-02)" [ gains; states; machines; losses ]
