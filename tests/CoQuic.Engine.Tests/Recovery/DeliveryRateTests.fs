module CoQuic.Engine.Tests.Recovery.DeliveryRateTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender

/// A path stepped by hand: packets of 1,200 bytes, and what the estimator makes of them.
type private Flow() =
    let estimator = DeliveryRateEstimator()
    let mutable inFlight = 0UL

    member _.Estimator = estimator

    member _.Send(now: TimeUs) =
        let plain = packet EncryptionLevel.OneRtt 0UL datagramSize
        let stamped = estimator.Stamp(now, &plain, (inFlight = 0UL))
        inFlight <- inFlight + uint64 datagramSize
        let mutable sent = stamped

        SentPacket(
            PacketNumber = 0UL,
            Level = sent.Level,
            Size = sent.Size,
            IsAckEliciting = true,
            IsInFlight = true,
            TimeSent = now,
            Delivered = sent.Delivered,
            DeliveredTime = sent.DeliveredTime,
            FirstSentTime = sent.FirstSentTime,
            IsAppLimited = sent.IsAppLimited,
            Lost = sent.Lost,
            BytesInFlight = inFlight
        )

    member _.Ack (now: TimeUs) (packets: SentPacket list) =
        for packet in packets do
            let packet = packet
            inFlight <- inFlight - uint64 packet.Size
            estimator.OnPacketAcked(now, &packet)

        estimator.Take(span 10.0, inFlight)

    member _.Lose(packet: SentPacket) =
        let packet = packet
        inFlight <- inFlight - uint64 packet.Size
        estimator.OnPacketLost &packet

    member _.LackData() = estimator.OnAppLimited inFlight

[<Tests>]
let tests =
    testList
        "Recovery.DeliveryRateEstimator (draft-cheng-iccrg-delivery-rate-estimation-02)"
        [ testCase "a flight that returns as it was sent shows the rate at which it did"
          <| fun () ->
              let flow = Flow()
              let packets = [ for index in 0..9 -> flow.Send(ms (float index * 10.0)) ]

              let samples =
                  [ for index in 0..9 -> flow.Ack (ms (100.0 + float index * 10.0)) [ packets[index] ] ]

              Expect.equal samples[0].Rate 12_000UL "1,200 bytes in 100 ms"
              // The last was sent 90 ms after the first, and 10,800 bytes more were delivered 190 ms after the flight began.
              Expect.equal samples[9].Delivered 12_000UL "all ten, as nothing was delivered when they left"
              Expect.equal samples[9].Rate (uint64 (12_000.0 / 0.190)) "over the time of both"

          testCase "acknowledgments that come all at once do not show more than was sent (§3.3)"
          <| fun () ->
              let flow = Flow()
              flow.Ack (ms 100.0) [ flow.Send(ms 0.0) ] |> ignore
              let packets = [ for index in 0..9 -> flow.Send(ms (100.0 + float index * 10.0)) ]
              let sample = flow.Ack (ms 200.0) (List.rev packets)
              Expect.equal sample.Delivered 12_000UL "ten packets"
              Expect.equal sample.Rate 120_000UL "in the 100 ms since the flight began"

          testCase "an interval shorter than min_rtt shows no rate"
          <| fun () ->
              let flow = Flow()
              let sample = flow.Ack (ms 9.0) [ flow.Send(ms 0.0) ]
              Expect.equal sample.Rate 0UL "not to be relied on"
              Expect.equal sample.Delivered 1200UL "but it was delivered"

          testCase
              "what is in flight when data runs out, and what follows until it arrived, is application-limited (§3.4)"
          <| fun () ->
              let flow = Flow()
              let before = flow.Send(ms 0.0)
              flow.LackData()
              let after = flow.Send(ms 10.0)
              Expect.isFalse before.IsAppLimited "sent before"
              Expect.isTrue after.IsAppLimited "sent afterwards"
              Expect.isTrue ((flow.Ack (ms 110.0) [ after; before ]).IsAppLimited) "the newest decides"
              Expect.isFalse (flow.Send(ms 120.0)).IsAppLimited "the bubble has passed"

          testCase "losses since a packet was sent are counted, and those of one frame"
          <| fun () ->
              let flow = Flow()
              let packets = [ for index in 0..4 -> flow.Send(ms (float index)) ]
              flow.Lose packets[0]
              let later = flow.Send(ms 50.0)
              flow.Lose packets[1]
              let sample = flow.Ack (ms 104.0) [ packets[4] ]
              Expect.equal sample.Lost 2400UL "both were in flight with it"
              Expect.equal sample.NewlyLost 2400UL "both are news"
              Expect.equal sample.SentInFlight 6000UL "in flight when it was sent"
              let next = flow.Ack (ms 150.0) [ later ]
              Expect.equal next.Lost 1200UL "one was lost before"
              Expect.equal next.NewlyLost 0UL "nothing new"

          testCase "a frame that acknowledges nothing that counts shows nothing"
          <| fun () ->
              let sample = Flow().Ack (ms 1.0) []
              Expect.equal sample.Delivered 0UL "nothing"
              Expect.equal sample.Rate 0UL "nothing" ]
