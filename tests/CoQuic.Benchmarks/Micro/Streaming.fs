namespace CoQuic.Benchmarks.Micro

open System
open BenchmarkDotNet.Attributes
open CoQuic.Engine

/// The bytes of one stream, a frame after the other: figures for one frame.
type Reassembling() =
    static let together = 64
    let length = 1_400
    let frame = ReadOnlyMemory(Array.zeroCreate<byte> length)
    let reassembler = Reassembler()
    let mutable start = 0UL

    let insert index =
        if not (reassembler.Insert(start + uint64 (index * length), frame, true)) then
            invalidOp "There are too many ranges."

    let readAll () =
        let mutable offset = 0UL
        let mutable data = Bytes.Empty

        while reassembler.TryRead(&offset, &data) do
            ()

        start <- start + uint64 (together * length)

    [<Benchmark(OperationsPerInvoke = 64)>]
    member _.InOrder() =
        for index in 0 .. together - 1 do
            insert index

        readAll ()

    /// The first comes last, as after a loss.
    [<Benchmark(OperationsPerInvoke = 64)>]
    member _.BehindAGap() =
        for index in 1 .. together - 1 do
            insert index

        insert 0
        readAll ()

    /// Every other frame overtakes the one before.
    [<Benchmark(OperationsPerInvoke = 64)>]
    member _.Swapped() =
        for index in 0..2 .. together - 1 do
            insert (index + 1)
            insert index

        readAll ()

/// Bytes that were written, cut into packets and acknowledged: figures for one packet.
type SendBuffering() =
    static let together = 64
    let length = 1_400
    let written = Bytes.Wrap(ReadOnlyMemory(Array.zeroCreate<byte>(together * length)))
    let packet = Array.zeroCreate<byte> length
    let buffer = SendBuffer()

    /// Sends everything that waits, and returns how many packets that took.
    let rec send count =
        let mutable offset = 0UL
        let mutable size = 0

        if buffer.TryGetNext(length, &offset, &size) then
            buffer.CopyTo(offset, packet.AsSpan(0, size))
            buffer.OnSent(offset, size, false)
            send (count + 1)
        else
            count

    [<Benchmark(OperationsPerInvoke = 64)>]
    member _.SendAndAcknowledge() =
        let start = buffer.End
        buffer.Append written
        let count = send 0

        for index in 0 .. count - 1 do
            buffer.OnAcked(start + uint64 (index * length), length, false)

    /// One packet in eight is lost, and sent again.
    [<Benchmark(OperationsPerInvoke = 64)>]
    member _.SendLoseAndAcknowledge() =
        let start = buffer.End
        buffer.Append written
        let count = send 0

        for index in 0 .. count - 1 do
            if index % 8 = 0 then
                buffer.OnLost(start + uint64 (index * length), length, false)
            else
                buffer.OnAcked(start + uint64 (index * length), length, false)

        send 0 |> ignore

        for index in 0..8 .. count - 1 do
            buffer.OnAcked(start + uint64 (index * length), length, false)
