namespace CoQuic.Engine;

/// <summary>The kinds of effect, numbered as in the C ABI as far as it goes.</summary>
public enum EffectKind : byte
{
    /// <summary><see cref="SendDatagramEffect"/>.</summary>
    SendDatagram,

    /// <summary><see cref="ReceiveStreamDataEffect"/>.</summary>
    ReceiveStreamData,

    /// <summary><see cref="ReceiveDatagramDataEffect"/>.</summary>
    ReceiveDatagramData,

    /// <summary><see cref="PeerResetStreamEffect"/>.</summary>
    PeerResetStream,

    /// <summary><see cref="PeerStopSendingEffect"/>.</summary>
    PeerStopSending,

    /// <summary><see cref="StateEventEffect"/>.</summary>
    StateEvent,

    /// <summary><see cref="ConnectionLifecycleEventEffect"/>.</summary>
    ConnectionLifecycleEvent,

    /// <summary><see cref="PeerPreferredAddressAvailableEffect"/>.</summary>
    PeerPreferredAddressAvailable,

    /// <summary><see cref="ResumptionStateAvailableEffect"/>.</summary>
    ResumptionStateAvailable,

    /// <summary><see cref="ZeroRttStatusEventEffect"/>.</summary>
    ZeroRttStatusEvent,

    /// <summary><see cref="PacketInspectionEffect"/>.</summary>
    PacketInspection,

    /// <summary><see cref="NewTokenAvailableEffect"/>.</summary>
    NewTokenAvailable,

    /// <summary><see cref="HandshakeInformationEffect"/>.</summary>
    HandshakeInformation,

    /// <summary><see cref="PathChangedEffect"/>.</summary>
    PathChanged,

    /// <summary><see cref="SendProgressEffect"/>.</summary>
    SendProgress,

    /// <summary><see cref="StreamsAvailableEffect"/>.</summary>
    StreamsAvailable,

    /// <summary><see cref="TraceEffect"/>.</summary>
    Trace,

    /// <summary><see cref="ConnectionClosedEffect"/>.</summary>
    ConnectionClosed,

    /// <summary><see cref="CertificateVerdictNeededEffect"/>.</summary>
    CertificateVerdictNeeded,

    /// <summary><see cref="ServerIdentityNeededEffect"/>.</summary>
    ServerIdentityNeeded,
}

/// <summary>Something the host has to do or may want to know. Effects are immutable and can be kept, compared and replayed.</summary>
/// <param name="Connection">The connection it belongs to; <see cref="ConnectionHandle.None"/> for none.</param>
public abstract record Effect(ConnectionHandle Connection)
{
    /// <summary>Which effect this is.</summary>
    public abstract EffectKind Kind { get; }
}

/// <summary>A run of one or more UDP datagrams to transmit on one route, in order.</summary>
/// <param name="Connection">The connection, or none for a stateless answer.</param>
/// <param name="Route">The route to send on; none when the connection never had one.</param>
/// <param name="Ecn">The mark to set.</param>
/// <param name="IsPmtuProbe">Whether it must not be fragmented, and may be too large for the path.</param>
/// <param name="Bytes">The datagrams, one behind the other.</param>
/// <param name="SegmentSize">Each datagram's size in bytes; the last may be shorter.</param>
public sealed record SendDatagramEffect(
    ConnectionHandle Connection,
    RouteHandle? Route,
    EcnCodepoint Ecn,
    bool IsPmtuProbe,
    Bytes Bytes,
    int SegmentSize) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.SendDatagram;
}

/// <summary>Bytes of a stream: in order and contiguous, unless out-of-order delivery is on.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="StreamId">The stream.</param>
/// <param name="Offset">The stream offset of the first byte.</param>
/// <param name="Bytes">The bytes; none when only the end is told.</param>
/// <param name="Fin">Whether the stream ends behind these bytes.</param>
/// <param name="FinalSize">The stream's length in bytes, exactly when <paramref name="Fin"/> is set.</param>
public sealed record ReceiveStreamDataEffect(
    ConnectionHandle Connection,
    StreamId StreamId,
    ulong Offset,
    Bytes Bytes,
    bool Fin,
    ulong? FinalSize) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.ReceiveStreamData;
}

/// <summary>The payload of a DATAGRAM frame (RFC 9221).</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Bytes">The payload; may be empty.</param>
public sealed record ReceiveDatagramDataEffect(ConnectionHandle Connection, Bytes Bytes) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.ReceiveDatagramData;
}

