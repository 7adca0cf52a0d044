namespace CoQuic.Runtime

open System
open System.Net.Sockets

/// The system's buffers of a socket: a burst that does not fit is lost, which looks like a bad network.
[<RequireQualifiedAccess>]
module internal SocketBuffers =

    let private socketLevel = 1
    let private sendBufferForce = 32
    let private receiveBufferForce = 33

    /// Who administers the network may exceed the system's limit (SO_RCVBUFFORCE, SO_SNDBUFFORCE).
    let private force (socket: Socket) (option: int) (bytes: int) =
        try
            socket.SetRawSocketOption(socketLevel, option, ReadOnlySpan(BitConverter.GetBytes bytes))
        with :? SocketException ->
            ()

    /// Linux counts its own book-keeping in, and says twice what it was asked for.
    let private granted (told: int) =
        if OperatingSystem.IsLinux() then told / 2 else told

    let private receives (socket: Socket) = granted socket.ReceiveBufferSize
    let private sends (socket: Socket) = granted socket.SendBufferSize

    /// Asks for so many bytes in each direction. A wish: the system cuts it down to its own limit.
    let request (socket: Socket) (bytes: int) =
        socket.ReceiveBufferSize <- bytes
        socket.SendBufferSize <- bytes

        if OperatingSystem.IsLinux() then
            if receives socket < bytes then
                force socket receiveBufferForce bytes

            if sends socket < bytes then
                force socket sendBufferForce bytes

    let private remedy (limit: string) (bytes: int) =
        if OperatingSystem.IsLinux() then
            $" `sysctl -w net.core.{limit}={bytes}` raises the limit."
        else
            ""

    /// What there is to say about buffers of these sizes where so many bytes were asked for; nothing when that was granted.
    let complaint (asked: int) (receive: int) (send: int) : string option =
        let complain direction granted limit =
            if granted < asked then
                [ $"The system grants {granted} of {asked} bytes to buffer what a UDP socket {direction}.{remedy limit asked}" ]
            else
                []

        match complain "receives" receive "rmem_max" @ complain "sends" send "wmem_max" with
        | [] -> None
        | sentences -> Some(String.Join(" ", sentences))

    /// What there is to say about a socket's buffers.
    let complaintAbout (socket: Socket) (asked: int) : string option =
        complaint asked (receives socket) (sends socket)
