/// What acknowledgements cost where one packet in ten is lost, in counts: the same on every machine.
module internal CoQuic.Benchmarks.AckCost

open System
open System.Collections.Generic
open CoQuic.Engine

/// What happened on the way of some packets.
type Cost =
    {
        Packets: int
        Acks: int
        /// Ranges in all ACK frames together.
        Ranges: int
        /// Records of sent packets that were looked at.
        Visits: uint64
    }

/// One packet in so many is lost.
let private lostOneIn = 10

/// A packet every ten microseconds.
let private sentAt number = TimeUs(10L * int64 number)

let private maxAckDelay = TimeSpan.FromMilliseconds 25.0

/// An ACK on its way back: when it arrives, counted in packets sent.
type private Ack =
    { ArrivesAt: int
      Ranges: PacketNumberRange array
      IsAckEliciting: bool }

let private send (log: SentPacketLog) number =
    let packet =
        SentPacket(
            PacketNumber = uint64 number,
            Level = EncryptionLevel.OneRtt,
            Size = 1_200,
            IsAckEliciting = true,
            IsInFlight = true,
            TimeSent = sentAt number
        )

    log.Append(&packet, ReadOnlySpan [| SentFrame.Stream(StreamId 0UL, uint64 number, 1_100, false) |])

/// The receiver's ACK, where one is due.
let private answer (tracker: AckTracker) number roundTrip =
    if tracker.IsAckDue(sentAt number) then
        let isAckEliciting = tracker.ShouldElicitAck
        let ranges = tracker.Ranges.ToArray()
        tracker.OnAckSent isAckEliciting

        Some
            { ArrivesAt = number + roundTrip
              Ranges = ranges
              IsAckEliciting = isAckEliciting }
    else
        None

let private hear (log: SentPacketLog) (tracker: AckTracker) ack =
    let acknowledged, lost = SettledPackets(), SettledPackets()

    for range in ack.Ranges do
        if not (log.TryAcknowledge(range, acknowledged)) then
            invalidOp $"{range} was never sent."

    // By the packet threshold alone: the clock has no part in this.
    let rules = LossRules(TimeUs -1L, maxAckDelay, Nullable(), 0u)
    log.DetectLost(&rules, PersistentCongestion(), lost) |> ignore

    // The sender acknowledges in turn, and the receiver stops reporting what it knows is known.
    if ack.IsAckEliciting then
        tracker.OnAckAcknowledged ack.Ranges[0].Largest

/// So many packets through a sender's log and a receiver's tracker, always so many on their way there and back; in the end all ACKs
/// arrive.
let transfer (packets: int) (roundTrip: int) : Cost =
    let log = SentPacketLog()
    let tracker = AckTracker(PacketNumberSpaceId.ApplicationData, maxAckDelay)
    let random = Random 1
    let onTheWay = Queue<Ack>()
    let mutable acks = 0
    let mutable ranges = 0

    let arrive number =
        while onTheWay.Count > 0 && onTheWay.Peek().ArrivesAt <= number do
            let ack = onTheWay.Dequeue()
            hear log tracker ack
            acks <- acks + 1
            ranges <- ranges + ack.Ranges.Length

    for number in 0 .. packets - 1 do
        send log number

        if random.Next lostOneIn <> 0 then
            tracker.OnPacketReceived(sentAt number, uint64 number, true, EcnCodepoint.NotEct)

        answer tracker number roundTrip |> Option.iter onTheWay.Enqueue
        arrive number

    arrive (packets + roundTrip)

    { Packets = packets
      Acks = acks
      Ranges = ranges
      Visits = log.Visits }

/// Records and ranges looked at for a packet.
let byThePacket (cost: Cost) : float =
    (float cost.Visits + float cost.Ranges) / float cost.Packets
