module CoQuic.Engine.Tests.Recovery.RttEstimatorTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender

let private fresh () = RttEstimator()

/// Takes samples of (RTT, ACK delay) in milliseconds, with max_ack_delay limiting the delay when given.
let private sampled (limit: float option) samples =
    let rtt = fresh ()
    let limit = limit |> Option.map span |> Option.toNullable

    for latest, delay in samples do
        rtt.OnSample(ms 1.0, span latest, span delay, limit)

    rtt

[<Tests>]
let tests =
    testList
        "Recovery.RttEstimator"
        [ testCase "before a sample the estimates come from the initial RTT (RFC 9002 §5.3, §6.2.2)"
          <| fun () ->
              let rtt = fresh ()
              Expect.isFalse rtt.HasSample "no sample"
              Expect.equal rtt.SmoothedRtt (span 333.0) "smoothed_rtt"
              Expect.equal rtt.RttVar (span 166.5) "rttvar"
              Expect.equal rtt.PtoBase (span 999.0) "a PTO of about a second"

          testCase "the first sample replaces the initial RTT"
          <| fun () ->
              let rtt = sampled None [ 100.0, 20.0 ]
              Expect.equal rtt.LatestRtt (span 100.0) "latest_rtt"
              Expect.equal rtt.MinRtt (span 100.0) "min_rtt"
              Expect.equal rtt.SmoothedRtt (span 100.0) "smoothed_rtt"
              Expect.equal rtt.RttVar (span 50.0) "rttvar"
              Expect.equal rtt.FirstSampleTime (Nullable(ms 1.0)) "first_rtt_sample"

          testCase "later samples move the averages by an eighth and a quarter"
          <| fun () ->
              let rtt = sampled None [ 100.0, 0.0; 180.0, 0.0 ]
              Expect.equal rtt.SmoothedRtt (span 110.0) "7/8 of 100 and 1/8 of 180"
              Expect.equal rtt.RttVar (span 57.5) "3/4 of 50 and 1/4 of 80"
              Expect.equal rtt.MinRtt (span 100.0) "min_rtt stays"

          testCase "a reported delay is subtracted from the sample"
          <| fun () ->
              let rtt = sampled None [ 100.0, 0.0; 180.0, 40.0 ]
              Expect.equal rtt.SmoothedRtt (span 105.0) "140 counts"
              Expect.equal rtt.LatestRtt (span 180.0) "latest_rtt is what was measured"

          testCase "a reported delay that would lead below min_rtt is not subtracted"
          <| fun () ->
              let rtt = sampled None [ 100.0, 0.0; 108.0, 40.0 ]
              Expect.equal rtt.SmoothedRtt (span 101.0) "108 counts"

          testCase "after confirmation max_ack_delay limits the reported delay"
          <| fun () ->
              let rtt = sampled (Some 25.0) [ 100.0, 0.0; 205.0, 90.0 ]
              Expect.equal rtt.SmoothedRtt (span 110.0) "180 counts"

          testCase "min_rtt ignores the reported delay"
          <| fun () ->
              let rtt = sampled None [ 100.0, 0.0; 60.0, 50.0 ]
              Expect.equal rtt.MinRtt (span 60.0) "the sample itself"

          testCase "min_rtt starts anew after persistent congestion (RFC 9002 §5.2)"
          <| fun () ->
              let rtt = sampled None [ 100.0, 0.0; 300.0, 0.0 ]
              rtt.OnPersistentCongestion()
              Expect.equal rtt.MinRtt (span 300.0) "the newest sample"

          testCase "the loss delay is 9/8 of the larger of latest and smoothed RTT (RFC 9002 §6.1.2)"
          <| fun () ->
              Expect.equal ((sampled None [ 80.0, 0.0 ]).LossDelay 9) (span 90.0) "equal"
              Expect.equal ((sampled None [ 80.0, 0.0; 160.0, 0.0 ]).LossDelay 9) (span 180.0) "latest is larger"

          testCase "no timer is finer than the granularity"
          <| fun () ->
              let rtt = sampled None [ 0.1, 0.0 ]
              Expect.equal (rtt.LossDelay 9) (span 1.0) "loss delay"
              Expect.equal rtt.PtoBase (span 1.1) "PTO"

          testCase "an ACK Delay field of any value is decoded without overflow (RFC 9000 §19.3)"
          <| fun () ->
              Expect.equal (AckDelay.Decode(100UL, 3)) (span 0.8) "eights of microseconds"
              Expect.equal (AckDelay.Decode(UInt64.MaxValue, 20)) (TimeSpan.FromHours 1.0) "saturated"
              Expect.equal (AckDelay.Encode(span 0.8, 3)) 100UL "encoded again"
              Expect.equal (AckDelay.Encode(span -1.0, 3)) 0UL "never negative" ]
