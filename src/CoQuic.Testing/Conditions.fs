namespace CoQuic.Testing

open CoQuic.FSharp

/// What a simulated network is like, for properties: FsCheck generates and shrinks it.
[<StructuredFormatDisplay("{Display}")>]
type Conditions =
    {
        /// Decides everything that chance decides.
        Seed: uint64
        /// The link from each node to each other one.
        Link: Link
    }

    member private this.Display = $"seed {this.Seed}, {this.Link}"
    override this.ToString() = this.Display

/// What a simulated network is like.
[<RequireQualifiedAccess>]
module Conditions =

    /// The same network under these conditions.
    let apply (conditions: Conditions) (simulation: Simulation) : Simulation =
        { simulation with
            Seed = conditions.Seed
            Link = conditions.Link }
