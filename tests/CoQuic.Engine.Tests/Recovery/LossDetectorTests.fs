module CoQuic.Engine.Tests.Recovery.LossDetectorTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests
open CoQuic.Engine.Tests.Recovery.Sender
open CoQuic.Tests.Properties

let private deadline (sender: Sender) =
    sender.Detector.Deadline |> Option.ofNullable

let private client () =
    Sender(Role.Client, NewReno(datagramSize, false), handshaking)

let private acknowledging =
    testList
        "acknowledgments (RFC 9002 §A.7)"
        [ testCase "an ACK empties the flight and opens the window"
          <| fun () ->
              let sender = create ()
              let numbers = [ for _ in 1..4 -> sender.Send TimeUs.Zero ]
              Expect.equal sender.Path.BytesInFlight 4800UL "four packets"
              sender.Ack (ms 50.0) numbers
              Expect.equal sender.Acknowledged (List.rev numbers) "the largest first"
              Expect.equal sender.Path.BytesInFlight 0UL "none left"
              Expect.equal sender.Path.Congestion.CongestionWindow (12_000UL + 4800UL) "slow start"
              Expect.equal (deadline sender) None "nothing to wait for"

          testCase "the RTT sample is the largest acknowledged packet's"
          <| fun () ->
              let sender = create ()
              let first = sender.Send TimeUs.Zero
              let second = sender.Send(ms 20.0)
              sender.Ack (ms 50.0) [ first; second ]
              Expect.equal sender.Path.Rtt.LatestRtt (span 30.0) "50 - 20"

          testCase "an ACK whose largest is not new gives no sample (RFC 9002 §5.1)"
          <| fun () ->
              let sender = create ()
              let first = sender.Send TimeUs.Zero
              let second = sender.Send TimeUs.Zero
              sender.Ack (ms 30.0) [ second ]
              sender.Ack (ms 90.0) [ first; second ]
              Expect.equal sender.Path.Rtt.LatestRtt (span 30.0) "unchanged"

          testCase "packets that elicit no ACK give no sample"
          <| fun () ->
              let sender = create ()
              sender.SendPacket TimeUs.Zero (ackOnly EncryptionLevel.OneRtt 0UL) []
              sender.Ack (ms 90.0) [ 0UL ]
              Expect.isFalse sender.Path.Rtt.HasSample "none"

          testCase "the peer's exponent scales the delay of application data only"
          <| fun () ->
              let context = RecoveryContext(false, true, false, span 25.0, 10)

              let rttWith space =
                  let sender =
                      Sender(Role.Server, NewReno(datagramSize, false), context, Space = space)

                  sender.Ack (ms 10.0) [ sender.Send TimeUs.Zero ]
                  let number = sender.Send(ms 100.0)
                  sender.AckDelayed (ms 150.0) 10UL [ number ] |> ignore
                  sender.Path.Rtt.SmoothedRtt

              let smoothed latest = (7.0 * 10.0 + latest) / 8.0
              Expect.equal (rttWith PacketNumberSpaceId.ApplicationData) (span (smoothed (50.0 - 10.24))) "10 × 1024 us"
              Expect.equal (rttWith PacketNumberSpaceId.Handshake) (span (smoothed (50.0 - 0.08))) "10 × 8 us"
              Expect.equal (rttWith PacketNumberSpaceId.Initial) (span (smoothed 50.0)) "not delayed"

          testCase "an ACK for what was never sent is a protocol violation"
          <| fun () ->
              let sender = create ()
              sender.Send TimeUs.Zero |> ignore

              match sender.AckDelayed (ms 1.0) 0UL [ 1UL ] with
              | null -> failtest "accepted"
              | error -> Expect.equal error.Code TransportErrorCode.ProtocolViolation "RFC 9000 §13.1"

          testCase "more packets marked in the network reduce the window once"
          <| fun () ->
              let sender = create ()
              let numbers = [ for _ in 1..3 -> sender.Send TimeUs.Zero ]
              let context = confirmed

              let acknowledge (now: TimeUs) number =
                  let ack = ReceivedAck(number, 0UL)
                  let ranges = ListedRanges [ PacketNumberRange(number, number) ]

                  sender.Detector.OnAckReceived(now, sender.Space, &ack, ranges, &context)
                  |> ignore

                  sender.Detector.OnCongestionExperienced now
                  sender.Path.Congestion.CongestionWindow

              Expect.equal (acknowledge (ms 10.0) numbers[0]) 6600UL "half of what had grown"
              Expect.equal (acknowledge (ms 11.0) numbers[1]) 6600UL "sent before the reduction" ]

