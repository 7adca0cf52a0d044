namespace CoQuic.Runtime

open System

/// Memory to receive into. A read needs room for the largest run, but what is handed out may live long: a large run takes
/// its chunk along, a small one is moved into what other runs have left of theirs.
[<Sealed>]
type internal ReceiveBuffers() =

    /// Room for any UDP payload, and small enough to stay out of the large-object heap.
    static let chunkSize = 65_536

    /// Up to here a run is moved: a chunk that is handed out is at least half used.
    static let largestMoved = chunkSize / 2

    let newChunk () =
        GC.AllocateUninitializedArray<byte> chunkSize

    let mutable whole = newChunk ()

    /// Room behind runs that were handed out, for small ones.
    let rests = Array.create 4 Memory<byte>.Empty

    /// The least room that is enough; -1 where none is.
    let tightest length =
        let mutable found = -1

        for index in 0 .. rests.Length - 1 do
            if
                rests[index].Length >= length
                && (found < 0 || rests[index].Length < rests[found].Length)
            then
                found <- index

        found

    let keep (rest: Memory<byte>) =
        let least = tightest 0

        if rest.Length > rests[least].Length then
            rests[least] <- rest

    let place length : Memory<byte> =
        match tightest length with
        | -1 ->
            let chunk = Memory(newChunk ())
            keep (chunk.Slice length)
            chunk.Slice(0, length)
        | index ->
            let rest = rests[index]
            rests[index] <- rest.Slice length
            rest.Slice(0, length)

    let move length : Memory<byte> =
        let part = place length
        whole.AsSpan(0, length).CopyTo part.Span
        part

    let handOut length : Memory<byte> =
        let taken = Memory whole
        keep (taken.Slice length)
        whole <- newChunk ()
        taken.Slice(0, length)

    /// Where the next read goes.
    member _.Target: byte[] = whole

    /// Hands out the first bytes of the target. The target is another one afterwards, or free again.
    member _.Take(length: int) : Memory<byte> =
        if length <= largestMoved then
            move length
        else
            handOut length
