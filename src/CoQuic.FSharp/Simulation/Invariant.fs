namespace CoQuic.FSharp

/// One step of a simulation: what a node was given, what came of it, and the models after it.
[<NoEquality; NoComparison>]
type SimulationStep =
    {
        /// The virtual time.
        Now: TimeUs
        /// Whose step it is.
        Node: string
        /// What its endpoint was given; none when the program alone had a turn, such as at its beginning.
        Input: Input option
        /// What came of the input; empty when there was none.
        Result: QueryResult
        /// Every node's model, by name.
        Models: string -> objnull
    }

/// A step of a simulation.
module SimulationStep =

    /// A node's model after the step.
    let model (node: Node<'model, 'message>) (moment: SimulationStep) : 'model =
        moment.Models node.Name |> unbox<'model>

/// What holds after each step of a simulation.
[<NoEquality; NoComparison>]
type Invariant =
    {
        /// What it says, for the report.
        Name: string
        /// Whether it holds.
        Holds: SimulationStep -> bool
    }

/// An invariant that did not hold.
[<StructuredFormatDisplay("{Display}")>]
type Violation =
    {
        /// What the invariant says.
        Invariant: string
        /// When.
        At: TimeUs
        /// After a step of this node.
        Node: string
        /// After so many inputs of all nodes.
        Step: int
    }

    member private this.Display =
        $"\"{this.Invariant}\" did not hold after step {this.Step}, of {this.Node} at {this.At}"

    override this.ToString() = this.Display
