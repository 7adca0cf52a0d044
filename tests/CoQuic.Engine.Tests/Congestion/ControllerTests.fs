/// What every controller of RFC 9002 §7 owes, and what NewReno and CUBIC do with it.
module CoQuic.Engine.Tests.Congestion.ControllerTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender
open CoQuic.Engine.Tests.Congestion.Feed
open CoQuic.Tests.Properties

let private controllers: (string * (int -> ICongestionController) * float) list =
    [ "NewReno", (fun size -> NewReno(size, false)), 0.5
      "CUBIC", (fun size -> Cubic(size, false)), 0.7 ]

let private windows =
    testList
        "windows (RFC 9002 §7.2)"
        [ for datagram, initial in
              [ 1200, 12_000UL
                1452, 14_520UL
                1472, 14_720UL
                1500, 14_720UL
                9000, 18_000UL ] do
              testCase $"{datagram}-byte datagrams begin with {initial} bytes"
              <| fun () ->
                  Expect.equal (CongestionWindows.Initial datagram) initial "initial window"
                  Expect.equal (CongestionWindows.Minimum datagram) (2UL * uint64 datagram) "minimum window" ]

let private noEntropy =
    { new IEntropy with
        member _.Fill destination = destination.Clear() }

let private choice =
    testCase "what a configuration may ask for can be made, and nothing else"
    <| fun () ->
        let create algorithm =
            CongestionControllers.Create(TransportConfig(CongestionControl = algorithm), size, noEntropy)

        for algorithm in Enum.GetValues<CongestionControl>() do
            let controller = create algorithm
            Expect.equal controller.CongestionWindow 12_000UL $"{algorithm}"
            Expect.isTrue controller.IsInSlowStart $"{algorithm}"

        Expect.throwsT<ArgumentOutOfRangeException>
            (fun () -> create (LanguagePrimitives.EnumOfValue 6uy) |> ignore)
            "no algorithm"

