using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;

namespace CoQuic.Engine;

/// <summary>A calendar instant and the <see cref="TimeUs"/> it belongs to: with it, elapsed time tells the date.</summary>
/// <param name="Utc">The calendar instant.</param>
/// <param name="At">The same instant on the caller's monotonic clock.</param>
public sealed record CalendarAnchor(
    [property: DebuggerBrowsable(DebuggerBrowsableState.Never)] DateTimeOffset Utc,
    [property: DebuggerBrowsable(DebuggerBrowsableState.Never)] TimeUs At)
{
    /// <summary>The calendar time at an instant.</summary>
    /// <param name="now">The instant on the caller's monotonic clock.</param>
    public DateTimeOffset AtInstant(TimeUs now) => Utc + (now - At);

    /// <summary>Both instants.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Utc:u} at {At}");
}

/// <summary>Bounds for 0-RTT packets that overtake their Initial. Zero in any of them turns the buffer off.</summary>
/// <param name="MaxPackets">How many datagrams are kept.</param>
/// <param name="MaxBytes">How many bytes are kept.</param>
/// <param name="MaxAge">For how long.</param>
public sealed record OrphanZeroRttBuffer(int MaxPackets, int MaxBytes, TimeSpan MaxAge)
{
    /// <summary>Nothing is kept.</summary>
    public static readonly OrphanZeroRttBuffer Disabled = new(0, 0, TimeSpan.Zero);

    /// <summary>What a few clients send in their first flight, for as long as packets usually overtake each other.</summary>
    public static readonly OrphanZeroRttBuffer Small = new(64, 96 * 1024, TimeSpan.FromMilliseconds(500));
}

/// <summary>Everything that decides how an endpoint behaves. With the inputs and their times it decides every byte.</summary>
public sealed record EndpointConfig
{
    /// <summary>Whether the endpoint opens connections or accepts them.</summary>
    public required Role Role { get; init; }

    /// <summary>Where random bytes come from. One endpoint owns one source.</summary>
    public required IEntropy Entropy { get; init; }

    /// <summary>The calendar, for certificates: an instant and what the caller's clock showed then.</summary>
    public required CalendarAnchor Calendar { get; init; }

    /// <summary>
    /// The versions spoken, most preferred first (RFC 9000 §6). A client's first flight is in the first of them unless it says otherwise; a
    /// server changes it to the first of its own that the client offers (RFC 9368 §2.3).
    /// </summary>
    public IReadOnlyList<QuicVersion> SupportedVersions { get; init; } = [QuicVersion.V1];

    /// <summary>The application protocols (ALPN, RFC 7301), most preferred first; 1 to 255 bytes of UTF-8 each. At least one.</summary>
    public IReadOnlyList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>
    /// Whether the peer's certificate chain and name are verified. Without, only those two are skipped: the signature of the
    /// handshake is always checked.
    /// </summary>
    public bool VerifyPeer { get; init; } = true;

    /// <summary>
    /// Who judges the peer's certificate. None takes the platform's rules and the system's roots on a client; a server that asks for
    /// certificates needs one, since the system's roots say nothing about clients.
    /// </summary>
    public ICertificateVerifier? CertificateVerifier { get; init; }

    /// <summary>
    /// Whether the application judges peers' certificates, in place of a verifier: a <see cref="CertificateVerdictNeededEffect"/> asks,
    /// and the handshake waits for the answer within the handshake timeout. Without <see cref="VerifyPeer"/> nobody is asked.
    /// </summary>
    public bool AsksForCertificateVerdicts { get; init; }

    /// <summary>Who picks a server's certificate and key, by server name. Servers need one.</summary>
    public IServerIdentitySelector? ServerIdentities { get; init; }

    /// <summary>
    /// Whether the application says which identity a client is shown: a <see cref="ServerIdentityNeededEffect"/> asks, the handshake
    /// waits within the handshake timeout, and the answer is the name for which <see cref="ServerIdentities"/> is asked, in place of the
    /// client's.
    /// </summary>
    public bool AsksForServerIdentities { get; init; }

