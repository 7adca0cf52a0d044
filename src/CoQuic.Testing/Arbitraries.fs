namespace CoQuic.Testing

open FsCheck
open FsCheck.FSharp
open CoQuic.FSharp

/// Generators with their shrinkers, for `FsCheckConfig.arbitrary = [ typeof<Arbitraries> ]` or `ArbMap.mergeWith<Arbitraries>`.
[<AbstractClass; Sealed>]
type Arbitraries =

    /// Up to 64 bytes.
    static member Bytes() : Arbitrary<Bytes> =
        Arb.fromGenShrink (Generators.bytes 64, Shrinkers.bytes)

    /// Links that a connection with the default timeouts survives.
    static member Link() : Arbitrary<Link> =
        Arb.fromGenShrink (Generators.link, Shrinkers.link)

    /// Seeds with such links.
    static member Conditions() : Arbitrary<Conditions> =
        let shrink (conditions: Conditions) =
            Seq.append
                (Shrinkers.link conditions.Link
                 |> Seq.map (fun link -> { conditions with Link = link }))
                (Shrinkers.number conditions.Seed
                 |> Seq.map (fun seed -> { conditions with Seed = seed }))

        Arb.fromGenShrink (Generators.conditions, shrink)

    /// Any effect.
    static member Effect() : Arbitrary<Effect> =
        ArbMap.arbitrary<Effect> Generators.leaves

    /// Any result.
    static member QueryResult() : Arbitrary<QueryResult> =
        ArbMap.arbitrary<QueryResult> Generators.leaves

    /// Any input.
    static member Input() : Arbitrary<Input> =
        ArbMap.arbitrary<Input> Generators.leaves

    /// Transport settings with which a program goes on working.
    static member Transport() : Arbitrary<TransportConfig> =
        let basis = EndpointConfig.client "test"

        Arb.fromGenShrink (
            Generators.configuration basis |> Gen.map _.Transport,
            Shrinkers.towards TransportConfig.defaults
        )
