namespace CoQuic.Congestion.Tests

open System
open CoQuic.Engine

/// What one flow does: a client that sends without end, and a server that counts.
type Sending =
    {
        Controller: CongestionControl
        /// When it begins.
        Start: TimeSpan
        Settings: TransportConfig -> TransportConfig
    }

module Sending =

    let from (start: float) controller =
        { Controller = controller
          Start = TimeSpan.FromSeconds start
          Settings = id }

/// One flow at work: a client and a server of the engine, one connection, one stream.
[<Sealed>]
type Transfer(number: int, sending: Sending, seed: uint64) =

    static let identity =
        lazy (SingleServerIdentity(SimulationIdentity.Create(Dice 7UL, "localhost")))

    // Written over and over: what it says does not matter.
    static let block = Bytes.Wrap(ReadOnlyMemory(Array.zeroCreate<byte>(1 <<< 20)))
    static let stream = StreamId 2UL

    let transport =
        TransportConfig(CongestionControl = sending.Controller, SendLowWaterMark = uint64 block.Length)
        |> sending.Settings

    let calendar =
        CalendarAnchor(DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), TimeUs.Zero)

    let client =
        new QuicEndpoint(
            EndpointConfig(
                Role = Role.Client,
                Entropy = Dice(seed + 2UL * uint64 number),
                Calendar = calendar,
                ApplicationProtocols = [| "bulk" |],
                VerifyPeer = false,
                Transport = transport
            )
        )

    let server =
        new QuicEndpoint(
            EndpointConfig(
                Role = Role.Server,
                Entropy = Dice(seed + 2UL * uint64 number + 1UL),
                Calendar = calendar,
                ApplicationProtocols = [| "bulk" |],
                ServerIdentities = identity.Value,
                Transport = transport
            )
        )

    let mutable connection = ConnectionHandle.None

    member _.Number = number
    member _.Client = client
    member _.Server = server

    /// Stream bytes that have arrived.
    member val Received = 0UL with get, set

    member _.Statistics = client.GetStatistics connection

    /// Opens the connection.
    member _.Begin(now: TimeUs) =
        let mutable handle = ConnectionHandle.None

        let result =
            client.OpenConnection(now, OpenConnection(Route = RouteHandle 1UL), &handle)

        connection <- handle
        result

    /// Writes a block more.
    member _.Write(now: TimeUs) =
        let data = SendStreamData(stream, block, false)
        client.SendStreamData(now, connection, &data)

    interface IDisposable with
        member _.Dispose() =
            client.Dispose()
            server.Dispose()
