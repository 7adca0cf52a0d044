namespace CoQuic.FSharp

open System.Collections.Generic

/// One node of a simulation under way: an endpoint, a program, routes, a timer.
[<Sealed>]
type internal NodeRun(node: Node, endpoint: Endpoint, entries: List<RecordingEntry>, nat: Nat voption) =

    /// Local ports of connections that this node opens begin here.
    static let firstPort = 50_000

    let program = node.BeginProgram()
    let rules = EndpointRules()
    let routes = Dictionary<struct (HostAddress * HostAddress), RouteHandle>()
    let addresses = Dictionary<RouteHandle, struct (HostAddress * HostAddress)>()
    let identities = Dictionary<HostAddress, Bytes>()
    let current = Dictionary<ConnectionHandle, RouteHandle>()
    let mutable port = firstPort

    member _.Name = node.Name
    member _.Posts = node.Posts
    member _.Endpoint = endpoint
    member _.Program = program
    member _.Rules = rules
    member _.Nat = nat

    /// What it did so far, where it is recorded.
    member _.Recording = Recording.ofEntries entries

    /// When its timer goes off.
    member val Deadline: TimeUs voption = ValueNone with get, set

    member val IsStopped = false with get, set

    /// A local address that no connection has had.
    member _.NewLocalAddress() : HostAddress =
        port <- port + 1
        { Host = node.Name; Port = port }

    /// The handle of a pair of addresses.
    member _.Route(local: HostAddress, remote: HostAddress) =
        match routes.TryGetValue(struct (local, remote)) with
        | true, route -> route
        | false, _ ->
            let route = RouteHandle(uint64 (routes.Count + 1))
            routes.Add(struct (local, remote), route)
            addresses.Add(route, struct (local, remote))
            route

    /// What stands for a peer's address in tokens.
    member _.Identity(remote: HostAddress) =
        match identities.TryGetValue remote with
        | true, identity -> identity
        | false, _ ->
            let identity = Bytes.ofString (string remote)
            identities.Add(remote, identity)
            identity

    /// The addresses of a route that this node made, and which a connection uses now.
    member _.Addresses(connection: ConnectionHandle, route: RouteHandle) =
        current[connection] <- route
        addresses[route]

    /// Where a connection's peer was last sent to; nowhere, when nothing was.
    member _.RemoteOf(connection: ConnectionHandle) : HostAddress =
        match current.TryGetValue connection with
        | true, route ->
            let struct (_, remote) = addresses[route]
            remote
        | false, _ -> { Host = ""; Port = 0 }
