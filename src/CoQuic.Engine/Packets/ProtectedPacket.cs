using System;

namespace CoQuic.Engine;

/// <summary>One packet of a datagram as it arrived: the fields that header protection does not cover.</summary>
internal readonly ref struct ProtectedPacket
{
    public required PacketType Type { get; init; }

    /// <summary>The version of a long header; 0 for a short one, and for Version Negotiation.</summary>
    public QuicVersion Version { get; init; }

    /// <summary>RFC 9000 §17.2: must be 1, unless we allowed the peer to send anything (RFC 9287).</summary>
    public required bool HasFixedBit { get; init; }

    public ConnectionId DestinationConnectionId { get; init; }

    /// <summary>Empty in a short header.</summary>
    public ConnectionId SourceConnectionId { get; init; }

    /// <summary>The Token field of an Initial; empty elsewhere. A view of the datagram.</summary>
    public ReadOnlySpan<byte> Token { get; init; }

    /// <summary>
    /// Where the Packet Number field begins, counted from the packet's first byte; 0 where there is none.
    /// </summary>
    public int PacketNumberOffset { get; init; }

    /// <summary>The packet's bytes, header included: the next packet of the datagram follows.</summary>
    public required int Length { get; init; }
}
