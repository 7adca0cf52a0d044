using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;
using CoQuic.Abi;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>A configuration as C structs. What the ABI cannot say is refused, where leaving it out would change the meaning.</summary>
internal static unsafe class NativeConfiguration
{
    public static void Write(EndpointConfig config, CoquicEndpointConfig* written, NativeArena arena)
    {
        Check(config);
        NativeMethods.InitialiseEndpoint(written);
        written->Role = (byte)config.Role;
        WriteVersions(config.SupportedVersions, written, arena);
        written->VerifyPeer = Flag(config.VerifyPeer);
        written->RetryEnabled = Flag(config.RetryEnabled);
        CoquicBytes protocol = arena.Copy(config.ApplicationProtocols[0]);
        written->ApplicationProtocol = protocol.Data;
        written->ApplicationProtocolLength = protocol.Length;
        if (config.ServerIdentities is not null)
            written->Identity = WriteIdentity(config.ServerIdentities, arena);
        WriteTransport(config.Transport, ref written->Transport);
        written->MaxOutboundDatagramSize = (nuint)config.MaxOutboundDatagramSize;
        WriteZeroRtt(config.ZeroRtt, ref written->ZeroRtt, arena);
        written->EnablePacketInspection = Flag(config.EnablePacketInspection);
        written->AllowPeerAddressChange = Flag(config.AllowPeerAddressChange);
        written->MaxServerConnections = (nuint)config.MaxServerConnections;
        written->EnableOutOfOrderReceive = Flag(config.EnableOutOfOrderReceive);
        written->OrphanZeroRttBuffer = new CoquicOrphanZeroRttBufferConfig
        {
            MaxPackets = (nuint)config.OrphanZeroRttBuffer.MaxPackets,
            MaxBytes = (nuint)config.OrphanZeroRttBuffer.MaxBytes,
            MaxAgeUs = (ulong)config.OrphanZeroRttBuffer.MaxAge.TotalMicroseconds,
        };
        written->EnableReservedVersionProbe = Flag(config.EnableReservedVersionProbe);
        written->EnableLongHeaderStatelessReset = Flag(config.EnableLongHeaderStatelessReset);
        written->EnableMinimalClosingStateRetention = Flag(config.EnableMinimalClosingStateRetention);
        written->RetryHandshakeValidationPolicy = (byte)config.RetryHandshakeValidationPolicy;
    }

    public static void WriteOpen(EndpointConfig config, OpenConnection input, CoquicOpenConnection* written, NativeArena arena)
    {
        NativeMethods.InitialiseClientConnection(&written->Connection);
        written->Size = (nuint)sizeof(CoquicOpenConnection);
        written->InitialRouteHandle = input.Route.Value;
        written->AddressValidationIdentity = arena.Copy(input.AddressValidationIdentity.Span);
        ref CoquicClientConnectionConfig connection = ref written->Connection;
        uint version = (input.InitialVersion ?? config.SupportedVersions[0]).Value;
        connection.OriginalVersion = version;
        connection.InitialVersion = version;
        connection.SourceConnectionId =
            arena.Copy(input.SourceConnectionId ?? config.ConnectionIds.Generate(config.Entropy));
        connection.InitialDestinationConnectionId =
            arena.Copy(input.InitialDestinationConnectionId ?? new RandomConnectionIds().Generate(config.Entropy));
        connection.RetryToken = arena.Copy(input.Token.Span);
        connection.ReactedToVersionNegotiation = Flag(input.HasReactedToVersionNegotiation);
        if (input.OriginalDestinationConnectionId is { } original)
        {
            connection.OriginalDestinationConnectionId = arena.Copy(original);
            connection.HasOriginalDestinationConnectionId = 1;
        }

        if (input.RetrySourceConnectionId is { } retrySource)
        {
            connection.RetrySourceConnectionId = arena.Copy(retrySource);
            connection.HasRetrySourceConnectionId = 1;
        }

        CoquicBytes name = arena.Copy(input.ServerName);
        connection.ServerName = name.Data;
        connection.ServerNameLength = name.Length;
        if (!input.ResumptionState.IsEmpty)
        {
            connection.ResumptionState = arena.Allocate<CoquicResumptionState>(1);
            connection.ResumptionState->Serialized = arena.Copy(input.ResumptionState.Span);
        }

        WriteZeroRtt(input.ZeroRtt, ref connection.ZeroRtt, arena);
    }

    public static byte Flag(bool value) => value ? (byte)1 : (byte)0;

    public static CoquicOptionalRouteHandle Route(RouteHandle? route) => route is { } value
        ? new CoquicOptionalRouteHandle { HasValue = 1, Value = value.Value }
        : default;

    private static void Check(EndpointConfig config)
    {
        IReadOnlyList<ConfigurationFault> faults = ConfigurationCheck.Faults(config);
        if (faults.Count > 0)
            throw new ArgumentException(string.Join("; ", faults), nameof(config));
        if (config.ApplicationProtocols.Count > 1)
            throw new EngineUnavailableException("A native library takes one application protocol only.");
    }

