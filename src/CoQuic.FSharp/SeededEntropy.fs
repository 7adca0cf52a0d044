namespace CoQuic.FSharp

open System
open System.Buffers.Binary
open System.Security.Cryptography
open System.Text

/// Bytes that look random and are not: the same seed and label give the same ones in every process. A type of its own, so
/// that nothing that faces a network takes it by accident.
/// <param name="seed">Any number.</param>
/// <param name="label">Any text: sources of one seed and different labels have nothing to do with each other.</param>
[<Sealed>]
type SeededEntropy(seed: uint64, label: string) =

    /// The SHA-256 blocks of key and counter, one behind the other.
    let key =
        let text = Encoding.UTF8.GetBytes label
        let input = Array.zeroCreate<byte>(8 + text.Length)
        BinaryPrimitives.WriteUInt64BigEndian(Span input, seed)
        text.CopyTo(input, 8)
        SHA256.HashData input

    let block = Array.zeroCreate<byte> SHA256.HashSizeInBytes
    let mutable counter = 0UL
    let mutable used = SHA256.HashSizeInBytes

    let nextBlock () =
        let input = Array.zeroCreate<byte>(key.Length + 8)
        key.CopyTo(input, 0)
        BinaryPrimitives.WriteUInt64BigEndian(Span(input, key.Length, 8), counter)
        SHA256.HashData(ReadOnlySpan input, Span block) |> ignore
        counter <- counter + 1UL
        used <- 0

    /// Fills the destination with the next bytes of the sequence.
    member _.Fill(destination: Span<byte>) : unit =
        let mutable rest = destination

        while not rest.IsEmpty do
            if used = block.Length then
                nextBlock ()

            let count = min rest.Length (block.Length - used)
            Span(block, used, count).CopyTo rest
            used <- used + count
            rest <- rest.Slice count

    interface IEntropy with
        member this.Fill destination = this.Fill destination
