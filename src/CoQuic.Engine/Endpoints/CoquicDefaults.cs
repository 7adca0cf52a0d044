using System;

namespace CoQuic.Engine;

/// <summary>The values that the C ABI's initialisers set. New records hold the defaults for people instead.</summary>
public static class CoquicDefaults
{
    /// <summary>The application protocol of a configuration that names none.</summary>
    public const string ApplicationProtocol = "coquic";

    /// <summary>The server name of a connection that names none.</summary>
    public const string ServerName = "localhost";

    /// <summary>Transport settings: NewReno, no idle timeout, windows of 256 KiB, DATAGRAM on.</summary>
    public static TransportConfig Transport { get; } = new()
    {
        MaxIdleTimeout = TimeSpan.Zero,
        HandshakeTimeout = TimeSpan.Zero,
        KeepAliveInterval = TimeSpan.Zero,
        MaxUdpPayloadSize = 65527,
        PmtudEnabled = true,
        PmtudBaseDatagramSize = 1200,
        PmtudMaxDatagramSize = 0,
        ActiveConnectionIdLimit = 2,
        DisableActiveMigration = false,
        DeferActiveMigrationPathValidation = false,
        MigrationRecoveryRetentionTimeout = TimeSpan.Zero,
        AckDelayExponent = 3,
        MaxAckDelay = TimeSpan.FromMilliseconds(25),
        AckElicitingThreshold = 2,
        MaxAckElicitingThreshold = 0,
        InitialMaxData = 1 << 20,
        InitialMaxStreamDataBidiLocal = 256 << 10,
        InitialMaxStreamDataBidiRemote = 256 << 10,
        InitialMaxStreamDataUni = 256 << 10,
        MaxStreamWindow = 0,
        MaxConnectionWindow = 0,
        InitialMaxStreamsBidi = 16,
        InitialMaxStreamsUni = 16,
        MaxDatagramFrameSize = 65535,
        CongestionControl = CongestionControl.NewReno,
        EnableHyStartPlusPlus = true,
        SendStreamFairness = true,
        EnableLatencySpinBit = false,
        GreaseReservedVersions = false,
        GreaseQuicBit = false,
        EnableOptimisticAckMitigation = false,
        UnderfilledPacketCoalescingDelay = TimeSpan.Zero,
        EcnPolicy = EcnPolicy.Rfc9000Ect0,
        PmtudProvisionalIcmpReductions = false,
        ReceiveCredit = ReceiveCredit.Automatic,
        SendLowWaterMark = 0,
    };

    /// <summary>The settings of an endpoint.</summary>
    /// <param name="role">The ABI's initialiser says client.</param>
    /// <param name="entropy">Where random bytes come from.</param>
    /// <param name="calendar">The calendar.</param>
    public static EndpointConfig Endpoint(Role role, IEntropy entropy, CalendarAnchor calendar) => new()
    {
        Role = role,
        Entropy = entropy,
        Calendar = calendar,
        SupportedVersions = [QuicVersion.V1],
        ApplicationProtocols = [ApplicationProtocol],
        VerifyPeer = true,
        Transport = Transport,
        MaxOutboundDatagramSize = 1200,
        ZeroRtt = ZeroRttConfig.Disabled,
        OrphanZeroRttBuffer = OrphanZeroRttBuffer.Disabled,
        TicketsPerConnection = 1,
        TicketLifetime = NewSessionTicket.MaximumLifetime,
        RetryEnabled = false,
        RetryThreshold = 0,
        RetryHandshakeValidationPolicy = RetryHandshakeValidationPolicy.Disabled,
        EnableOutOfOrderReceive = false,
        EnablePacketInspection = false,
        AllowPeerAddressChange = true,
        EnableReservedVersionProbe = false,
        EnableLongHeaderStatelessReset = false,
        EnableMinimalClosingStateRetention = false,
        MaxServerConnections = 0,
        MaxHalfOpenConnections = 0,
    };

    /// <summary>A connection with these IDs to <see cref="ServerName"/>, on route 0, from nobody in particular.</summary>
    /// <param name="sourceConnectionId">The ID that the server sends to.</param>
    /// <param name="initialDestinationConnectionId">The first ID sent to, at least 8 bytes.</param>
    public static OpenConnection OpenConnection(ConnectionId sourceConnectionId, ConnectionId initialDestinationConnectionId) =>
        new()
        {
            ServerName = ServerName,
            SourceConnectionId = sourceConnectionId,
            InitialDestinationConnectionId = initialDestinationConnectionId,
            InitialVersion = QuicVersion.V1,
        };
}
