namespace CoQuic.Testing

open System
open CoQuic.FSharp

/// Makes failing values smaller. Every candidate is smaller than the value that it is made of, so that shrinking comes to an end.
[<RequireQualifiedAccess>]
module Shrinkers =

    /// Shorter bytes; then bytes of the same length that are all zero.
    val bytes: value: Bytes -> Bytes seq

    /// Smaller numbers: zero, half of it, one less.
    val number: value: uint64 -> uint64 seq

    /// Shorter times, in whole milliseconds: none, half of it.
    val time: value: TimeSpan -> TimeSpan seq

    /// Milder stages of the same kind.
    val stage: value: Stage -> Stage seq

    /// Links with a stage less; then links with a milder one.
    val link: value: Link -> Link seq

    /// Records with fewer fields that differ from another record of the type, such as a configuration that is known to be good.
    val towards: basis: 'record -> value: 'record -> 'record seq