let private losing =
    testList
        "losses (RFC 9002 §6.1)"
        [ testCase "three later packets acknowledged make a loss"
          <| fun () ->
              let sender = withRtt 100.0
              let first = sender.Send(ms 200.0)
              let rest = [ for _ in 1..3 -> sender.Send(ms 200.0) ]
              sender.Ack (ms 300.0) [ rest[1] ]
              Expect.isEmpty sender.Lost "two are reordering"
              sender.Ack (ms 300.0) [ rest[2] ]
              Expect.equal sender.Lost [ first ] "three are loss"
              Expect.equal sender.Path.BytesInFlight 1200UL "only one still flies"

          testCase "an overtaken packet is lost 9/8 RTT after it was sent"
          <| fun () ->
              let sender = withRtt 80.0
              let first = sender.Send(ms 200.0)
              let second = sender.Send(ms 210.0)
              sender.Ack (ms 285.0) [ second ]
              Expect.isEmpty sender.Lost "not yet"
              let loss = ms 200.0 + sender.Path.Rtt.LossDelay PacketReordering.InitialTimeEighths
              Expect.equal (deadline sender) (Some loss) "the loss timer"
              Expect.equal (sender.Timeout(loss - span 0.001)).Kind TimeoutKind.None "too early"
              let action = sender.Timeout loss
              Expect.equal action.Kind TimeoutKind.PacketsLost "lost by time"
              Expect.equal sender.Lost [ first ] "the first"
              Expect.equal sender.Detector.PtoCount 0 "no PTO"
              Expect.equal sender.Path.BytesInFlight 0UL "nothing flies"

          testCase "nothing is lost before something later is acknowledged"
          <| fun () ->
              let sender = withRtt 10.0
              sender.Send(ms 100.0) |> ignore
              let action = sender.Timeout(ms 10_000.0)
              Expect.equal action.Kind TimeoutKind.SendProbes "a PTO marks nothing lost (RFC 9002 §6.2)"
              Expect.equal sender.Path.BytesInFlight 1200UL "it still flies"

          testCase "a spurious loss is counted, and does not touch the flight twice"
          <| fun () ->
              let sender = withRtt 100.0
              let numbers = [ for _ in 1..4 -> sender.Send(ms 200.0) ]
              sender.Ack (ms 300.0) [ numbers[3] ]
              Expect.equal sender.Lost [ numbers[0] ] "lost"
              sender.Ack (ms 301.0) numbers
              Expect.equal sender.Path.BytesInFlight 0UL "all settled"
              Expect.equal sender.Detector.PacketsLost 1UL "one lost"
              Expect.equal sender.Detector.PacketsSpuriouslyLost 1UL "which came after all"

          testCase "a lost MTU probe is no sign of congestion (RFC 9000 §14.4)"
          <| fun () ->
              let sender = withRtt 100.0
              let window = sender.Path.Congestion.CongestionWindow
              let probe = sender.Detector.NextPacketNumber sender.Space

              let sent =
                  SentPacket(
                      PacketNumber = probe,
                      Level = EncryptionLevel.OneRtt,
                      Size = 1450,
                      IsAckEliciting = true,
                      IsInFlight = true,
                      IsMtuProbe = true
                  )

              sender.SendPacket (ms 200.0) sent []
              let rest = [ for _ in 1..3 -> sender.Send(ms 200.0) ]
              sender.Ack (ms 300.0) rest
              Expect.equal sender.Lost [ probe ] "lost"
              Expect.isGreaterThan sender.Path.Congestion.CongestionWindow window "the window grew all the same"

          testCase "the frames of a lost packet are handed back"
          <| fun () ->
              let sender = withRtt 100.0

              let frames =
                  [ SentFrame.Stream(StreamId 4UL, 1000UL, 500, true); SentFrame.MaxData 9UL ]

              let number = sender.Detector.NextPacketNumber sender.Space
              sender.SendPacket (ms 200.0) (packet EncryptionLevel.OneRtt number 600) frames
              sender.Ack (ms 300.0) [ for _ in 1..3 -> sender.Send(ms 200.0) ]
              Expect.equal (sender.Detector.Lost.FramesOf(0).ToArray() |> List.ofArray) frames "as they were sent" ]

