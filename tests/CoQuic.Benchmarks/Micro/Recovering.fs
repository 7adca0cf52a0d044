namespace CoQuic.Benchmarks.Micro

open System
open System.Runtime.InteropServices
open BenchmarkDotNet.Attributes
open CoQuic.Engine

/// Ranges that are walked again and again, the largest numbers first.
[<Sealed>]
type internal Ranges() =
    let mutable all: PacketNumberRange array = Array.empty
    let mutable next = 0

    member _.Begin ranges =
        all <- ranges
        next <- 0

    interface IAckRanges with
        member _.TryNext([<Out>] range: byref<PacketNumberRange>) =
            if next = all.Length then
                false
            else
                range <- all[next]
                next <- next + 1
                true

/// What a packet costs its sender from its sending to its acknowledgement or loss, and its receiver until it has acknowledged it:
/// figures for one packet.
type Acknowledging() =
    /// Packets that one ACK is for.
    static let together = 64

    let path =
        PathRecovery(0u, NewReno(1_200, false), RttEstimator(), 1_200, TimeSpan.FromMilliseconds 1.0)

    let detector = LossDetector(Role.Server, path)

    let context =
        RecoveryContext(true, true, false, TimeSpan.Zero, RecoveryContext.DefaultAckDelayExponent)

    let ranges = Ranges()
    let frames = [| SentFrame.Stream(StreamId 0UL, 0UL, 1_100, false) |]

    let tracker =
        AckTracker(PacketNumberSpaceId.ApplicationData, TimeSpan.FromMilliseconds 25.0, together)

    let mutable now = 0L
    let mutable received = 0UL

    let send () =
        let first = detector.NextPacketNumber PacketNumberSpaceId.ApplicationData

        for number in first .. first + uint64 together - 1UL do
            now <- now + 10L

            let packet =
                SentPacket(
                    PacketNumber = number,
                    Level = EncryptionLevel.OneRtt,
                    Size = 1_200,
                    IsAckEliciting = true,
                    IsInFlight = true
                )

            detector.OnPacketSent(TimeUs now, &packet, ReadOnlySpan frames, &context)

        first

    let hear (acknowledged: PacketNumberRange array) =
        now <- now + 1_000L
        ranges.Begin acknowledged
        let ack = ReceivedAck(acknowledged[0].Largest, 0UL)

        match detector.OnAckReceived(TimeUs now, PacketNumberSpaceId.ApplicationData, &ack, ranges, &context) with
        | null -> ()
        | error -> invalidOp $"{error}"

    [<Benchmark(OperationsPerInvoke = 64)>]
    member _.SendAndAcknowledge() =
        let first = send ()
        hear [| PacketNumberRange(first, first + uint64 together - 1UL) |]

    /// One in eight is lost.
    [<Benchmark(OperationsPerInvoke = 64)>]
    member _.SendAndAcknowledgeWithGaps() =
        let first = send ()

        hear (
            Array.init 8 (fun index ->
                let last = first + uint64 together - 1UL - 8UL * uint64 index
                PacketNumberRange(last - 6UL, last))
        )

    [<Benchmark(OperationsPerInvoke = 64)>]
    member _.ReceiveAndAcknowledge() =
        for _ in 1..together do
            now <- now + 10L
            tracker.OnPacketReceived(TimeUs now, received, true, EcnCodepoint.Ect0)
            received <- received + 1UL

        tracker.OnAckSent false
        tracker.OnAckAcknowledged(received - 1UL)
