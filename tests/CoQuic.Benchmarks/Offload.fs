/// Plain UDP sockets with segmentation and receive offload: one system call for a run of datagrams.
module CoQuic.Benchmarks.Offload

open System
open System.Net
open System.Net.Sockets

let private levelUdp = 17
let private segment = 103
let private receive = 104
let private bufferBytes = 4 * 1024 * 1024

let private set (socket: Socket) option (value: int) =
    socket.SetRawSocketOption(levelUdp, option, ReadOnlySpan(BitConverter.GetBytes value))

let private openSocket port =
    let socket =
        new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)

    socket.ReceiveBufferSize <- bufferBytes
    socket.SendBufferSize <- bufferBytes
    socket.Bind(IPEndPoint(IPAddress.Loopback, port))
    socket

let portOf (socket: Socket) =
    match socket.LocalEndPoint with
    | :? IPEndPoint as endPoint -> endPoint.Port
    | _ -> 0

/// A blocking socket on a port of the loopback interface, 0 for a free one.
let plain (port: int) = openSocket port

/// A socket whose reads bring runs.
let receiver (port: int) =
    let socket = openSocket port
    set socket receive 1
    socket

/// A socket whose writes are cut into datagrams of this size, and go to this port.
let sender (size: int) (port: int) =
    let socket = openSocket 0
    set socket segment size
    socket.Connect(IPEndPoint(IPAddress.Loopback, port))
    socket
