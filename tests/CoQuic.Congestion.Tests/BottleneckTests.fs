module CoQuic.Congestion.Tests.BottleneckTests

open System
open Expecto
open CoQuic.Engine

let private at (microseconds: int64) = TimeUs microseconds

[<Tests>]
let tests =
    testList
        "Bottleneck"
        [ testCase "a datagram takes its bits' time"
          <| fun () ->
              // 8 Mbit/s are a byte a microsecond.
              let link = Bottleneck(8e6, 10_000.0)
              Expect.equal (link.Pass(at 0L, 1000)) (ValueSome(at 1000L)) "1,000 bytes"
              Expect.equal (link.Pass(at 5000L, 1000)) (ValueSome(at 6000L)) "again when idle"

          testCase "datagrams wait for each other"
          <| fun () ->
              let link = Bottleneck(8e6, 10_000.0)
              Expect.equal (link.Pass(at 0L, 1000)) (ValueSome(at 1000L)) "the first"
              Expect.equal (link.Pass(at 0L, 1000)) (ValueSome(at 2000L)) "the second"
              Expect.equal (link.Delay(at 500L)) (TimeSpan.FromMicroseconds 1500.0) "what is left"

          testCase "what does not fit in the queue is dropped"
          <| fun () ->
              let link = Bottleneck(8e6, 2_500.0)
              Expect.isTrue (link.Pass(at 0L, 1000)).IsSome "fits"
              Expect.isTrue (link.Pass(at 0L, 1000)).IsSome "fits"
              Expect.isTrue (link.Pass(at 0L, 1000)).IsNone "does not"
              Expect.isTrue (link.Pass(at 600L, 1000)).IsSome "later there is room" ]
