using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CoQuic.Abi;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>The ABI's initialisers: <see cref="CoquicDefaults"/> as C structs.</summary>
internal static unsafe class Initialisers
{
    private const int EndpointDatagramSize = 1200;

    public static CoquicTransportConfig Transport()
    {
        TransportConfig defaults = CoquicDefaults.Transport;
        return new CoquicTransportConfig
        {
            MaxIdleTimeout = (ulong)defaults.MaxIdleTimeout.TotalMilliseconds,
            MaxUdpPayloadSize = (ulong)defaults.MaxUdpPayloadSize,
            PmtudEnabled = Outgoing.Flag(defaults.PmtudEnabled),
            PmtudBaseDatagramSize = (nuint)defaults.PmtudBaseDatagramSize,
            PmtudMaxDatagramSize = (nuint)defaults.PmtudMaxDatagramSize,
            ActiveConnectionIdLimit = (ulong)defaults.ActiveConnectionIdLimit,
            DisableActiveMigration = Outgoing.Flag(defaults.DisableActiveMigration),
            DeferActiveMigrationPathValidation = Outgoing.Flag(defaults.DeferActiveMigrationPathValidation),
            MigrationRecoveryRetentionTimeoutUs = (ulong)defaults.MigrationRecoveryRetentionTimeout.TotalMicroseconds,
            AckDelayExponent = (ulong)defaults.AckDelayExponent,
            MaxAckDelay = (ulong)defaults.MaxAckDelay.TotalMilliseconds,
            AckElicitingThreshold = (ulong)defaults.AckElicitingThreshold,
            InitialMaxData = defaults.InitialMaxData,
            InitialMaxStreamDataBidiLocal = defaults.InitialMaxStreamDataBidiLocal,
            InitialMaxStreamDataBidiRemote = defaults.InitialMaxStreamDataBidiRemote,
            InitialMaxStreamDataUni = defaults.InitialMaxStreamDataUni,
            InitialMaxStreamsBidi = defaults.InitialMaxStreamsBidi,
            InitialMaxStreamsUni = defaults.InitialMaxStreamsUni,
            MaxDatagramFrameSize = defaults.MaxDatagramFrameSize,
            CongestionControl = (byte)defaults.CongestionControl,
            EnableHystartPlusPlus = Outgoing.Flag(defaults.EnableHyStartPlusPlus),
            SendStreamFairness = Outgoing.Flag(defaults.SendStreamFairness),
            EnableLatencySpinBit = Outgoing.Flag(defaults.EnableLatencySpinBit),
            GreaseReservedVersions = Outgoing.Flag(defaults.GreaseReservedVersions),
            GreaseQuicBit = Outgoing.Flag(defaults.GreaseQuicBit),
            EnableOptimisticAckMitigation = Outgoing.Flag(defaults.EnableOptimisticAckMitigation),
            UnderfilledPacketCoalescingDelayUs = (ulong)defaults.UnderfilledPacketCoalescingDelay.TotalMicroseconds,
            EcnPolicy = (byte)defaults.EcnPolicy,
            PmtudProvisionalIcmpReductions = Outgoing.Flag(defaults.PmtudProvisionalIcmpReductions),
        };
    }

    /// <summary>What is not named here is zero: off, empty or unlimited.</summary>
    public static CoquicEndpointConfig Endpoint()
    {
        ReadOnlySpan<byte> protocol = "coquic"u8;
        return new CoquicEndpointConfig
        {
            Size = (nuint)sizeof(CoquicEndpointConfig),
            Role = (byte)Role.Client,
            VerifyPeer = 1,
            ApplicationProtocol = Static(protocol),
            ApplicationProtocolLength = (nuint)protocol.Length,
            Transport = Transport(),
            MaxOutboundDatagramSize = EndpointDatagramSize,
            AllowPeerAddressChange = 1,
        };
    }

    public static CoquicClientConnectionConfig ClientConnection()
    {
        ReadOnlySpan<byte> name = "localhost"u8;
        return new CoquicClientConnectionConfig
        {
            Size = (nuint)sizeof(CoquicClientConnectionConfig),
            OriginalVersion = QuicVersion.V1.Value,
            InitialVersion = QuicVersion.V1.Value,
            ServerName = Static(name),
            ServerNameLength = (nuint)name.Length,
        };
    }

    /// <summary>A UTF-8 literal lies in the program's read-only data, which never moves.</summary>
    private static byte* Static(ReadOnlySpan<byte> literal) =>
        (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(literal));
}
