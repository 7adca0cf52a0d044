/// A sender without a connection around it: what the tests of recovery and congestion control turn by hand.
module internal CoQuic.Engine.Tests.Recovery.Sender

open System
open System.Runtime.InteropServices
open CoQuic.Engine

let us (microseconds: int64) = TimeUs microseconds
let ms (milliseconds: float) = TimeUs.FromMilliseconds milliseconds
let span (milliseconds: float) = TimeSpan.FromMilliseconds milliseconds

/// The ranges of an ACK frame that a test wrote down, the largest numbers first.
type ListedRanges(ranges: PacketNumberRange list) =
    let mutable rest = ranges

    interface IAckRanges with
        member _.TryNext([<Out>] range: byref<PacketNumberRange>) =
            match rest with
            | next :: others ->
                range <- next
                rest <- others
                true
            | [] -> false

/// The numbers as ranges in descending order.
let rangesOf (numbers: Set<uint64>) =
    let extend number =
        function
        | (range: PacketNumberRange) :: others when range.Largest + 1UL = number ->
            PacketNumberRange(range.Smallest, number) :: others
        | ranges -> PacketNumberRange(number, number) :: ranges

    numbers |> Set.fold (fun ranges number -> extend number ranges) []

let packet level number size =
    SentPacket(PacketNumber = number, Level = level, Size = size, IsAckEliciting = true, IsInFlight = true)

/// A packet that nobody acknowledges and that does not count: only an ACK.
let ackOnly level number =
    SentPacket(PacketNumber = number, Level = level, Size = 40, IsAckEliciting = false, IsInFlight = false)

let levelOf space =
    match space with
    | PacketNumberSpaceId.Initial -> EncryptionLevel.Initial
    | PacketNumberSpaceId.Handshake -> EncryptionLevel.Handshake
    | _ -> EncryptionLevel.OneRtt

/// After the handshake, with a peer that never delays its acknowledgments.
let confirmed =
    RecoveryContext(true, true, false, TimeSpan.Zero, RecoveryContext.DefaultAckDelayExponent)

let handshaking = RecoveryContext.Initial

let datagramSize = 1200

/// A loss detector on one path, in a state that a test changes as it likes.
type Sender(role: Role, congestion: ICongestionController, context: RecoveryContext) =
    let path = PathRecovery(0u, congestion, RttEstimator(), datagramSize, span 1.0)

    let detector = LossDetector(role, path)

    member val Context = context with get, set
    member val Space = PacketNumberSpaceId.ApplicationData with get, set
    member _.Path = path
    member _.Detector = detector

    member sender.SendPacket (now: TimeUs) (packet: SentPacket) (frames: SentFrame list) =
        let context: RecoveryContext = sender.Context
        detector.OnPacketSent(now, &packet, ReadOnlySpan(Array.ofList frames), &context)

    member sender.SendSized (now: TimeUs) size =
        let number = detector.NextPacketNumber sender.Space
        sender.SendPacket now (packet (levelOf sender.Space) number size) []
        number

    /// Sends one full ack-eliciting packet and returns its number.
    member sender.Send now = sender.SendSized now datagramSize

    member sender.AckDelayed (now: TimeUs) (delay: uint64) (numbers: uint64 list) =
        let ranges = numbers |> Set.ofList |> rangesOf
        let ack = ReceivedAck(List.max numbers, delay)
        let context: RecoveryContext = sender.Context
        detector.OnAckReceived(now, sender.Space, &ack, ListedRanges ranges, &context)

    /// Lets an ACK of these packets arrive; nothing was wrong with it.
    member sender.Ack now numbers =
        match sender.AckDelayed now 0UL numbers with
        | null -> ()
        | error -> invalidOp $"{error}"

    member sender.Timeout now =
        let context: RecoveryContext = sender.Context
        detector.OnTimeout(now, &context)

    member sender.Rearm now =
        let context: RecoveryContext = sender.Context
        detector.Rearm(now, &context)

    member _.Lost =
        [ for packet in detector.Lost.Packets.ToArray() -> packet.PacketNumber ]

    member _.Acknowledged =
        [ for packet in detector.Acknowledged.Packets.ToArray() -> packet.PacketNumber ]

let create () =
    Sender(Role.Server, NewReno(datagramSize, false), confirmed)

/// A sender with one RTT sample of so many milliseconds, taken at that time.
let withRtt milliseconds =
    let sender = create ()
    let number = sender.Send TimeUs.Zero
    sender.Ack (ms milliseconds) [ number ]
    sender
