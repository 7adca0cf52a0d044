/// What scenarios of several paths have in common: transfers, networks that change, and what statistics tell of paths.
module CoQuic.Engine.Tests.Scenarios.Paths

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

let minute = TimeSpan.FromMinutes 1.0
let stream0 = StreamId 0UL
let route number = RouteHandle number

let pattern length =
    Array.init length (fun i -> byte (i * 31 + i / 251))

let await what condition pair =
    Expect.isTrue (runUntil minute condition pair) what

/// A confirmed connection between these two.
let connectedWith (client: EndpointConfig) (server: EndpointConfig) seed link =
    let pair = withConfigs client server seed link
    connect pair
    await "the handshake is confirmed" confirmed pair
    pair

let connected seed link =
    connectedWith (clientConfig (uint64 seed)) (serverConfig "test" (uint64 seed)) seed link

/// An IPv4 address as hosts name it to the engine.
let identity (host: byte) (port: byte) =
    Bytes.CopyOf(ReadOnlySpan [| 4uy; 192uy; 0uy; 2uy; host; 0uy; port |])

let statistics side pair =
    let connection =
        match side with
        | Client -> pair.ClientConnection
        | Server -> pair.ServerConnection

    match (endpoint side pair).GetStatistics connection with
    | null -> failtest $"{side}: the connection is gone"
    | statistics -> statistics

let currentPath side pair =
    (statistics side pair).Paths |> Seq.find _.IsCurrent

let changes side pair =
    told<PathChangedEffect> side pair
    |> List.map (fun change -> change.OldRoute.Value, change.NewRoute.Value, change.IsValidated)

/// The client is behind a NAT that gives it this address: its datagrams arrive there, and only what is sent there reaches it.
let behindNat number identity pair =
    pair.Network <-
        fun side passage ->
            match side with
            | Client ->
                Some
                    { passage with
                        Route = route number
                        Identity = identity }
            | Server when passage.Route = route number -> Some { passage with Route = route 1UL }
            | Server -> None

/// A network on which routes have the same number at both ends, and some are dead.
let withRoutes (dead: uint64 list) pair =
    pair.Network <-
        fun _ passage ->
            if List.contains passage.Route.Value dead then
                None
            else
                Some passage

/// Sends so much from a side on a stream of the client's, and waits until all of it has arrived once and in order.
let transferringOn (stream: StreamId) side length (meanwhile: Pair -> unit) pair =
    let data = pattern length

    if side = Server then
        // The client opens the stream.
        send Client stream [| 1uy |] true pair |> ignore
        await "the stream is open" (fun p -> snd (received Server stream p)) pair

    send side stream data true pair |> ignore
    meanwhile pair
    await "the end arrives" (fun p -> snd (received (other side) stream p)) pair
    Expect.isTrue (fst (received (other side) stream pair) = data) "all bytes, once and in order"

let transferring side length meanwhile pair =
    transferringOn stream0 side length meanwhile pair

let stream4 = StreamId 4UL

let migrateTo number reason pair =
    let request = RequestMigration(route number, reason, Bytes.Empty)

    let result = pair.Client.RequestMigration(pair.Now, pair.ClientConnection, &request)

    absorb Client result pair
    Option.ofObj result.LocalError

/// Datagrams that a side has sent on a route, one by one.
let sentOn number side pair =
    told<SendDatagramEffect> side pair
    |> List.filter (fun run -> run.Route = Nullable(route number))
    |> List.collect datagrams
