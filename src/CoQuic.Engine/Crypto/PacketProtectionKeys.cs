using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>What a traffic secret yields (RFC 9001 §5.1). Whoever derives it disposes of it, which zeroes it.</summary>
internal sealed class PacketProtectionKeys : IDisposable
{
    private PacketProtectionKeys(int keyLength)
    {
        Key = GC.AllocateArray<byte>(keyLength, pinned: true);
        Iv = GC.AllocateArray<byte>(PacketKey.NonceLength, pinned: true);
        HeaderProtection = GC.AllocateArray<byte>(keyLength, pinned: true);
    }

    public byte[] Key { get; }

    public byte[] Iv { get; }

    public byte[] HeaderProtection { get; }

    /// <summary>Derives the keys of one direction at one encryption level.</summary>
    public static PacketProtectionKeys Derive(QuicVersion version, CipherSuite suite, ReadOnlySpan<byte> secret)
    {
        VersionProfile profile = VersionProfile.Of(version);
        CipherSuiteTraits traits = suite.Traits();
        var keys = new PacketProtectionKeys(traits.KeyLength);
        Hkdf.ExpandLabel(traits.Hash, secret, profile.KeyLabel, [], keys.Key);
        Hkdf.ExpandLabel(traits.Hash, secret, profile.IvLabel, [], keys.Iv);
        Hkdf.ExpandLabel(traits.Hash, secret, profile.HeaderProtectionLabel, [], keys.HeaderProtection);
        return keys;
    }

    /// <summary>
    /// The secret that follows after a key update (RFC 9001 §6.1). The header protection key stays as it was.
    /// </summary>
    public static byte[] NextGeneration(QuicVersion version, CipherSuite suite, ReadOnlySpan<byte> secret)
    {
        byte[] next = GC.AllocateArray<byte>(secret.Length, pinned: true);
        Hkdf.ExpandLabel(suite.Traits().Hash, secret, VersionProfile.Of(version).KeyUpdateLabel, [], next);
        return next;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(Key);
        CryptographicOperations.ZeroMemory(Iv);
        CryptographicOperations.ZeroMemory(HeaderProtection);
    }
}
