namespace CoQuic.Congestion.Tests

open System
open CoQuic.Engine

/// A sequence of numbers that a seed decides (SplitMix64).
[<Sealed>]
type Dice(seed: uint64) =
    let mutable state = seed

    member _.Next() : uint64 =
        state <- state + 0x9E3779B97F4A7C15UL
        let mixed = (state ^^^ (state >>> 30)) * 0xBF58476D1CE4E5B9UL
        let mixed = (mixed ^^^ (mixed >>> 27)) * 0x94D049BB133111EBUL
        mixed ^^^ (mixed >>> 31)

    /// A number from 0 up to, but not including, 1.
    member dice.Throw() : float =
        float (dice.Next() >>> 11) / float (1UL <<< 53)

    interface IEntropy with
        member dice.Fill destination =
            for index in 0 .. destination.Length - 1 do
                destination[index] <- byte (dice.Next() >>> 56)

/// A link that sends so many bits a second, behind a queue of so many bytes that drops what does not fit at its tail.
[<Sealed>]
type Bottleneck(bitsPerSecond: float, queueBytes: float) =
    let ticksPerByte = 8.0 * float TimeSpan.TicksPerSecond / bitsPerSecond
    let ticksOf (at: TimeUs) = float at.Microseconds * 10.0
    let mutable idleAt = 0.0

    /// How long a datagram that comes now would wait.
    member _.Delay(now: TimeUs) =
        TimeSpan.FromTicks(int64 (max 0.0 (idleAt - ticksOf now)))

    /// When a datagram that comes now has passed; nothing when it is dropped.
    member _.Pass(now: TimeUs, bytes: int) : TimeUs voption =
        let waiting = max 0.0 (idleAt - ticksOf now) / ticksPerByte

        if waiting + float bytes > queueBytes then
            ValueNone
        else
            idleAt <- max idleAt (ticksOf now) + float bytes * ticksPerByte
            ValueSome(TimeUs(int64 (Math.Ceiling(idleAt / 10.0))))
