using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// HMAC (RFC 2104) by one key, for any number of messages: with SHA-256 the key is hashed once, in the constructor. Whoever makes one
/// disposes of it, which clears what it knows of the key.
/// </summary>
internal ref struct HmacKey : IDisposable
{
    private const byte InnerPad = 0x36;
    private const byte OuterPad = 0x5c;

    private readonly HashAlgorithmName _hash;
    private readonly ReadOnlySpan<byte> _platformKey;
    private Sha256State _inner;
    private Sha256State _outer;

    /// <param name="hash">SHA-256 or SHA-384.</param>
    /// <param name="key">Of any length; it has to stay until the last message.</param>
    public HmacKey(HashAlgorithmName hash, ReadOnlySpan<byte> key)
    {
        _hash = hash;
        if (hash != HashAlgorithmName.SHA256)
        {
            // The platform hashes the key anew for each message: this hash is rarely chosen.
            _platformKey = key;
            return;
        }

        Span<byte> block = stackalloc byte[Sha256State.BlockLength];
        block.Clear();
        if (key.Length <= block.Length)
            key.CopyTo(block);
        else
            SHA256.HashData(key, block);
        _inner = AfterPaddedKey(block, InnerPad);
        _outer = AfterPaddedKey(block, OuterPad);
        CryptographicOperations.ZeroMemory(block);
    }

    /// <summary>How long the codes are: as long as the hash.</summary>
    public readonly int CodeLength => IsOurs ? Sha256State.HashLength : SHA384.HashSizeInBytes;

    private readonly bool IsOurs => _hash == HashAlgorithmName.SHA256;

    /// <summary>The code of a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="code">Where it goes: <see cref="CodeLength"/> bytes; it may lie over the message.</param>
    public readonly void Authenticate(ReadOnlySpan<byte> message, Span<byte> code)
    {
        if (!IsOurs)
        {
            CryptographicOperations.HmacData(_hash, _platformKey, message, code);
            return;
        }

        Sha256State inner = _inner;
        Sha256State outer = _outer;
        inner.Finish(message, blocks: 1, code);
        outer.Finish(code[..Sha256State.HashLength], blocks: 1, code);
    }

    /// <inheritdoc/>
    public void Dispose() => _inner = _outer = default;

    private static Sha256State AfterPaddedKey(ReadOnlySpan<byte> block, byte pad)
    {
        Span<byte> padded = stackalloc byte[Sha256State.BlockLength];
        for (int i = 0; i < padded.Length; i++)
            padded[i] = (byte)(block[i] ^ pad);
        Sha256State state = Sha256State.Initial;
        state.Append(padded);
        CryptographicOperations.ZeroMemory(padded);
        return state;
    }
}
