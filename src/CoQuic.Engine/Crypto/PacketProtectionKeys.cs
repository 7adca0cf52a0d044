using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// What a traffic secret yields (RFC 9001 §5.1), in memory of the caller's, mostly of its stack. Whoever derives it disposes of it, which
/// zeroes it.
/// </summary>
internal readonly ref struct PacketProtectionKeys : IDisposable
{
    /// <summary>How much memory the keys of any cipher suite take.</summary>
    public const int MaximumSize = (2 * MaximumKeyLength) + PacketKey.NonceLength;

    private const int MaximumKeyLength = 32;

    private readonly Span<byte> _key;
    private readonly Span<byte> _iv;
    private readonly Span<byte> _headerProtection;

    /// <summary>Derives the keys of one direction at one encryption level.</summary>
    /// <param name="version">Decides the labels.</param>
    /// <param name="suite">The cipher suite.</param>
    /// <param name="secret">The traffic secret.</param>
    /// <param name="memory">Where the keys go: <see cref="MaximumSize"/> bytes.</param>
    public PacketProtectionKeys(QuicVersion version, CipherSuite suite, ReadOnlySpan<byte> secret, Span<byte> memory)
    {
        VersionProfile profile = VersionProfile.Of(version);
        CipherSuiteTraits traits = suite.Traits();
        _key = memory[..traits.KeyLength];
        _iv = memory.Slice(traits.KeyLength, PacketKey.NonceLength);
        _headerProtection = memory.Slice(traits.KeyLength + PacketKey.NonceLength, traits.KeyLength);
        using HmacKey key = new(traits.Hash, secret);
        Hkdf.ExpandLabel(key, profile.KeyLabel, [], _key);
        Hkdf.ExpandLabel(key, profile.IvLabel, [], _iv);
        Hkdf.ExpandLabel(key, profile.HeaderProtectionLabel, [], _headerProtection);
    }

    public ReadOnlySpan<byte> Key => _key;

    public ReadOnlySpan<byte> Iv => _iv;

    public ReadOnlySpan<byte> HeaderProtection => _headerProtection;

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
        CryptographicOperations.ZeroMemory(_key);
        CryptographicOperations.ZeroMemory(_iv);
        CryptographicOperations.ZeroMemory(_headerProtection);
    }
}