/// Lets the timer expire so many times, each time sending nothing, and returns the intervals in milliseconds.
let private backoff count (sender: Sender) =
    [ for _ in 1..count do
          let before = sender.Detector.Deadline.Value
          sender.Timeout before |> ignore
          (sender.Detector.Deadline.Value - before).TotalMilliseconds ]

let private probing =
    testList
        "probe timeouts (RFC 9002 §6.2)"
        [ testCase "the first PTO of a client is 999 ms, and each doubles the next"
          <| fun () ->
              let sender = client ()
              sender.Space <- PacketNumberSpaceId.Initial
              sender.Send TimeUs.Zero |> ignore
              Expect.equal (deadline sender) (Some(ms 999.0)) "333 + 4 × 166.5"
              // Without new packets the timer stays anchored at the last one: 2 - 1, 4 - 2, … periods.
              Expect.equal (backoff 5 sender) [ 999.0; 1998.0; 3996.0; 7992.0; 15984.0 ] "doubling"

          testCase "the backoff never overflows"
          <| fun () ->
              let sender = client ()
              sender.Space <- PacketNumberSpaceId.Initial
              sender.Send TimeUs.Zero |> ignore
              backoff 100 sender |> ignore
              Expect.equal sender.Detector.PtoCount 100 "counted"
              Expect.isGreaterThan sender.Detector.Deadline.Value (ms 1e12) "decades away"

          testCase "a PTO sends two probes in the space that timed out"
          <| fun () ->
              let sender = withRtt 100.0
              sender.Send(ms 200.0) |> ignore
              // smoothed_rtt 100 + 4 × rttvar 50
              Expect.equal (deadline sender) (Some(ms 500.0)) "the PTO"
              Expect.equal (sender.Timeout(ms 500.0)) (TimeoutAction(TimeoutKind.SendProbes, sender.Space, 2)) "two"

          testCase "max_ack_delay belongs to application data only"
          <| fun () ->
              let context = RecoveryContext(true, true, false, span 25.0, 3)

              let timeout space =
                  let sender =
                      Sender(Role.Server, NewReno(datagramSize, false), context, Space = space)

                  sender.Send TimeUs.Zero |> ignore
                  deadline sender

              Expect.equal (timeout PacketNumberSpaceId.ApplicationData) (Some(ms 1024.0)) "with 25 ms"
              Expect.equal (timeout PacketNumberSpaceId.Handshake) (Some(ms 999.0)) "without"

          testCase "application data has no PTO before the handshake is confirmed"
          <| fun () ->
              let sender = Sender(Role.Server, NewReno(datagramSize, false), handshaking)
              sender.Send TimeUs.Zero |> ignore
              Expect.equal (deadline sender) None "not timed"
              sender.Context <- confirmed
              sender.Rearm(ms 10.0)
              Expect.equal (deadline sender) (Some(ms 999.0)) "timed from when it was sent"

          for first, second in
              [ PacketNumberSpaceId.Handshake, PacketNumberSpaceId.Initial
                PacketNumberSpaceId.Initial, PacketNumberSpaceId.Handshake ] do
              testCase $"%A{first} is probed before %A{second} when it was sent before"
              <| fun () ->
                  let sender = Sender(Role.Server, NewReno(datagramSize, false), handshaking)
                  sender.Space <- first
                  sender.Send(ms 5.0) |> ignore
                  sender.Space <- second
                  sender.Send(ms 7.0) |> ignore
                  Expect.equal (deadline sender) (Some(ms 1004.0)) "the earlier"
                  Expect.equal (sender.Timeout(ms 1004.0)).Space first "probed there"

          testCase "an acknowledgment ends the backoff"
          <| fun () ->
              let sender = withRtt 100.0
              let number = sender.Send(ms 200.0)
              backoff 3 sender |> ignore
              sender.Ack (ms 3000.0) [ number ]
              Expect.equal sender.Detector.PtoCount 0 "reset"

          testCase "a client keeps backing off until it knows that the server validated its address"
          <| fun () ->
              let sender = client ()
              sender.Space <- PacketNumberSpaceId.Initial
              let first = sender.Send TimeUs.Zero
              backoff 2 sender |> ignore
              sender.Ack (ms 4000.0) [ first ]
              Expect.equal sender.Detector.PtoCount 2 "an Initial ACK proves nothing"
              sender.Space <- PacketNumberSpaceId.Handshake
              let second = sender.Send(ms 4000.0)
              sender.Ack (ms 4100.0) [ second ]
              Expect.equal sender.Detector.PtoCount 0 "a Handshake ACK does"

          testCase "a client with nothing in flight probes, lest the server wait for ever (RFC 9002 §6.2.2.1)"
          <| fun () ->
              let sender = client ()
              sender.Space <- PacketNumberSpaceId.Initial
              let number = sender.Send TimeUs.Zero
              sender.Ack (ms 100.0) [ number ]
              Expect.equal (deadline sender) (Some(ms 400.0)) "100 + PTO of 300"
              let action = sender.Timeout(ms 400.0)
              Expect.equal action (TimeoutAction(TimeoutKind.SendProbes, PacketNumberSpaceId.Initial, 1)) "an Initial"
              sender.Context <- RecoveryContext(false, true, false, span 25.0, 3)
              sender.Rearm(ms 400.0)
              Expect.equal (deadline sender) (Some(ms 1000.0)) "backed off"

              Expect.equal
                  (sender.Timeout(ms 1000.0)).Space
                  PacketNumberSpaceId.Handshake
                  "a Handshake packet if it can"

          testCase "early data in flight does not keep a client from that probe"
          <| fun () ->
              let sender = client ()
              sender.Space <- PacketNumberSpaceId.Initial
              let number = sender.Send TimeUs.Zero
              sender.SendPacket TimeUs.Zero (packet EncryptionLevel.ZeroRtt 0UL 500) []
              sender.Ack (ms 100.0) [ number ]
              Expect.equal (deadline sender) (Some(ms 400.0)) "armed"

          testCase "a server with nothing in flight waits for nothing"
          <| fun () ->
              let sender = Sender(Role.Server, NewReno(datagramSize, false), handshaking)
              sender.Rearm TimeUs.Zero
              Expect.equal (deadline sender) None "no timer"

          testCase "at the amplification limit no PTO runs, and lifting it may find one overdue"
          <| fun () ->
              let atLimit isAtLimit =
                  RecoveryContext(false, true, isAtLimit, span 25.0, 3)

              let sender = Sender(Role.Server, NewReno(datagramSize, false), atLimit true)
              sender.Space <- PacketNumberSpaceId.Initial
              sender.Send TimeUs.Zero |> ignore
              Expect.equal (deadline sender) None "nothing could be sent"
              sender.Context <- atLimit false
              sender.Rearm(ms 5000.0)
              Expect.equal (deadline sender) (Some(ms 999.0)) "in the past"
              Expect.equal (sender.Timeout(ms 5000.0)).Kind TimeoutKind.SendProbes "at once" ]