let private common (name, create: int -> ICongestionController, reduction: float) =
    let reduced (window: uint64) = uint64 (float window * reduction)

    testList
        name
        [ testCase "it begins in slow start with the initial window"
          <| fun () ->
              let controller = create size
              Expect.equal controller.CongestionWindow 12_000UL "initial"
              Expect.equal controller.SlowStartThreshold UInt64.MaxValue "no threshold"
              Expect.isTrue controller.IsInSlowStart "slow start"

          testCase "slow start doubles the window each round trip"
          <| fun () ->
              let controller = create size
              controller |> ackWindow TimeUs.Zero
              Expect.equal controller.CongestionWindow 24_000UL "doubled"
              controller |> ackWindow (ms 100.0)
              Expect.equal controller.CongestionWindow 48_000UL "again"

          testCase "a loss reduces window and threshold"
          <| fun () ->
              let controller = create size
              controller |> lose (ms 1.0) (ms 100.0)
              Expect.equal controller.CongestionWindow (reduced 12_000UL) "window"
              Expect.equal controller.SlowStartThreshold (reduced 12_000UL) "threshold"
              Expect.isFalse controller.IsInSlowStart "congestion avoidance"

          testCase "losses of one flight reduce the window once (RFC 9002 §7.3.2)"
          <| fun () ->
              let controller = create size
              controller |> lose (ms 1.0) (ms 100.0)
              controller |> lose (ms 99.0) (ms 110.0)
              controller |> lose (ms 100.0) (ms 120.0)
              Expect.equal controller.CongestionWindow (reduced 12_000UL) "once"
              controller |> lose (ms 101.0) (ms 200.0)
              Expect.equal controller.CongestionWindow (12_000UL |> reduced |> reduced) "a new flight"

          testCase "during recovery the window does not grow"
          <| fun () ->
              let controller = create size
              controller |> lose (ms 1.0) (ms 100.0)

              for _ in 1..50 do
                  controller |> ack (ms 99.0) (ms 150.0)

              Expect.equal controller.CongestionWindow (reduced 12_000UL) "unchanged"

          testCase "marks of the network count as a loss"
          <| fun () ->
              let controller = create size
              controller.OnEcnCe(ms 100.0, ms 1.0)
              Expect.equal controller.CongestionWindow (reduced 12_000UL) "reduced"
              controller |> lose (ms 50.0) (ms 110.0)
              Expect.equal controller.CongestionWindow (reduced 12_000UL) "the same flight"

          testCase "no window is smaller than two datagrams"
          <| fun () ->
              let controller = create size

              for second in 1..20 do
                  controller
                  |> lose (ms (1000.0 * float second)) (ms (1000.0 * float second + 100.0))

              Expect.equal controller.CongestionWindow 2400UL "minimum"

          testCase "persistent congestion means the minimum window and slow start"
          <| fun () ->
              let controller = create size
              controller |> lose (ms 1.0) (ms 100.0)
              controller.OnPersistentCongestion(ms 100.0)
              Expect.equal controller.CongestionWindow 2400UL "minimum"
              Expect.isTrue controller.IsInSlowStart "slow start"
              controller |> ack (ms 50.0) (ms 150.0)
              Expect.equal controller.CongestionWindow 3600UL "recovery is over"

          testCase "an underutilized window does not grow (RFC 9002 §7.8)"
          <| fun () ->
              let controller = create size
              controller |> ackSized size (ms 1.0) (ms 100.0) true
              Expect.equal controller.CongestionWindow 12_000UL "slow start"
              controller |> lose (ms 1.0) (ms 100.0)

              for _ in 1..100 do
                  controller |> ackSized size (ms 150.0) (ms 250.0) true

              Expect.equal controller.CongestionWindow (reduced 12_000UL) "congestion avoidance"

          testCase "a new datagram size moves an untouched window and keeps a used one above the minimum"
          <| fun () ->
              let controller = create size
              controller.OnMaximumDatagramSizeChanged 1452
              Expect.equal controller.CongestionWindow 14_520UL "the new initial window"
              controller |> lose (ms 1.0) (ms 100.0)
              let window = controller.CongestionWindow
              controller.OnMaximumDatagramSizeChanged 1472
              Expect.equal controller.CongestionWindow window "no reason to change"
              controller.OnMaximumDatagramSizeChanged 9000
              Expect.equal controller.CongestionWindow 18_000UL "two datagrams"

          testCase "a reduction for packets that were only late is undone (RFC 9438 §4.9.2)"
          <| fun () ->
              let controller = create size
              controller |> lose (ms 1.0) (ms 100.0)
              controller |> lose (ms 2.0) (ms 100.0)
              controller |> loseInError (ms 1.0) (ms 120.0)
              Expect.equal controller.CongestionWindow (reduced 12_000UL) "one of the two may still be lost"
              controller |> loseInError (ms 2.0) (ms 120.0)
              Expect.equal controller.CongestionWindow 12_000UL "as if nothing had been"
              Expect.equal controller.SlowStartThreshold UInt64.MaxValue "the threshold too"
              controller |> lose (ms 50.0) (ms 130.0)
              Expect.equal controller.CongestionWindow (reduced 12_000UL) "a real loss of that flight counts"

          testCase "a reduction that the network asked for is not undone"
          <| fun () ->
              let marked = create size
              marked.OnEcnCe(ms 100.0, ms 1.0)
              marked |> lose (ms 1.0) (ms 110.0)
              marked |> loseInError (ms 1.0) (ms 120.0)
              Expect.equal marked.CongestionWindow (reduced 12_000UL) "marked first"
              let lost = create size
              lost |> lose (ms 1.0) (ms 100.0)
              lost.OnEcnCe(ms 110.0, ms 2.0)
              lost |> loseInError (ms 1.0) (ms 120.0)
              Expect.equal lost.CongestionWindow (reduced 12_000UL) "marked afterwards"

          testCase "late packets of an earlier flight do not undo the reduction for this one"
          <| fun () ->
              let controller = create size
              controller |> lose (ms 1.0) (ms 100.0)
              controller |> lose (ms 101.0) (ms 200.0)
              controller |> loseInError (ms 1.0) (ms 210.0)
              Expect.equal controller.CongestionWindow (12_000UL |> reduced |> reduced) "another flight's"

          testCase "an undone reduction does not take back what was gained since"
          <| fun () ->
              let controller = create size
              controller |> lose (ms 1.0) (ms 100.0)

              for trip in 2..100 do
                  controller |> ackWindow (ms (100.0 * float trip))

              let grown = controller.CongestionWindow
              controller |> loseInError (ms 1.0) (ms 20_000.0)
              Expect.isGreaterThan grown 12_000UL "more than before the loss"
              Expect.isGreaterThanOrEqual controller.CongestionWindow grown "kept"

          property "whatever happens the window is at least the minimum, and only acknowledgments raise it"
          <| fun (events: byte list) ->
              let controller = create size

              for index, event in List.indexed events do
                  let now = ms (float (100 * (index + 2)))
                  let before = controller.CongestionWindow

                  match event % 4uy with
                  | 0uy -> controller |> lose (now - span 100.0) now
                  | 1uy -> controller.OnPersistentCongestion now
                  | 2uy -> controller.OnEcnCe(now, now - span 50.0)
                  | _ -> controller |> ackWindow (now - span 100.0)

                  Expect.isGreaterThanOrEqual controller.CongestionWindow 2400UL "minimum"

                  if event % 4uy <> 3uy then
                      Expect.isLessThanOrEqual controller.CongestionWindow (max before 2400UL) "not raised"
                  else
                      Expect.isGreaterThanOrEqual controller.CongestionWindow before "not lowered" ]

