namespace CoQuic.Runtime

open System
open System.Net
open System.Net.Sockets

/// Opens sockets, and chooses their implementation.
[<RequireQualifiedAccess>]
module internal UdpSockets =

    let private socketLevel = 1

    /// SO_REUSEPORT, by Linux's number.
    let private reusePort = 15

    let private sharePort (socket: Socket) =
        socket.SetRawSocketOption(socketLevel, reusePort, ReadOnlySpan(BitConverter.GetBytes 1))

    let private create (options: SocketOptions) : Socket =
        let socket =
            new Socket(options.Bind.AddressFamily, SocketType.Dgram, ProtocolType.Udp, Blocking = false)

        try
            if options.Bind.AddressFamily = AddressFamily.InterNetworkV6 then
                socket.DualMode <- options.Bind.Address.Equals IPAddress.IPv6Any

            if options.SharesPort then
                sharePort socket

            SocketBuffers.request socket options.BufferBytes
            socket.Bind options.Bind
            socket
        with :? SocketException ->
            socket.Dispose()
            reraise ()

    /// Where the platform can: routers then drop what is too large, and path MTU discovery learns. IPv6 routers always do.
    let private avoidFragments (socket: Socket) =
        if socket.AddressFamily = AddressFamily.InterNetwork then
            try
                socket.DontFragment <- true
            with :? SocketException ->
                ()

    let private wrapPortable (socket: Socket) : IUdpSocket =
        avoidFragments socket
        new PortableSocket(socket)

    /// The system's best.
    let private wrap (options: SocketOptions) (socket: Socket) : IUdpSocket =
        if LinuxSocket.isSupported then
            LinuxSocket.wrap socket options
        else
            wrapPortable socket

    let private attempt (bind: IPEndPoint) (make: unit -> IUdpSocket) : Result<IUdpSocket, RuntimeError> =
        try
            Ok(make ())
        with :? SocketException as error ->
            Error(RuntimeError.ofSocketException bind error)

    /// The implementation that every system has.
    let openPortable (options: SocketOptions) : Result<IUdpSocket, RuntimeError> =
        attempt options.Bind (fun () -> create options |> wrapPortable)

    /// Opens and binds a socket: the system's best.
    let openSocket (options: SocketOptions) : Result<IUdpSocket, RuntimeError> =
        attempt options.Bind (fun () -> create options |> wrap options)

    /// The address of a caller's socket, or what keeps it from being used.
    let private addressOf (socket: Socket) : Result<IPEndPoint, string> =
        try
            match socket.LocalEndPoint with
            | _ when socket.ProtocolType <> ProtocolType.Udp -> Error "it is not for UDP"
            | _ when socket.Connected -> Error "it is connected, and hears one peer alone"
            | :? IPEndPoint as bound -> Ok bound
            | _ -> Error "it is not bound to an address"
        with :? ObjectDisposedException ->
            Error "it is closed"

    /// Takes over a socket that a caller has opened and bound; `options` makes of its address what it is used with.
    let adopt (options: IPEndPoint -> SocketOptions) (socket: Socket) : Result<IUdpSocket, RuntimeError> =
        let take (options: SocketOptions) () =
            socket.Blocking <- false
            SocketBuffers.request socket options.BufferBytes
            wrap options socket

        match addressOf socket with
        | Error problem -> Error(RuntimeError.InvalidOption(nameof Socket, problem))
        | Ok bound -> attempt bound (take (options bound))

    /// What there is to say about a socket for which offload was asked; nothing where the system has none anyway.
    let complaintAbout (socket: Socket) : string option =
        match
            if LinuxSocket.isSupported then
                LinuxSocket.missingOffloads socket
            else
                []
        with
        | [] -> None
        | missing -> Some $"""The kernel has no {String.Join(" and no ", missing)}: datagrams cost more time."""
