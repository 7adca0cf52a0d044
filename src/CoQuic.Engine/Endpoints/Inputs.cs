using System;

namespace CoQuic.Engine;

/// <summary>Early data settings of an endpoint or a connection.</summary>
public sealed record ZeroRttConfig
{
    /// <summary>No early data.</summary>
    public static readonly ZeroRttConfig Disabled = new();

    /// <summary>Client: send early data when a resumption state permits it.</summary>
    public bool Attempt { get; init; }

    /// <summary>Server: accept early data.</summary>
    public bool Allow { get; init; }

    /// <summary>Whether a server's changed transport parameters refuse early data.</summary>
    public bool StrictUpdatedTransportParameters { get; init; }

    /// <summary>
    /// Bytes that both the ticket and the new connection must carry for early data: what the application's use of it depends on. At
    /// most 1024.
    /// </summary>
    public Bytes ApplicationContext { get; init; }

    /// <summary>
    /// Client: what becomes of early data that the server refuses. By default every stream ends visibly, and the application decides
    /// what to say anew (RFC 9001 §4.6.2). When true it is sent again after the handshake, if the application protocol is the same and
    /// the server's new limits allow it: only for an application that may be understood without that round trip.
    /// </summary>
    public bool ResendRejected { get; init; }
}

/// <summary>What a client needs to open a connection.</summary>
public sealed record OpenConnection
{
    /// <summary>The name sent as SNI and matched against the certificate: a DNS name or an IP address literal.</summary>
    public string ServerName { get; init; } = "localhost";

    /// <summary>The route of the first path.</summary>
    public RouteHandle Route { get; init; }

    /// <summary>Identifies the server's address to token storage: 0x04 + IPv4 + port, or 0x06 + IPv6 + port, or anything.</summary>
    public Bytes AddressValidationIdentity { get; init; }

    /// <summary>The ID that the server sends to; none lets the scheme generate one. Its length must be the scheme's.</summary>
    public ConnectionId? SourceConnectionId { get; init; }

    /// <summary>The first ID sent to, at least 8 bytes (RFC 9000 §7.2); none draws 8 random bytes.</summary>
    public ConnectionId? InitialDestinationConnectionId { get; init; }

    /// <summary>
    /// The version of the first flight: one that the endpoint supports, or a reserved one, which makes the server negotiate (RFC 9000
    /// §15). None takes that of the <see cref="ResumptionState"/>, or the first that the endpoint supports.
    /// </summary>
    public QuicVersion? InitialVersion { get; init; }

    /// <summary>The content of an earlier <see cref="ResumptionStateAvailableEffect"/>, or empty.</summary>
    public Bytes ResumptionState { get; init; }

    /// <summary>
    /// A token for the server to know our address by: from a NEW_TOKEN frame of an earlier connection in the same version, used no more
    /// than once (RFC 9000 §8.1.3), or, when the application obeys a Retry by itself, from that. At most 900 bytes; empty for none.
    /// </summary>
    public Bytes Token { get; init; }

    /// <summary>
    /// The destination of the first attempt's Initial, when this connection continues one that was answered by a Retry (RFC 9000 §7.3).
    /// A connection obeys Retry by itself: only a host that parses it needs this, and <see cref="RetrySourceConnectionId"/>.
    /// </summary>
    public ConnectionId? OriginalDestinationConnectionId { get; init; }

    /// <summary>The Source Connection ID of that Retry, which is also the <see cref="InitialDestinationConnectionId"/>.</summary>
    public ConnectionId? RetrySourceConnectionId { get; init; }

    /// <summary>
    /// Whether <see cref="InitialVersion"/> was chosen from a Version Negotiation packet: then another is not obeyed, and the server's
    /// version_information must agree with the choice (RFC 9368 §4). A connection reacts by itself, within its handle.
    /// </summary>
    public bool HasReactedToVersionNegotiation { get; init; }

    /// <summary>Early data settings.</summary>
    public ZeroRttConfig ZeroRtt { get; init; } = ZeroRttConfig.Disabled;
}

/// <summary>A run of one or more UDP payloads as received from one route. The engine leaves the bytes as they are.</summary>
/// <param name="Bytes">The datagrams, one behind the other.</param>
/// <param name="SegmentSize">Each datagram's size in bytes, the last possibly shorter; 0 means that there is one.</param>
/// <param name="Route">The route they came on; none stands for the connection's first.</param>
/// <param name="Ecn">The mark they carried.</param>
/// <param name="AddressValidationIdentity">Identifies the peer's address, as in <see cref="OpenConnection"/>.</param>
public readonly record struct InboundDatagram(
    Bytes Bytes,
    int SegmentSize = 0,
    RouteHandle? Route = null,
    EcnCodepoint Ecn = EcnCodepoint.Unavailable,
    Bytes AddressValidationIdentity = default);

/// <summary>As <see cref="InboundDatagram"/>, but the engine takes the memory over, decrypts in place and keeps slices of it.</summary>
/// <param name="Buffer">The datagrams; the caller neither reads nor writes them afterwards.</param>
/// <param name="SegmentSize">Each datagram's size in bytes, the last possibly shorter; 0 means that there is one.</param>
/// <param name="Route">The route they came on; none stands for the connection's first.</param>
/// <param name="Ecn">The mark they carried.</param>
/// <param name="AddressValidationIdentity">Identifies the peer's address.</param>
public readonly record struct OwnedDatagram(
    Memory<byte> Buffer,
    int SegmentSize = 0,
    RouteHandle? Route = null,
    EcnCodepoint Ecn = EcnCodepoint.Unavailable,
    Bytes AddressValidationIdentity = default);

/// <summary>A notice from the host that a datagram was too big for the path.</summary>
/// <param name="Route">The route it was sent on.</param>
/// <param name="MaxUdpPayloadSize">The largest UDP payload that fits, in bytes.</param>
/// <param name="QuotedPacket">The start of the datagram as quoted by ICMP, to check that it was ours; may be empty.</param>
public readonly record struct PathMtuUpdate(RouteHandle Route, int MaxUdpPayloadSize, Bytes QuotedPacket);

/// <summary>Bytes to send on a stream; the first bytes or FIN on a new identifier open it.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="Bytes">The bytes; held, not copied, until they are acknowledged.</param>
/// <param name="Fin">Whether the stream ends behind them.</param>
/// <param name="Priority">Higher goes first where streams and datagrams compete.</param>
public readonly record struct SendStreamData(StreamId StreamId, Bytes Bytes, bool Fin, int Priority = 0);

/// <summary>A DATAGRAM to send (RFC 9221).</summary>
/// <param name="Bytes">The payload.</param>
/// <param name="Priority">Higher goes first.</param>
public readonly record struct SendDatagramData(Bytes Bytes, int Priority = 0);

/// <summary>A move to another route (RFC 9000 §9).</summary>
/// <param name="Route">The new route.</param>
/// <param name="Reason">Why.</param>
/// <param name="AddressValidationIdentity">Identifies the peer's address there.</param>
public readonly record struct RequestMigration(RouteHandle Route, MigrationReason Reason, Bytes AddressValidationIdentity);
