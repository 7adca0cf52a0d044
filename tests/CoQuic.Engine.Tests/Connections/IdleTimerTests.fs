module CoQuic.Engine.Tests.Connections.IdleTimerTests

open System
open Expecto
open CoQuic.Engine

let private at (milliseconds: int) =
    TimeUs.FromMilliseconds(float milliseconds)

let private ms (milliseconds: int) =
    TimeSpan.FromMilliseconds(float milliseconds)

let private pto = ms 100

let private deadline (timer: IdleTimer) = Option.ofNullable (timer.Deadline pto)

let private timer local peer =
    let timer = IdleTimer(at 0, ms local)
    timer.OnPeerTimeout(ms peer)
    timer

[<Tests>]
let tests =
    testList
        "Connections.IdleTimer (RFC 9000 §10.1)"
        [ for local, peer, expected in
              [ 0, 0, None
                5000, 0, Some 5000
                0, 4000, Some 4000
                5000, 4000, Some 4000
                4000, 5000, Some 4000 ] do
              testCase $"with timeouts of {local} ms here and {peer} ms there, it is {expected}"
              <| fun () -> Expect.equal (deadline (timer local peer)) (Option.map at expected) "the deadline"

          testCase "it is never shorter than three probe timeouts"
          <| fun () ->
              Expect.equal (deadline (timer 200 0)) (Some(at 300)) "three times 100 ms"
              Expect.equal (deadline (timer 301 0)) (Some(at 301)) "longer ones hold"

          testCase "a packet from the peer starts it anew"
          <| fun () ->
              let timer = timer 1000 0
              timer.OnPacketReceived(at 600)
              Expect.equal (deadline timer) (Some(at 1600)) "from then"

          testCase "of the packets that are sent, only the first since one was received starts it anew"
          <| fun () ->
              let timer = timer 1000 0
              timer.OnAckElicitingSent(at 100)
              timer.OnAckElicitingSent(at 200)
              Expect.equal (deadline timer) (Some(at 1100)) "the first of the connection"
              timer.OnPacketReceived(at 300)
              timer.OnAckElicitingSent(at 400)
              timer.OnAckElicitingSent(at 900)
              Expect.equal (deadline timer) (Some(at 1400)) "the first since the peer was heard"

          testCase "who only sends runs into the timeout"
          <| fun () ->
              let timer = timer 1000 0

              for now in 0..50..5000 do
                  timer.OnAckElicitingSent(at now)

              Expect.equal (deadline timer) (Some(at 1000)) "sending alone keeps nothing alive" ]
