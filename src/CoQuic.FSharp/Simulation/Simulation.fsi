namespace CoQuic.FSharp

open System

/// Simulated networks: a virtual clock, links, and programs that know nothing of it. Begin with `Simulation.create`, say what differs,
/// and `Simulation.run` it.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Simulation =

    /// A network of these nodes, whose chance the seed, any number, decides, with ideal links, for up to an hour of virtual time.
    val create: seed: uint64 -> nodes: Node list -> Simulation

    /// The same network with this link from each node to each other one.
    val over: link: Link -> simulation: Simulation -> Simulation

    /// The same network with this link from one node to another, and not back.
    val between: sender: Node -> receiver: Node -> link: Link -> simulation: Simulation -> Simulation

    /// The same network with a node behind an address translation, which forgets its ports at these virtual times since the beginning.
    /// Nobody can open a connection to such a node.
    val rebinding: node: Node -> times: TimeSpan list -> simulation: Simulation -> Simulation

    /// The same network, which ends when a node's model fulfils a condition.
    val until:
        node: Node<'model, 'message> -> condition: ('model -> bool) -> simulation: Simulation -> Simulation
            when 'message: equality

    /// The same network, which lasts this long a virtual time at most.
    val within: limit: TimeSpan -> simulation: Simulation -> Simulation

    /// The same network, which ends as broken after the first step that an invariant, with this name, does not hold for.
    val invariant: name: string -> holds: (SimulationStep -> bool) -> simulation: Simulation -> Simulation

    /// The same network, which ends as broken after the first step that leaves a node's model without a property, with this name.
    val always:
        name: string -> node: Node<'model, 'message> -> holds: ('model -> bool) -> simulation: Simulation -> Simulation
            when 'message: equality

    /// The same network, whose report has all that happened.
    val transcribed: simulation: Simulation -> Simulation

    /// The same network, whose report has a recording of each node, which `Replay.run` repeats.
    val recorded: simulation: Simulation -> Simulation

    /// Runs the network to its end. The same network gives the same report again, in every process.
    val run: simulation: Simulation -> Result<Report, SimulationError>
