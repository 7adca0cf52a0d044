namespace CoQuic.FSharp

open System
open System.Collections.Generic

/// A network that is to be simulated: what it is made of, its seed, and when to end. Running it changes nothing here: the same
/// value gives the same report again.
[<NoEquality; NoComparison>]
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
        /// The calendar time at virtual time zero.
        Epoch: DateTimeOffset
        /// The longest virtual time.
        TimeLimit: TimeSpan
        /// The most inputs that endpoints are given.
        StepLimit: int
        /// Whether the report has all effects, and not only their digest.
        KeepTranscript: bool
        /// What is waited for: a node's name, and a condition on its model.
        Until: (string * (objnull -> bool)) option
    }

/// One node of a simulation under way. An endpoint, a program, routes, a timer.
[<Sealed>]
type internal NodeRun(name: string, endpoint: Endpoint, program: INodeProgram) =

    /// Local ports of connections that this node opens begin here.
    static let firstPort = 50_000

    let routes = Dictionary<struct (HostAddress * HostAddress), RouteHandle>()
    let addresses = Dictionary<RouteHandle, struct (HostAddress * HostAddress)>()
    let current = Dictionary<ConnectionHandle, RouteHandle>()
    let mutable port = firstPort

    member _.Name = name
    member _.Endpoint = endpoint
    member _.Program = program
    member val Deadline: TimeUs option = None with get, set
    member val IsStopped = false with get, set

    /// A local address that no connection has had.
    member _.NewLocalAddress() =
        port <- port + 1
        { Host = name; Port = port }

    /// The handle of a pair of addresses.
    member _.Route(local: HostAddress, remote: HostAddress) =
        match routes.TryGetValue(struct (local, remote)) with
        | true, route -> route
        | false, _ ->
            let route = RouteHandle(uint64 (routes.Count + 1))
            routes.Add(struct (local, remote), route)
            addresses.Add(route, struct (local, remote))
            route

    /// The addresses of a route that this node made, and which a connection uses now.
    member _.Addresses(connection: ConnectionHandle, route: RouteHandle) =
        current[connection] <- route
        addresses[route]

    /// Where a connection's peer was last sent to; nowhere, when nothing was.
    member _.RemoteOf(connection: ConnectionHandle) =
        match current.TryGetValue connection with
        | true, route ->
            let struct (_, remote) = addresses[route]
            remote
        | false, _ -> { Host = ""; Port = 0 }

/// What is to happen at an instant.
[<Struct; NoEquality; NoComparison>]
type internal Happening =
    | Arrival of flight: Flight
    | TimerDue of node: NodeRun * at: TimeUs

