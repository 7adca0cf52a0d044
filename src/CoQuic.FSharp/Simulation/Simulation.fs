namespace CoQuic.FSharp

open System
open System.Collections.Generic

[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Simulation =

    let create (seed: uint64) (nodes: Node list) : Simulation =
        { Seed = seed
          Nodes = nodes
          Link = Link.ideal
          Links = Map.empty
          Rebindings = Map.empty
          Epoch = DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)
          TimeLimit = TimeSpan.FromHours 1.0
          StepLimit = 10_000_000
          KeepTranscript = false
          KeepRecordings = false
          Until = None
          Invariants = [] }

    let over (link: Link) (simulation: Simulation) : Simulation = { simulation with Link = link }

    let between (sender: Node) (receiver: Node) (link: Link) (simulation: Simulation) : Simulation =
        { simulation with
            Links = Map.add (sender.Name, receiver.Name) link simulation.Links }

    let rebinding (node: Node) (times: TimeSpan list) (simulation: Simulation) : Simulation =
        { simulation with
            Rebindings = Map.add node.Name times simulation.Rebindings }

    let until (node: Node<'model, 'message>) (condition: 'model -> bool) (simulation: Simulation) : Simulation =
        { simulation with
            Until = Some(node.Name, unbox<'model> >> condition) }

    let within (limit: TimeSpan) (simulation: Simulation) : Simulation = { simulation with TimeLimit = limit }

    let invariant (name: string) (holds: SimulationStep -> bool) (simulation: Simulation) : Simulation =
        { simulation with
            Invariants = simulation.Invariants @ [ { Name = name; Holds = holds } ] }

    let always
        (name: string)
        (node: Node<'model, 'message>)
        (holds: 'model -> bool)
        (simulation: Simulation)
        : Simulation =
        invariant name (fun moment -> holds (SimulationStep.model node moment)) simulation

    let transcribed (simulation: Simulation) : Simulation =
        { simulation with
            KeepTranscript = true }

    let recorded (simulation: Simulation) : Simulation =
        { simulation with
            KeepRecordings = true }

    let private duplicateName (nodes: Node list) =
        nodes
        |> List.countBy _.Name
        |> List.tryFind (fun (_, count) -> count > 1)
        |> Option.map (fst >> SimulationError.DuplicateName)

    let private unknownName simulation =
        let known = simulation.Nodes |> List.map _.Name |> Set.ofList

        [ for source, destination in simulation.Links.Keys do
              yield source
              yield destination
          yield! simulation.Rebindings.Keys
          for name, _ in Option.toList simulation.Until do
              yield name ]
        |> List.tryFind (known.Contains >> not)
        |> Option.map SimulationError.UnknownNode

    let private linkFaults simulation =
        let under path link =
            [ for fault in Link.faults link -> ConfigurationFault($"{path}.{fault.Path}", fault.Message) ]

        let faults =
            [ yield! under "Link" simulation.Link
              for KeyValue((source, destination), link) in simulation.Links do
                  yield! under $"Links[{source}, {destination}]" link ]

        if faults.IsEmpty then
            None
        else
            Some(SimulationError.Links faults)

    let private fault simulation =
        duplicateName simulation.Nodes
        |> Option.orElseWith (fun () -> unknownName simulation)
        |> Option.orElseWith (fun () -> linkFaults simulation)

    let private createEndpoint simulation (node: Node) (entries: List<RecordingEntry>) =
        let entropy = SeededEntropy(simulation.Seed, $"node {node.Name}")
        let sources = Sources.create entropy TimeUs.zero simulation.Epoch

        if simulation.KeepRecordings then
            Endpoint.recorded entries.Add sources node.Config
        else
            Endpoint.create sources node.Config

    let private beginNode simulation (node: Node) =
        let entries = List<RecordingEntry>()

        let nat =
            match Map.tryFind node.Name simulation.Rebindings with
            | Some times -> ValueSome(Nat times)
            | None -> ValueNone

        createEndpoint simulation node entries
        |> Result.map (fun endpoint -> NodeRun(node, endpoint, entries, nat))
        |> Result.mapError (fun error -> SimulationError.Endpoint(node.Name, error))

    let private dispose (nodes: NodeRun list) =
        for node in nodes do
            Endpoint.dispose node.Endpoint

    /// What was begun before a node that cannot begin is given up.
    let private beginNodes simulation =
        let rec go begun (nodes: Node list) =
            match nodes with
            | [] -> Ok(List.rev begun)
            | node :: rest ->
                match beginNode simulation node with
                | Ok run -> go (run :: begun) rest
                | Error error ->
                    dispose begun
                    Error error

        go [] simulation.Nodes

    let run (simulation: Simulation) : Result<Report, SimulationError> =
        match fault simulation with
        | Some error -> Error error
        | None ->
            beginNodes simulation
            |> Result.map (fun nodes ->
                let report = Network(simulation, nodes).Run()
                dispose nodes
                report)