/// <summary>The peer abandoned its sending part of a stream (RFC 9000 §19.4). No more of its data follows.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="StreamId">The stream.</param>
/// <param name="ApplicationErrorCode">The application protocol's error code.</param>
/// <param name="FinalSize">The stream's final size in bytes.</param>
public sealed record PeerResetStreamEffect(
    ConnectionHandle Connection,
    StreamId StreamId,
    ulong ApplicationErrorCode,
    ulong FinalSize) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.PeerResetStream;
}

/// <summary>The peer will not read a stream (RFC 9000 §19.5). The engine has answered with RESET_STREAM.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="StreamId">The stream.</param>
/// <param name="ApplicationErrorCode">The application protocol's error code.</param>
public sealed record PeerStopSendingEffect(
    ConnectionHandle Connection,
    StreamId StreamId,
    ulong ApplicationErrorCode) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.PeerStopSending;
}

/// <summary>The handshake came a step further, or the connection failed.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Change">The step.</param>
public sealed record StateEventEffect(ConnectionHandle Connection, StateChange Change) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.StateEvent;
}

/// <summary>A connection came into being or ended.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Event">Which of the two.</param>
public sealed record ConnectionLifecycleEventEffect(ConnectionHandle Connection, Lifecycle Event) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.ConnectionLifecycleEvent;
}

/// <summary>The server prefers to be reached at another address (RFC 9000 §9.6).</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Address">The address, with the connection ID to use there.</param>
public sealed record PeerPreferredAddressAvailableEffect(ConnectionHandle Connection, PreferredAddress Address)
    : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.PeerPreferredAddressAvailable;
}

/// <summary>A session ticket came in: give it back when opening a later connection.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Serialized">An opaque blob; secret, as it lets its holder resume the session.</param>
public sealed record ResumptionStateAvailableEffect(ConnectionHandle Connection, Bytes Serialized) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.ResumptionStateAvailable;
}

/// <summary>What became of early data.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Status">Its fate.</param>
/// <param name="HaveStreamsEnded">
/// Whether every stream that was opened before is gone, with all that was written to it (RFC 9001 §4.6.2): only when early data was
/// rejected. Streams opened afterwards have numbers from the first one on.
/// </param>
public sealed record ZeroRttStatusEventEffect(
    ConnectionHandle Connection, ZeroRttStatus Status, bool HaveStreamsEnded = false) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.ZeroRttStatusEvent;
}

/// <summary>One packet as sent or received, in the clear; only when inspection is on.</summary>
public sealed record PacketInspectionEffect(ConnectionHandle Connection) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.PacketInspection;

    /// <summary>Whether it was sent or received.</summary>
    public required PacketDirection Direction { get; init; }

    /// <summary>Its type.</summary>
    public required InspectedPacketType PacketType { get; init; }

    /// <summary>Groups the packets of one datagram.</summary>
    public required ulong DatagramId { get; init; }

    /// <summary>The datagram's length in bytes.</summary>
    public required int DatagramLength { get; init; }

    /// <summary>Where in the datagram the packet starts, in bytes.</summary>
    public required int DatagramOffset { get; init; }

    /// <summary>The packet's length in bytes.</summary>
    public required int PacketLength { get; init; }

    /// <summary>The version, for long headers.</summary>
    public QuicVersion? Version { get; init; }

    /// <summary>The destination connection ID.</summary>
    public required ConnectionId DestinationConnectionId { get; init; }

    /// <summary>The source connection ID, for long headers.</summary>
    public ConnectionId? SourceConnectionId { get; init; }

    /// <summary>The token, for Initial packets.</summary>
    public Bytes Token { get; init; }

    /// <summary>The spin bit, for 1-RTT.</summary>
    public bool SpinBit { get; init; }

    /// <summary>The key phase bit, for 1-RTT.</summary>
    public bool KeyPhase { get; init; }

    /// <summary>The length of the packet number on the wire, 1 to 4 bytes.</summary>
    public required int PacketNumberLength { get; init; }

    /// <summary>The packet number.</summary>
    public required ulong PacketNumber { get; init; }

    /// <summary>The packet as on the wire.</summary>
    public required Bytes Ciphertext { get; init; }

    /// <summary>The frames.</summary>
    public required Bytes Plaintext { get; init; }
}

/// <summary>The server gave a token for a later connection (RFC 9000 §8.1.3).</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Token">The token.</param>
public sealed record NewTokenAvailableEffect(ConnectionHandle Connection, Bytes Token) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.NewTokenAvailable;
}

