using System;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>What a driver can do beyond the C ABI. A configuration that needs more than the driver has is refused.</summary>
[Flags]
public enum Capabilities
{
    /// <summary>No more than the C ABI.</summary>
    None = 0,

    /// <summary><see cref="ReceiveCredit.Explicit"/> and the command to consume stream data.</summary>
    ExplicitReceiveCredit = 1 << 0,

    /// <summary>
    /// <see cref="SendProgressEffect"/>s. A native library tells no acknowledgments: with one they say that all was sent.
    /// </summary>
    SendProgress = 1 << 1,

    /// <summary><see cref="StreamsAvailableEffect"/>s.</summary>
    StreamLimits = 1 << 2,

    /// <summary><see cref="ConnectionClosedEffect"/>s that tell who closed, with code and reason.</summary>
    CloseReasons = 1 << 3,

    /// <summary><see cref="HandshakeInformationEffect"/>s.</summary>
    HandshakeInformation = 1 << 4,

    /// <summary>Entropy, key exchange, identities and verdicts from outside: one seed gives the same bytes every time.</summary>
    InjectedSources = 1 << 5,

    /// <summary>Runs of datagrams in one effect and in one input.</summary>
    DatagramRuns = 1 << 6,

    /// <summary>Inputs that take their memory over instead of copying it.</summary>
    OwnedInput = 1 << 7,

    /// <summary>Statistics of a connection.</summary>
    Statistics = 1 << 8,

    /// <summary>Key-log lines.</summary>
    KeyLog = 1 << 9,

    /// <summary>A handshake that takes too long fails.</summary>
    HandshakeTimeout = 1 << 10,

    /// <summary>PINGs that keep a silent connection alive.</summary>
    KeepAlive = 1 << 11,

    /// <summary>qlog events.</summary>
    Qlog = 1 << 12,

    /// <summary>Counts of what was dropped, by reason.</summary>
    DropCounts = 1 << 13,

    /// <summary>Session tickets under configured keys, and a replay guard from outside.</summary>
    TicketKeys = 1 << 14,

    /// <summary>Refused early data ends its streams, and is told.</summary>
    EarlyDataRefusal = 1 << 15,

    /// <summary>Servers that ask for clients' certificates, and clients that have one.</summary>
    ClientCertificates = 1 << 16,

    /// <summary><see cref="CertificateVerdictNeededEffect"/>s and <see cref="ServerIdentityNeededEffect"/>s, and their answers.</summary>
    AsynchronousVerdicts = 1 << 17,
}

/// <summary>Which capabilities a configuration asks for.</summary>
internal static class CapabilityRules
{
    /// <summary>The capabilities without which the configuration's meaning would silently change.</summary>
    public static Capabilities RequiredBy(EndpointConfig config)
    {
        Capabilities required = Capabilities.None;
        if (config.Transport.ReceiveCredit == ReceiveCredit.Explicit)
            required |= Capabilities.ExplicitReceiveCredit;
        if (config.Transport.SendLowWaterMark > 0)
            required |= Capabilities.SendProgress;
        if (config.Transport.HandshakeTimeout > TimeSpan.Zero)
            required |= Capabilities.HandshakeTimeout;
        if (config.Transport.KeepAliveInterval > TimeSpan.Zero)
            required |= Capabilities.KeepAlive;
        if (config.ClientCertificates != ClientCertificatePolicy.None || config.ClientIdentities is not null)
            required |= Capabilities.ClientCertificates;
        if (config.AsksForCertificateVerdicts || config.AsksForServerIdentities)
            required |= Capabilities.AsynchronousVerdicts;
        if (config.EnableKeyLog)
            required |= Capabilities.KeyLog;
        if (config.EnableQlog)
            required |= Capabilities.Qlog;
        if (!config.TicketKeys.Current.IsEmpty || config.ReplayGuard is not null)
            required |= Capabilities.TicketKeys;
        if ((config.VerifyPeer && config.CertificateVerifier is not null) || config.KeyExchange != KeyExchange.Instance)
            required |= Capabilities.InjectedSources;
        return required;
    }

    /// <summary>Refuses a configuration that needs what the driver has not.</summary>
    public static void Check(EndpointConfig config, Capabilities available)
    {
        Capabilities missing = RequiredBy(config) & ~available;
        if (missing != Capabilities.None)
            throw new EngineUnavailableException($"This engine cannot do what the configuration needs: {missing}.");
    }
}
