namespace CoQuic.FSharp

open System.Collections.Generic

/// What is to happen at an instant.
[<Struct; NoEquality; NoComparison>]
type internal Happening =
    /// A datagram comes to a stage of a link, or, behind the last one, to its receiver.
    | Passing of link: LinkRun * stage: int * flight: Flight
    | TimerDue of node: NodeRun * at: TimeUs
    | Post of poster: NodeRun * number: int

/// A simulation under way: the clock jumps from one happening to the next.
[<Sealed>]
type internal Network(simulation: Simulation, nodes: NodeRun list) =

    let writer = TranscriptWriter simulation.KeepTranscript
    let links = Dictionary<struct (string * string), LinkRun>()
    let agenda = PriorityQueue<Happening, struct (int64 * int64)>()
    let byName = Dictionary<string, NodeRun>()
    let mutable now = TimeUs.zero
    let mutable order = 0L
    let mutable steps = 0
    let mutable stillRunning = nodes.Length
    let mutable traffic = Traffic.none
    let mutable violation: Violation voption = ValueNone
    let mutable traces: (string * Trace) list = []

    do
        for node in nodes do
            byName.Add(node.Name, node)

    /// Happenings of the same instant keep the order in which they were planned.
    let plan (at: TimeUs) happening =
        agenda.Enqueue(happening, struct (at.Microseconds, order))
        order <- order + 1L

    // What becomes of datagrams.

    let linkOf (source: string) (destination: string) =
        match links.TryGetValue(struct (source, destination)) with
        | true, link -> link
        | false, _ ->
            let link =
                simulation.Links
                |> Map.tryFind (source, destination)
                |> Option.defaultValue simulation.Link

            let run = LinkRun(simulation.Seed, $"link {source} {destination}", link)
            links.Add(struct (source, destination), run)
            run

    let suffer (flight: Flight) fate =
        traffic <- Traffic.count fate traffic

        writer.Note(now, flight.From.Host, fun () -> TranscriptEvent.Underway(flight.Bytes.Length, flight.To, fate))

    /// Through the stages that take no time, up to the next instant.
    let rec pass (link: LinkRun) stage (flight: Flight) =
        let passage = link.Pass(stage, flight)
        ValueOption.iter (suffer flight) passage.Fate

        for leaving in passage.Leaving do
            carry link (stage + 1) leaving

    and carry link stage flight =
        if stage < link.Length && flight.At <= now then
            pass link stage flight
        else
            plan flight.At (Passing(link, stage, flight))

    let send (node: NodeRun) local remote ecn bytes =
        traffic <- { traffic with Sent = traffic.Sent + 1 }

        let source =
            match node.Nat with
            | ValueSome nat -> nat.Outside(now, local)
            | ValueNone -> local

        carry
            (linkOf node.Name remote.Host)
            0
            { At = now
              Bytes = bytes
              Ecn = ecn
              From = source
              To = remote }

    let transmit (node: NodeRun) (run: SendDatagram) =
        match run.Route with
        | None -> ()
        | Some route ->
            let struct (local, remote) = node.Addresses(run.Connection, route)

            for bytes in SendDatagram.datagrams run do
                send node local remote run.Ecn bytes

    // What becomes of inputs.

    let check (node: NodeRun) input result =
        let break' name =
            violation <-
                ValueSome
                    { Invariant = name
                      At = now
                      Node = node.Name
                      Step = steps }

        match node.Rules.Broken result with
        | Some rule -> break' rule
        | None when simulation.Invariants.IsEmpty -> ()
        | None ->
            let moment =
                { Now = now
                  Node = node.Name
                  Input = input
                  Result = result
                  Models = fun name -> byName[name].Program.Model }

            simulation.Invariants
            |> List.tryFind (fun invariant -> not (invariant.Holds moment))
            |> Option.iter (fun invariant -> break' invariant.Name)

    /// The program hears of a result, and says what it wants.
    let step (node: NodeRun) input (result: QueryResult) (hear: INodeProgram -> Action list) =
        steps <- steps + 1
        writer.Add(now, node.Name, input, result)
        let actions = hear node.Program
        check node (Some input) result
        actions

    /// The program has a turn of its own.
    let turnProgram (node: NodeRun) (hear: INodeProgram -> Action list) =
        let actions = hear node.Program
        check node None QueryResult.empty
        actions

    let apply (node: NodeRun) input =
        let result = Endpoint.apply now input node.Endpoint
        step node input result (fun program -> program.Result(now, result))

    let openConnection (node: NodeRun) tag (request: OpenRequest) =
        if byName.ContainsKey request.Remote.Host then
            let route = node.Route(node.NewLocalAddress(), request.Remote)
            let input = OpenRequest.toInput route (node.Identity request.Remote) request
            let handle, result = Endpoint.connect now input node.Endpoint
            step node (Input.OpenConnection input) result (fun program -> program.Opened(now, tag, handle, result))
        else
            turnProgram node (fun program -> program.OpenFailed(now, tag, OpenError.HostNotFound request.Remote.Host))

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
            transmit node run
            []
        | Action.SetTimer at ->
            node.Deadline <- ValueSome at
            plan (TimeUs.Max(at, now)) (TimerDue(node, at))
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

    // What happens.

    let receive (node: NodeRun) local (flight: Flight) =
        traffic <-
            { traffic with
                Delivered = traffic.Delivered + 1 }

        let datagram =
            { InboundDatagram.create (node.Route(local, flight.From)) flight.Bytes with
                Ecn = flight.Ecn
                AddressValidationIdentity = node.Identity flight.From }

        apply node (Input.InboundDatagram datagram) |> performAll node

    /// A host that has ended, or never was, is none that can be reached.
    let arrive (flight: Flight) =
        match byName.TryGetValue flight.To.Host with
        | true, node when not node.IsStopped ->
            let local =
                match node.Nat with
                | ValueSome nat -> nat.Inside(now, flight.To)
                | ValueNone -> ValueSome flight.To

            match local with
            | ValueSome local -> receive node local flight
            | ValueNone -> suffer flight Fate.Unreachable
        | _ -> suffer flight Fate.Unreachable

    let happen happening =
        match happening with
        | Passing(link, stage, flight) when stage < link.Length -> pass link stage flight
        | Passing(_, _, flight) -> arrive flight
        // A timer that was set anew or cleared in the meantime is not this one.
        | TimerDue(node, at) when node.Deadline <> ValueSome at -> ()
        | TimerDue(node, _) ->
            node.Deadline <- ValueNone
            turnProgram node (fun program -> program.Elapsed now) |> performAll node
        | Post(node, _) when node.IsStopped -> ()
        | Post(node, number) -> turnProgram node (fun program -> program.Posted(now, number)) |> performAll node

    let isReached () =
        match simulation.Until with
        | Some(name, condition) -> condition byName[name].Program.Model
        | None -> false

    let timeLimit = TimeUs.zero + simulation.TimeLimit

    let rec turn () =
        let mutable happening = Unchecked.defaultof<Happening>
        let mutable priority = struct (0L, 0L)

        match violation with
        | ValueSome violation -> Outcome.Broken violation
        | ValueNone when isReached () -> Outcome.Reached
        | ValueNone when stillRunning = 0 -> Outcome.Stopped
        | ValueNone when steps >= simulation.StepLimit -> Outcome.StepLimit
        | ValueNone when not (agenda.TryDequeue(&happening, &priority)) -> Outcome.Idle
        | ValueNone ->
            let struct (at, _) = priority

            if TimeUs at > timeLimit then
                Outcome.TimeLimit
            else
                now <- TimeUs at
                happen happening
                turn ()

    let recordings () =
        [ if simulation.KeepRecordings then
              for node in nodes do
                  for recording in Option.toList node.Recording -> node.Name, recording ]
        |> Map.ofList

    let report outcome =
        { Outcome = outcome
          Now = now
          Steps = steps
          Traffic = traffic
          Digest = writer.Digest
          Transcript = writer.Entries
          Traces = List.rev traces
          Recordings = recordings ()
          Models = [ for node in nodes -> node.Name, node.Program.Model ] |> Map.ofList }

    let planPosts (node: NodeRun) =
        node.Posts
        |> List.iteri (fun number at -> plan (TimeUs.zero + at) (Post(node, number)))

    /// Starts every program, in order, and goes on until an end.
    member _.Run() =
        List.iter planPosts nodes

        for node in nodes do
            if not (isOver ()) then
                turnProgram node (fun program -> program.Start now) |> performAll node

        report (turn ())