let private discarding =
    testList
        "discarded packets (RFC 9002 §6.3, §6.4)"
        [ testCase "packets leave the flight with their keys"
          <| fun () ->
              let sender = Sender(Role.Server, NewReno(datagramSize, false), handshaking)
              sender.Space <- PacketNumberSpaceId.Initial
              sender.Send TimeUs.Zero |> ignore
              sender.Space <- PacketNumberSpaceId.Handshake
              sender.Send(ms 1.0) |> ignore
              sender.Timeout(ms 999.0) |> ignore
              let context = handshaking
              sender.Detector.OnKeysDiscarded(ms 1000.0, PacketNumberSpaceId.Initial, &context)
              Expect.equal sender.Path.BytesInFlight 1200UL "the Handshake packet"
              Expect.equal sender.Detector.PtoCount 0 "progress ends the backoff"
              Expect.equal (deadline sender) (Some(ms 1000.0)) "its PTO"
              Expect.isEmpty sender.Lost "nothing to send again"
              Expect.equal sender.Path.Congestion.CongestionWindow 12_000UL "no congestion"

          testCase "an ACK that comes with the end of its keys is about nothing"
          <| fun () ->
              let sender = Sender(Role.Server, NewReno(datagramSize, false), handshaking)
              sender.Space <- PacketNumberSpaceId.Handshake
              let number = sender.Send TimeUs.Zero
              let context = handshaking
              sender.Detector.OnKeysDiscarded(ms 10.0, PacketNumberSpaceId.Handshake, &context)
              sender.Ack (ms 10.0) [ number ]
              Expect.isEmpty sender.Acknowledged "nobody waits for it"
              Expect.equal sender.Path.BytesInFlight 0UL "left before"
              Expect.equal sender.Detector.PacketsSpuriouslyLost 0UL "it was never lost"

          testCase "refused early data is handed back without a sign of congestion"
          <| fun () ->
              let sender = client ()
              sender.SendPacket TimeUs.Zero (packet EncryptionLevel.ZeroRtt 0UL 500) [ SentFrame.Ping() ]
              sender.SendPacket TimeUs.Zero (packet EncryptionLevel.OneRtt 1UL 400) []
              let context = handshaking
              sender.Detector.OnZeroRttRejected(ms 10.0, &context)
              Expect.equal sender.Lost [ 0UL ] "to be sent again"
              Expect.equal sender.Path.BytesInFlight 400UL "1-RTT stays"
              Expect.equal sender.Path.Congestion.CongestionWindow 12_000UL "no congestion"

          testCase "a Retry takes everything back, and numbers go on rising"
          <| fun () ->
              let sender = client ()
              sender.Space <- PacketNumberSpaceId.Initial
              sender.Send TimeUs.Zero |> ignore
              sender.SendPacket TimeUs.Zero (packet EncryptionLevel.ZeroRtt 0UL 500) []
              backoff 2 sender |> ignore
              let context = handshaking
              sender.Detector.OnRetryReceived(ms 10.0, &context)
              Expect.equal sender.Path.BytesInFlight 0UL "nothing flies"
              Expect.equal sender.Detector.Lost.Count 2 "both are sent again"
              Expect.equal sender.Detector.PtoCount 0 "no backoff"
              Expect.equal (sender.Detector.NextPacketNumber PacketNumberSpaceId.Initial) 1UL "RFC 9000 §17.2.5.3"

          testCase "what was sent on the old path does not touch the new one (RFC 9000 §9.4)"
          <| fun () ->
              let sender = withRtt 100.0
              let old = [ for _ in 1..4 -> sender.Send(ms 200.0) ]

              let path =
                  PathRecovery(1u, NewReno(datagramSize, false), RttEstimator(), datagramSize, span 1.0)

              let context = confirmed
              sender.Detector.OnPathChanged(ms 210.0, path, &context)
              let fresh = sender.Send(ms 210.0)
              sender.Ack (ms 300.0) [ old[3] ]
              Expect.equal sender.Lost [ old[0] ] "still found lost"
              Expect.equal path.BytesInFlight 1200UL "the new path's own packet"
              Expect.equal path.Congestion.CongestionWindow 12_000UL "untouched"
              Expect.isFalse path.Rtt.HasSample "no sample of the old path"
              sender.Ack (ms 310.0) [ fresh ]
              Expect.equal path.Rtt.LatestRtt (span 100.0) "its own sample" ]

