namespace CoQuic.FSharp

open System.Collections.Generic

/// A simulation under way: the clock jumps from one happening to the next.
[<Sealed>]
type internal Network(simulation: Simulation, nodes: NodeRun list) =

    let writer = TranscriptWriter simulation.KeepTranscript
    let agenda = Agenda()
    let carrier = Carrier(simulation, agenda, writer)
    let byName = Dictionary<string, NodeRun>()
    let mutable steps = 0
    let mutable stillRunning = nodes.Length
    let mutable violation: Violation voption = ValueNone
    let mutable traces: (string * Trace) list = []

    do
        for node in nodes do
            byName.Add(node.Name, node)

    let check (node: NodeRun) input result =
        let break' name =
            violation <-
                ValueSome
                    { Invariant = name
                      At = agenda.Now
                      Node = node.Name
                      Step = steps }

        match node.Rules.Broken result with
        | Some rule -> break' rule
        | None when simulation.Invariants.IsEmpty -> ()
        | None ->
            let step =
                { Now = agenda.Now
                  Node = node.Name
                  Input = input
                  Result = result
                  Models = fun name -> byName[name].Program.Model }

            simulation.Invariants
            |> List.tryFind (fun invariant -> not (invariant.Holds step))
            |> Option.iter (fun invariant -> break' invariant.Name)

    /// The program hears of a result, and says what it wants.
    let step (node: NodeRun) input (result: QueryResult) (hear: INodeProgram -> Action list) =
        steps <- steps + 1
        writer.Add(agenda.Now, node.Name, input, result)
        let actions = hear node.Program
        check node (Some input) result
        actions

    /// The program has a turn of its own.
    let turnProgram (node: NodeRun) (hear: INodeProgram -> Action list) =
        let actions = hear node.Program
        check node None QueryResult.empty
        actions

    let apply (node: NodeRun) input =
        let result = Endpoint.apply agenda.Now input node.Endpoint
        step node input result (fun program -> program.Result(agenda.Now, result))

    let openConnection (node: NodeRun) tag (request: OpenRequest) =
        if byName.ContainsKey request.Remote.Host then
            let route = node.Route(node.NewLocalAddress(), request.Remote)
            let input = OpenRequest.toInput route (node.Identity request.Remote) request
            let handle, result = Endpoint.connect agenda.Now input node.Endpoint

            step node (Input.OpenConnection input) result (fun program ->
                program.Opened(agenda.Now, tag, handle, result))
        else
            turnProgram node (fun program ->
                program.OpenFailed(agenda.Now, tag, OpenError.HostNotFound request.Remote.Host))

    let migrate (node: NodeRun) connection target =
        let reason, remote =
            match target with
            // Simulated local addresses have no names to choose by.
            | MigrationTarget.LocalAddress _
            | MigrationTarget.AnotherLocalAddress -> MigrationReason.Active, node.RemoteOf connection
            | MigrationTarget.PreferredAddress address ->
                MigrationReason.PreferredAddress,
                { Host = string address.Address
                  Port = address.Port }

        apply
            node
            (Input.RequestMigration
                { Connection = connection
                  Route = node.Route(node.NewLocalAddress(), remote)
                  Reason = reason
                  AddressValidationIdentity = node.Identity remote })

    let stop (node: NodeRun) =
        if not node.IsStopped then
            node.IsStopped <- true
            node.Deadline <- ValueNone
            stillRunning <- stillRunning - 1

    /// One action; what the program wants next comes behind what it wanted before.
    let perform (node: NodeRun) action =
        match action with
        | Action.Transmit run ->
            carrier.Transmit(node, run)
            []
        | Action.SetTimer at ->
            node.Deadline <- ValueSome at
            agenda.Plan(at, TimerDue(node, at))
            []
        | Action.ClearTimer ->
            node.Deadline <- ValueNone
            []
        | Action.Reenter -> apply node Input.TimerExpired
        | Action.Feed input -> apply node input
        | Action.Open(tag, request) -> openConnection node tag request
        | Action.Migrate(connection, target) -> migrate node connection target
        | Action.Record trace ->
            traces <- (node.Name, trace) :: traces
            []
        | Action.Stop ->
            stop node
            []

    let isOver () =
        steps >= simulation.StepLimit || violation.IsSome

    let performAll node actions =
        let waiting = Queue(List.toSeq actions)

        while waiting.Count > 0 && not (isOver ()) do
            waiting.Dequeue() |> perform node |> List.iter waiting.Enqueue

    let receive (node: NodeRun) local (flight: Flight) =
        let datagram =
            { InboundDatagram.create (node.Route(local, flight.From)) flight.Bytes with
                Ecn = flight.Ecn
                AddressValidationIdentity = node.Identity flight.From }

        apply node (Input.InboundDatagram datagram) |> performAll node

    let arrive (flight: Flight) =
        match byName.TryGetValue flight.To.Host with
        | true, node ->
            carrier.Arrive(ValueSome node, flight)
            |> ValueOption.iter (fun local -> receive node local flight)
        | false, _ -> carrier.Arrive(ValueNone, flight) |> ignore

    let happen happening =
        match happening with
        | Passing(link, stage, flight) when stage < link.Length -> carrier.Pass(link, stage, flight)
        | Passing(_, _, flight) -> arrive flight
        // A timer that was set anew or cleared in the meantime is not this one.
        | TimerDue(node, at) when node.Deadline <> ValueSome at -> ()
        | TimerDue(node, _) ->
            node.Deadline <- ValueNone
            turnProgram node (fun program -> program.Elapsed agenda.Now) |> performAll node
        | Post(node, _) when node.IsStopped -> ()
        | Post(node, number) ->
            turnProgram node (fun program -> program.Posted(agenda.Now, number))
            |> performAll node

    let isReached () =
        match simulation.Until with
        | Some(name, condition) -> condition byName[name].Program.Model
        | None -> false

    let timeLimit = TimeUs.zero + simulation.TimeLimit

    let rec turn () =
        match violation with
        | ValueSome violation -> Outcome.Broken violation
        | ValueNone when isReached () -> Outcome.Reached
        | ValueNone when stillRunning = 0 -> Outcome.Stopped
        | ValueNone when steps >= simulation.StepLimit -> Outcome.StepLimit
        | ValueNone ->
            match agenda.Next with
            | ValueNone -> Outcome.Idle
            | ValueSome at when at > timeLimit -> Outcome.TimeLimit
            | ValueSome _ ->
                happen (agenda.Take())
                turn ()

    let recordings () =
        [ if simulation.KeepRecordings then
              for node in nodes do
                  for recording in Option.toList node.Recording -> node.Name, recording ]
        |> Map.ofList

    let report outcome =
        { Outcome = outcome
          Now = agenda.Now
          Steps = steps
          Traffic = carrier.Traffic
          Digest = writer.Digest
          Transcript = writer.Entries
          Traces = List.rev traces
          Recordings = recordings ()
          Models = [ for node in nodes -> node.Name, node.Program.Model ] |> Map.ofList }

    let planPosts (node: NodeRun) =
        node.Posts
        |> List.iteri (fun number at -> agenda.Plan(TimeUs.zero + at, Post(node, number)))

    /// Starts every program, in order, and goes on until an end.
    member _.Run() =
        List.iter planPosts nodes

        for node in nodes do
            if not (isOver ()) then
                turnProgram node (fun program -> program.Start agenda.Now) |> performAll node

        report (turn ())
