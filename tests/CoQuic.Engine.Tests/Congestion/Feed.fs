/// A congestion controller without a path around it: what tests tell it by hand.
module internal CoQuic.Engine.Tests.Congestion.Feed

open System
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender

let size = 1200

let rttOf milliseconds =
    let rtt = RttEstimator()
    rtt.OnSample(ms milliseconds, span milliseconds, TimeSpan.Zero, Nullable())
    rtt

let private rtt = rttOf 100.0

let packetSent (sent: TimeUs) bytes =
    SentPacket(
        PacketNumber = 0UL,
        Level = EncryptionLevel.OneRtt,
        Size = bytes,
        IsAckEliciting = true,
        IsInFlight = true,
        TimeSent = sent
    )

/// A packet sent at a time is acknowledged at another.
let ackSized bytes (sent: TimeUs) (now: TimeUs) isUnderutilized (controller: ICongestionController) =
    let packet = packetSent sent bytes
    let context = AckContext(rtt, controller.CongestionWindow, isUnderutilized)
    controller.OnPacketAcked(now, &packet, &context)

let ack sent now controller = ackSized size sent now false controller

/// One window of packets, sent at a time, is acknowledged 100 ms later.
let ackWindow (sent: TimeUs) (controller: ICongestionController) =
    for _ in 1UL .. controller.CongestionWindow / uint64 size do
        controller |> ack sent (sent + span 100.0)

/// A packet sent at a time is found lost at another.
let lose (sent: TimeUs) (now: TimeUs) (controller: ICongestionController) =
    let packet = packetSent sent size
    let context = LossContext(controller.CongestionWindow, uint64 size)
    controller.OnPacketLost(now, &packet, &context)

/// A packet that was found lost arrives after all.
let loseInError (sent: TimeUs) (now: TimeUs) (controller: ICongestionController) =
    let packet = packetSent sent size
    controller.OnSpuriousLoss(now, &packet)
