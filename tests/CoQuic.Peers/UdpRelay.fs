namespace CoQuic.Peers

open System
open System.Collections.Concurrent
open System.Net
open System.Net.Sockets
open System.Threading
open System.Threading.Tasks

/// How badly a link treats datagrams: probabilities from 0 to 1, the same both ways, drawn from a seed.
type LinkConditions =
    {
        Drop: float
        /// One bit is not what it was.
        Corrupt: float
        /// A datagram arrives behind the one that was sent after it.
        Reorder: float
        Duplicate: float
        /// After so many datagrams of a client it appears at another port; 0 means never.
        RebindAfter: int
        Seed: int
    }

[<RequireQualifiedAccess>]
module LinkConditions =

    /// Everything arrives, once, in order and as it was.
    let ideal: LinkConditions =
        { Drop = 0.0
          Corrupt = 0.0
          Reorder = 0.0
          Duplicate = 0.0
          RebindAfter = 0
          Seed = 0 }

/// One direction of a bad link. It is used by one thread at a time.
[<Sealed>]
type LinkDirection(conditions: LinkConditions, seed: int) =
    let random = Random seed
    let mutable held: byte array voption = ValueNone

    let happens probability =
        probability > 0.0 && random.NextDouble() < probability

    let corrupt (datagram: byte array) =
        if happens conditions.Corrupt then
            let position = random.Next datagram.Length
            datagram[position] <- datagram[position] ^^^ (1uy <<< random.Next 8)

        datagram

    let release () =
        let late = ValueOption.toList held
        held <- ValueNone
        late

    /// What leaves the link when a datagram enters it, in order.
    member _.Pass(datagram: byte array) : byte array list =
        if happens conditions.Drop then
            []
        elif held.IsNone && happens conditions.Reorder then
            held <- ValueSome datagram
            []
        else
            let copies = if happens conditions.Duplicate then 2 else 1
            List.replicate copies (corrupt datagram) @ release ()

/// What a NAT keeps of a client: the socket at which the server sees it.
[<Sealed>]
type internal NatEntry(client: IPEndPoint, socket: Socket, toServer: LinkDirection, toClient: LinkDirection) =
    member _.Client = client
    member _.Socket = socket
    member _.ToServer = toServer
    member _.ToClient = toClient
    member val Datagrams = 0 with get, set

/// A bad link and a NAT between clients and a server, on this machine; what passes between it and the clients is captured where
/// that is wanted. What it binds and writes is closed once it is disposed of.
[<Sealed>]
type UdpRelay(listen: IPEndPoint, server: IPEndPoint, conditions: LinkConditions, capture: Pcap option) =

    static let maximumDatagram = 65_535

    let ending = new CancellationTokenSource()

    let bind (endPoint: IPEndPoint) =
        let socket =
            new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp, ReceiveBufferSize = 4 * 1024 * 1024)

        socket.Bind endPoint
        socket

    let inner = bind listen
    let entries = ConcurrentDictionary<IPEndPoint, NatEntry>()
    let forgotten = ConcurrentBag<Socket>()
    let mutable seed = conditions.Seed

    let nextSeed () =
        seed <- seed + 1
        seed

    let boundTo (socket: Socket) =
        nonNull socket.LocalEndPoint :?> IPEndPoint

    let anyOf (endPoint: IPEndPoint) =
        if endPoint.AddressFamily = AddressFamily.InterNetwork then
            IPEndPoint(IPAddress.Any, 0)
        else
            IPEndPoint(IPAddress.IPv6Any, 0)

    /// Hands on what comes until the socket is closed. That nobody listens at the other end is the link's secret.
    let receive (socket: Socket) (handle: byte array -> IPEndPoint -> unit) : Task =
        task {
            let buffer = Array.zeroCreate<byte> maximumDatagram

            try
                while not ending.IsCancellationRequested do
                    try
                        let! received =
                            socket.ReceiveFromAsync(ArraySegment buffer, SocketFlags.None, anyOf (boundTo socket))

                        if received.ReceivedBytes > 0 then
                            handle (buffer[.. received.ReceivedBytes - 1]) (received.RemoteEndPoint :?> IPEndPoint)
                    with :? SocketException as refused when
                        refused.SocketErrorCode = SocketError.ConnectionReset
                        || refused.SocketErrorCode = SocketError.ConnectionRefused ->
                        ()
            with
            | :? ObjectDisposedException
            | :? SocketException -> ()
        }

    let send (socket: Socket) (target: IPEndPoint) (datagrams: byte array list) =
        for datagram in datagrams do
            try
                socket.SendTo(datagram, target) |> ignore
            with
            | :? SocketException
            | :? ObjectDisposedException -> () // Lost, as on any link.

    let keep source destination datagram =
        capture |> Option.iter _.Write(source, destination, datagram)

    /// A NAT that forgot a port is silent about what still comes to it.
    let towardsClient (entry: NatEntry) (datagram: byte array) (_: IPEndPoint) =
        match entries.TryGetValue entry.Client with
        | true, present when obj.ReferenceEquals(present, entry) ->
            let passed = entry.ToClient.Pass datagram
            passed |> List.iter (keep (boundTo inner) entry.Client)
            send inner entry.Client passed
        | _ -> ()

    /// Another port for a client. The former one stays bound.
    let map client (toServer: LinkDirection) (toClient: LinkDirection) =
        let socket = bind (anyOf server)
        let entry = NatEntry(client, socket, toServer, toClient)
        entries[client] <- entry
        receive socket (towardsClient entry) |> ignore
        entry

    let entryOf client =
        match entries.TryGetValue client with
        | true, entry -> entry
        | _ -> map client (LinkDirection(conditions, nextSeed ())) (LinkDirection(conditions, nextSeed ()))

    let rebind (entry: NatEntry) =
        forgotten.Add entry.Socket
        map entry.Client entry.ToServer entry.ToClient

    let towardsServer (datagram: byte array) client =
        keep client (boundTo inner) datagram
        let entry = entryOf client

        let entry =
            if conditions.RebindAfter > 0 && entry.Datagrams >= conditions.RebindAfter then
                rebind entry
            else
                entry

        entry.Datagrams <- entry.Datagrams + 1
        send entry.Socket server (entry.ToServer.Pass datagram)

    let working = receive inner towardsServer

    /// Where clients send to.
    member _.LocalEndPoint: IPEndPoint = boundTo inner

    /// Completes when it is disposed of.
    member _.Completion: Task = working

    /// Gives every client another port towards the server.
    member _.Rebind() : unit =
        for entry in List.ofSeq entries.Values do
            rebind entry |> ignore

    interface IDisposable with
        member _.Dispose() =
            ending.Cancel()

            for socket in
                [ inner
                  yield! forgotten
                  for entry in entries.Values do
                      entry.Socket ] do
                socket.Dispose()

            ending.Dispose()
            capture |> Option.iter (fun file -> (file :> IDisposable).Dispose())
