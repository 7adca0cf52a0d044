namespace CoQuic.Runtime

open System
open System.Net
open System.Net.Sockets
open CoQuic.Engine

/// What a wait waits for, and what ended it.
[<Flags>]
type internal Readiness =
    /// The deadline.
    | None = 0
    /// Datagrams can be read.
    | Readable = 1
    /// Datagrams can be written again.
    | Writable = 2
    /// Somebody called `Wake`. Every wait waits for it.
    | Woken = 4
    /// There are notices. Every wait waits for them.
    | Notified = 8

/// A run of datagrams as one read brought it: all from one peer, of one size, the last possibly shorter.
[<Struct; NoEquality; NoComparison>]
type internal ReceivedRun =
    {
        /// The datagrams. The reader owns the memory: the socket never touches it again.
        Buffer: Memory<byte>
        SegmentSize: int
        Ecn: EcnCodepoint
        Route: UdpRoute
    }

/// A run of datagrams to write: all to one peer, of one size, the last possibly shorter.
[<Struct; NoEquality; NoComparison>]
type internal OutgoingRun =
    { Bytes: ReadOnlyMemory<byte>
      SegmentSize: int
      Ecn: EcnCodepoint
      Route: UdpRoute }

/// What ICMP said about datagrams that were sent.
[<Struct; NoEquality; NoComparison>]
type internal SocketNotice =
    {
        /// The way they went.
        Route: UdpRoute
        /// The system's number for what is wrong.
        Error: int
        /// The MTU of the link that a datagram was too large for, in bytes; 0 when that is not what is wrong.
        Mtu: int
        /// The beginning of such a datagram's payload; empty where the sender of the notice quoted nothing of it.
        Quoted: Bytes
    }

[<RequireQualifiedAccess>]
module internal SocketNotice =

    let private udpHeader = 8

    /// An IP header without options or extensions.
    let private ipHeader (notice: SocketNotice) =
        if UdpAddress.isIPv4 notice.Route.Remote then 20 else 40

    /// The largest payload that fits, where a datagram was too large.
    let maxUdpPayload (notice: SocketNotice) : int voption =
        let payload = notice.Mtu - ipHeader notice - udpHeader

        if notice.Error = Libc.EMSGSIZE && payload > 0 then
            ValueSome payload
        else
            ValueNone

    /// Whether nobody listens at the port.
    let isRefusal (notice: SocketNotice) = notice.Error = Libc.ECONNREFUSED

/// What a socket is opened with.
type internal SocketOptions =
    {
        /// The address to bind; the port 0 takes a free one. An IPv6 wildcard takes IPv4 as well.
        Bind: IPEndPoint
        /// What to ask the system for, in bytes, in each direction. It may grant less.
        BufferBytes: int
        /// Whether to use segmentation and receive offload where the system has them.
        Offload: bool
        /// Whether a wait looks for a moment before it sleeps, as long as that pays.
        BusyWait: bool
        /// Whether reads tell the address that a datagram was sent to: for servers, which answer from it.
        PacketInformation: bool
        /// Whether other sockets may be bound to the same address and port, among which the system spreads what comes in.
        SharesPort: bool
    }

[<RequireQualifiedAccess>]
module internal SocketOptions =

    let bind (endPoint: IPEndPoint) : SocketOptions =
        { Bind = endPoint
          BufferBytes = 4 * 1024 * 1024
          Offload = true
          BusyWait = true
          PacketInformation = false
          SharesPort = false }

/// One UDP socket that one thread uses. Nothing here blocks but `Wait`; only `Wake` may be called from other threads.
type internal IUdpSocket =
    inherit IDisposable

    abstract LocalEndPoint: IPEndPoint

    /// The system's socket, for another to watch.
    abstract Socket: Socket

    /// From now on waits are for these sockets as well, and what they are ready for is told as if it were this one.
    abstract Watch: others: Socket list -> unit

    /// Waits until something of `interest` is so, somebody wakes it, or `microseconds` have passed; negative waits without end.
    abstract Wait: microseconds: int64 * interest: Readiness -> Readiness

    /// Ends the current wait, or the next. From any thread, also after disposal.
    abstract Wake: unit -> unit

    /// Reads a run, if one is there. An empty datagram is a run of no bytes.
    abstract Receive: run: byref<ReceivedRun> -> bool

    /// Takes a notice, if one is there. Whoever wants to can send such notices: a receiver has to see to it that they quote what it
    /// sent.
    abstract ReadNotice: notice: byref<SocketNotice> -> bool

    /// Writes datagrams from byte `position` on, and returns the position of the first that the system had no room for: the
    /// run's length when it took all. What the system refuses for good (no route, larger than the link takes) is lost like
    /// any datagram.
    abstract Send: run: inref<OutgoingRun> * position: int -> int
