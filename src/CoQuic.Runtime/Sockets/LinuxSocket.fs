namespace CoQuic.Runtime

#nowarn "9" // Memory is pinned while the C library reads or fills it.

open System
open System.Net
open System.Net.Sockets
open System.Runtime.InteropServices
open System.Threading
open CoQuic.Engine

/// What other threads signal and a wait listens to: an event descriptor.
[<Sealed>]
type private WakeEvent() =
    let descriptor = Libc.eventfd (0u, Libc.EFD_CLOEXEC ||| Libc.EFD_NONBLOCK)

    do
        if descriptor.IsInvalid then
            raise (SocketException(Marshal.GetLastPInvokeError()))

    member _.Descriptor = int (descriptor.DangerousGetHandle())

    member _.Signal() =
        // A wake that comes after the end wakes nobody. The handle's own lock keeps a number used again from being written.
        try
            let mutable one = 1UL
            Libc.write (descriptor, &one, 8un) |> ignore
        with :? ObjectDisposedException ->
            ()

    member _.Clear() =
        let mutable count = 0UL
        Libc.read (descriptor, &count, 8un) |> ignore

    member _.Dispose() = descriptor.Dispose()

/// A socket on 64-bit Linux: `ppoll` over the socket and an event descriptor, `recvmsg` and `sendmsg` with offloads, ECN and
/// packet information in control messages.
[<Sealed>]
type internal LinuxSocket(socket: Socket, offload: bool, busy: BusyWait) =

    /// The kernel's own limit (UDP_MAX_SEGMENTS), the lower one of older kernels.
    static let maximumSegments = 64

    /// The largest payload that a UDP datagram over IPv4 has, which bounds a run before it is cut.
    static let maximumBatchBytes = 65_507

    /// Neither field of the header that a call reads moves: all blocks are pinned.
    let pinned size =
        GC.AllocateArray<byte>(size, pinned = true)

    let address block =
        Marshal.UnsafeAddrOfPinnedArrayElement(block, 0)

    let family = socket.AddressFamily

    let familyNumber =
        if family = AddressFamily.InterNetwork then
            Libc.AF_INET
        else
            Libc.AF_INET6

    let handle = socket.SafeHandle
    let wake = WakeEvent()
    let buffers = ReceiveBuffers()
    let errors = ErrorQueue(handle, family)
    let name = pinned SocketAddressLayout.maximumSize
    let control = pinned ControlMessages.bufferSize
    let vector = GC.AllocateArray<IoVector>(1, pinned = true)
    let header = GC.AllocateArray<MessageHeader>(1, pinned = true)

    /// This socket, the event descriptor, then sockets that are watched.
    let mutable polled = GC.AllocateArray<PollDescriptor>(2, pinned = true)

    let timeout = GC.AllocateArray<TimeSpec>(1, pinned = true)

    /// Whether runs go out in one call: a system that refuses it is asked once.
    let mutable segmentation = offload

    let events (interest: Readiness) =
        (if interest.HasFlag Readiness.Readable then
             Libc.POLLIN
         else
             0s)
        ||| (if interest.HasFlag Readiness.Writable then
                 Libc.POLLOUT
             else
                 0s)

    let descriptor number : PollDescriptor =
        { Descriptor = number
          Requested = Libc.POLLIN
          Returned = 0s }

    do
        header[0] <-
            { Name = Marshal.UnsafeAddrOfPinnedArrayElement(name, 0)
              NameLength = 0
              Vectors = Marshal.UnsafeAddrOfPinnedArrayElement(vector, 0)
              VectorCount = 1un
              Control = 0n
              ControlLength = 0un
              Flags = 0 }

        polled[0] <- descriptor (int (handle.DangerousGetHandle()))
        polled[1] <- descriptor wake.Descriptor

    member private _.Poll(microseconds: int64) : int =
        let limit =
            if microseconds < 0L then
                0n
            else
                timeout[0] <-
                    { Seconds = microseconds / 1_000_000L
                      Nanoseconds = microseconds % 1_000_000L * 1_000L }

                Marshal.UnsafeAddrOfPinnedArrayElement(timeout, 0)

        Libc.ppoll (Marshal.UnsafeAddrOfPinnedArrayElement(polled, 0), unativeint polled.Length, limit, 0n)

    /// Looks again and again for so many microseconds, and lets others run in between.
    member private this.Look(microseconds: int64) : int =
        let finish = Clock.now().Microseconds + microseconds
        let mutable count = this.Poll 0L

        while count = 0 && Clock.now().Microseconds < finish do
            Thread.Yield() |> ignore
            count <- this.Poll 0L

        busy.OnLooked(count > 0)
        count

    /// As `Poll`, but looks before it sleeps where that pays.
    member private this.Await(microseconds: int64) : int =
        let moment = if microseconds = 0L then 0L else busy.NextMoment()

        if moment = 0L || (microseconds > 0L && microseconds <= moment) then
            this.Poll microseconds
        else
            match this.Look moment with
            | 0 ->
                this.Poll(
                    if microseconds < 0L then
                        microseconds
                    else
                        microseconds - moment
                )
            | count -> count

    member private _.Readiness() : Readiness =
        let mutable events = polled[0].Returned
        let mutable readiness = Readiness.None

        for index in 2 .. polled.Length - 1 do
            events <- events ||| polled[index].Returned

        // An error, which is told unasked, is taken off the socket by reading or writing, and out of its queue as a notice.
        if events &&& Libc.POLLERR <> 0s then
            readiness <- readiness ||| Readiness.Notified

        if events &&& (Libc.POLLIN ||| Libc.POLLERR) <> 0s then
            readiness <- readiness ||| Readiness.Readable

        if events &&& (Libc.POLLOUT ||| Libc.POLLERR) <> 0s then
            readiness <- readiness ||| Readiness.Writable

        if polled[1].Returned <> 0s then
            wake.Clear()
            readiness <- readiness ||| Readiness.Woken

        readiness

    /// Reads once into `target`; the number of bytes, or -1.
    member private _.Read(target: byte[]) : int =
        use memory = fixed target

        vector[0] <-
            { Base = NativeInterop.NativePtr.toNativeInt memory
              Length = unativeint target.Length }

        header[0].NameLength <- name.Length
        header[0].Control <- address control
        header[0].ControlLength <- unativeint control.Length
        header[0].Flags <- 0
        int (Libc.recvmsg (handle, address header, Libc.MSG_DONTWAIT))

    member private _.Describe(length: int, run: byref<ReceivedRun>) =
        let mutable told: ControlMessages.Told =
            { Ecn = EcnCodepoint.Unavailable
              SegmentSize = length
              Local = UdpAddress.unspecified
              Error = 0
              Mtu = 0 }

        let controlLength = int header[0].ControlLength
        ControlMessages.read (ReadOnlySpan(control, 0, controlLength)) &told

        if header[0].Flags &&& Libc.MSG_CTRUNC <> 0 then
            told.Ecn <- EcnCodepoint.Unavailable

        run <-
            { Buffer = buffers.Take length
              SegmentSize = told.SegmentSize
              Ecn = told.Ecn
              Route =
                { Local = told.Local
                  Remote = SocketAddressLayout.read family (ReadOnlySpan name) } }

    /// Fills in where a run goes, and how.
    member private _.Prepare(run: inref<OutgoingRun>, batch: int) =
        let destination = Span name
        BitConverter.TryWriteBytes(destination, familyNumber) |> ignore
        header[0].NameLength <- SocketAddressLayout.write family run.Route.Remote destination
        let mutable position = 0

        if batch > run.SegmentSize then
            position <- ControlMessages.writeSegmentSize (Span control) position run.SegmentSize

        if EcnField.write run.Ecn <> 0 then
            position <- ControlMessages.writeEcn (Span control) position run.Route.Remote run.Ecn

        if not (UdpAddress.isUnspecified run.Route.Local) then
            position <- ControlMessages.writeLocal (Span control) position family run.Route.Local

        header[0].Control <- if position = 0 then 0n else address control
        header[0].ControlLength <- unativeint position

    /// Writes `batch` bytes from the position on in one call: 0, or the error's number.
    member private this.Write(run: inref<OutgoingRun>, position: int, batch: int) : int =
        let bytes = run.Bytes.Span.Slice(position, batch)
        use memory = fixed bytes

        vector[0] <-
            { Base = NativeInterop.NativePtr.toNativeInt memory
              Length = unativeint batch }

        this.Prepare(&run, batch)

        if Libc.sendmsg (handle, address header, Libc.MSG_DONTWAIT) >= 0n then
            0
        else
            Marshal.GetLastPInvokeError()

    /// An error that ICMP caused earlier comes up once, in place of this call's own (`IP_RECVERR`): only the second counts.
    member private this.WriteDespiteErrors(run: inref<OutgoingRun>, position: int, batch: int) : int =
        match this.Write(&run, position, batch) with
        | 0 -> 0
        | Libc.EAGAIN -> Libc.EAGAIN
        | _ -> this.Write(&run, position, batch)

    /// How many bytes the next call may take: whole segments, as many as go together.
    member private _.Batch(run: inref<OutgoingRun>, position: int) : int =
        let rest = run.Bytes.Length - position

        let segments =
            if segmentation then
                max 1 (min maximumSegments (maximumBatchBytes / run.SegmentSize))
            else
                1

        min rest (segments * run.SegmentSize)

    interface IUdpSocket with

        member _.LocalEndPoint =
            match socket.LocalEndPoint with
            | :? IPEndPoint as endPoint -> endPoint
            | _ -> IPEndPoint(IPAddress.Any, 0)

        member _.Socket = socket

        member _.Watch others =
            let watching =
                GC.AllocateArray<PollDescriptor>(2 + List.length others, pinned = true)

            Array.blit polled 0 watching 0 2

            others
            |> List.iteri (fun index other ->
                watching[2 + index] <- descriptor (int (other.SafeHandle.DangerousGetHandle())))

            polled <- watching

        member this.Wait(microseconds, interest) =
            // The descriptors' numbers may be another socket's by then.
            ObjectDisposedException.ThrowIf(handle.IsClosed, this)
            polled[0].Requested <- events interest
            polled[0].Returned <- 0s
            polled[1].Returned <- 0s

            for index in 2 .. polled.Length - 1 do
                polled[index].Requested <- polled[0].Requested
                polled[index].Returned <- 0s

            if this.Await microseconds > 0 then
                this.Readiness()
            else
                Readiness.None

        member _.Wake() = wake.Signal()

        member this.Receive(run) =
            let length = this.Read buffers.Target

            if length < 0 then
                // Nothing there, an interruption, or an error of an earlier send: the next wait tells whether there is more.
                false
            else
                this.Describe(length, &run)
                true

        member _.ReadNotice notice = errors.TryTake &notice

        member this.Send(run, position) =
            let mutable next = position
            let mutable blocked = false

            while next < run.Bytes.Length && not blocked do
                let batch = this.Batch(&run, next)

                match this.WriteDespiteErrors(&run, next, batch) with
                | Libc.EAGAIN -> blocked <- true
                | Libc.EINTR -> ()
                | Libc.EINVAL
                | Libc.EIO
                | Libc.ENOPROTOOPT
                | Libc.EOPNOTSUPP when batch > run.SegmentSize -> segmentation <- false
                | _ -> next <- next + batch

            next

        member _.Dispose() =
            socket.Dispose()
            wake.Dispose()

