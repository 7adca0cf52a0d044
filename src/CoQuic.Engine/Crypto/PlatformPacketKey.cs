using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>A key over one of the platform's AEADs.</summary>
/// <remarks>
/// The platform wipes its output when the tag is wrong, so a packet is opened into memory of our own and copied back
/// only when it is authentic: 30 ns on top of the platform's 2 µs, and a forged packet leaves its datagram as it was.
/// </remarks>
internal sealed class PlatformPacketKey(IPlatformAead aead, ReadOnlySpan<byte> iv) : PacketKey(iv)
{
    private const int InitialScratchLength = 2048;

    private byte[] _scratch = [];

    /// <inheritdoc/>
    public override void Seal(ulong packetNumber, ReadOnlySpan<byte> header, Span<byte> payloadThenTag)
    {
        Span<byte> nonce = stackalloc byte[NonceLength];
        WriteNonce(packetNumber, nonce);
        Span<byte> text = payloadThenTag[..^TagLength];
        aead.Encrypt(nonce, text, payloadThenTag[^TagLength..], header);
    }

    /// <inheritdoc/>
    public override bool TryOpen(ulong packetNumber, ReadOnlySpan<byte> header, Span<byte> ciphertextThenTag)
    {
        if (ciphertextThenTag.Length < TagLength)
            return false;
        Span<byte> nonce = stackalloc byte[NonceLength];
        WriteNonce(packetNumber, nonce);
        Span<byte> text = ciphertextThenTag[..^TagLength];
        Span<byte> plain = Scratch(text.Length);
        try
        {
            aead.Decrypt(nonce, text, ciphertextThenTag[^TagLength..], plain, header);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        plain.CopyTo(text);
        return true;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        aead.Dispose();
        CryptographicOperations.ZeroMemory(_scratch);
        base.Dispose();
    }

    /// <summary>Grows with the packets, which no datagram of UDP lets grow beyond 64 KiB.</summary>
    private Span<byte> Scratch(int length)
    {
        if (_scratch.Length < length)
        {
            CryptographicOperations.ZeroMemory(_scratch);
            _scratch = GC.AllocateArray<byte>(Math.Max(InitialScratchLength, length), pinned: true);
        }

        return _scratch.AsSpan(0, length);
    }
}

/// <summary>What the platform's AEADs have in common; they share no type of their own.</summary>
internal interface IPlatformAead : IDisposable
{
    void Encrypt(ReadOnlySpan<byte> nonce, Span<byte> text, Span<byte> tag, ReadOnlySpan<byte> associatedData);

    void Decrypt(
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> ciphertext,
        ReadOnlySpan<byte> tag,
        Span<byte> plaintext,
        ReadOnlySpan<byte> associatedData);
}

internal sealed class AesGcmAead(ReadOnlySpan<byte> key) : IPlatformAead
{
    private readonly AesGcm _aead = new(key, PacketKey.TagLength);

    public void Encrypt(ReadOnlySpan<byte> nonce, Span<byte> text, Span<byte> tag, ReadOnlySpan<byte> associatedData) =>
        _aead.Encrypt(nonce, text, text, tag, associatedData);

    public void Decrypt(
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> ciphertext,
        ReadOnlySpan<byte> tag,
        Span<byte> plaintext,
        ReadOnlySpan<byte> associatedData) =>
        _aead.Decrypt(nonce, ciphertext, tag, plaintext, associatedData);

    public void Dispose() => _aead.Dispose();
}

internal sealed class ChaCha20Poly1305Aead(ReadOnlySpan<byte> key) : IPlatformAead
{
    private readonly ChaCha20Poly1305 _aead = new(key);

    public void Encrypt(ReadOnlySpan<byte> nonce, Span<byte> text, Span<byte> tag, ReadOnlySpan<byte> associatedData) =>
        _aead.Encrypt(nonce, text, text, tag, associatedData);

    public void Decrypt(
        ReadOnlySpan<byte> nonce,
        ReadOnlySpan<byte> ciphertext,
        ReadOnlySpan<byte> tag,
        Span<byte> plaintext,
        ReadOnlySpan<byte> associatedData) =>
        _aead.Decrypt(nonce, ciphertext, tag, plaintext, associatedData);

    public void Dispose() => _aead.Dispose();
}
