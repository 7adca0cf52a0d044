using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>The key of header protection (RFC 9001 §5.4): a mask out of a sample of the ciphertext.</summary>
internal abstract class HeaderProtectionKey : IDisposable
{
    public const int SampleLength = 16;

    public const int MaskLength = 5;

    public static HeaderProtectionKey Create(CipherSuite suite, ReadOnlySpan<byte> key)
    {
        if (suite == CipherSuite.ChaCha20Poly1305Sha256)
            return new ChaCha20HeaderProtectionKey(key);
        return AesKeySchedule.IsSupported ? new IntrinsicAesHeaderProtectionKey(key) : new PlatformAesHeaderProtectionKey(key);
    }

    /// <summary>Computes the mask.</summary>
    /// <param name="sample">16 bytes of ciphertext.</param>
    /// <param name="mask">5 bytes: one for the first byte, four for the packet number.</param>
    public abstract void Mask(ReadOnlySpan<byte> sample, Span<byte> mask);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>AES by the processor's instructions (RFC 9001 §5.4.3).</summary>
internal sealed class IntrinsicAesHeaderProtectionKey(ReadOnlySpan<byte> key) : HeaderProtectionKey
{
    private readonly AesKeySchedule _aes = new(key);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Mask(ReadOnlySpan<byte> sample, Span<byte> mask)
    {
        Vector128<byte> block = _aes.Encrypt(Vector128.Create(sample));
        BinaryPrimitives.WriteUInt32LittleEndian(mask, block.AsUInt32().ToScalar());
        mask[sizeof(uint)] = block.GetElement(sizeof(uint));
    }

    /// <inheritdoc/>
    public override void Dispose() => _aes.Dispose();
}

/// <summary>
/// AES by the platform (RFC 9001 §5.4.3): one transform for all packets, since making one costs microseconds.
/// </summary>
internal sealed class PlatformAesHeaderProtectionKey : HeaderProtectionKey
{
    private readonly Aes _aes = Aes.Create();
    private readonly ICryptoTransform _transform;
    private readonly byte[] _sample = new byte[SampleLength];
    private readonly byte[] _block = new byte[SampleLength];

    public PlatformAesHeaderProtectionKey(ReadOnlySpan<byte> key)
    {
        _aes.SetKey(key);
        _aes.Mode = CipherMode.ECB;
        _aes.Padding = PaddingMode.None;
        _transform = _aes.CreateEncryptor();
    }

    /// <inheritdoc/>
    public override void Mask(ReadOnlySpan<byte> sample, Span<byte> mask)
    {
        sample.CopyTo(_sample);
        _transform.TransformBlock(_sample, 0, SampleLength, _block, 0);
        _block.AsSpan(0, MaskLength).CopyTo(mask);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _transform.Dispose();
        _aes.Dispose();
        CryptographicOperations.ZeroMemory(_block);
    }
}

/// <summary>ChaCha20 (RFC 9001 §5.4.4): the sample is a block counter and a nonce.</summary>
internal sealed class ChaCha20HeaderProtectionKey : HeaderProtectionKey
{
    private readonly byte[] _key;

    public ChaCha20HeaderProtectionKey(ReadOnlySpan<byte> key)
    {
        _key = GC.AllocateArray<byte>(key.Length, pinned: true);
        key.CopyTo(_key);
    }

    /// <inheritdoc/>
    public override void Mask(ReadOnlySpan<byte> sample, Span<byte> mask)
    {
        Span<byte> block = stackalloc byte[ChaCha20.BlockLength];
        ChaCha20.Block(_key, sample, block);
        block[..MaskLength].CopyTo(mask);
    }

    /// <inheritdoc/>
    public override void Dispose() => CryptographicOperations.ZeroMemory(_key);
}
