module CoQuic.Engine.Tests.Recovery.AckThresholdTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender

/// So many packets in each round trip of 100 ms, for some round trips.
let private receive perRoundTrip roundTrips (threshold: AckThreshold) =
    for trip in 1..roundTrips do
        for packet in 1..perRoundTrip do
            let now = ms (100.0 * float trip + 100.0 * float packet / float perRoundTrip)
            threshold.OnAckElicitingReceived(now, span 100.0)

[<Tests>]
let tests =
    testList
        "Recovery.AckThreshold (RFC 9000 §13.2.2)"
        [ testCase "few packets a round trip are acknowledged every other"
          <| fun () ->
              let threshold = AckThreshold(2, 32)
              threshold |> receive 10 5
              Expect.equal threshold.Value 2 "two"

          testCase "many are acknowledged eight times a round trip"
          <| fun () ->
              let threshold = AckThreshold(2, 32)
              threshold |> receive 80 5
              Expect.equal threshold.Value 10 "an eighth of 80"

          testCase "however many, the bound holds"
          <| fun () ->
              let threshold = AckThreshold(2, 32)
              threshold |> receive 10_000 3
              Expect.equal threshold.Value 32 "the bound"

          testCase "it falls again when less arrives"
          <| fun () ->
              let threshold = AckThreshold(2, 32)
              threshold |> receive 160 3
              Expect.equal threshold.Value 20 "grown"
              threshold |> receive 8 20
              Expect.equal threshold.Value 2 "and back"

          testCase "a configured threshold without a larger bound stays"
          <| fun () ->
              let threshold = AckThreshold(4, 0)
              threshold |> receive 1_000 5
              Expect.equal threshold.Value 4 "as configured"

          testCase "without a round-trip time nothing grows"
          <| fun () ->
              let threshold = AckThreshold(2, 32)

              for packet in 1..1_000 do
                  threshold.OnAckElicitingReceived(ms (float packet), TimeSpan.Zero)

              Expect.equal threshold.Value 2 "two"

          testCase "a gap is still reported at once (RFC 9000 §13.2.1)"
          <| fun () ->
              let tracker =
                  AckTracker(PacketNumberSpaceId.ApplicationData, span 25.0, 2, 32, RoundTrip = span 100.0)

              for number in 0UL .. 499UL do
                  tracker.OnPacketReceived(us (int64 number * 1000L), number, true, EcnCodepoint.NotEct)

                  if tracker.IsAckDue(us (int64 number * 1000L)) then
                      tracker.OnAckSent false

              tracker.OnAckSent false
              tracker.OnPacketReceived(ms 500.0, 500UL, true, EcnCodepoint.NotEct)
              Expect.isFalse (tracker.IsAckDue(ms 500.0)) "in order it waits"
              tracker.OnPacketReceived(ms 501.0, 502UL, true, EcnCodepoint.NotEct)
              Expect.isTrue (tracker.IsAckDue(ms 501.0)) "501 is missing" ]
