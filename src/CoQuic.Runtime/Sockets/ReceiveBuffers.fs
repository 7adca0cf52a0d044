namespace CoQuic.Runtime

open System

/// Memory to receive into. A read needs room for the largest run, but what is handed out may live long: a large run takes
/// its chunk along, a small one is moved into a chunk that it shares with others.
[<Sealed>]
type internal ReceiveBuffers() =

    /// Room for any UDP payload, and small enough to stay out of the large-object heap.
    static let chunkSize = 65_536

    /// Up to here a run is moved: a chunk that is handed out is at least half used.
    static let largestMoved = chunkSize / 2

    let mutable whole = GC.AllocateUninitializedArray<byte> chunkSize
    let mutable shared = Array.empty<byte>
    let mutable used = 0

    let move length : Memory<byte> =
        if shared.Length - used < length then
            shared <- GC.AllocateUninitializedArray<byte> chunkSize
            used <- 0

        let part = Memory(shared, used, length)
        whole.AsSpan(0, length).CopyTo part.Span
        used <- used + length
        part

    /// Where the next read goes.
    member _.Target: byte[] = whole

    /// Hands out the first bytes of the target. The target is another one afterwards, or free again.
    member _.Take(length: int) : Memory<byte> =
        if length <= largestMoved then
            move length
        else
            let taken = Memory(whole, 0, length)
            whole <- GC.AllocateUninitializedArray<byte> chunkSize
            taken
