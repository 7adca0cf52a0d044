module CoQuic.Engine.Tests.Recovery.PacketReorderingTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender

[<Tests>]
let tests =
    testList
        "Recovery.PacketReordering (RFC 9002 §6.1.1)"
        [ testCase "three packets may not overtake one, until one was late"
          <| fun () ->
              let reordering = PacketReordering()
              Expect.equal reordering.Threshold 3 "kPacketThreshold"
              reordering.OnSpuriousLoss(5UL, TimeSpan.Zero, TimeSpan.Zero)
              Expect.equal reordering.Threshold 6 "what five have overtaken may still come"
              reordering.OnSpuriousLoss(3UL, TimeSpan.Zero, TimeSpan.Zero)
              Expect.equal reordering.Threshold 6 "and it is not forgotten"

          testCase "a peer cannot raise the threshold beyond its bound"
          <| fun () ->
              let reordering = PacketReordering()
              reordering.OnSpuriousLoss(UInt64.MaxValue, TimeSpan.Zero, TimeSpan.Zero)
              Expect.equal reordering.Threshold 3 "a number that no packet has: nothing was overtaken"
              reordering.OnSpuriousLoss(1_000_000UL, TimeSpan.Zero, TimeSpan.Zero)
              Expect.equal reordering.Threshold PacketReordering.MaximumThreshold "the bound"

          testCase
              "a packet is waited for 9/8 of a round trip, until one was later; two round trips at most (RFC 9002 §6.1.2)"
          <| fun () ->
              let reordering = PacketReordering()
              Expect.equal reordering.TimeEighths 9 "kTimeThreshold"
              reordering.OnSpuriousLoss(0UL, span 120.0, span 100.0)
              Expect.equal reordering.TimeEighths 10 "what came after 9.6 eighths comes in time now"
              reordering.OnSpuriousLoss(0UL, span 50.0, span 100.0)
              Expect.equal reordering.TimeEighths 10 "and it is not forgotten"
              reordering.OnSpuriousLoss(0UL, span 1_000.0, span 100.0)
              Expect.equal reordering.TimeEighths PacketReordering.MaximumTimeEighths "the bound"

          testCase "on a path that reorders, a packet is given up later"
          <| fun () ->
              let sender = withRtt 100.0
              let first = [ for _ in 1..6 -> sender.Send(ms 200.0) ]
              sender.Ack (ms 300.0) [ first[5] ]
              Expect.equal sender.Lost first[0..2] "three and more have overtaken them"
              sender.Ack (ms 301.0) first
              Expect.equal sender.Path.Reordering.Threshold 6 "the first was overtaken by five"
              let second = [ for _ in 1..6 -> sender.Send(ms 310.0) ]
              sender.Ack (ms 410.0) [ second[5] ]
              Expect.isEmpty sender.Lost "not yet lost"

          testCase "a path that reorders keeps its window"
          <| fun () ->
              let sender = withRtt 100.0
              let window = sender.Path.Congestion.CongestionWindow
              let sent = [ for _ in 1..6 -> sender.Send(ms 200.0) ]
              sender.Ack (ms 300.0) [ sent[5] ]
              Expect.isLessThan sender.Path.Congestion.CongestionWindow window "reduced"
              sender.Ack (ms 301.0) sent
              Expect.isGreaterThanOrEqual sender.Path.Congestion.CongestionWindow window "and undone" ]
