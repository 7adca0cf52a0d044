namespace CoQuic.FSharp

open System

/// Why a simulation ended.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type Outcome =
    /// Every program has stopped.
    | Stopped
    /// What was waited for has come about.
    | Reached
    /// An invariant did not hold.
    | Broken of violation: Violation
    /// Nothing will ever happen again: no datagram is under way, no timer is set.
    | Idle
    /// The virtual time is over.
    | TimeLimit
    /// The steps are used up.
    | StepLimit

    member private this.Display =
        match this with
        | Stopped -> "Stopped"
        | Reached -> "Reached"
        | Broken violation -> $"Broken: {violation}"
        | Idle -> "Idle"
        | TimeLimit -> "TimeLimit"
        | StepLimit -> "StepLimit"

    override this.ToString() = this.Display

/// Why a simulation did not begin.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type SimulationError =
    /// Two nodes have the same name.
    | DuplicateName of node: string
    /// Something is said about a node that there is not.
    | UnknownNode of name: string
    /// Links that cannot be: each fault with its link and stage.
    | Links of faults: ConfigurationFault list
    /// A node has no endpoint.
    | Endpoint of node: string * error: EndpointError

    member private this.Display =
        match this with
        | DuplicateName node -> $"two nodes are called '{node}'"
        | UnknownNode name -> $"there is no node '{name}'"
        | Links faults -> String.Join("; ", faults)
        | Endpoint(node, error) -> $"{node}: {error}"

    override this.ToString() = this.Display

/// What became of the datagrams of a simulation.
type Traffic =
    {
        /// Sent by endpoints.
        Sent: int
        /// Arrived at endpoints, repetitions included.
        Delivered: int
        /// Lost by links and address translation.
        Lost: int
        /// Repeated by links.
        Duplicated: int
        /// Corrupted by links.
        Corrupted: int
        /// Held back by links.
        HeldBack: int
        /// Marked CE by links.
        Marked: int
    }

module internal Traffic =

    let none =
        { Sent = 0
          Delivered = 0
          Lost = 0
          Duplicated = 0
          Corrupted = 0
          HeldBack = 0
          Marked = 0 }

    let count fate traffic =
        match fate with
        | Fate.Lost _
        | Fate.Unreachable -> { traffic with Lost = traffic.Lost + 1 }
        | Fate.Duplicated ->
            { traffic with
                Duplicated = traffic.Duplicated + 1 }
        | Fate.Corrupted _ ->
            { traffic with
                Corrupted = traffic.Corrupted + 1 }
        | Fate.HeldBack _ ->
            { traffic with
                HeldBack = traffic.HeldBack + 1 }
        | Fate.Marked ->
            { traffic with
                Marked = traffic.Marked + 1 }
        | Fate.Bleached -> traffic

/// What a simulation came to.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Display}")>]
type Report =
    {
        /// Why it ended.
        Outcome: Outcome
        /// The virtual time at the end.
        Now: TimeUs
        /// Inputs that endpoints were given.
        Steps: int
        /// What became of the datagrams.
        Traffic: Traffic
        /// SHA-256 of all effects with their instants and nodes, in hexadecimal: equal for equal runs, in every process.
        Digest: string
        /// All that happened, in order, where it was to be kept.
        Transcript: TranscriptEntry list
        /// What nodes wrote down, in order.
        Traces: (string * Trace) list
        /// What each node did, where that was to be recorded: `Replay.run` repeats it.
        Recordings: Map<string, Recording>
        /// The last model of each node.
        Models: Map<string, objnull>
    }

    /// Datagrams sent.
    member this.DatagramsSent = this.Traffic.Sent

    /// Datagrams that arrived.
    member this.DatagramsDelivered = this.Traffic.Delivered

    member private this.Display =
        let traffic = this.Traffic

        let ending =
            match this.Outcome with
            | Outcome.Broken _ -> string this.Outcome
            | outcome -> $"{outcome} at {this.Now} after {this.Steps} inputs"

        $"{ending}; datagrams: {traffic.Sent} sent, {traffic.Lost} lost, {traffic.Delivered} arrived"

    override this.ToString() = this.Display

/// What a program's last model was.
module Report =

    let private known (node: Node) values =
        match Map.tryFind node.Name values with
        | Some value -> value
        | None -> invalidArg (nameof node) $"There was no node '{node.Name}' in the simulation."

    /// The last model of a node that was part of the simulation.
    let model (node: Node<'model, 'message>) (report: Report) : 'model =
        known node report.Models |> unbox<'model>

    /// What a node did, for `Replay.run`; none unless the simulation is `Simulation.recorded`.
    let recording (node: Node) (report: Report) : Recording option = Map.tryFind node.Name report.Recordings

    /// What happened, a line each, with the time since the beginning; none unless the simulation is `Simulation.transcribed`.
    let lines (report: Report) : string list = Transcript.lines report.Transcript
