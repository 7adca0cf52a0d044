namespace CoQuic.Runtime

open System.Collections.Generic
open System.Net
open CoQuic.FSharp

/// The moves of an agent's own connections (RFC 9000 §9.2): where each is, where it wants to be, and which sockets that takes.
[<Sealed>]
type internal Migrations(sockets: SocketGroup, routes: RouteTable, hooks: HostHooks, isAlive: ConnectionHandle -> bool)
    =

    /// Connections that are over are forgotten when there are so many.
    static let tidyAt = 1024

    let homes = Dictionary<ConnectionHandle, Route>()
    let targets = Dictionary<ConnectionHandle, Route>()

    /// Where sockets are bound that nobody chose an address for: as the first, at a free port.
    let anyPort () =
        IPEndPoint((sockets :> IUdpSocket).LocalEndPoint.Address, 0)

    let isTargetOf (change: PathChanged) (target: Route) = change.NewRoute = Some target.Handle

    let tidy () =
        for gone in
            [ for home in homes.Keys do
                  if not (isAlive home) then
                      home ] do
            homes.Remove gone |> ignore

    let canReach (bind: IPEndPoint) (remote: UdpAddress) =
        bind.AddressFamily <> Sockets.AddressFamily.InterNetwork
        || UdpAddress.isIPv4 remote

    let routeFrom number remote =
        let addresses: UdpRoute =
            { Local =
                { UdpAddress.unspecified with
                    Port = number }
              Remote = remote }

        routes.Of(&addresses, isAlive)

    let openRoute bind remote : Result<Route, RuntimeError> =
        if canReach bind remote then
            sockets.Open bind |> Result.map (fun number -> routeFrom number remote)
        else
            Error(RuntimeError.Unreachable $"{bind.Address} cannot reach {UdpAddress.toEndPoint remote}")

    /// From another local address, which nobody else is at.
    let routeAway (connection: ConnectionHandle) bind : Result<Route, RuntimeError> =
        match homes.TryGetValue connection with
        | true, home -> openRoute bind home.Addresses.Remote
        | _ ->
            Error(
                RuntimeError.Declined
                    { Connection = Some connection
                      Code = LocalErrorCode.UnsupportedOperation
                      Stream = None }
            )

    let asking connection reason (planned: Result<Route, RuntimeError>) =
        planned
        |> Result.map (fun route ->
            let request: RequestMigration =
                { Connection = connection
                  Route = route.Handle
                  Reason = reason
                  AddressValidationIdentity = route.Identity }

            struct (route, request))

    let socketOf (route: Route) = route.Addresses.Local.Port

    /// Nobody is on a route any more, but somebody is on the other, which may have the same socket.
    let leave now (left: Route) (taken: Route) =
        if socketOf left <> socketOf taken then
            sockets.Leave(now, socketOf left)

    let succeed now connection (target: Route) =
        let home = homes[connection]
        homes[connection] <- target
        targets.Remove connection |> ignore
        leave now home target
        hooks.Moved connection (Ok(sockets.LocalEndPointOf(socketOf target)))

    let fail now connection (target: Route) error =
        targets.Remove connection |> ignore
        leave now target homes[connection]
        hooks.Moved connection (Error error)

    /// A connection was opened on a route.
    member _.OnOpened(connection: ConnectionHandle, route: Route) =
        if homes.Count >= tidyAt then
            tidy ()

        homes[connection] <- route

    /// Whether changes of paths are to be told: none can happen while nobody moves.
    member _.IsWatching = targets.Count > 0

    /// The route on which a connection gets to a target, and what to ask of the endpoint for it.
    member _.Plan
        (connection: ConnectionHandle, target: MigrationTarget)
        : Result<struct (Route * RequestMigration), RuntimeError> =
        match target with
        | MigrationTarget.AnotherLocalAddress ->
            routeAway connection (anyPort ()) |> asking connection MigrationReason.Active
        | MigrationTarget.LocalAddress local -> routeAway connection local |> asking connection MigrationReason.Active
        | MigrationTarget.PreferredAddress address ->
            Ok(routes.To(address, isAlive))
            |> asking connection MigrationReason.PreferredAddress

    /// The endpoint was asked to go there; one that is asked again gives the earlier attempt up.
    member _.OnAsked(now: TimeUs, connection: ConnectionHandle, target: Route, refusal: LocalError option) =
        match refusal, targets.TryGetValue connection with
        | Some error, _ -> fail now connection target (RuntimeError.Declined error)
        | None, (true, earlier) ->
            leave now earlier target
            targets[connection] <- target
        | None, _ -> targets[connection] <- target

    /// A path of a connection changed: where it wanted to go, or back from there.
    member _.OnPathChanged(now: TimeUs, change: PathChanged) =
        match targets.TryGetValue change.Connection with
        | true, target when isTargetOf change target ->
            if change.IsValidated then
                succeed now change.Connection target
        | true, target when change.OldRoute = Some target.Handle ->
            fail now change.Connection target RuntimeError.MigrationFailed
        | _ -> ()

    /// Puts the socket beneath a connection elsewhere, and tells neither the endpoint nor the peer: as a NAT does that has
    /// forgotten a binding (RFC 9000 §9.3). Connections that share the socket go along.
    member _.Rebind
        (now: TimeUs, connection: ConnectionHandle, local: IPEndPoint option)
        : Result<IPEndPoint, RuntimeError> =
        match homes.TryGetValue connection with
        | true, home when isAlive connection ->
            let number = socketOf home
            let bind = local |> Option.defaultWith anyPort

            if canReach bind home.Addresses.Remote then
                sockets.Replace(now, number, bind)
                |> Result.map (fun () -> sockets.LocalEndPointOf number)
            else
                Error(RuntimeError.Unreachable $"{bind.Address} cannot reach the peer")
        | _ -> Error(RuntimeError.Aborted "The connection is not one that this side opened, or has ended.")
