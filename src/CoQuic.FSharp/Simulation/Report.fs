namespace CoQuic.FSharp

/// Why a simulation ended.
[<RequireQualifiedAccess>]
type Outcome =
    /// Every program has stopped.
    | Stopped
    /// What was waited for has come about.
    | Reached
    /// Nothing will ever happen again: no datagram is under way, no timer is set.
    | Idle
    /// The virtual time is over.
    | TimeLimit
    /// The steps are used up.
    | StepLimit

/// Why a simulation did not begin.
[<RequireQualifiedAccess>]
type SimulationError =
    /// Two nodes have the same name.
    | DuplicateName of node: string
    /// A node has no endpoint.
    | Endpoint of node: string * error: EndpointError

/// What a simulation came to.
[<NoEquality; NoComparison>]
type Report =
    {
        /// Why it ended.
        Outcome: Outcome
        /// The virtual time at the end.
        Now: TimeUs
        /// Inputs that endpoints were given.
        Steps: int
        /// Datagrams sent.
        DatagramsSent: int
        /// Datagrams that arrived.
        DatagramsDelivered: int
        /// SHA-256 of all effects with their instants and nodes, in hexadecimal: equal for equal runs, in every process.
        Digest: string
        /// All effects in order, where they were to be kept.
        Transcript: TranscriptEntry list
        /// What nodes wrote down, in order.
        Traces: (string * Trace) list
        /// The last model of each node.
        Models: Map<string, objnull>
    }

/// What a program's last model was.
module Report =

    /// The last model of a node that was part of the simulation.
    let model (node: Node<'model, 'message>) (report: Report) : 'model =
        match Map.tryFind node.Name report.Models with
        | Some model -> unbox<'model> model
        | None -> invalidArg (nameof node) $"There was no node '{node.Name}' in the simulation."
