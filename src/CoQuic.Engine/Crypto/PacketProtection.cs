using System;

namespace CoQuic.Engine;

/// <summary>
/// The protection of one direction at one encryption level (RFC 9001 §5): an AEAD for payloads, a mask for headers.
/// </summary>
/// <param name="key">The AEAD, which a key update replaces.</param>
/// <param name="headerKey">The header protection, which stays (RFC 9001 §6.1).</param>
internal sealed class PacketProtection(PacketKey key, HeaderProtectionKey headerKey) : IDisposable
{
    public PacketKey Key { get; } = key;

    public HeaderProtectionKey HeaderKey { get; } = headerKey;

    /// <summary>Makes the protection that a traffic secret stands for.</summary>
    public static PacketProtection Create(QuicVersion version, CipherSuite suite, ReadOnlySpan<byte> secret)
    {
        using PacketProtectionKeys keys = new(version, suite, secret, stackalloc byte[PacketProtectionKeys.MaximumSize]);
        return new PacketProtection(
            PacketKey.Create(suite, keys.Key, keys.Iv),
            HeaderProtectionKey.Create(suite, keys.HeaderProtection));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Key.Dispose();
        HeaderKey.Dispose();
    }
}