/// RFC 9002 §7.6.3, in seconds after an RTT sample of 600 ms; the duration comes to 6.6 s, the losses span 7.
let private persistentExample =
    testCase "the example of RFC 9002 §7.6.3 establishes persistent congestion"
    <| fun () ->
        let sender = withRtt 600.0
        let at seconds = ms (10_000.0 + 1000.0 * seconds)
        let first = sender.Send(at 0.0)
        let lost = [ sender.Send(at 1.0) ]
        sender.Ack (at 1.2) [ first ]

        let lost =
            lost
            @ [ for seconds in [ 2.0; 3.0; 4.0; 5.0; 6.0; 8.0 ] -> sender.Send(at seconds) ]

        let last = sender.Send(at 12.0)
        sender.Ack (at 12.2) [ last ]
        Expect.equal sender.Lost lost "packets 2 to 8"
        Expect.equal sender.Detector.PersistentCongestions 1UL "nothing sent in 7 s arrived"

let private persistent =
    testList
        "persistent congestion (RFC 9002 §7.6)"
        [ persistentExample

          /// Sends packets at these milliseconds and acknowledges only the last, long after; the RTT is 100 ms, the PTO then 250 ms.
          let loseAllBut (arriving: float list) (times: float list) =
              let sender = withRtt 100.0
              let numbers = [ for time in times -> time, sender.Send(ms time) ]
              let last = sender.Send(ms 5000.0)

              let arrived =
                  [ for time, number in numbers do
                        if List.contains time arriving then
                            number ]

              sender.Ack (ms 5100.0) (last :: arrived)
              sender

          testCase "losing everything for more than three PTOs collapses the window"
          <| fun () ->
              let sender = loseAllBut [] [ 200.0; 600.0; 1400.0 ]
              Expect.equal sender.Detector.PersistentCongestions 1UL "1200 ms of losses against 3 × 250 ms"
              Expect.equal sender.Path.Rtt.MinRtt (span 100.0) "min_rtt starts anew"
              // The window starts at two datagrams, and the ACK that told counts as slow start.
              Expect.equal sender.Path.Congestion.CongestionWindow (2400UL + 1200UL) "minimum window"

          testCase "a shorter time is ordinary loss"
          <| fun () ->
              let sender = loseAllBut [] [ 200.0; 600.0; 900.0 ]
              Expect.equal sender.Detector.PersistentCongestions 0UL "700 ms"

          testCase "a packet that arrived in between breaks it"
          <| fun () ->
              let sender = loseAllBut [ 600.0 ] [ 200.0; 600.0; 1400.0 ]
              Expect.equal sender.Lost.Length 2 "two lost"
              Expect.equal sender.Detector.PersistentCongestions 0UL "not everything was lost"

          testCase "without an RTT sample before them, losses do not establish it"
          <| fun () ->
              let sender = create ()

              for time in [ 0.0; 1000.0; 9000.0 ] do
                  sender.Send(ms time) |> ignore

              let last = sender.Send(ms 9900.0)
              sender.Ack (ms 10_000.0) [ last ]
              Expect.equal sender.Lost.Length 3 "all lost"
              Expect.equal sender.Detector.PersistentCongestions 0UL "no prior sample"

          testCase "losses found in two steps count together"
          <| fun () ->
              let sender = withRtt 100.0
              let first = [ for time in [ 200.0; 300.0 ] -> sender.Send(ms time) ]
              let second = [ for time in [ 1400.0; 4000.0 ] -> sender.Send(ms time) ]
              let silent = sender.Detector.NextPacketNumber sender.Space
              sender.SendPacket (ms 400.0) (ackOnly EncryptionLevel.OneRtt silent) []
              sender.Ack (ms 4100.0) [ second[1] ]
              Expect.equal sender.Lost (first @ [ second[0] ]) "all that came before"
              Expect.equal sender.Detector.PersistentCongestions 1UL "1200 ms"

          for isBetween in [ true; false ] do
              let breaks =
                  if isBetween then
                      "breaks it"
                  else
                      "does not, when it was sent before"

              testCase $"a packet of another space that arrived {breaks}"
              <| fun () ->
                  let sender = withRtt 100.0
                  let lost = [ sender.Send(ms 200.0) ]
                  sender.Space <- PacketNumberSpaceId.Handshake
                  let other = sender.Send(ms (if isBetween then 900.0 else 150.0))
                  sender.Ack (ms 1000.0) [ other ]
                  sender.Space <- PacketNumberSpaceId.ApplicationData
                  let lost = lost @ [ sender.Send(ms 5700.0) ]
                  let last = [ for _ in 1..3 -> sender.Send(ms 5800.0) ]
                  sender.Ack (ms 5900.0) last
                  Expect.equal sender.Lost lost "both lost"
                  let expected = if isBetween then 0UL else 1UL
                  Expect.equal sender.Detector.PersistentCongestions expected "5.5 s of losses" ]