    private static void WriteVersions(
        IReadOnlyList<QuicVersion> versions, CoquicEndpointConfig* written, NativeArena arena)
    {
        written->SupportedVersions = arena.Allocate<uint>(versions.Count);
        written->SupportedVersionsCount = (nuint)versions.Count;
        for (int index = 0; index < versions.Count; index++)
            written->SupportedVersions[index] = versions[index].Value;
    }

    /// <summary>A native library signs by itself: it needs the key, as PEM.</summary>
    private static CoquicTlsIdentity* WriteIdentity(IServerIdentitySelector identities, NativeArena arena)
    {
        if (identities is not SingleServerIdentity single
            || single.Select(null) is not { Signer: IExportableSigner signer } identity
            || !signer.TryExportPem(out string? key))
        {
            throw new EngineUnavailableException(
                "A native library takes one server identity, whose private key can be exported.");
        }

        var chain = new StringBuilder();
        foreach (Bytes certificate in identity.CertificateChain)
            chain.Append(PemEncoding.WriteString("CERTIFICATE", certificate.Span)).Append('\n');
        CoquicBytes certificatePem = arena.Copy(chain.ToString());
        CoquicBytes keyPem = arena.Copy(key);
        CoquicTlsIdentity* written = arena.Allocate<CoquicTlsIdentity>(1);
        *written = new CoquicTlsIdentity
        {
            CertificatePem = certificatePem.Data,
            CertificatePemLength = certificatePem.Length,
            PrivateKeyPem = keyPem.Data,
            PrivateKeyPemLength = keyPem.Length,
        };
        return written;
    }

    private static void WriteZeroRtt(ZeroRttConfig config, ref CoquicZeroRttConfig written, NativeArena arena) =>
        written = new CoquicZeroRttConfig
        {
            Attempt = Flag(config.Attempt),
            Allow = Flag(config.Allow),
            StrictUpdatedTransportParameters = Flag(config.StrictUpdatedTransportParameters),
            ApplicationContext = arena.Copy(config.ApplicationContext.Span),
        };

    private static void WriteTransport(TransportConfig config, ref CoquicTransportConfig written) =>
        written = new CoquicTransportConfig
        {
            MaxIdleTimeout = (ulong)config.MaxIdleTimeout.TotalMilliseconds,
            MaxUdpPayloadSize = (ulong)config.MaxUdpPayloadSize,
            PmtudEnabled = Flag(config.PmtudEnabled),
            PmtudBaseDatagramSize = (nuint)config.PmtudBaseDatagramSize,
            PmtudMaxDatagramSize = (nuint)config.PmtudMaxDatagramSize,
            ActiveConnectionIdLimit = (ulong)config.ActiveConnectionIdLimit,
            DisableActiveMigration = Flag(config.DisableActiveMigration),
            DeferActiveMigrationPathValidation = Flag(config.DeferActiveMigrationPathValidation),
            MigrationRecoveryRetentionTimeoutUs = (ulong)config.MigrationRecoveryRetentionTimeout.TotalMicroseconds,
            AckDelayExponent = (ulong)config.AckDelayExponent,
            MaxAckDelay = (ulong)config.MaxAckDelay.TotalMilliseconds,
            AckElicitingThreshold = (ulong)config.AckElicitingThreshold,
            InitialMaxData = config.InitialMaxData,
            InitialMaxStreamDataBidiLocal = config.InitialMaxStreamDataBidiLocal,
            InitialMaxStreamDataBidiRemote = config.InitialMaxStreamDataBidiRemote,
            InitialMaxStreamDataUni = config.InitialMaxStreamDataUni,
            InitialMaxStreamsBidi = config.InitialMaxStreamsBidi,
            InitialMaxStreamsUni = config.InitialMaxStreamsUni,
            MaxDatagramFrameSize = config.MaxDatagramFrameSize,
            CongestionControl = (byte)config.CongestionControl,
            EnableHystartPlusPlus = Flag(config.EnableHyStartPlusPlus),
            SendStreamFairness = Flag(config.SendStreamFairness),
            EnableLatencySpinBit = Flag(config.EnableLatencySpinBit),
            GreaseReservedVersions = Flag(config.GreaseReservedVersions),
            GreaseQuicBit = Flag(config.GreaseQuicBit),
            EnableOptimisticAckMitigation = Flag(config.EnableOptimisticAckMitigation),
            UnderfilledPacketCoalescingDelayUs = (ulong)config.UnderfilledPacketCoalescingDelay.TotalMicroseconds,
            EcnPolicy = (byte)config.EcnPolicy,
            PmtudProvisionalIcmpReductions = Flag(config.PmtudProvisionalIcmpReductions),
        };
}
