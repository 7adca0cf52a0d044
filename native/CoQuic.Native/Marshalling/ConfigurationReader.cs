using System;
using System.Collections.Generic;
using System.Text;
using CoQuic.Abi;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>
/// An endpoint's configuration as the engine takes it. The ABI judges none: what cannot work is accepted and shows when a handshake
/// fails. So values out of range are brought into it, a missing or bad identity is nobody, and a name that cannot be offered becomes
/// one that no peer knows.
/// </summary>
internal static unsafe class ConfigurationReader
{
    /// <summary>The fields that a size reaches, each with the offset of its end.</summary>
    private const int MaxServerConnectionsEnd = 280;
    private const int EnableOutOfOrderReceiveEnd = 281;
    private const int OrphanZeroRttBufferEnd = 312;
    private const int EnableReservedVersionProbeEnd = 313;
    private const int EnableLongHeaderStatelessResetEnd = 314;
    private const int EnableMinimalClosingStateRetentionEnd = 315;
    private const int RetryHandshakeValidationPolicyEnd = 321;

    private const int LargestConnectionIdLimit = 1024;
    private const ulong LargestVarInt = (1UL << 62) - 1;
    private const ulong LargestStreamCount = 1UL << 60;
    private const int LargestProtocolName = 255;

    /// <summary>Reads a configuration whose size was found to reach what every caller fills in.</summary>
    public static EndpointConfig Read(CoquicEndpointConfig* config, IEntropy entropy, CalendarAnchor calendar)
    {
        nuint size = config->Size;
        var role = (Role)Incoming.EnumOr0(config->Role, (byte)Role.Server);
        return CoquicDefaults.Endpoint(role, entropy, calendar) with
        {
            SupportedVersions = Versions(config),
            ApplicationProtocols = [ProtocolName(config, entropy)],
            VerifyPeer = Incoming.Flag(config->VerifyPeer),
            ServerIdentities = Identity(config->Identity),
            Transport = Transport(config->Transport),
            MaxOutboundDatagramSize = Incoming.Clamp(config->MaxOutboundDatagramSize, DatagramSizes.Smallest, DatagramSizes.Largest),
            ZeroRtt = Incoming.ZeroRtt(config->ZeroRtt),
            RetryEnabled = Incoming.Flag(config->RetryEnabled),
            EnablePacketInspection = Incoming.Flag(config->EnablePacketInspection),
            AllowPeerAddressChange = Incoming.Flag(config->AllowPeerAddressChange),
            MaxServerConnections = size >= MaxServerConnectionsEnd
                ? Incoming.Clamp(config->MaxServerConnections, 0, int.MaxValue)
                : 0,
            EnableOutOfOrderReceive = size >= EnableOutOfOrderReceiveEnd && Incoming.Flag(config->EnableOutOfOrderReceive),
            OrphanZeroRttBuffer = size >= OrphanZeroRttBufferEnd
                ? OrphanBuffer(config->OrphanZeroRttBuffer)
                : OrphanZeroRttBuffer.Disabled,
            EnableReservedVersionProbe =
                size >= EnableReservedVersionProbeEnd && Incoming.Flag(config->EnableReservedVersionProbe),
            EnableLongHeaderStatelessReset =
                size >= EnableLongHeaderStatelessResetEnd && Incoming.Flag(config->EnableLongHeaderStatelessReset),
            EnableMinimalClosingStateRetention =
                size >= EnableMinimalClosingStateRetentionEnd && Incoming.Flag(config->EnableMinimalClosingStateRetention),
            RetryHandshakeValidationPolicy = size >= RetryHandshakeValidationPolicyEnd
                ? (RetryHandshakeValidationPolicy)Incoming.EnumOr0(
                    config->RetryHandshakeValidationPolicy, (byte)RetryHandshakeValidationPolicy.ConnectionError)
                : RetryHandshakeValidationPolicy.Disabled,
        };
    }

