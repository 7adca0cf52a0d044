namespace CoQuic.FSharp

open System

/// A network that is to be simulated: what it is made of, its seed, and when to end. Running it changes nothing here: the same
/// value gives the same report again.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Display}")>]
type Simulation =
    {
        /// Decides everything that chance decides.
        Seed: uint64
        /// Its hosts.
        Nodes: Node list
        /// The link from each node to each other one.
        Link: Link
        /// Links that differ, by the names of sender and receiver.
        Links: Map<string * string, Link>
        /// Nodes behind an address translation, by name, and the virtual times since the beginning at which it forgets its ports.
        Rebindings: Map<string, TimeSpan list>
        /// The calendar time at virtual time zero.
        Epoch: DateTimeOffset
        /// The longest virtual time.
        TimeLimit: TimeSpan
        /// The most inputs that endpoints are given.
        StepLimit: int
        /// Whether the report has all that happened, and not only its digest.
        KeepTranscript: bool
        /// Whether the report has a recording of each node.
        KeepRecordings: bool
        /// What is waited for: a node's name, and a condition on its model.
        Until: (string * (objnull -> bool)) option
        /// What must hold after each step, besides what holds for every endpoint.
        Invariants: Invariant list
    }

    member private this.Display =
        let nodes = String.Join(", ", [ for node in this.Nodes -> node.Name ])

        let links =
            string this.Link
            :: [ for KeyValue((source, destination), link) in this.Links -> $"{source} to {destination}: {link}" ]

        String.Join("\n  ", $"Simulation of {nodes}, seed {this.Seed}" :: links)

    override this.ToString() = this.Display