[<RequireQualifiedAccess>]
module internal LinuxSocket =

    /// Whether the layouts in Libc are this system's.
    let isSupported =
        OperatingSystem.IsLinux()
        && Environment.Is64BitProcess
        && BitConverter.IsLittleEndian

    let private set (socket: Socket) level option (value: int) =
        socket.SetRawSocketOption(level, option, ReadOnlySpan(BitConverter.GetBytes value))

    /// Sets an option that not every kernel has, and says whether this one has it.
    let private trySet socket level option value =
        try
            set socket level option value
            true
        with :? SocketException ->
            false

    /// Setting 0 changes nothing, but a kernel without segmentation refuses it.
    let private hasSegmentation socket =
        trySet socket Libc.SOL_UDP Libc.UDP_SEGMENT 0

    /// Whether the kernel has it.
    let private turnOnReceiveOffload socket =
        trySet socket Libc.SOL_UDP Libc.UDP_GRO 1

    /// The offloads that this kernel does not have.
    let missingOffloads (socket: Socket) : string list =
        [ if not (hasSegmentation socket) then
              "segmentation of what is sent (UDP_SEGMENT)"
          if not (turnOnReceiveOffload socket) then
              "coalescing of what is received (UDP_GRO)" ]

    /// Options of IPv4 go onto dual-stack sockets as well: they decide about mapped peers.
    let private configure (socket: Socket) packetInformation =
        set socket Libc.SOL_IP Libc.IP_RECVTOS 1
        trySet socket Libc.SOL_IP Libc.IP_MTU_DISCOVER Libc.IP_PMTUDISC_PROBE |> ignore
        trySet socket Libc.SOL_IP Libc.IP_RECVERR 1 |> ignore

        if socket.AddressFamily = AddressFamily.InterNetworkV6 then
            set socket Libc.SOL_IPV6 Libc.IPV6_RECVTCLASS 1
            trySet socket Libc.SOL_IPV6 Libc.IPV6_RECVERR 1 |> ignore

            trySet socket Libc.SOL_IPV6 Libc.IPV6_MTU_DISCOVER Libc.IP_PMTUDISC_PROBE
            |> ignore

            if packetInformation then
                set socket Libc.SOL_IPV6 Libc.IPV6_RECVPKTINFO 1
        elif packetInformation then
            set socket Libc.SOL_IP Libc.IP_PKTINFO 1

    /// Takes over a bound socket.
    let wrap (socket: Socket) (options: SocketOptions) : IUdpSocket =
        configure socket options.PacketInformation

        if options.Offload then
            turnOnReceiveOffload socket |> ignore

        new LinuxSocket(socket, options.Offload && hasSegmentation socket, BusyWait options.BusyWait)
