using System;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>The packet protection keys of a connection, by encryption level and direction (RFC 9001 §4, §5).</summary>
internal sealed class ConnectionKeys : IDisposable
{
    private const int Levels = (int)EncryptionLevel.OneRtt + 1;

    private readonly PacketProtection?[] _receiving = new PacketProtection?[Levels];
    private readonly PacketProtection?[] _sending = new PacketProtection?[Levels];

    /// <summary>The Key Phase bit of 1-RTT packets that are sent (RFC 9001 §6).</summary>
    public bool KeyPhase { get; private set; }

    /// <summary>Initial keys derive from the client's first Destination Connection ID (RFC 9001 §5.2).</summary>
    public void InstallInitial(QuicVersion version, ConnectionId originalDestination, Role role)
    {
        InitialSecrets secrets = InitialSecrets.Derive(version, originalDestination);
        _receiving[0] = PacketProtection.Create(version, CipherSuites.Initial, secrets.SentBy(role.Opposite()));
        _sending[0] = PacketProtection.Create(version, CipherSuites.Initial, secrets.SentBy(role));
    }

    /// <summary>TLS has a new secret: the keys derive from it, and it is cleared.</summary>
    public void Install(QuicVersion version, TlsEvent.SecretsAvailable secrets)
    {
        PacketProtection protection = PacketProtection.Create(version, secrets.CipherSuite, secrets.Secret.Span);
        PacketProtection?[] keys = secrets.Direction == KeyDirection.Read ? _receiving : _sending;
        keys[(int)secrets.Level] = protection;
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(secrets.Secret.Memory).Span);
    }

    public bool CanSend(EncryptionLevel level) => _sending[(int)level] is not null;

    public bool CanReceive(EncryptionLevel level) => _receiving[(int)level] is not null;

    /// <summary>The keys of packets that are sent; ask <see cref="CanSend"/> first.</summary>
    public PacketProtection ToSend(EncryptionLevel level) =>
        _sending[(int)level] ?? throw new InvalidOperationException($"There are no keys to send at {level}.");

    /// <summary>The keys of packets that are received, if they are there.</summary>
    public PacketProtection? ToReceive(EncryptionLevel level) => _receiving[(int)level];

    /// <summary>Clears the keys of a level (RFC 9001 §4.9); false when there were none.</summary>
    public bool Discard(EncryptionLevel level)
    {
        int index = (int)level;
        bool had = CanSend(level) || CanReceive(level);
        _receiving[index]?.Dispose();
        _sending[index]?.Dispose();
        _receiving[index] = null;
        _sending[index] = null;
        return had;
    }

    public void Dispose()
    {
        for (int level = 0; level < Levels; level++)
            Discard((EncryptionLevel)level);
    }
}
