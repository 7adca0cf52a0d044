namespace CoQuic.Peers

open System
open System.Buffers.Binary
open System.IO
open System.Net
open System.Threading

/// A capture file of UDP datagrams over IPv4, as tcpdump writes them: for decoders that know nothing of us.
[<Sealed>]
type Pcap(path: string) =

    /// Microseconds, this machine's order of bytes being little-endian; raw IP without a link layer.
    static let header =
        Array.concat
            [ BitConverter.GetBytes 0xA1B2C3D4u
              BitConverter.GetBytes 2us
              BitConverter.GetBytes 4us
              BitConverter.GetBytes 0L
              BitConverter.GetBytes 65_535
              BitConverter.GetBytes 101 ]

    static let ipv4HeaderLength = 20
    static let udpHeaderLength = 8
    static let protocolUdp = 17uy
    static let origin = DateTimeOffset.UnixEpoch

    /// Unbuffered: what was captured is there even where the program is killed.
    let file =
        new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize = 0)

    let writing = Lock()

    do file.Write(ReadOnlySpan header)

    let writePort (target: Span<byte>) (port: int) =
        BinaryPrimitives.WriteUInt16BigEndian(target, uint16 port)

    /// RFC 791 §3.1 and RFC 768. Checksums are left out, as network cards that make them leave them to be seen.
    let packet (source: IPEndPoint) (destination: IPEndPoint) (datagram: byte array) =
        let bytes =
            Array.zeroCreate<byte>(ipv4HeaderLength + udpHeaderLength + datagram.Length)

        bytes[0] <- 0x45uy
        writePort (Span(bytes, 2, 2)) bytes.Length
        bytes[8] <- 64uy
        bytes[9] <- protocolUdp
        source.Address.MapToIPv4().GetAddressBytes().CopyTo(bytes, 12)
        destination.Address.MapToIPv4().GetAddressBytes().CopyTo(bytes, 16)
        writePort (Span(bytes, 20, 2)) source.Port
        writePort (Span(bytes, 22, 2)) destination.Port
        writePort (Span(bytes, 24, 2)) (udpHeaderLength + datagram.Length)
        datagram.CopyTo(bytes, ipv4HeaderLength + udpHeaderLength)
        bytes

    /// Appends a datagram, as of now. From any thread.
    member _.Write(source: IPEndPoint, destination: IPEndPoint, datagram: byte array) : unit =
        let packet = packet source destination datagram
        let elapsed = DateTimeOffset.UtcNow - origin

        let record =
            Array.concat
                [ BitConverter.GetBytes(uint32 (int64 elapsed.TotalSeconds))
                  BitConverter.GetBytes(uint32 (elapsed.Ticks / TimeSpan.TicksPerMicrosecond % 1_000_000L))
                  BitConverter.GetBytes packet.Length
                  BitConverter.GetBytes packet.Length
                  packet ]

        writing.Enter()

        try
            file.Write(ReadOnlySpan record)
        finally
            writing.Exit()

    interface IDisposable with
        member _.Dispose() = file.Dispose()
