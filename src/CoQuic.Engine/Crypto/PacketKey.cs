using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// An AEAD key that seals and opens packets in place (RFC 9001 §5.3). Made once for a secret, zeroed when disposed.
/// </summary>
/// <remarks>Not for two threads at once: an implementation may own scratch memory.</remarks>
internal abstract class PacketKey : IDisposable
{
    public const int TagLength = 16;

    public const int NonceLength = 12;

    // Not pinned as keys are: a copy of it that the garbage collector left behind would open nothing.
    private readonly byte[] _iv = new byte[NonceLength];

    protected PacketKey(ReadOnlySpan<byte> iv)
    {
        Debug.Assert(iv.Length == NonceLength, "all AEADs of QUIC have 12-byte nonces");
        iv.CopyTo(_iv);
    }

    /// <summary>Makes the fastest key that this machine has for a cipher suite.</summary>
    public static PacketKey Create(CipherSuite suite, ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv)
    {
        if (suite == CipherSuite.ChaCha20Poly1305Sha256)
            return new PlatformPacketKey(new ChaCha20Poly1305Aead(key), iv);
        return IntrinsicAesGcm.IsSupported
            ? new IntrinsicAesGcmPacketKey(key, iv)
            : new PlatformPacketKey(new AesGcmAead(key), iv);
    }

    /// <summary>The key of a traffic secret alone: what a key update needs (RFC 9001 §6.1).</summary>
    public static PacketKey Derive(QuicVersion version, CipherSuite suite, ReadOnlySpan<byte> secret)
    {
        using PacketProtectionKeys keys = new(version, suite, secret, stackalloc byte[PacketProtectionKeys.MaximumSize]);
        return Create(suite, keys.Key, keys.Iv);
    }

    /// <summary>Encrypts in place.</summary>
    /// <param name="packetNumber">The packet number, never used before with this key.</param>
    /// <param name="header">The header before its protection.</param>
    /// <param name="payloadThenTag">The frames, followed by 16 bytes for the tag.</param>
    public abstract void Seal(ulong packetNumber, ReadOnlySpan<byte> header, Span<byte> payloadThenTag);

    /// <summary>Decrypts in place what is authentic; leaves all bytes as they were otherwise.</summary>
    /// <param name="packetNumber">The packet number.</param>
    /// <param name="header">The header without its protection.</param>
    /// <param name="ciphertextThenTag">The payload; becomes frames followed by the tag.</param>
    public abstract bool TryOpen(ulong packetNumber, ReadOnlySpan<byte> header, Span<byte> ciphertextThenTag);

    /// <inheritdoc/>
    public virtual void Dispose() => CryptographicOperations.ZeroMemory(_iv);

    /// <summary>RFC 9001 §5.3: the packet number, exclusive-ored into the right end of the IV.</summary>
    protected void WriteNonce(ulong packetNumber, Span<byte> nonce)
    {
        _iv.CopyTo(nonce);
        Span<byte> tail = nonce[(NonceLength - sizeof(ulong))..];
        BinaryPrimitives.WriteUInt64BigEndian(tail, BinaryPrimitives.ReadUInt64BigEndian(tail) ^ packetNumber);
    }
}
