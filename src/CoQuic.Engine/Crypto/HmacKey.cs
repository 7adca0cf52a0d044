using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// HMAC (RFC 2104) with the hash of a cipher suite, by one key, for any number of messages. Whoever makes one disposes of it, which clears
/// what it knows of the key.
/// </summary>
internal ref struct HmacKey : IDisposable
{
    private readonly HashAlgorithmName _hash;

    // SHA-384 is rarely chosen, and the platform's: it hashes the key anew for each message.
    private readonly ReadOnlySpan<byte> _platformKey;
    private HmacSha256 _sha256;

    /// <param name="hash">SHA-256 or SHA-384.</param>
    /// <param name="key">Of any length; it has to stay until the last message.</param>
    public HmacKey(HashAlgorithmName hash, ReadOnlySpan<byte> key)
    {
        _hash = hash;
        if (IsSha256)
            _sha256 = new HmacSha256(key);
        else
            _platformKey = key;
    }

    /// <summary>How long the codes are: as long as the hash.</summary>
    public readonly int CodeLength => IsSha256 ? Sha256State.HashLength : SHA384.HashSizeInBytes;

    private readonly bool IsSha256 => _hash == HashAlgorithmName.SHA256;

    /// <summary>The code of a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="code">Where it goes: <see cref="CodeLength"/> bytes; it may lie over the message.</param>
    public readonly void Authenticate(ReadOnlySpan<byte> message, Span<byte> code)
    {
        if (IsSha256)
            _sha256.Authenticate(message, code);
        else
            CryptographicOperations.HmacData(_hash, _platformKey, message, code);
    }

    /// <inheritdoc/>
    public void Dispose() => _sha256.Clear();
}
