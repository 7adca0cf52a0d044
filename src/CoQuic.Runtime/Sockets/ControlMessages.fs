namespace CoQuic.Runtime

open System
open System.Buffers.Binary
open System.Net.Sockets
open CoQuic.Engine

/// The ECN field, the low two bits of IPv4's TOS and IPv6's traffic class (RFC 3168 §5).
[<RequireQualifiedAccess>]
module internal EcnField =

    let read (trafficClass: byte) : EcnCodepoint =
        match int trafficClass &&& 3 with
        | 0 -> EcnCodepoint.NotEct
        | 1 -> EcnCodepoint.Ect1
        | 2 -> EcnCodepoint.Ect0
        | _ -> EcnCodepoint.Ce

    /// The two bits; 0 for a packet that takes no part.
    let write (ecn: EcnCodepoint) : int =
        match ecn with
        | EcnCodepoint.Ect1 -> 1
        | EcnCodepoint.Ect0 -> 2
        | EcnCodepoint.Ce -> 3
        | _ -> 0

/// Linux's control messages: a length, a level and a type, then data, each message aligned to 8 bytes.
///
///     struct cmsghdr { size_t cmsg_len; int cmsg_level; int cmsg_type; } followed by data
[<RequireQualifiedAccess>]
module internal ControlMessages =

    let private headerSize = 16

    let private align length = (length + 7) &&& ~~~7

    /// More than all messages together that we ask for or send.
    let bufferSize = 256

    /// What the messages of one read told.
    [<Struct>]
    type Told =
        {
            mutable Ecn: EcnCodepoint
            mutable SegmentSize: int
            mutable Local: UdpAddress
            /// An error number that ICMP caused; 0 for none.
            mutable Error: int
            /// The MTU that went with it.
            mutable Mtu: int
        }

    /// Errors of our own system, such as a datagram larger than the link takes, are known where they were made.
    let private readError (data: ReadOnlySpan<byte>) (told: byref<Told>) =
        if data[4] = Libc.ORIGIN_ICMP || data[4] = Libc.ORIGIN_ICMP6 then
            told.Error <- BitConverter.ToInt32 data
            told.Mtu <- BitConverter.ToInt32(data.Slice 8)

    let private readOne level kind (data: ReadOnlySpan<byte>) (told: byref<Told>) =
        if level = Libc.SOL_UDP && kind = Libc.UDP_GRO && data.Length >= 4 then
            told.SegmentSize <- BitConverter.ToInt32 data
        elif level = Libc.SOL_IP && kind = Libc.IP_TOS && data.Length >= 1 then
            told.Ecn <- EcnField.read data[0]
        elif level = Libc.SOL_IPV6 && kind = Libc.IPV6_TCLASS && data.Length >= 4 then
            told.Ecn <- EcnField.read (byte (BitConverter.ToInt32 data))
        elif level = Libc.SOL_IP && kind = Libc.IP_PKTINFO && data.Length >= 12 then
            // struct in_pktinfo: interface, the address to answer from, the address in the header.
            told.Local <- UdpAddress.ofIPv4 (BinaryPrimitives.ReadUInt32BigEndian(data.Slice 4)) 0us
        elif level = Libc.SOL_IPV6 && kind = Libc.IPV6_PKTINFO && data.Length >= 20 then
            told.Local <- UdpAddress.ofIPv6 data 0us 0u
        elif
            ((level = Libc.SOL_IP && kind = Libc.IP_RECVERR)
             || (level = Libc.SOL_IPV6 && kind = Libc.IPV6_RECVERR))
            && data.Length >= 16
        then
            readError data &told

    /// Reads all messages.
    let read (control: ReadOnlySpan<byte>) (told: byref<Told>) =
        let mutable rest = control

        while rest.Length >= headerSize do
            let length = int (BitConverter.ToInt64 rest)

            if length < headerSize || length > rest.Length then
                rest <- ReadOnlySpan()
            else
                let level = BitConverter.ToInt32(rest.Slice 8)
                let kind = BitConverter.ToInt32(rest.Slice 12)
                readOne level kind (rest.Slice(headerSize, length - headerSize)) &told
                rest <- rest.Slice(min rest.Length (align length))

    /// Writes the header of a message with so much data at the position; its data comes `headerSize` bytes later.
    let private start (control: Span<byte>) position level kind dataLength : Span<byte> =
        let message = control.Slice(position, align (headerSize + dataLength))
        message.Clear()
        BitConverter.TryWriteBytes(message, int64 (headerSize + dataLength)) |> ignore
        BitConverter.TryWriteBytes(message.Slice 8, (level: int)) |> ignore
        BitConverter.TryWriteBytes(message.Slice 12, (kind: int)) |> ignore
        message.Slice headerSize

    /// Appends the segment size of a run; returns the position behind it.
    let writeSegmentSize (control: Span<byte>) position (size: int) : int =
        let data = start control position Libc.SOL_UDP Libc.UDP_SEGMENT 2
        BitConverter.TryWriteBytes(data, uint16 size) |> ignore
        position + align (headerSize + 2)

    /// Appends the ECN field, which a mapped IPv4 peer of an IPv6 socket wants as IPv4 does.
    let writeEcn (control: Span<byte>) position (remote: UdpAddress) (ecn: EcnCodepoint) : int =
        let struct (level, kind) =
            if UdpAddress.isIPv4 remote then
                struct (Libc.SOL_IP, Libc.IP_TOS)
            else
                struct (Libc.SOL_IPV6, Libc.IPV6_TCLASS)

        let data = start control position level kind 4
        BitConverter.TryWriteBytes(data, EcnField.write ecn) |> ignore
        position + align (headerSize + 4)

    /// Appends the address to send from.
    let writeLocal (control: Span<byte>) position (family: AddressFamily) (local: UdpAddress) : int =
        if family = AddressFamily.InterNetwork then
            let data = start control position Libc.SOL_IP Libc.IP_PKTINFO 12
            BinaryPrimitives.WriteUInt32BigEndian(data.Slice 4, uint32 local.Low)
            position + align (headerSize + 12)
        else
            let data = start control position Libc.SOL_IPV6 Libc.IPV6_PKTINFO 20
            UdpAddress.writeIPv6 local data
            position + align (headerSize + 20)
