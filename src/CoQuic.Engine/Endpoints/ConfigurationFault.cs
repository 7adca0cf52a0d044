using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Text;

namespace CoQuic.Engine;

/// <summary>One reason why a configuration cannot work.</summary>
/// <param name="Path">The setting, for example <c>Transport.AckDelayExponent</c>.</param>
/// <param name="Message">What it has to be, as a sentence.</param>
public sealed record ConfigurationFault(
    [property: DebuggerBrowsable(DebuggerBrowsableState.Never)] string Path,
    [property: DebuggerBrowsable(DebuggerBrowsableState.Never)] string Message)
{
    /// <summary>Path and message.</summary>
    public override string ToString() => $"{Path}: {Message}";
}

/// <summary>Finds everything that is wrong with a configuration at once, before anything starts.</summary>
public static class ConfigurationCheck
{
    private const ulong MaximumStreamCount = 1UL << 60;
    internal const int MinimumResetKeyLength = 32;
    internal const int MaximumApplicationContext = 1024;
    private const int MaximumTickets = 16;
    private static readonly TimeSpan MaximumMaxAckDelay = TimeSpan.FromMilliseconds((1 << 14) - 1);

    private static readonly TimeSpan MaximumTimerGranularity = TimeSpan.FromMilliseconds(100);

    /// <summary>The faults of a configuration; none when it can work.</summary>
    /// <param name="config">The configuration to look at.</param>
    public static IReadOnlyList<ConfigurationFault> Faults(EndpointConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var faults = new List<ConfigurationFault>();
        CheckEndpoint(config, faults);
        CheckAddressValidation(config, faults);
        CheckProtocols(config.ApplicationProtocols, faults);
        CheckTransport(config.Transport, faults);
        return faults;
    }

    private static void CheckEndpoint(EndpointConfig config, List<ConfigurationFault> faults)
    {
        Require(config.SupportedVersions.Count > 0, "SupportedVersions", "at least one version is needed");
        foreach (QuicVersion version in config.SupportedVersions)
        {
            Require(
                version == QuicVersion.V1 || version == QuicVersion.V2,
                "SupportedVersions", $"{version} is not a version that this engine speaks");
        }

        CheckAuthentication(config, faults);
        Require(config.MaxOutboundDatagramSize is >= DatagramSizes.Smallest and <= DatagramSizes.Largest,
            "MaxOutboundDatagramSize", "must be 1200 to 65527 bytes");
        Require(config.PreferredAddress is null || config.Role == Role.Server,
            "PreferredAddress", "only a server has one (RFC 9000 §18.2)");
        Require(config.PreferredAddress?.IsWellFormed ?? true,
            "PreferredAddress", "must have an IPv4 or an IPv6 address, each of its family and with a port");
        Require(config.MaxServerConnections >= 0, "MaxServerConnections", "must not be negative");
        Require(config.Groups.Count > 0, "Groups", "at least one key exchange group is needed");
        Require(config.CipherSuites.Count > 0, "CipherSuites", "at least one cipher suite is needed");
        foreach (NamedGroup group in config.Groups)
            Require(Enum.IsDefined(group), "Groups", $"{group} is not a group that this engine knows");
        Require(IsSubsequence(config.KeyShareGroups, config.Groups),
            "KeyShareGroups", "must be some of Groups, each once and in the same order (RFC 8446 §4.2.8)");
        foreach (CipherSuite suite in config.CipherSuites)
            Require(CoQuic.Engine.CipherSuites.IsSupported(suite), "CipherSuites", $"this machine does not have {suite}");
        Require(config.TicketKeys.IsValid, "TicketKeys", "a key has 32 bytes, and there is no previous one without a current one");
        Require(config.TicketsPerConnection is >= 0 and <= MaximumTickets, "TicketsPerConnection", "must be 0 to 16");
        Require(config.TicketLifetime >= TimeSpan.FromSeconds(1) && config.TicketLifetime <= NewSessionTicket.MaximumLifetime,
            "TicketLifetime", "must be 1 second to 7 days (RFC 8446 §4.6.1)");
        Require(config.ZeroRtt.ApplicationContext.Length <= MaximumApplicationContext,
            "ZeroRtt.ApplicationContext", "must be at most 1024 bytes");
        Require(config.OrphanZeroRttBuffer is { MaxPackets: >= 0, MaxBytes: >= 0 } && config.OrphanZeroRttBuffer.MaxAge >= TimeSpan.Zero,
            "OrphanZeroRttBuffer", "must not be negative");
        Require(config.StatelessResetKey.IsEmpty || config.StatelessResetKey.Length >= MinimumResetKeyLength,
            "StatelessResetKey", "must be empty or at least 32 bytes");

        void Require(bool holds, string path, string message) => Add(faults, holds, path, message);
    }

    private static void CheckAuthentication(EndpointConfig config, List<ConfigurationFault> faults)
    {
        bool asksClients = config.Role == Role.Server && config.ClientCertificates != ClientCertificatePolicy.None;
        Require(config.Role == Role.Client || config.ServerIdentities is not null,
            "ServerIdentities", "a server needs a certificate and a private key");
        Require(!asksClients || !config.VerifyPeer || config.CertificateVerifier is not null || config.AsksForCertificateVerdicts,
            "CertificateVerifier", "a server that asks clients for certificates needs somebody to judge them");
        Require(Enum.IsDefined(config.ClientCertificates), "ClientCertificates", "is none of the known policies");

        void Require(bool holds, string path, string message) => Add(faults, holds, path, message);
    }