    /// <summary>
    /// Whether a server asks clients for a certificate (RFC 8446 §4.3.2). One that does resumes no sessions: a ticket shows no
    /// certificate.
    /// </summary>
    public ClientCertificatePolicy ClientCertificates { get; init; }

    /// <summary>Who picks a client's certificate and key for a server that asks; none has no certificate to show.</summary>
    public IClientIdentitySelector? ClientIdentities { get; init; }

    /// <summary>Transport settings.</summary>
    public TransportConfig Transport { get; init; } = new();

    /// <summary>No datagram sent is larger, 1200 to 65527 bytes.</summary>
    public int MaxOutboundDatagramSize { get; init; } = 1472;

    /// <summary>
    /// Whether inputs leave what there is to send to the next <see cref="QuicEndpoint.TimerExpired"/>, for which their results ask by
    /// <see cref="EndpointResult.SendContinuationPending"/>: for hosts that take several inputs at a time, since packets then answer
    /// all of them together. A driver that cannot sends at once.
    /// </summary>
    public bool DefersSends { get; init; }

    /// <summary>Early data settings.</summary>
    public ZeroRttConfig ZeroRtt { get; init; } = ZeroRttConfig.Disabled;

    /// <summary>What a server keeps of 0-RTT packets that overtake their Initial.</summary>
    public OrphanZeroRttBuffer OrphanZeroRttBuffer { get; init; } = OrphanZeroRttBuffer.Small;

    /// <summary>
    /// The keys under which a server seals session tickets (RFC 8446 §4.6.1). Servers that are to resume each other's sessions share
    /// them, and a <see cref="ReplayGuard"/>.
    /// </summary>
    public SealingKeys TicketKeys { get; init; } = SealingKeys.Drawn;

    /// <summary>How many session tickets a server gives to each client, 0 to 16; 0 resumes no session.</summary>
    public int TicketsPerConnection { get; init; } = 2;

