module CoQuic.Engine.Tests.Recovery.PathRecoveryTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender

/// Sends so many packets 100 ms after the last and acknowledges them all 100 ms later.
let private roundTrip count (now: TimeUs) (sender: Sender) =
    let numbers = [ for _ in 1..count -> sender.Send now ]
    sender.Ack (now + span 100.0) numbers

let private window (sender: Sender) = sender.Path.Congestion.CongestionWindow

[<Tests>]
let tests =
    testList
        "Recovery.PathRecovery"
        [ testCase "the window admits packets until it is full"
          <| fun () ->
              let sender = create ()

              for _ in 1..10 do
                  Expect.isTrue (sender.Path.CanSend(TimeUs.Zero, datagramSize)) "fits"
                  sender.Send TimeUs.Zero |> ignore

              Expect.isFalse (sender.Path.CanSend(TimeUs.Zero, 1)) "full"
              Expect.equal sender.Path.AvailableWindow 0UL "nothing left"

          testCase "probes may exceed the window"
          <| fun () ->
              let sender = create ()

              for _ in 1..12 do
                  sender.Send TimeUs.Zero |> ignore

              Expect.equal sender.Path.BytesInFlight 14_400UL "counted"
              Expect.equal sender.Path.AvailableWindow 0UL "and no underflow"

          testCase "pacing goes at twice the window a round trip in slow start, at 5/4 afterwards"
          <| fun () ->
              let sender = withRtt 100.0
              Expect.equal sender.Path.Pacer.Rate (2UL * window sender * 10UL) "slow start"
              let numbers = [ for _ in 1..4 -> sender.Send(ms 200.0) ]
              sender.Ack (ms 300.0) [ numbers[3] ]
              Expect.equal sender.Path.Pacer.Rate (window sender * 10UL * 5UL / 4UL) "after a loss"

          testCase "an application that does not fill the window does not make it grow (RFC 9002 §7.8)"
          <| fun () ->
              let sender = withRtt 100.0
              let before = window sender
              sender.Path.IsAppLimited <- true
              sender |> roundTrip 2 (ms 200.0)
              Expect.equal (window sender) before "2 of 11 packets"

          testCase "in slow start half a window in flight counts as full"
          <| fun () ->
              let sender = withRtt 100.0
              let before = window sender
              sender.Path.IsAppLimited <- true
              sender |> roundTrip 6 (ms 200.0)
              Expect.equal (window sender) (before + 7200UL) "6 of 11 packets"

          testCase "who waits for the pacer or the window is not application-limited"
          <| fun () ->
              let sender = withRtt 100.0
              let before = window sender
              sender.Path.IsAppLimited <- false
              sender |> roundTrip 2 (ms 200.0)
              Expect.equal (window sender) (before + 2400UL) "grows"

          testCase "packets carry what a delivery-rate sample needs"
          <| fun () ->
              let sender = withRtt 100.0
              sender.Path.IsAppLimited <- true
              let number = sender.Send(ms 200.0)
              sender.Send(ms 210.0) |> ignore
              sender.Ack (ms 300.0) [ number + 1UL; number ]
              let first = sender.Detector.Acknowledged[1]
              Expect.equal first.Delivered 1200UL "the packet that gave the RTT"
              Expect.equal first.DeliveredTime (ms 200.0) "an idle path begins anew"
              Expect.equal first.FirstSentTime (ms 200.0) "with its first packet"
              Expect.equal first.BytesInFlight 1200UL "itself"
              Expect.isTrue first.IsAppLimited "marked"
              Expect.equal sender.Detector.Acknowledged[0].BytesInFlight 2400UL "both"

          testCase "a larger datagram raises an untouched initial window"
          <| fun () ->
              let sender = create ()
              sender.Path.OnMaximumDatagramSizeChanged(TimeUs.Zero, 1452)
              Expect.equal (window sender) 14_520UL "ten datagrams" ]