/// One range, without an object: what the hot path passes.
[<Struct>]
type internal OneRange =
    val mutable Range: PacketNumberRange
    val mutable IsRead: bool
    new(range) = { Range = range; IsRead = false }

    interface IAckRanges with
        member this.TryNext(range: byref<PacketNumberRange>) =
            range <- this.Range
            let isNew = not this.IsRead
            this.IsRead <- true
            isNew

let private allocation =
    testCase "in the steady state nothing is allocated for a packet"
    <| fun () ->
        let path =
            PathRecovery(0u, Cubic(datagramSize, false), RttEstimator(), datagramSize, span 1.0)

        let detector = LossDetector(Role.Server, path)
        let tracker = AckTracker(PacketNumberSpaceId.ApplicationData, span 25.0)
        let frames = SentFrameList()
        let context = confirmed

        // Ten packets a millisecond; one in a hundred is lost; everything is acknowledged 20 ms later.
        let run first last =
            for number in first..last do
                let now = us (int64 number * 100L)
                frames.Clear()
                frames.Add(SentFrame.Stream(StreamId 0UL, number * 1000UL, 1000, false))
                let packet = packet EncryptionLevel.OneRtt number datagramSize
                detector.OnPacketSent(now, &packet, frames.Frames, &context)

                if number % 100UL <> 0UL then
                    tracker.OnPacketReceived(now, number, true, EcnCodepoint.Ect0)

                if number >= 200UL && (number - 200UL) % 100UL <> 0UL then
                    let acknowledged = number - 200UL
                    let ack = ReceivedAck(acknowledged, 0UL)
                    let range = OneRange(PacketNumberRange(acknowledged, acknowledged))

                    detector.OnAckReceived(now, PacketNumberSpaceId.ApplicationData, &ack, range, &context)
                    |> ignore

        run 0UL 9_999UL
        let next = ref 10_000UL

        let thousandMore () =
            run next.Value (next.Value + 999UL)
            next.Value <- next.Value + 1000UL

        Expect.equal (Allocations.ofAction thousandMore) 0L "bytes"
        Expect.equal detector.PacketsLost 198UL "one in a hundred"

