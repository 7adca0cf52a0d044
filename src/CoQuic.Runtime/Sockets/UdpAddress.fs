namespace CoQuic.Runtime

open System
open System.Buffers.Binary
open System.Net
open System.Net.Sockets
open CoQuic.Engine

/// An IP address and a UDP port as numbers: compared on every receive, so neither an object nor text. IPv4 addresses are
/// kept in their IPv6-mapped form (RFC 4291 §2.5.5.2), so that a dual-stack socket has one kind.
[<Struct>]
type internal UdpAddress =
    {
        High: uint64
        Low: uint64
        Port: uint16
        /// The interface of a link-local IPv6 address; 0 otherwise.
        Scope: uint32
    }

/// Where a datagram comes from or goes to, on both ends. What a RouteHandle stands for.
[<Struct>]
type internal UdpRoute =
    {
        /// Our own address, as packet information told it; unspecified lets the system choose. In place of a port it has the
        /// number of the agent's socket: 0 for the first.
        Local: UdpAddress
        Remote: UdpAddress
    }

[<RequireQualifiedAccess>]
module internal UdpAddress =

    /// The prefix ::ffff:0:0/96 of mapped addresses, above the 32 bits of the IPv4 address.
    let private mappedPrefix = 0xffff_0000_0000UL

    /// No address: the system chooses.
    let unspecified: UdpAddress =
        { High = 0UL
          Low = 0UL
          Port = 0us
          Scope = 0u }

    let isUnspecified (address: UdpAddress) =
        (address.High = 0UL && address.Low = 0UL)
        || (address.High = 0UL && address.Low = mappedPrefix)

    let isIPv4 (address: UdpAddress) =
        address.High = 0UL && (address.Low >>> 32) = (mappedPrefix >>> 32)

    let ofIPv4 (host: uint32) (port: uint16) : UdpAddress =
        { High = 0UL
          Low = mappedPrefix ||| uint64 host
          Port = port
          Scope = 0u }

    /// Reads 16 bytes in network order.
    let ofIPv6 (bytes: ReadOnlySpan<byte>) (port: uint16) (scope: uint32) : UdpAddress =
        { High = BinaryPrimitives.ReadUInt64BigEndian bytes
          Low = BinaryPrimitives.ReadUInt64BigEndian(bytes.Slice 8)
          Port = port
          Scope = scope }

    /// Writes the 16 bytes of the address in network order.
    let writeIPv6 (address: UdpAddress) (destination: Span<byte>) =
        BinaryPrimitives.WriteUInt64BigEndian(destination, address.High)
        BinaryPrimitives.WriteUInt64BigEndian(destination.Slice 8, address.Low)

    let ofEndPoint (endPoint: IPEndPoint) : UdpAddress =
        let mapped = endPoint.Address.MapToIPv6()

        let scope = if mapped.IsIPv6LinkLocal then uint32 mapped.ScopeId else 0u

        ofIPv6 (ReadOnlySpan(mapped.GetAddressBytes())) (uint16 endPoint.Port) scope

    let toEndPoint (address: UdpAddress) : IPEndPoint =
        let bytes = Array.zeroCreate<byte> 16
        writeIPv6 address (Span bytes)
        let plain = IPAddress(bytes, int64 address.Scope)

        if isIPv4 address then
            IPEndPoint(plain.MapToIPv4(), int address.Port)
        else
            IPEndPoint(plain, int address.Port)

    /// What identifies the peer's address to tokens and paths: 0x04 or 0x06, the address, and the port in network order.
    let validationIdentity (address: UdpAddress) : Bytes =
        let full = Array.zeroCreate<byte> 16
        writeIPv6 address (Span full)

        let family, host = if isIPv4 address then 4uy, full[12..] else 6uy, full

        Bytes.Wrap(ReadOnlyMemory [| family; yield! host; byte (address.Port >>> 8); byte address.Port |])

/// Addresses as the system's calls lay them out (`sockaddr_in`, `sockaddr_in6`). The family's two bytes differ between
/// systems and are the caller's.
[<RequireQualifiedAccess>]
module internal SocketAddressLayout =

    /// The bytes of a `sockaddr_in6`, the larger of the two.
    let maximumSize = 28

    let private ipv4Size = 16

    /// Reads what stands behind the family.
    let read (family: AddressFamily) (bytes: ReadOnlySpan<byte>) : UdpAddress =
        let port = BinaryPrimitives.ReadUInt16BigEndian(bytes.Slice 2)

        if family = AddressFamily.InterNetwork then
            UdpAddress.ofIPv4 (BinaryPrimitives.ReadUInt32BigEndian(bytes.Slice 4)) port
        else
            // The scope is the one field in host order.
            UdpAddress.ofIPv6 (bytes.Slice(8, 16)) port (BitConverter.ToUInt32(bytes.Slice 24))

    /// Writes what stands behind the family, and returns the size of the whole.
    let write (family: AddressFamily) (address: UdpAddress) (destination: Span<byte>) : int =
        BinaryPrimitives.WriteUInt16BigEndian(destination.Slice 2, address.Port)

        if family = AddressFamily.InterNetwork then
            BinaryPrimitives.WriteUInt32BigEndian(destination.Slice 4, uint32 address.Low)
            destination.Slice(8, 8).Clear()
            ipv4Size
        else
            destination.Slice(4, 4).Clear()
            UdpAddress.writeIPv6 address (destination.Slice 8)
            BitConverter.TryWriteBytes(destination.Slice 24, address.Scope) |> ignore
            maximumSize