    private static TransportConfig Transport(in CoquicTransportConfig config) => CoquicDefaults.Transport with
    {
        MaxIdleTimeout = Incoming.Milliseconds(config.MaxIdleTimeout),
        MaxUdpPayloadSize = Incoming.Clamp(config.MaxUdpPayloadSize, DatagramSizes.Smallest, DatagramSizes.Largest),
        PmtudEnabled = Incoming.Flag(config.PmtudEnabled),
        PmtudBaseDatagramSize = Incoming.Clamp(config.PmtudBaseDatagramSize, DatagramSizes.Smallest, DatagramSizes.Largest),
        PmtudMaxDatagramSize = config.PmtudMaxDatagramSize == 0
            ? 0
            : Incoming.Clamp(config.PmtudMaxDatagramSize, DatagramSizes.Smallest, DatagramSizes.Largest),
        ActiveConnectionIdLimit = Incoming.Clamp(config.ActiveConnectionIdLimit, 2, LargestConnectionIdLimit),
        DisableActiveMigration = Incoming.Flag(config.DisableActiveMigration),
        DeferActiveMigrationPathValidation = Incoming.Flag(config.DeferActiveMigrationPathValidation),
        MigrationRecoveryRetentionTimeout = Incoming.Microseconds(config.MigrationRecoveryRetentionTimeoutUs),
        AckDelayExponent = Incoming.Clamp(config.AckDelayExponent, 0, 20),
        MaxAckDelay = TimeSpan.FromMilliseconds(Incoming.Clamp(config.MaxAckDelay, 0, (1 << 14) - 1)),
        AckElicitingThreshold = Incoming.Clamp(config.AckElicitingThreshold, 1, int.MaxValue),
        InitialMaxData = Math.Min(config.InitialMaxData, LargestVarInt),
        InitialMaxStreamDataBidiLocal = Math.Min(config.InitialMaxStreamDataBidiLocal, LargestVarInt),
        InitialMaxStreamDataBidiRemote = Math.Min(config.InitialMaxStreamDataBidiRemote, LargestVarInt),
        InitialMaxStreamDataUni = Math.Min(config.InitialMaxStreamDataUni, LargestVarInt),
        InitialMaxStreamsBidi = Math.Min(config.InitialMaxStreamsBidi, LargestStreamCount),
        InitialMaxStreamsUni = Math.Min(config.InitialMaxStreamsUni, LargestStreamCount),
        MaxDatagramFrameSize = Math.Min(config.MaxDatagramFrameSize, LargestVarInt),
        CongestionControl = (CongestionControl)Incoming.EnumOr0(
            config.CongestionControl, (byte)CongestionControl.PccVivace),
        EnableHyStartPlusPlus = Incoming.Flag(config.EnableHystartPlusPlus),
        SendStreamFairness = Incoming.Flag(config.SendStreamFairness),
        EnableLatencySpinBit = Incoming.Flag(config.EnableLatencySpinBit),
        GreaseReservedVersions = Incoming.Flag(config.GreaseReservedVersions),
        GreaseQuicBit = Incoming.Flag(config.GreaseQuicBit),
        EnableOptimisticAckMitigation = Incoming.Flag(config.EnableOptimisticAckMitigation),
        UnderfilledPacketCoalescingDelay = Incoming.Microseconds(config.UnderfilledPacketCoalescingDelayUs),
        EcnPolicy = (EcnPolicy)Incoming.EnumOr0(config.EcnPolicy, (byte)EcnPolicy.Rfc8311Ect1),
        PmtudProvisionalIcmpReductions = true, // At once, as the ABI has it, and until the loss is seen (RFC 9000 §14.2.1).
    };

    private static OrphanZeroRttBuffer OrphanBuffer(in CoquicOrphanZeroRttBufferConfig config) => new(
        Incoming.Clamp(config.MaxPackets, 0, int.MaxValue),
        Incoming.Clamp(config.MaxBytes, 0, int.MaxValue),
        Incoming.Microseconds(config.MaxAgeUs));

    /// <summary>The versions that the engine speaks, in the caller's order; version 1 where none is left.</summary>
    private static IReadOnlyList<QuicVersion> Versions(CoquicEndpointConfig* config)
    {
        var versions = new List<QuicVersion>();
        nuint count = config->SupportedVersions == null ? 0 : config->SupportedVersionsCount;
        for (nuint index = 0; index < count; index++)
        {
            var version = new QuicVersion(config->SupportedVersions[index]);
            bool isSpoken = version == QuicVersion.V1 || version == QuicVersion.V2;
            if (isSpoken && !versions.Contains(version))
                versions.Add(version);
        }

        return versions.Count > 0 ? versions : [QuicVersion.V1];
    }

    private static string ProtocolName(CoquicEndpointConfig* config, IEntropy entropy)
    {
        string name = Incoming.Text(config->ApplicationProtocol, config->ApplicationProtocolLength);
        if (Encoding.UTF8.GetByteCount(name) is >= 1 and <= LargestProtocolName)
            return name;
        byte[] unheardOf = new byte[16];
        entropy.Fill(unheardOf);
        return Convert.ToHexStringLower(unheardOf);
    }

    private static IServerIdentitySelector Identity(CoquicTlsIdentity* identity)
    {
        if (identity == null)
            return Nobody.Instance;
        string certificate = Incoming.Text(identity->CertificatePem, identity->CertificatePemLength);
        string key = Incoming.Text(identity->PrivateKeyPem, identity->PrivateKeyPemLength);
        return CertificateIdentity.TryFromPem(certificate, key, out CertificateIdentity? found, out _)
            ? new SingleServerIdentity(found)
            : Nobody.Instance;
    }

    /// <summary>No identity: every handshake is refused.</summary>
    private sealed class Nobody : IServerIdentitySelector
    {
        public static readonly Nobody Instance = new();

        public CertificateIdentity? Select(string? serverName) => null;
    }
}