type Step =
    | Send of size: uint16
    | SendAck
    | Skip
    | Acknowledge of seed: uint16 list
    | Wait of milliseconds: byte
    | Fire

let private invariants =
    testList
        "invariants"
        [ property "bytes in flight are those sent and neither acknowledged nor lost"
          <| fun (steps: Step list) ->
              let sender = create ()
              let mutable now = TimeUs.Zero
              let mutable flight: Map<uint64, int> = Map.empty
              let mutable sentSoFar: Set<uint64> = Set.empty

              let settle numbers =
                  for number in numbers do
                      flight <- Map.remove number flight

              for step in steps do
                  match step with
                  | Send size ->
                      let size = int size % 1200 + 20
                      let number = sender.SendSized now size
                      Expect.isTrue (sentSoFar |> Set.forall (fun earlier -> earlier < number)) "numbers rise"
                      sentSoFar <- sentSoFar.Add number
                      flight <- Map.add number size flight
                  | SendAck ->
                      let number = sender.Detector.NextPacketNumber sender.Space
                      sender.SendPacket now (ackOnly EncryptionLevel.OneRtt number) []
                      sentSoFar <- sentSoFar.Add number
                  | Skip -> sender.Detector.SkipPacketNumber sender.Space |> ignore
                  | Acknowledge seed when not sentSoFar.IsEmpty ->
                      let candidates = Set.toArray sentSoFar

                      let chosen =
                          seed |> List.map (fun index -> candidates[int index % candidates.Length])

                      if not chosen.IsEmpty then
                          sender.Ack now chosen
                          settle sender.Acknowledged
                          settle sender.Lost
                  | Acknowledge _ -> ()
                  | Wait milliseconds -> now <- now + span (float milliseconds)
                  | Fire ->
                      sender.Detector.Deadline
                      |> Option.ofNullable
                      |> Option.iter (fun deadline -> now <- TimeUs.Max(now, deadline))

                      sender.Timeout now |> ignore
                      settle sender.Lost

                  let expected = flight |> Map.values |> Seq.sum |> uint64
                  Expect.equal sender.Path.BytesInFlight expected "bytes in flight"
                  let inFlight = sender.Detector.AckElicitingInFlight sender.Space
                  Expect.equal inFlight flight.Count "packets in flight"
                  let isTimed = deadline sender |> Option.isSome
                  Expect.equal isTimed (not flight.IsEmpty) "a timer runs while something flies"

          property "any ACK frame is either taken or a protocol violation"
          <| fun (ranges: (uint64 * uint64) list) ->
              let sender = create ()

              for _ in 1..20 do
                  sender.Send TimeUs.Zero |> ignore

              let listed = [ for a, b in ranges -> PacketNumberRange(min a b, max a b) ]
              let largest = if listed.IsEmpty then 0UL else listed[0].Largest
              let ack = ReceivedAck(largest, UInt64.MaxValue)
              let context = confirmed

              match sender.Detector.OnAckReceived(ms 1.0, sender.Space, &ack, ListedRanges listed, &context) with
              | null -> Expect.isTrue (listed |> List.forall (fun range -> range.Largest < 20UL)) "sent"
              | error -> Expect.equal error.Code TransportErrorCode.ProtocolViolation "never sent" ]

[<Tests>]
let tests =
    testList
        "Recovery.LossDetector"
        [ acknowledging
          losing
          probing
          discarding
          persistent
          allocation
          invariants ]
