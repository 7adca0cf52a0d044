module CoQuic.Engine.Tests.Recovery.AckTrackerTests

open System
open Expecto
open FsCheck
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender
open CoQuic.Tests.Properties

let private maxAckDelay = span 25.0

let private tracker space = AckTracker(space, maxAckDelay)

let private application () =
    tracker PacketNumberSpaceId.ApplicationData

let private receive now numbers (tracker: AckTracker) =
    for number in numbers do
        tracker.OnPacketReceived(now, number, true, EcnCodepoint.NotEct)

let private receiveSilent now number (tracker: AckTracker) =
    tracker.OnPacketReceived(now, number, false, EcnCodepoint.NotEct)

let private ranges (tracker: AckTracker) =
    tracker.Ranges.ToArray() |> List.ofArray

let private range smallest largest = PacketNumberRange(smallest, largest)

let private whenDue =
    testList
        "when an ACK is due (RFC 9000 §13.2.1)"
        [ testCase "nothing received, nothing due"
          <| fun () ->
              let tracker = application ()
              Expect.equal tracker.Deadline (Nullable()) "no deadline"
              Expect.isFalse (tracker.IsAckDue TimeUs.MaxValue) "never due"
              Expect.isEmpty (ranges tracker) "nothing to list"

          testCase "one ack-eliciting packet waits for max_ack_delay"
          <| fun () ->
              let tracker = application ()
              tracker |> receive (ms 10.0) [ 0UL ]
              Expect.equal tracker.Deadline (Nullable(ms 35.0)) "10 ms + 25 ms"
              Expect.isFalse (tracker.IsAckDue(ms 34.999)) "not yet"
              Expect.isTrue (tracker.IsAckDue(ms 35.0)) "now"
              Expect.isTrue tracker.IsAckPending "a packet that goes anyway carries it"

          testCase "the second ack-eliciting packet makes it due at once"
          <| fun () ->
              let tracker = application ()
              tracker |> receive (ms 10.0) [ 0UL; 1UL ]
              Expect.isTrue (tracker.IsAckDue(ms 10.0)) "due"

          testCase "a configured threshold is respected"
          <| fun () ->
              let tracker = AckTracker(PacketNumberSpaceId.ApplicationData, maxAckDelay, 4)
              tracker |> receive (ms 10.0) [ 0UL; 1UL; 2UL ]
              Expect.isFalse (tracker.IsAckDue(ms 10.0)) "three are not enough"
              tracker |> receive (ms 10.0) [ 3UL ]
              Expect.isTrue (tracker.IsAckDue(ms 10.0)) "four are"

          for space in [ PacketNumberSpaceId.Initial; PacketNumberSpaceId.Handshake ] do
              testCase $"%A{space} packets are acknowledged at once"
              <| fun () ->
                  let tracker = tracker space
                  tracker |> receive (ms 10.0) [ 0UL ]
                  Expect.isTrue (tracker.IsAckDue(ms 10.0)) "due"

          testCase "a gap makes the ACK due at once"
          <| fun () ->
              let tracker = application ()
              tracker |> receive (ms 1.0) [ 0UL ]
              tracker.OnAckSent false
              tracker |> receive (ms 2.0) [ 2UL ]
              Expect.isTrue (tracker.IsAckDue(ms 2.0)) "1 is missing"

          testCase "a packet after a gap that was already reported waits"
          <| fun () ->
              let tracker = application ()
              tracker |> receive (ms 1.0) [ 0UL; 2UL ]
              tracker.OnAckSent false
              tracker |> receive (ms 2.0) [ 3UL ]
              Expect.isFalse (tracker.IsAckDue(ms 2.0)) "3 follows 2"

          testCase "a number that a silent packet filled is no gap"
          <| fun () ->
              let tracker = application ()
              tracker |> receive (ms 1.0) [ 0UL ]
              tracker |> receiveSilent (ms 1.0) 1UL
              tracker.OnAckSent false
              tracker |> receive (ms 2.0) [ 2UL ]
              Expect.isFalse (tracker.IsAckDue(ms 2.0)) "nothing is missing"

          testCase "a packet that comes after its successor makes the ACK due at once"
          <| fun () ->
              let tracker = application ()
              tracker |> receive (ms 1.0) [ 5UL ]
              tracker.OnAckSent false
              tracker |> receive (ms 2.0) [ 4UL ]
              Expect.isTrue (tracker.IsAckDue(ms 2.0)) "4 after 5"

          testCase "a packet marked Congestion Experienced makes the ACK due at once"
          <| fun () ->
              let tracker = application ()
              tracker.OnPacketReceived(ms 1.0, 0UL, true, EcnCodepoint.Ce)
              Expect.isTrue (tracker.IsAckDue(ms 1.0)) "due"

          testCase "packets that elicit nothing never cause an ACK, gaps and marks or not"
          <| fun () ->
              let tracker = application ()

              for number in [ 0UL; 4UL; 2UL; 9UL ] do
                  tracker.OnPacketReceived(ms 1.0, number, false, EcnCodepoint.Ce)

              Expect.equal tracker.Deadline (Nullable()) "no deadline"
              Expect.isFalse tracker.IsAckPending "nothing waits"
              Expect.equal (ranges tracker).Length 4 "but the next ACK lists them"

          testCase "sending an ACK settles the deadline"
          <| fun () ->
              let tracker = application ()
              tracker |> receive (ms 1.0) [ 0UL; 1UL ]
              tracker.OnAckSent false
              Expect.equal tracker.Deadline (Nullable()) "settled"
              Expect.isFalse tracker.IsAckPending "settled"

          testCase "the reported delay counts from the largest number's arrival (RFC 9000 §13.2.5)"
          <| fun () ->
              let tracker = application ()
              tracker |> receive (ms 1.0) [ 5UL ]
              tracker |> receive (ms 3.0) [ 4UL ]
              Expect.equal (tracker.AckDelay(ms 11.0)) (span 10.0) "since 5 arrived" ]