let private newReno =
    testList
        "NewReno"
        [ testCase "congestion avoidance adds one datagram for each window acknowledged (RFC 9002 §7.3.3)"
          <| fun () ->
              let controller: ICongestionController = NewReno(size, false)
              controller |> lose (ms 1.0) (ms 100.0)
              Expect.equal controller.CongestionWindow 6000UL "five datagrams"

              for _ in 1..4 do
                  controller |> ack (ms 150.0) (ms 250.0)

              Expect.equal controller.CongestionWindow 6000UL "not yet"
              controller |> ack (ms 150.0) (ms 250.0)
              Expect.equal controller.CongestionWindow 7200UL "a window was acknowledged"

          testCase "acknowledgments of single bytes add up too"
          <| fun () ->
              let controller: ICongestionController = NewReno(size, false)
              controller |> lose (ms 1.0) (ms 100.0)

              for _ in 1..6000 do
                  controller |> ackSized 1 (ms 150.0) (ms 250.0) false

              Expect.equal controller.CongestionWindow 7200UL "nothing was rounded away" ]

/// A CUBIC flow that lost at a window of 120 datagrams (100 ms RTT), and its window at times since.
let private afterLoss () =
    let controller: ICongestionController = Cubic(size, false)

    while controller.CongestionWindow < 120UL * uint64 size do
        controller |> ack TimeUs.Zero (ms 100.0)

    controller |> lose (ms 150.0) (ms 200.0)
    controller

