using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>HMAC-SHA256 (RFC 2104) by one key, for any number of short messages: the key is hashed once, in the constructor.</summary>
internal struct HmacSha256
{
    private const byte InnerPad = 0x36;
    private const byte OuterPad = 0x5c;

    private Sha256State _inner;
    private Sha256State _outer;

    /// <param name="key">Of any length.</param>
    public HmacSha256(ReadOnlySpan<byte> key)
    {
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

    /// <summary>The code of a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="code">Where it goes: 32 bytes; it may lie over the message.</param>
    public readonly void Authenticate(ReadOnlySpan<byte> message, Span<byte> code)
    {
        Sha256State inner = _inner;
        Sha256State outer = _outer;
        inner.Finish(message, blocks: 1, code);
        outer.Finish(code[..Sha256State.HashLength], blocks: 1, code);
    }

    /// <summary>Forgets the key.</summary>
    public void Clear() => _inner = _outer = default;

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
