using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// HMAC (RFC 2104) by one key, for several messages: the platform hashes the key once. Whoever makes one disposes of it, which clears what
/// is known of the key.
/// </summary>
/// <param name="hash">SHA-256 or SHA-384.</param>
/// <param name="key">Of any length.</param>
internal readonly struct HmacKey(HashAlgorithmName hash, ReadOnlySpan<byte> key) : IDisposable
{
    private readonly IncrementalHash _hmac = IncrementalHash.CreateHMAC(hash, key);

    /// <summary>How long the codes are: as long as the hash.</summary>
    public int CodeLength => _hmac.HashLengthInBytes;

    /// <summary>The code of a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="code">Where it goes: <see cref="CodeLength"/> bytes; it may lie over the message.</param>
    public void Authenticate(ReadOnlySpan<byte> message, Span<byte> code)
    {
        _hmac.AppendData(message);
        _hmac.GetHashAndReset(code);
    }

    /// <inheritdoc/>
    public void Dispose() => _hmac.Dispose();
}