let private cubic =
    testList
        "CUBIC (RFC 9438)"
        [ testCase "K is the time to come back to the window of the loss (§4.2)"
          <| fun () ->
              // K = cbrt((W_max - cwnd) / C) = cbrt(30 / 0.4) for 100 segments.
              let curve = CubicCurve.Between(70.0 * float size, 100.0 * float size, size)
              Expect.floatClose Accuracy.high curve.K (Math.Cbrt 75.0) "K"
              Expect.floatClose Accuracy.medium (curve.At TimeSpan.Zero) (70.0 * float size) "starts at the window"
              Expect.floatClose Accuracy.medium (curve.At(TimeSpan.FromSeconds curve.K)) (100.0 * float size) "plateau"

          property "the cube root is one, at any scale"
          <| fun (value: uint32) ->
              let curve = CubicCurve.Between(0.0, float value, size)
              Expect.floatClose Accuracy.high (curve.K * curve.K * curve.K) (float value / (0.4 * float size)) "cubed"

          testCase "the window is back at the loss after K, flat there, and steeper afterwards"
          <| fun () ->
              let controller = afterLoss ()
              let start = float controller.CongestionWindow / float size
              let lost = start / 0.7
              let k = Math.Cbrt((lost - start) / 0.4)

              let growth =
                  [ for step in 0 .. int (2.0 * k * 10.0) ->
                        let before = controller.CongestionWindow
                        controller |> ackWindow (ms (300.0 + 100.0 * float step))

                        (float step / 10.0,
                         float (controller.CongestionWindow - before),
                         float controller.CongestionWindow) ]

              let growthNear time =
                  growth
                  |> List.filter (fun (at, _, _) -> abs (at - time) < 0.4)
                  |> List.averageBy (fun (_, by, _) -> by)

              let atK =
                  growth
                  |> List.pick (fun (at, _, window) -> if at >= k then Some window else None)

              Expect.isLessThan (abs (atK / float size - lost)) (0.06 * lost) "back at the loss"
              Expect.isGreaterThan (growthNear 0.4) (growthNear k) "concave"
              Expect.isGreaterThan (growthNear (2.0 * k - 0.5)) (growthNear k) "convex"

          testCase "with short round trips it is no slower than Reno (§4.3)"
          <| fun () ->
              let cubic: ICongestionController = Cubic(size, false)
              let reno: ICongestionController = NewReno(size, false)
              let rtt = rttOf 1.0

              let ackShort (now: TimeUs) (controller: ICongestionController) =
                  let packet =
                      SentPacket(
                          PacketNumber = 0UL,
                          Level = EncryptionLevel.OneRtt,
                          Size = size,
                          IsAckEliciting = true,
                          IsInFlight = true,
                          TimeSent = now
                      )

                  let context = AckContext(rtt, controller.CongestionWindow, false)

                  for _ in 1UL .. controller.CongestionWindow / uint64 size do
                      controller.OnPacketAcked(now, &packet, &context)

              for controller in [ cubic; reno ] do
                  controller |> lose TimeUs.Zero (ms 1.0)

                  for trip in 2..200 do
                      controller |> ackShort (ms (float trip))

              Expect.isGreaterThan cubic.CongestionWindow (reno.CongestionWindow * 9UL / 10UL) "friendly"

          testCase "a flow that loses below its last loss gives way to newcomers (§4.7)"
          <| fun () ->
              let experienced = afterLoss ()
              let window = experienced.CongestionWindow
              let newcomer: ICongestionController = Cubic(size, false)

              while newcomer.CongestionWindow < window do
                  let missing = window - newcomer.CongestionWindow |> min (uint64 size) |> int
                  newcomer |> ackSized missing TimeUs.Zero (ms 100.0) false

              for controller in [ experienced; newcomer ] do
                  controller |> lose (ms 250.0) (ms 300.0)

                  for trip in 4..35 do
                      controller |> ackWindow (ms (100.0 * float trip))

              let share = float experienced.CongestionWindow / float newcomer.CongestionWindow
              Expect.isLessThan share 0.95 "its plateau is lower"

          testCase "time in which the application sent little does not count (§5.8)"
          <| fun () ->
              let busy = afterLoss ()
              let idle = afterLoss ()

              for controller in [ busy; idle ] do
                  controller |> ackWindow (ms 300.0)

              // Ten seconds later the curve would be far beyond the plateau.
              idle |> ackSized size (ms 400.0) (ms 500.0) true

              for trip in 0..4 do
                  busy |> ackWindow (ms (400.0 + 100.0 * float trip))
                  idle |> ackWindow (ms (10_400.0 + 100.0 * float trip))

              let ratio = float idle.CongestionWindow / float busy.CongestionWindow
              Expect.isLessThan (abs (ratio - 1.0)) 0.02 "as if there had been no pause" ]

[<Tests>]
let tests =
    testList
        "Congestion"
        [ windows
          choice
          testList "every controller" (List.map common controllers)
          newReno
          cubic ]