/// A simulation under way: the clock jumps from one happening to the next.
[<Sealed>]
type internal Network(simulation: Simulation, nodes: NodeRun list) =

    let writer = TranscriptWriter simulation.KeepTranscript
    let links = Dictionary<struct (string * string), LinkState>()
    let agenda = PriorityQueue<Happening, struct (int64 * int64)>()
    let byName = nodes |> List.map (fun node -> node.Name, node) |> Map.ofList
    let mutable now = TimeUs.zero
    let mutable order = 0L
    let mutable steps = 0
    let mutable sent = 0
    let mutable delivered = 0
    let mutable traces: (string * Trace) list = []

    /// Happenings of the same instant keep the order in which they were planned.
    let plan (at: TimeUs) happening =
        agenda.Enqueue(happening, struct (at.Microseconds, order))
        order <- order + 1L

    let linkOf (source: string) (destination: string) =
        match links.TryGetValue(struct (source, destination)) with
        | true, link -> link
        | false, _ ->
            simulation.Links
            |> Map.tryFind (source, destination)
            |> Option.defaultValue simulation.Link
            |> LinkState.create simulation.Seed $"link {source} {destination}"

    let send (flight: Flight) =
        sent <- sent + 1
        let source, destination = flight.From.Host, flight.To.Host
        let arriving, link = linkOf source destination |> LinkState.carry flight
        links[struct (source, destination)] <- link

        for flight in arriving do
            plan flight.Arrival (Arrival flight)

    let transmit (node: NodeRun) (run: SendDatagram) =
        match run.Route with
        | None -> ()
        | Some route ->
            let struct (local, remote) = node.Addresses(run.Connection, route)

            for bytes in SendDatagram.datagrams run do
                send
                    { Arrival = now
                      Bytes = bytes
                      Ecn = run.Ecn
                      From = local
                      To = remote }

    let note (node: NodeRun) (result: QueryResult) =
        steps <- steps + 1
        writer.Add(now, node.Name, result)
        result

    let apply (node: NodeRun) input =
        node.Program.Result(now, Endpoint.apply now input node.Endpoint |> note node)

    let identity (address: HostAddress) = Bytes.ofString (string address)

    let openConnection (node: NodeRun) tag (request: OpenRequest) =
        if Map.containsKey request.Remote.Host byName then
            let route = node.Route(node.NewLocalAddress(), request.Remote)
            let input = OpenRequest.toInput route (identity request.Remote) request
            let handle, result = Endpoint.connect now input node.Endpoint
            node.Program.Opened(now, tag, handle, note node result)
        else
            node.Program.OpenFailed(now, tag, OpenError.HostNotFound request.Remote.Host)

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
                  AddressValidationIdentity = identity remote })

    let stop (node: NodeRun) =
        node.IsStopped <- true
        node.Deadline <- None
        []

    /// One action; what the program wants next comes behind what it wanted before.
    let perform (node: NodeRun) action =
        match action with
        | Action.Transmit run ->
            transmit node run
            []
        | Action.SetTimer at ->
            node.Deadline <- Some at
            plan (TimeUs.Max(at, now)) (TimerDue(node, at))
            []
        | Action.ClearTimer ->
            node.Deadline <- None
            []
        | Action.Reenter -> apply node Input.TimerExpired
        | Action.Feed input -> apply node input
        | Action.Open(tag, request) -> openConnection node tag request
        | Action.Migrate(connection, target) -> migrate node connection target
        | Action.Record trace ->
            traces <- (node.Name, trace) :: traces
            []
        | Action.Stop -> stop node

    let performAll node actions =
        let waiting = Queue(List.toSeq actions)

        while steps < simulation.StepLimit && waiting.Count > 0 do
            waiting.Dequeue() |> perform node |> List.iter waiting.Enqueue

    let arrive (flight: Flight) =
        match Map.tryFind flight.To.Host byName with
        | Some node when not node.IsStopped ->
            delivered <- delivered + 1

            let datagram =
                { InboundDatagram.create (node.Route(flight.To, flight.From)) flight.Bytes with
                    Ecn = flight.Ecn
                    AddressValidationIdentity = identity flight.From }

            apply node (Input.InboundDatagram datagram) |> performAll node
        | Some _
        | None -> ()

    let happen happening =
        match happening with
        | Arrival flight -> arrive flight
        | TimerDue(node, at) ->
            // A timer that was set anew or cleared in the meantime is not this one.
            if node.Deadline = Some at then
                node.Deadline <- None
                node.Program.Elapsed now |> performAll node

    let isReached () =
        match simulation.Until with
        | Some(name, condition) -> byName |> Map.find name |> _.Program.Model |> condition
        | None -> false

    let timeLimit = TimeUs.zero + simulation.TimeLimit

    let rec turn () =
        let mutable happening = Unchecked.defaultof<Happening>
        let mutable priority = struct (0L, 0L)

        if isReached () then
            Outcome.Reached
        elif nodes |> List.forall _.IsStopped then
            Outcome.Stopped
        elif steps >= simulation.StepLimit then
            Outcome.StepLimit
        elif not (agenda.TryDequeue(&happening, &priority)) then
            Outcome.Idle
        else
            let struct (at, _) = priority

            if TimeUs at > timeLimit then
                Outcome.TimeLimit
            else
                now <- TimeUs at
                happen happening
                turn ()

    let report outcome =
        { Outcome = outcome
          Now = now
          Steps = steps
          DatagramsSent = sent
          DatagramsDelivered = delivered
          Digest = writer.Digest
          Transcript = writer.Entries
          Traces = List.rev traces
          Models = byName |> Map.map (fun _ node -> node.Program.Model) }

    /// Starts every program, in order, and goes on until an end.
    member _.Run() =
        for node in nodes do
            node.Program.Start now |> performAll node

        report (turn ())