    /// <summary>How long a session ticket lives, at least a second and at most 7 days (RFC 8446 §4.6.1).</summary>
    public TimeSpan TicketLifetime { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Who knows the early data that a server has taken, so that none is taken twice; none makes one for this endpoint alone. A server
    /// that comes back with configured <see cref="TicketKeys"/> and a guard of its own refuses early data for its first seconds.
    /// </summary>
    public IReplayGuard? ReplayGuard { get; init; }

    /// <summary>
    /// Whether a server validates every address by Retry (RFC 9000 §8.1.2), but for clients that bring a good token of an earlier
    /// connection.
    /// </summary>
    public bool RetryEnabled { get; init; }

    /// <summary>From how many half-open connections on a server demands Retry by itself; 0 means never.</summary>
    public int RetryThreshold { get; init; } = 1_000;

    /// <summary>How long a client may take to come back with a Retry token; above zero.</summary>
    public TimeSpan RetryTokenLifetime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// What a server does when the ClientHello changes across a Retry. Its first 900 bytes are compared, as far as the client's first
    /// packet has them.
    /// </summary>
    public RetryHandshakeValidationPolicy RetryHandshakeValidationPolicy { get; init; }

    /// <summary>How many tokens for later connections a server gives to each client (RFC 9000 §8.1.3), 0 to 8.</summary>
    public int NewTokensPerConnection { get; init; } = 1;

    /// <summary>How long tokens for later connections are good; above zero.</summary>
    public TimeSpan NewTokenLifetime { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// The keys of a server's address-validation tokens. Empty draws one: shards, and restarts, then do not know each other's tokens.
    /// </summary>
    public SealingKeys TokenKeys { get; init; } = SealingKeys.Drawn;

    /// <summary>Whether received stream data is given out before what precedes it has arrived.</summary>
    public bool EnableOutOfOrderReceive { get; init; }

    /// <summary>Whether every packet is shown by a <see cref="PacketInspectionEffect"/>.</summary>
    public bool EnablePacketInspection { get; init; }

    /// <summary>Whether a peer may change its address, and we ours (RFC 9000 §9).</summary>
    public bool AllowPeerAddressChange { get; init; } = true;

    /// <summary>
    /// Where a server would rather be reached (RFC 9000 §9.6); none where it accepts. Whoever sends for the server has to send from there,
    /// on the routes of datagrams that arrived there. Not offered with connection IDs of length 0 (RFC 9000 §18.2).
    /// </summary>
    public PreferredAddressOffer? PreferredAddress { get; init; }

    /// <summary>Whether a client begins in a reserved version, to exercise negotiation: it costs a round trip (RFC 9000 §6.3).</summary>
    public bool EnableReservedVersionProbe { get; init; }

    /// <summary>Whether a server's stateless resets answer Handshake packets of unknown connections too (RFC 9000 §10.3).</summary>
    public bool EnableLongHeaderStatelessReset { get; init; }

    /// <summary>Whether a closing connection keeps no more than its last datagram.</summary>
    public bool EnableMinimalClosingStateRetention { get; init; }

    /// <summary>How many connections a server holds at once, closing ones included; 0 means any number.</summary>
    public int MaxServerConnections { get; init; } = 10_000;

    /// <summary>
    /// How many connections a server holds at once whose handshake is not complete; 0 means any number. Others are refused until there
    /// is room.
    /// </summary>
    public int MaxHalfOpenConnections { get; init; } = 5_000;

    /// <summary>Whether <see cref="TraceEffect"/>s carry key-log lines. They decrypt the connections.</summary>
    public bool EnableKeyLog { get; init; }

    /// <summary>Whether <see cref="TraceEffect"/>s carry qlog events.</summary>
    public bool EnableQlog { get; init; }

    /// <summary>Who makes key shares; the standard one draws private keys from <see cref="Entropy"/>.</summary>
    public IKeyExchange KeyExchange { get; init; } = CoQuic.Engine.KeyExchange.Instance;

    /// <summary>The key exchange groups, most preferred first.</summary>
    public IReadOnlyList<NamedGroup> Groups { get; init; } = [NamedGroup.X25519, NamedGroup.Secp256r1];

    /// <summary>
    /// The groups of which a client sends key shares at once: some of <see cref="Groups"/>, in their order. None sends one share, of the
    /// first; a server that wants another group asks for it, which takes a round trip (RFC 8446 §4.1.4).
    /// </summary>
    public IReadOnlyList<NamedGroup> KeyShareGroups { get; init; } = [];

    /// <summary>The cipher suites, most preferred first.</summary>
    public IReadOnlyList<CipherSuite> CipherSuites { get; init; } =
        [CipherSuite.Aes128GcmSha256, CipherSuite.Aes256GcmSha384, CipherSuite.ChaCha20Poly1305Sha256];

    /// <summary>How connection IDs look and are found in short headers.</summary>
    public IConnectionIdScheme ConnectionIds { get; init; } = new RandomConnectionIds();

    /// <summary>
    /// The key from which stateless reset tokens are made (RFC 9000 §10.3.2), at least 32 bytes; empty draws one, which a restart
    /// forgets.
    /// </summary>
    public Bytes StatelessResetKey { get; init; }

    /// <summary>Limits of keys below those of their cipher suite, which RFC 9001 §6.6 leaves to us; none keeps to the suite's.</summary>
    internal AeadLimits? AeadLimits { get; init; }

    /// <summary>
    /// Who judges certificates in the end: without verification, whoever accepts every chain; null where the application does.
    /// </summary>
    internal ICertificateVerifier? EffectiveVerifier
    {
        get
        {
            if (!VerifyPeer)
                return NoCertificateVerifier.Instance;
            return AsksForCertificateVerdicts ? null : CertificateVerifier ?? PlatformCertificateVerifier.SystemRoots;
        }
    }
}
