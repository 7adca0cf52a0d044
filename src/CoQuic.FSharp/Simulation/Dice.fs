namespace CoQuic.FSharp

open System

/// Numbers that a seed and a label decide (SplitMix64). One owner: each throw changes it.
[<Sealed>]
type internal Dice(seed: uint64, label: string) =

    let mutable state =
        let bytes = Array.zeroCreate<byte> 8
        SeededEntropy(seed, label).Fill(Span bytes)
        BitConverter.ToUInt64(bytes, 0)

    let next () =
        state <- state + 0x9E3779B97F4A7C15UL
        let mixed = (state ^^^ (state >>> 30)) * 0xBF58476D1CE4E5B9UL
        let mixed = (mixed ^^^ (mixed >>> 27)) * 0x94D049BB133111EBUL
        mixed ^^^ (mixed >>> 31)

    /// A number from 0 up to, but not including, 1.
    member _.Throw() =
        float (next () >>> 11) / float (1UL <<< 53)

    /// A whole number from 0 up to, but not including, `limit`, which is 1 or more.
    member _.Below(limit: int) = int (next () % uint64 limit)
