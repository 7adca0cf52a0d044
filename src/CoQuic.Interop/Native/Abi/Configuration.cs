using System.Runtime.InteropServices;

namespace CoQuic.Abi;

/// <summary>PEM texts.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CoquicTlsIdentity
{
    public byte* CertificatePem;
    public nuint CertificatePemLength;
    public byte* PrivateKeyPem;
    public nuint PrivateKeyPemLength;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicZeroRttConfig
{
    public byte Attempt;
    public byte Allow;
    public byte StrictUpdatedTransportParameters;
    public CoquicBytes ApplicationContext;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicOrphanZeroRttBufferConfig
{
    public nuint MaxPackets;
    public nuint MaxBytes;
    public ulong MaxAgeUs;
}

/// <summary>No size of its own: read in full. <c>MaxIdleTimeout</c> and <c>MaxAckDelay</c> are milliseconds, <c>…Us</c> microseconds.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CoquicTransportConfig
{
    public ulong MaxIdleTimeout;
    public ulong MaxUdpPayloadSize;
    public byte PmtudEnabled;
    public nuint PmtudBaseDatagramSize;
    public nuint PmtudMaxDatagramSize;
    public ulong ActiveConnectionIdLimit;
    public byte DisableActiveMigration;
    public byte DeferActiveMigrationPathValidation;
    public ulong MigrationRecoveryRetentionTimeoutUs;
    public ulong AckDelayExponent;
    public ulong MaxAckDelay;
    public ulong AckElicitingThreshold;
    public ulong InitialMaxData;
    public ulong InitialMaxStreamDataBidiLocal;
    public ulong InitialMaxStreamDataBidiRemote;
    public ulong InitialMaxStreamDataUni;
    public ulong InitialMaxStreamsBidi;
    public ulong InitialMaxStreamsUni;
    public ulong MaxDatagramFrameSize;
    public byte CongestionControl;
    public byte EnableHystartPlusPlus;
    public byte SendStreamFairness;
    public byte EnableLatencySpinBit;
    public byte GreaseReservedVersions;
    public byte GreaseQuicBit;
    public byte EnableOptimisticAckMitigation;
    public ulong UnderfilledPacketCoalescingDelayUs;
    public byte EcnPolicy;
    public byte PmtudProvisionalIcmpReductions;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CoquicEndpointConfig
{
    public nuint Size;
    public byte Role;
    public fixed byte ReservedRolePadding[7];
    public uint* SupportedVersions;
    public nuint SupportedVersionsCount;
    public byte VerifyPeer;
    public byte RetryEnabled;
    public fixed byte ReservedRetryPadding[6];
    public byte* ApplicationProtocol;
    public nuint ApplicationProtocolLength;
    public CoquicTlsIdentity* Identity;
    public CoquicTransportConfig Transport;
    public nuint MaxOutboundDatagramSize;
    public CoquicZeroRttConfig ZeroRtt;
    public byte EmitSharedReceiveStreamData;
    public byte EnablePacketInspection;
    public byte AllowPeerAddressChange;
    public fixed byte ReservedServerConnectionsPadding[5];
    public nuint MaxServerConnections;
    public byte EnableOutOfOrderReceive;
    public fixed byte ReservedOrphanZeroRttPadding[7];
    public CoquicOrphanZeroRttBufferConfig OrphanZeroRttBuffer;
    public byte EnableReservedVersionProbe;
    public byte EnableLongHeaderStatelessReset;
    public byte EnableMinimalClosingStateRetention;
    public fixed byte ReservedEndpointConfigTailPadding[5];
    public byte RetryHandshakeValidationPolicy;
}

/// <summary>What an earlier connection gave out, opaque.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CoquicResumptionState
{
    public CoquicBytes Serialized;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CoquicClientConnectionConfig
{
    public nuint Size;
    public CoquicBytes SourceConnectionId;
    public CoquicBytes InitialDestinationConnectionId;
    public CoquicBytes OriginalDestinationConnectionId;
    public byte HasOriginalDestinationConnectionId;
    public CoquicBytes RetrySourceConnectionId;
    public byte HasRetrySourceConnectionId;
    public CoquicBytes RetryToken;
    public uint OriginalVersion;
    public uint InitialVersion;
    public byte ReactedToVersionNegotiation;
    public byte* ServerName;
    public nuint ServerNameLength;
    public CoquicResumptionState* ResumptionState;
    public CoquicZeroRttConfig ZeroRtt;
}
