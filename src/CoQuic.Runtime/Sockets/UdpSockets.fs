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

    /// The implementation that every system has.
    let openPortable (options: SocketOptions) : Result<IUdpSocket, RuntimeError> =
        try
            let socket = create options
            avoidFragments socket
            Ok(new PortableSocket(socket))
        with :? SocketException as error ->
            Error(RuntimeError.ofSocketException options.Bind error)

    let private openLinux (options: SocketOptions) =
        try
            Ok(LinuxSocket.wrap (create options) options)
        with :? SocketException as error ->
            Error(RuntimeError.ofSocketException options.Bind error)

    /// Opens and binds a socket: the system's best.
    let openSocket (options: SocketOptions) : Result<IUdpSocket, RuntimeError> =
        if LinuxSocket.isSupported then
            openLinux options
        else
            openPortable options

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
