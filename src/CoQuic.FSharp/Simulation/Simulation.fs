namespace CoQuic.FSharp

open System

/// Simulated networks: a virtual clock, links, and programs that know nothing of it.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Simulation =

    /// A network of these nodes, whose chance the seed, any number, decides, with ideal links, for up to an hour of virtual time.
    let create (seed: uint64) (nodes: Node list) : Simulation =
        { Seed = seed
          Nodes = nodes
          Link = Link.ideal
          Links = Map.empty
          Epoch = DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)
          TimeLimit = TimeSpan.FromHours 1.0
          StepLimit = 10_000_000
          KeepTranscript = false
          Until = None }

    /// The same network with this link from each node to each other one.
    let over (link: Link) (simulation: Simulation) : Simulation = { simulation with Link = link }

    /// The same network, which ends when a node's model fulfils a condition.
    let until (node: Node<'model, 'message>) (condition: 'model -> bool) (simulation: Simulation) : Simulation =
        { simulation with
            Until = Some(node.Name, unbox<'model> >> condition) }

    let private duplicate (nodes: Node list) =
        nodes
        |> List.countBy _.Name
        |> List.tryFind (fun (_, count) -> count > 1)
        |> Option.map fst

    let private beginNode simulation (node: Node) =
        let entropy = SeededEntropy(simulation.Seed, $"node {node.Name}")
        let sources = Sources.create entropy TimeUs.zero simulation.Epoch

        Endpoint.create sources node.Config
        |> Result.map (fun endpoint -> NodeRun(node.Name, endpoint, node.BeginProgram()))
        |> Result.mapError (fun error -> SimulationError.Endpoint(node.Name, error))

    let private beginNodes simulation =
        (Ok [], simulation.Nodes)
        ||> List.fold (fun begun node ->
            begun
            |> Result.bind (fun nodes -> beginNode simulation node |> Result.map (fun run -> run :: nodes)))
        |> Result.map List.rev

    /// Runs the network to its end.
    let run (simulation: Simulation) : Result<Report, SimulationError> =
        match duplicate simulation.Nodes with
        | Some name -> Error(SimulationError.DuplicateName name)
        | None ->
            beginNodes simulation
            |> Result.map (fun nodes ->
                let report = Network(simulation, nodes).Run()
                nodes |> List.iter (fun node -> Endpoint.dispose node.Endpoint)
                report)
