/// A network that loses datagrams: a relay on loopback, with a socket of its own towards the server for each client.
module CoQuic.Load.Relay

open System
open System.Collections.Concurrent
open System.Net
open System.Net.Sockets
open System.Threading.Tasks
open CoQuic.Load.Load

/// Bytes that a burst may take on its way: a relay is slower than what it stands between.
let private bufferBytes = 4 * 1024 * 1024

let private openSocket () =
    let socket =
        new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)

    socket.ReceiveBufferSize <- bufferBytes
    socket.SendBufferSize <- bufferBytes
    socket.Bind(IPEndPoint(IPAddress.Loopback, 0))
    socket

/// Loses one of so many, at random from a seed.
type private Dice(seed: int, loss: float) =
    let random = Random seed
    let gate = obj ()

    member _.Loses() =
        lock gate (fun () -> random.NextDouble() < loss)

let private send (socket: Socket) (datagram: ArraySegment<byte>) (target: EndPoint) =
    task {
        try
            let! _ = socket.SendToAsync(datagram, target)
            ()
        with :? SocketException ->
            () // Whoever was there has gone: the datagram is lost.
    }

/// Everything that comes to a socket goes to `onward`, but for what the dice take.
let private pump (socket: Socket) (dice: Dice) (onward: EndPoint -> ArraySegment<byte> -> Task<unit>) =
    task {
        let buffer = Array.zeroCreate<byte> 65_536
        let anybody = IPEndPoint(IPAddress.Any, 0)

        while true do
            try
                let! received = socket.ReceiveFromAsync(ArraySegment buffer, anybody)

                if not (dice.Loses()) then
                    do! onward received.RemoteEndPoint (ArraySegment(buffer, 0, received.ReceivedBytes))
            with :? SocketException ->
                ()
    }

/// Relays between whoever comes and the server's port; says its own.
let run (serverPort: int) (loss: float) (seed: int) : int =
    let server = IPEndPoint(IPAddress.Loopback, serverPort)
    let front = openSocket ()
    let dice = Dice(seed, loss)
    let ways = ConcurrentDictionary<EndPoint, Socket>()

    let wayOf client =
        ways.GetOrAdd(
            client,
            fun client ->
                let socket = openSocket ()
                pump socket dice (fun _ datagram -> send front datagram client) |> ignore
                socket
        )

    pump front dice (fun client datagram -> send (wayOf client) datagram server)
    |> ignore

    match front.LocalEndPoint with
    | :? IPEndPoint as endPoint -> say $"port {endPoint.Port}"
    | _ -> ()

    answerLines (fun _ -> Some(string ways.Count))
    0
