namespace CoQuic.Runtime

open System
open System.Collections.Generic
open System.Net
open System.Net.Sockets
open CoQuic.Engine

/// A socket on any system, by the platform's own class: one datagram a call, and no ECN, which that class does not show.
[<Sealed>]
type internal PortableSocket(socket: Socket) =

    let family = socket.AddressFamily
    let buffers = ReceiveBuffers()

    // Both are filled anew for every call.
    let sender = SocketAddress family
    let destination = SocketAddress family

    /// A datagram from this socket to itself is a wake: what every system's select understands.
    let wake =
        new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)

    let mutable all = [ socket ]
    let readers = List<Socket>()
    let writers = List<Socket>()

    /// Select takes an int; longer waits end early, which is harmless.
    let longestWait = 1_000_000_000L

    do
        wake.Bind(IPEndPoint(IPAddress.Loopback, 0))
        wake.Connect(nonNull wake.LocalEndPoint)
        wake.Blocking <- false

    let takeWakes () =
        let scratch = Array.zeroCreate<byte> 1

        while wake.Poll(0, SelectMode.SelectRead) do
            wake.Receive scratch |> ignore

    let select (microseconds: int64) (interest: Readiness) =
        readers.Clear()
        readers.Add wake
        writers.Clear()

        if interest.HasFlag Readiness.Readable then
            readers.AddRange all

        if interest.HasFlag Readiness.Writable then
            writers.AddRange all

        let limit =
            if microseconds < 0L then
                -1
            else
                int (min microseconds longestWait)

        Socket.Select(readers, writers, null, limit)

    /// One datagram from the position on: whether the system took or refused it, rather than having no room.
    let tryWrite (run: inref<OutgoingRun>) position =
        let length = min run.SegmentSize (run.Bytes.Length - position)

        try
            socket.SendTo(run.Bytes.Span.Slice(position, length), SocketFlags.None, destination)
            |> ignore

            true
        with :? SocketException as error ->
            error.SocketErrorCode <> SocketError.WouldBlock
            && error.SocketErrorCode <> SocketError.NoBufferSpaceAvailable

    interface IUdpSocket with

        member _.LocalEndPoint =
            match socket.LocalEndPoint with
            | :? IPEndPoint as endPoint -> endPoint
            | _ -> IPEndPoint(IPAddress.Any, 0)

        member _.Socket = socket
        member _.Watch others = all <- socket :: others

        member _.Wait(microseconds, interest) =
            select microseconds interest
            let mutable readiness = Readiness.None

            if List.exists readers.Contains all then
                readiness <- readiness ||| Readiness.Readable

            if List.exists writers.Contains all then
                readiness <- readiness ||| Readiness.Writable

            if readers.Contains wake then
                takeWakes ()
                readiness <- readiness ||| Readiness.Woken

            readiness

        member _.Wake() =
            try
                wake.Send [| 0uy |] |> ignore
            with
            | :? ObjectDisposedException
            // No room for one more wake: enough are waiting.
            | :? SocketException -> ()

        member _.Receive(run) =
            // An empty socket would cost an exception.
            if not (socket.Poll(0, SelectMode.SelectRead)) then
                false
            else
                try
                    let length = socket.ReceiveFrom(Span buffers.Target, SocketFlags.None, sender)

                    run <-
                        { Buffer = buffers.Take length
                          SegmentSize = length
                          Ecn = EcnCodepoint.Unavailable
                          Route =
                            { Local = UdpAddress.unspecified
                              Remote = SocketAddressLayout.read family (Span.op_Implicit sender.Buffer.Span) } }

                    true
                with :? SocketException ->
                    // An error of an earlier send, such as a refused port: the connection's own timers judge.
                    false

        member _.ReadNotice _ = false

        member _.Send(run, position) =
            SocketAddressLayout.write family run.Route.Remote destination.Buffer.Span
            |> ignore

            let mutable next = position

            while next < run.Bytes.Length && tryWrite &run next do
                next <- min run.Bytes.Length (next + run.SegmentSize)

            next

        member _.Dispose() =
            socket.Dispose()
            wake.Dispose()
