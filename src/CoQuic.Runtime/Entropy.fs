namespace CoQuic.Runtime

open System.Security.Cryptography
open CoQuic.FSharp

/// The system's random numbers.
[<Sealed>]
type internal PlatformEntropy() =
    interface IEntropy with
        member _.Fill destination = RandomNumberGenerator.Fill destination
