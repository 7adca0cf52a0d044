using System;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// Makes stateless reset tokens from connection IDs (RFC 9000 §10.3.2): the first 16 bytes of an HMAC-SHA256 under a secret
/// key, so that a restarted endpoint, or another shard with the same key, can reset connections whose state it does not have.
/// </summary>
/// <param name="key">The secret key, any length; 32 bytes are enough.</param>
internal sealed class StatelessResetTokens(Bytes key)
{
    public StatelessResetToken Of(ConnectionId id)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key.Span, id.Span, mac);
        return new StatelessResetToken(mac[..StatelessResetToken.Length]);
    }

    /// <summary>What a peer's token is known by: who does not have the key can neither compute it nor aim at it.</summary>
    public ulong FingerprintOf(ReadOnlySpan<byte> token)
    {
        // The prefix makes it longer than any connection ID: a fingerprint is never a token of ours.
        Span<byte> marked = stackalloc byte[ConnectionId.MaximumLength + 1 + StatelessResetToken.Length];
        marked.Clear();
        token.CopyTo(marked[(ConnectionId.MaximumLength + 1)..]);
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key.Span, marked, mac);
        return BinaryPrimitives.ReadUInt64BigEndian(mac);
    }
}
