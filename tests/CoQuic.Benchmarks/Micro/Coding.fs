namespace CoQuic.Benchmarks.Micro

open System
open BenchmarkDotNet.Attributes
open CoQuic.Engine

/// Frames that most packets carry, written and read (RFC 9000 §19).
type FrameCodecs() =
    let buffer = Array.zeroCreate<byte> 1_500
    let data = Array.zeroCreate<byte> 1_400

    /// Every third number is missing.
    let ranges count =
        Array.init count (fun index ->
            let largest = 10_000UL - 3UL * uint64 index
            PacketNumberRange(largest - 1UL, largest))

    let writeStream () =
        let mutable writer = QuicWriter(Span buffer)
        let frame = StreamFrame(StreamId 4UL, 1_000_000UL, ReadOnlySpan data, false)
        frame.Write &writer
        writer.Position

    let writeAck (ranges: PacketNumberRange array) =
        let mutable writer = QuicWriter(Span buffer)
        let frame = OutgoingAckFrame(100UL, ReadOnlySpan ranges, Nullable())
        frame.Write &writer
        writer.Position

    let few, many = ranges 1, ranges 64

    let written (write: unit -> int) =
        let length = write ()
        Array.sub buffer 0 length

    let stream = written writeStream

    let fewAcked, manyAcked =
        written (fun () -> writeAck few), written (fun () -> writeAck many)

    let readType (reader: byref<QuicReader>) =
        let mutable rule = FrameRule()
        let mutable frameType = 0UL

        if isNull (FrameReader.ReadType(&reader, PacketType.OneRtt, &rule, &frameType)) then
            frameType
        else
            invalidOp "The frame has no type."

    let readAck (bytes: byte array) =
        let mutable reader = QuicReader(ReadOnlySpan bytes)
        let frameType = readType &reader
        let mutable frame = AckFrame()

        if not (AckFrame.TryRead(&reader, frameType, &frame)) then
            invalidOp "The ACK frame is malformed."

        let mutable walk = frame.Ranges
        let mutable range = PacketNumberRange()
        let mutable count = 0UL

        while walk.TryNext &range do
            count <- count + range.Count

        count

    [<Benchmark>]
    member _.WriteStream() = writeStream ()

    [<Benchmark>]
    member _.ReadStream() =
        let mutable reader = QuicReader(ReadOnlySpan stream)
        let frameType = readType &reader
        let mutable frame = StreamFrame()

        if StreamFrame.TryRead(&reader, frameType, &frame) then
            frame.Data.Length
        else
            invalidOp "The STREAM frame is malformed."

    [<Benchmark>]
    member _.WriteAckOfOneRange() = writeAck few

    [<Benchmark>]
    member _.ReadAckOfOneRange() = readAck fewAcked

    [<Benchmark>]
    member _.WriteAckOf64Ranges() = writeAck many

    [<Benchmark>]
    member _.ReadAckOf64Ranges() = readAck manyAcked
