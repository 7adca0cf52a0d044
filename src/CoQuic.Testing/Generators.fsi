namespace CoQuic.Testing

open FsCheck
open FsCheck.FSharp
open CoQuic.FSharp

/// Makes values for properties. `Arbitraries` has the same with their shrinkers.
[<RequireQualifiedAccess>]
module Generators =

    /// What effects and inputs are derived from.
    val internal leaves: IArbMap

    /// Up to `limit` bytes, 0 or more.
    val bytes: limit: int -> Gen<Bytes>

    /// Any effect, of few connections and streams.
    val effect: Gen<Effect>

    /// Any result.
    val result: Gen<QueryResult>

    /// Any input, of few connections and streams: most are such that an endpoint refuses them.
    val input: Gen<Input>

    /// A link of up to four stages, no two of a kind, that a connection with the default timeouts survives: what a program sends
    /// over it arrives.
    val link: Gen<Link>

    /// Any seed, and a link that a connection with the default timeouts survives.
    val conditions: Gen<Conditions>

    /// The configuration with up to six of its transport settings changed, such that it still works: windows, limits, congestion
    /// control, acknowledgments, greasing.
    val configuration: basis: EndpointConfig -> Gen<EndpointConfig>
