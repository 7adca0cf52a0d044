using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// The transcript hash (RFC 8446 §4.4.1): every handshake message, hashed once. Until the cipher suite tells the hash,
/// the ClientHello is kept.
/// </summary>
internal sealed class Transcript : IDisposable
{
    public const int MaximumHashSize = SHA384.HashSizeInBytes;

    private byte[] _kept = [];
    private IncrementalHash? _hash;

    public void Append(ReadOnlySpan<byte> message)
    {
        if (_hash is not null)
            _hash.AppendData(message);
        else
            _kept = [.. _kept, .. message];
    }

    /// <summary>Settles the hash; what was kept goes into it.</summary>
    public void SelectHash(HashAlgorithmName algorithm)
    {
        if (_hash is not null)
            return;
        _hash = IncrementalHash.CreateHash(algorithm);
        _hash.AppendData(_kept);
        _kept = [];
    }

    /// <summary>
    /// RFC 8446 §4.4.1: when a HelloRetryRequest comes, the first ClientHello is replaced by a message_hash message that
    /// holds its hash.
    /// </summary>
    public void ReplaceWithMessageHash()
    {
        Span<byte> message = stackalloc byte[HandshakeMessage.HeaderSize + MaximumHashSize];
        int length = Hash.GetHashAndReset(message[HandshakeMessage.HeaderSize..]);
        HandshakeMessage.WriteHeader(message, HandshakeType.MessageHash, length);
        Hash.AppendData(message[..(HandshakeMessage.HeaderSize + length)]);
    }

    /// <summary>The hash of all messages so far.</summary>
    public byte[] CurrentHash() => Hash.GetCurrentHash();

    /// <summary>The hash of all messages so far by an algorithm: before one is selected by any, afterwards by that one.</summary>
    public byte[] CurrentHash(HashAlgorithmName algorithm) =>
        _hash is null ? CryptographicOperations.HashData(algorithm, _kept) : CurrentHash();

    public void Dispose() => _hash?.Dispose();

    private IncrementalHash Hash =>
        _hash ?? throw new InvalidOperationException("The transcript's hash is not selected yet.");
}