    private static bool IsSubsequence(IReadOnlyList<NamedGroup> part, IReadOnlyList<NamedGroup> whole)
    {
        int found = 0;
        foreach (NamedGroup group in whole)
        {
            if (found < part.Count && part[found] == group)
                found++;
        }

        return found == part.Count;
    }

    private static void CheckAddressValidation(EndpointConfig config, List<ConfigurationFault> faults)
    {
        Require(config.RetryThreshold >= 0, "RetryThreshold", "must not be negative");
        Require(config.MaxHalfOpenConnections >= 0, "MaxHalfOpenConnections", "must not be negative");
        Require(config.RetryTokenLifetime > TimeSpan.Zero, "RetryTokenLifetime", "must be above zero");
        Require(config.NewTokenLifetime > TimeSpan.Zero, "NewTokenLifetime", "must be above zero");
        Require(config.NewTokensPerConnection is >= 0 and <= NewTokenIssuer.MaximumTokens,
            "NewTokensPerConnection", "must be 0 to 8");
        Require(config.TokenKeys.IsValid,
            "TokenKeys", "a key has 32 bytes, and there is no previous one without a current one");

        void Require(bool holds, string path, string message) => Add(faults, holds, path, message);
    }

    private static void CheckProtocols(IReadOnlyList<string> protocols, List<ConfigurationFault> faults)
    {
        Add(faults, protocols.Count > 0, "ApplicationProtocols", "at least one application protocol is needed (RFC 9001 §8.1)");
        foreach (string protocol in protocols)
        {
            bool fits = Encoding.UTF8.GetByteCount(protocol) is >= 1 and <= 255;
            Add(faults, fits, "ApplicationProtocols", "a protocol name has 1 to 255 bytes (RFC 7301 §3.1)");
        }
    }

    private static void CheckTransport(TransportConfig transport, List<ConfigurationFault> faults)
    {
        Require(transport.MaxIdleTimeout >= TimeSpan.Zero, "MaxIdleTimeout", "must not be negative");
        Require(transport.HandshakeTimeout >= TimeSpan.Zero, "HandshakeTimeout", "must not be negative");
        Require(transport.KeepAliveInterval >= TimeSpan.Zero, "KeepAliveInterval", "must not be negative");
        Require(transport.MaxUdpPayloadSize is >= DatagramSizes.Smallest and <= DatagramSizes.Largest,
            "MaxUdpPayloadSize", "must be 1200 to 65527 bytes");
        Require(transport.PmtudBaseDatagramSize is >= 0 and <= DatagramSizes.Largest,
            "PmtudBaseDatagramSize", "must be at most 65527 bytes");
        Require(transport.PmtudMaxDatagramSize is 0 or (>= DatagramSizes.Smallest and <= DatagramSizes.Largest),
            "PmtudMaxDatagramSize", "must be 0 or 1200 to 65527 bytes");
        Require(transport.ActiveConnectionIdLimit >= 2, "ActiveConnectionIdLimit", "must be at least 2 (RFC 9000 §18.2)");
        Require(transport.AckDelayExponent is >= 0 and <= 20, "AckDelayExponent", "must be 0 to 20 (RFC 9000 §18.2)");
        Require(transport.MaxAckDelay >= TimeSpan.Zero && transport.MaxAckDelay <= MaximumMaxAckDelay,
            "MaxAckDelay", "must be below 2^14 milliseconds (RFC 9000 §18.2)");
        Require(transport.AckElicitingThreshold >= 1, "AckElicitingThreshold", "must be at least 1");
        Require(transport.MaxAckElicitingThreshold >= 0, "MaxAckElicitingThreshold", "must not be negative");
        Require(transport.TimerGranularity >= TimeSpan.FromMicroseconds(1) && transport.TimerGranularity <= MaximumTimerGranularity,
            "TimerGranularity", "must be 1 microsecond to 100 milliseconds");
        Require(CongestionControllers.IsSupported(transport.CongestionControl),
            "CongestionControl", "is not one of the algorithms");
        RequireVarInt(transport.InitialMaxData, "InitialMaxData");
        RequireVarInt(transport.InitialMaxStreamDataBidiLocal, "InitialMaxStreamDataBidiLocal");
        RequireVarInt(transport.InitialMaxStreamDataBidiRemote, "InitialMaxStreamDataBidiRemote");
        RequireVarInt(transport.InitialMaxStreamDataUni, "InitialMaxStreamDataUni");
        RequireVarInt(transport.MaxDatagramFrameSize, "MaxDatagramFrameSize");
        Require(transport.InitialMaxStreamsBidi <= MaximumStreamCount, "InitialMaxStreamsBidi", "must be at most 2^60");
        Require(transport.InitialMaxStreamsUni <= MaximumStreamCount, "InitialMaxStreamsUni", "must be at most 2^60");

        void Require(bool holds, string name, string message) => Add(faults, holds, "Transport." + name, message);

        void RequireVarInt(ulong value, string name) => Require(value <= VarInt.MaxValue, name, "must be below 2^62");
    }

    private static void Add(List<ConfigurationFault> faults, bool holds, string path, string message)
    {
        if (!holds)
            faults.Add(new ConfigurationFault(path, message));
    }
}
