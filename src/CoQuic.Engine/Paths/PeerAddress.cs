using System;

namespace CoQuic.Engine;

/// <summary>
/// What an address validation identity says of a peer's address. Its bytes are the host's: 0x04, an IPv4 address and a port, or 0x06, an
/// IPv6 address and a port, or anything, which is then only compared.
/// </summary>
internal static class PeerAddress
{
    private const byte IPv4 = 0x04;
    private const byte IPv6 = 0x06;
    private const int PortLength = 2;
    private const int IPv4Length = 1 + 4 + PortLength;
    private const int IPv6Length = 1 + 16 + PortLength;

    /// <summary>UDP payloads that an Ethernet frame carries: 1500 bytes without the headers of IP and UDP.</summary>
    private const int EthernetPayloadOverIPv4 = 1472;
    private const int EthernetPayloadOverIPv6 = 1452;

    public static bool IsIPv4(Bytes identity) => identity.Length == IPv4Length && identity[0] == IPv4;

    public static bool IsIPv6(Bytes identity) => identity.Length == IPv6Length && identity[0] == IPv6;

    /// <summary>Whether two addresses differ in their port at most: that is what a NAT does to us (RFC 9000 §9.4).</summary>
    public static bool DifferInPortOnly(Bytes left, Bytes right)
    {
        if (left.IsEmpty || !((IsIPv4(left) && IsIPv4(right)) || (IsIPv6(left) && IsIPv6(right))))
            return false;
        return left.Span[..^PortLength].SequenceEqual(right.Span[..^PortLength]);
    }

    /// <summary>The largest datagram that is tried unless the configuration names another.</summary>
    public static int DefaultCeiling(Bytes identity) => IsIPv4(identity) ? EthernetPayloadOverIPv4 : EthernetPayloadOverIPv6;
}
