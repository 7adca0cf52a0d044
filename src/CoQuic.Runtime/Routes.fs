namespace CoQuic.Runtime

open System
open System.Collections.Generic
open System.Net
open CoQuic.FSharp

/// The first datagram of a connection that is being opened: who quotes it has seen it.
[<Sealed>]
type internal Greeting(connection: ConnectionHandle) =

    /// Longer than version and both connection IDs, which are the same in all Initial packets of an attempt.
    static let longest = 64

    let mutable first = Bytes.empty

    member _.Connection = connection

    /// Whether it was sent.
    member _.IsSaid = not first.IsEmpty

    /// It is being sent.
    member _.Say(datagram: Bytes) =
        first <- Bytes.CopyOf(datagram.Span.Slice(0, min longest datagram.Length))

    /// Whether a quotation of a packet has the first one's version and connection IDs (RFC 8999 §5.1).
    member _.IsQuotedBy(quoted: Bytes) =
        match Greeting.Identity first.Span, Greeting.Identity quoted.Span with
        | 0, _
        | _, 0 -> false
        | size, another ->
            size = another
            && first.Span.Slice(1, size).SequenceEqual(quoted.Span.Slice(1, size))

    /// The size of version and connection IDs behind a long header's first byte; 0 when there is no such header.
    static member private Identity(packet: ReadOnlySpan<byte>) : int =
        let destinationAt = 5

        if packet.Length <= destinationAt || packet[0] < 0x80uy then
            0
        else
            let sourceAt = destinationAt + 1 + int packet[destinationAt]

            if packet.Length > sourceAt && packet.Length > sourceAt + int packet[sourceAt] then
                sourceAt + int packet[sourceAt]
            else
                0

/// A pair of addresses under the name that the engine knows it by.
[<Sealed>]
type internal Route(handle: RouteHandle, addresses: UdpRoute) =

    member _.Handle = handle
    member _.Addresses = addresses

    /// The peer's address as tokens and paths know it.
    member val Identity: Bytes = UdpAddress.validationIdentity addresses.Remote

    /// The beginning of the first datagram of a connection that is opened on it; none while it was not sent, or where none is opened.
    member val Greeting: Greeting | null = null with get, set

    /// The connection that sent on it last; none while nothing but stateless answers went there.
    member val Connection = ConnectionHandle.none with get, set

/// The routes of one agent. Anybody can send from any address, so the table is bounded: when it is full, it forgets the
/// routes that no connection uses. A handle is never given twice.
[<Sealed>]
type internal RouteTable(capacity: int) =

    let byAddresses = Dictionary<UdpRoute, Route>()
    let byHandle = Dictionary<RouteHandle, Route>()
    let mutable issued = 0UL

    /// No route: its handle is not given to any, and no datagram comes from its addresses.
    static let nowhere =
        Route(
            RouteHandle 0UL,
            { Local = UdpAddress.unspecified
              Remote = UdpAddress.unspecified }
        )

    // Runs of datagrams come from, and go to, the same place again and again.
    let mutable newest = nowhere

    let forget (route: Route) =
        byAddresses.Remove route.Addresses |> ignore
        byHandle.Remove route.Handle |> ignore

    let makeRoom (isAlive: ConnectionHandle -> bool) =
        let unused =
            [ for route in byHandle.Values do
                  if not (isAlive route.Connection) then
                      route ]

        List.iter forget unused
        newest <- nowhere

        // All in use: the oldest half goes. A connection that loses its route gets another with its peer's next datagram.
        if byHandle.Count >= capacity then
            byHandle.Values
            |> Seq.sortBy _.Handle
            |> Seq.truncate (capacity / 2)
            |> Seq.toList
            |> List.iter forget

    let add (isAlive: ConnectionHandle -> bool) addresses =
        if byHandle.Count >= capacity then
            makeRoom isAlive

        issued <- issued + 1UL
        let route = Route(RouteHandle issued, addresses)
        byAddresses.Add(addresses, route)
        byHandle.Add(route.Handle, route)
        route

    /// How many routes are known.
    member _.Count = byHandle.Count

    /// The route of a pair of addresses, an old one or a new. `isAlive` tells which connections still exist.
    member _.Of(addresses: inref<UdpRoute>, isAlive: ConnectionHandle -> bool) : Route =
        if newest.Addresses = addresses then
            newest
        else
            let route =
                match byAddresses.TryGetValue addresses with
                | true, route -> route
                | _ -> add isAlive addresses

            newest <- route
            route

    /// The route to a peer that was not heard of: from wherever the system sends.
    member this.To(remote: IPEndPoint, isAlive: ConnectionHandle -> bool) : Route =
        let addresses: UdpRoute =
            { Local = UdpAddress.unspecified
              Remote = UdpAddress.ofEndPoint remote }

        this.Of(&addresses, isAlive)

    /// The route of a pair of addresses, if there is one.
    member _.TryFindAt(addresses: inref<UdpRoute>) : Route | null =
        match byAddresses.TryGetValue addresses with
        | true, route -> route
        | _ -> null

    /// The route of a handle, unless it is forgotten.
    member _.TryFind(handle: RouteHandle) : Route | null =
        if newest.Handle = handle then
            newest
        else
            match byHandle.TryGetValue handle with
            | true, route -> route
            | _ -> null