let private forgetting =
    testList
        "what an ACK lists (RFC 9000 §13.2.3, §13.2.4)"
        [ testCase "ranges come in descending order"
          <| fun () ->
              let tracker = application ()
              tracker |> receive (ms 1.0) [ 7UL; 1UL; 2UL; 8UL; 5UL ]
              Expect.equal (ranges tracker) [ range 7UL 8UL; range 5UL 5UL; range 1UL 2UL ] "three ranges"
              Expect.equal tracker.LargestReceived (Nullable 8UL) "largest"

          testCase "an acknowledged ACK is not repeated, but its packets stay known"
          <| fun () ->
              let tracker = application ()
              tracker |> receive (ms 1.0) [ 0UL; 2UL; 4UL; 6UL ]
              tracker.OnAckAcknowledged 4UL
              Expect.equal (ranges tracker) [ range 6UL 6UL ] "what the peer does not know yet"
              Expect.isTrue (List.forall tracker.IsDuplicate [ 0UL; 2UL; 4UL; 6UL ]) "duplicates are still seen"
              Expect.isFalse (tracker.IsDuplicate 3UL) "what is missing may still come"

          testCase "the newest range is listed even when the peer knows it"
          <| fun () ->
              let tracker = application ()
              tracker |> receive (ms 1.0) [ 0UL; 2UL ]
              tracker.OnAckAcknowledged 2UL
              Expect.equal (ranges tracker) [ range 2UL 2UL ] "an ACK frame has at least one range"

          testCase "a packet that comes late is listed although its neighbours are forgotten"
          <| fun () ->
              let tracker = application ()
              tracker |> receive (ms 1.0) [ 0UL; 4UL; 6UL ]
              tracker.OnAckAcknowledged 6UL
              tracker |> receive (ms 2.0) [ 2UL ]
              Expect.contains (ranges tracker) (range 2UL 2UL) "every packet is acknowledged at least once"

          testCase "many ACKs in silence ask for a PING, an ack-eliciting one satisfies that"
          <| fun () ->
              let tracker = application ()
              tracker |> receive (ms 1.0) [ for number in 0UL .. 2UL .. 20UL -> number ]

              for _ in 1..32 do
                  Expect.isFalse tracker.ShouldElicitAck "not yet"
                  tracker.OnAckSent false

              Expect.isTrue tracker.ShouldElicitAck "enough"
              tracker.OnAckSent true
              Expect.isFalse tracker.ShouldElicitAck "asked"

          testCase "ECN counts rise by codepoint"
          <| fun () ->
              let tracker = application ()

              [ EcnCodepoint.Ect0
                EcnCodepoint.Ect0
                EcnCodepoint.Ect1
                EcnCodepoint.Ce
                EcnCodepoint.NotEct
                EcnCodepoint.Unavailable ]
              |> List.iteri (fun number ecn -> tracker.OnPacketReceived(ms 1.0, uint64 number, true, ecn))

              Expect.equal tracker.EcnCounts (EcnCounts(2UL, 1UL, 1UL)) "two, one, one" ]

let private againstModel =
    testList
        "against a set of numbers"
        [ property "ranges and duplicates are those of the set"
          <| fun (arrivals: byte list) ->
              let tracker = application ()

              let received =
                  (Set.empty, arrivals)
                  ||> List.fold (fun received arrival ->
                      let number = uint64 arrival % 100UL
                      Expect.equal (tracker.IsDuplicate number) (Set.contains number received) "duplicate"

                      if not (tracker.IsDuplicate number) then
                          tracker |> receive (ms 1.0) [ number ]

                      Set.add number received)

              Expect.equal (ranges tracker) (rangesOf received) "ranges"

          property "whatever arrives, ranges are bounded and nothing is processed twice"
          <| fun (arrivals: uint16 list) ->
              let tracker = application ()
              // Twice over: what was once received must be a duplicate for ever, remembered or not.
              for arrival in arrivals @ arrivals @ [ for number in 0us .. 300us -> number * 7us ] do
                  let number = uint64 arrival

                  if not (tracker.IsDuplicate number) then
                      tracker |> receive (ms 1.0) [ number ]

                  Expect.isTrue (tracker.IsDuplicate number) "known from now on"

              Expect.isLessThanOrEqual (ranges tracker).Length ReceivedPacketNumbers.MaximumRanges "bounded"
              Expect.isTrue (arrivals |> List.forall (fun arrival -> tracker.IsDuplicate(uint64 arrival))) "never again" ]

[<Tests>]
let tests = testList "Recovery.AckTracker" [ whenDue; forgetting; againstModel ]
