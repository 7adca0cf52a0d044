namespace CoQuic.Engine;

/// <summary>The packet_type of a header in qlog.</summary>
public enum QlogPacketType : byte
{
    /// <summary>initial.</summary>
    Initial,

    /// <summary>0RTT.</summary>
    ZeroRtt,

    /// <summary>handshake.</summary>
    Handshake,

    /// <summary>retry.</summary>
    Retry,

    /// <summary>1RTT.</summary>
    OneRtt,

    /// <summary>version_negotiation.</summary>
    VersionNegotiation,

    /// <summary>stateless_reset.</summary>
    StatelessReset,
}

/// <summary>What of a packet's header is written down (PacketHeader).</summary>
/// <param name="Type">The packet's type.</param>
public sealed record QlogPacketHeader(QlogPacketType Type)
{
    /// <summary>The packet number; none when the packet has none or it could not be read.</summary>
    public ulong? PacketNumber { get; init; }

    /// <summary>The version of a long header.</summary>
    public QuicVersion? Version { get; init; }

    /// <summary>The destination connection ID.</summary>
    public ConnectionId? DestinationConnectionId { get; init; }

    /// <summary>The source connection ID of a long header.</summary>
    public ConnectionId? SourceConnectionId { get; init; }

    /// <summary>The length of an Initial's token, in bytes: its content lets others pass for this client.</summary>
    public int TokenLength { get; init; }

    /// <summary>The latency spin bit of a 1-RTT packet.</summary>
    public bool? SpinBit { get; init; }

    /// <summary>The key phase bit of a 1-RTT packet.</summary>
    public bool? KeyPhaseBit { get; init; }
}