/// <summary>What the handshake settled; once, just before <see cref="StateChange.HandshakeReady"/>.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Version">The QUIC version.</param>
/// <param name="ApplicationProtocol">The ALPN protocol chosen.</param>
/// <param name="CipherSuite">The cipher suite.</param>
/// <param name="Group">The key exchange group.</param>
/// <param name="PeerCertificate">The peer's own certificate, DER; empty when it showed none.</param>
/// <param name="WasResumed">Whether an earlier session was resumed.</param>
public sealed record HandshakeInformationEffect(
    ConnectionHandle Connection,
    QuicVersion Version,
    string ApplicationProtocol,
    CipherSuite CipherSuite,
    NamedGroup Group,
    Bytes PeerCertificate,
    bool WasResumed) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.HandshakeInformation;
}

/// <summary>
/// The application has to judge the peer's certificate: the handshake waits for <see cref="QuicEndpoint.AnswerCertificate"/>, at most
/// until the handshake timeout.
/// </summary>
/// <param name="Connection">The connection.</param>
/// <param name="QuestionId">The question's number, which the answer repeats.</param>
/// <param name="Question">What is known of the peer. That it holds the certificate's key is checked already.</param>
public sealed record CertificateVerdictNeededEffect(ConnectionHandle Connection, ulong QuestionId, CertificateQuestion Question)
    : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.CertificateVerdictNeeded;
}

/// <summary>
/// The application has to say which identity a client is shown: the handshake waits for <see cref="QuicEndpoint.AnswerIdentity"/>, at
/// most until the handshake timeout.
/// </summary>
/// <param name="Connection">The connection.</param>
/// <param name="QuestionId">The question's number, which the answer repeats.</param>
/// <param name="Question">What is known of the client.</param>
public sealed record ServerIdentityNeededEffect(ConnectionHandle Connection, ulong QuestionId, ServerIdentityQuestion Question)
    : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.ServerIdentityNeeded;
}

/// <summary>
/// The connection moved to another route (RFC 9000 §9): told when packets begin to go there, and again once the path is validated if it
/// was not. A route that was asked for and does not work is told as the old one, and where the connection stays as the new.
/// </summary>
/// <param name="Connection">The connection.</param>
/// <param name="OldRoute">Where it was.</param>
/// <param name="NewRoute">Where it is.</param>
/// <param name="IsValidated">Whether the new path is validated.</param>
public sealed record PathChangedEffect(
    ConnectionHandle Connection,
    RouteHandle? OldRoute,
    RouteHandle? NewRoute,
    bool IsValidated) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.PathChanged;
}

/// <summary>Stream data was acknowledged: the buffer fell below the low-water mark, or is empty.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="StreamId">The stream.</param>
/// <param name="Released">Bytes from the start of the stream that are acknowledged and forgotten.</param>
/// <param name="Buffered">Bytes still held.</param>
public sealed record SendProgressEffect(ConnectionHandle Connection, StreamId StreamId, ulong Released, ulong Buffered)
    : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.SendProgress;
}

/// <summary>How many streams of a kind this endpoint may have opened in all (RFC 9000 §4.6).</summary>
/// <param name="Connection">The connection.</param>
/// <param name="StreamKind">The kind.</param>
/// <param name="Limit">Streams opened since the connection began may not exceed this count.</param>
public sealed record StreamsAvailableEffect(ConnectionHandle Connection, StreamKind StreamKind, ulong Limit)
    : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.StreamsAvailable;
}

/// <summary>Something to write down, when asked for: a key-log line or a qlog event.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Record">What to write down.</param>
public sealed record TraceEffect(ConnectionHandle Connection, TraceRecord Record) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.Trace;
}

/// <summary>Something to write down about a connection.</summary>
public abstract record TraceRecord;

/// <summary>One line of the NSS key log format, without its newline. Secret: it decrypts the connection.</summary>
/// <param name="Line">Label, client random and secret.</param>
public sealed record KeyLogLine(string Line) : TraceRecord;

/// <summary>A qlog event (<see cref="QlogWriter"/> writes it as JSON). Secrets and contents are left out.</summary>
/// <param name="Time">When it happened.</param>
/// <param name="Event">What happened.</param>
public sealed record QlogRecord(TimeUs Time, QlogEvent Event) : TraceRecord;

/// <summary>
/// The connection has ended: exactly one a connection, and its last effect. Copies of a CONNECTION_CLOSE that the closing state
/// may still send (RFC 9000 §10.2.1) belong to no connection.
/// </summary>
/// <param name="Connection">The connection.</param>
/// <param name="Reason">How it ended.</param>
public sealed record ConnectionClosedEffect(ConnectionHandle Connection, CloseReason Reason) : Effect(Connection)
{
    /// <inheritdoc/>
    public override EffectKind Kind => EffectKind.ConnectionClosed;
}
