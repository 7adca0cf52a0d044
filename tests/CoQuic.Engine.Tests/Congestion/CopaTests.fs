module CoQuic.Engine.Tests.Congestion.CopaTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender
open CoQuic.Engine.Tests.Congestion.Feed
open CoQuic.Engine.Tests.Congestion.Loop
open CoQuic.Tests.Properties

[<Tests>]
let tests =
    testList
        "Congestion.Copa (NSDI 2018)"
        [ testCase "it fills the path and leaves a few packets in the queue"
          <| fun () ->
              let controller = Copa size
              let loop = Loop(controller, 1.25e6, 40.0, 100_000.0)
              loop.Run 2_000.0 ignore
              let before = loop.Delivered
              let delays = ResizeArray()
              loop.Run 10_000.0 (fun () -> delays.Add loop.Sender.Path.Rtt.SmoothedRtt.TotalMilliseconds)
              Expect.isGreaterThan (float (loop.Delivered - before) / (1.25e6 * 8.0)) 0.95 "full"
              Expect.isLessThan (Seq.average delays) 46.0 "1 / δ = 2 packets are 2 ms, and as much again"
              Expect.isFalse controller.IsInSlowStart "found"

          testCase "losses that no queue explains do not slow it"
          <| fun () ->
              let controller = Copa size
              let window = controller.CongestionWindow
              controller |> lose (ms 1.0) (ms 100.0)
              Expect.equal controller.CongestionWindow window "the same"

          testCase "a mark halves the window, once a round trip (RFC 9002 §7.1)"
          <| fun () ->
              let controller = Copa size
              controller.OnEcnCe(ms 100.0, ms 1.0)
              controller.OnEcnCe(ms 101.0, ms 2.0)
              Expect.equal controller.CongestionWindow 6000UL "once"

          testCase "persistent congestion starts anew"
          <| fun () ->
              let controller = Copa size
              controller.OnPersistentCongestion(ms 1.0)
              Expect.equal controller.CongestionWindow 2400UL "two packets"
              Expect.isTrue controller.IsInSlowStart "slow start"

          testCase "where others keep the queue full it competes, and stops when they do (§2.2)"
          <| fun () ->
              let controller = Copa size
              let mutable delivered = 0UL
              let mutable now = 0.0

              let round (milliseconds: float) =
                  now <- now + 100.0
                  delivered <- delivered + 1200UL
                  let rtt = RttEstimator()
                  rtt.OnSample(ms now, span 100.0, TimeSpan.Zero, Nullable())

                  let context =
                      AckContext(rtt, 12_000UL, false, RttSample = Nullable(span milliseconds))

                  let sample =
                      DeliverySample(
                          TotalDelivered = delivered,
                          PriorDelivered = delivered - 1200UL,
                          NewlyAcked = 1200UL
                      )

                  controller.OnAckProcessed(ms now, &context, &sample)

              round 100.0
              Expect.isFalse controller.IsCompetitive "alone"

              for _ in 1..6 do
                  round 200.0

              Expect.isTrue controller.IsCompetitive "the queue was not empty for five round trips"
              round 100.0
              Expect.isFalse controller.IsCompetitive "it is empty"

          testCase "velocity doubles after three round trips in one direction, and falls back on turning"
          <| fun () ->
              let mutable velocity = CopaVelocity()
              velocity.OnDirection true

              let after windows =
                  [ for window in windows do
                        velocity.OnRound window
                        velocity.Value ]

              Expect.equal (after [ 10UL; 20UL; 30UL; 40UL ]) [ 1.0; 1.0; 2.0; 4.0 ] "growing"
              velocity.OnDirection false
              Expect.equal velocity.Value 1.0 "turned"
              Expect.equal (after [ 50UL ]) [ 1.0 ] "up where down is tried is no progress"

          property "the filter's minimum is of the window, and no more than its newest value"
          <| fun (values: byte list) ->
              let mutable filter = WindowedMinimum()

              for index, value in List.indexed values do
                  let found = filter.Update(ms (float index), span (float value), span 10.0)
                  let recent = values |> List.take (index + 1) |> List.skip (max 0 (index - 10))
                  Expect.isGreaterThanOrEqual found (span (float (List.min recent))) "nothing older"
                  Expect.isLessThanOrEqual found (span (float value)) "nothing larger" ]
