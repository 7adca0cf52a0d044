/// A plain blocking UDP ping-pong: what a round trip costs without a protocol.
module CoQuic.Benchmarks.PingPong

open System
open System.Diagnostics
open System.Net
open System.Net.Sockets

let private size = 64

/// Says the port and sends back what comes, until it is ended.
let answer () =
    use socket = Offload.plain 0
    printfn $"port {Offload.portOf socket}"
    let buffer = Array.zeroCreate<byte> size
    let peer = SocketAddress AddressFamily.InterNetwork

    while true do
        let length = socket.ReceiveFrom(Span buffer, SocketFlags.None, peer)
        socket.SendTo(ReadOnlySpan(buffer, 0, length), SocketFlags.None, peer) |> ignore

/// Round trips a second, one at a time, for so many seconds.
let ask (port: int) (seconds: float) =
    use socket = Offload.plain 0
    socket.Connect(IPEndPoint(IPAddress.Loopback, port))
    let buffer = Array.zeroCreate<byte> size
    let watch = Stopwatch.StartNew()
    let mutable count = 0L

    while watch.Elapsed.TotalSeconds < seconds do
        socket.Send(ReadOnlySpan buffer) |> ignore
        socket.Receive(Span buffer) |> ignore
        count <- count + 1L

    printfn $"rate %.3f{float count / watch.Elapsed.TotalSeconds}"
