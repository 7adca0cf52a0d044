using System;
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
}
