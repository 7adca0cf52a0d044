using System;

namespace CoQuic.Engine;

/// <summary>The keys of Initial packets in one version, both ways (RFC 9001 §5.2): everyone who sees the packets can derive them.</summary>
internal sealed class InitialKeys : IDisposable
{
    private InitialKeys(QuicVersion version, PacketProtection receiving, PacketProtection sending)
    {
        Version = version;
        Receiving = receiving;
        Sending = sending;
    }

    public QuicVersion Version { get; }

    public PacketProtection Receiving { get; }

    public PacketProtection Sending { get; }

    /// <summary>Derives the keys.</summary>
    /// <param name="version">Version 1 or 2.</param>
    /// <param name="destination">The Destination Connection ID of the client's first Initial; after a Retry, of the next.</param>
    /// <param name="role">Whose keys.</param>
    public static InitialKeys Derive(QuicVersion version, in ConnectionId destination, Role role)
    {
        using TrafficSecrets secrets = InitialSecrets.Derive(version, destination);
        return new InitialKeys(
            version,
            PacketProtection.Create(version, CipherSuites.Initial, secrets.SentBy(role.Opposite())),
            PacketProtection.Create(version, CipherSuites.Initial, secrets.SentBy(role)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Receiving.Dispose();
        Sending.Dispose();
    }
}
