using System;

namespace CoQuic.Engine;

/// <summary>
/// What a Retry token tells the server that gave it (RFC 9000 §8.1.2): all that it knew of the client's first Initial, so that it need
/// not remember it.
/// </summary>
/// <param name="Scope">Where and when it is good.</param>
/// <param name="OriginalDestinationId">The destination of the client's first Initial.</param>
/// <param name="RetrySourceId">The source of the Retry: the destination of the Initial that brings the token back.</param>
/// <param name="ClientHello">The beginning of the ClientHello, when that is compared.</param>
internal readonly record struct RetryToken(
    TokenScope Scope, ConnectionId OriginalDestinationId, ConnectionId RetrySourceId, ClientHelloDigest ClientHello)
{
    /// <summary>No token is larger before it is sealed.</summary>
    public const int MaximumSize = TokenScope.Size + (2 * (1 + ConnectionId.MaximumLength)) + ClientHelloDigest.Size;

    public void Write(ref QuicWriter writer)
    {
        Scope.Write(ref writer);
        writer.WriteByteLengthPrefixed(OriginalDestinationId.Span);
        writer.WriteByteLengthPrefixed(RetrySourceId.Span);
        ClientHello.Write(ref writer);
    }

    public static bool TryRead(ref QuicReader reader, out RetryToken token)
    {
        token = default;
        if (!TokenScope.TryRead(ref reader, out TokenScope scope)
            || !TryReadId(ref reader, out ConnectionId original)
            || !TryReadId(ref reader, out ConnectionId source)
            || !ClientHelloDigest.TryRead(ref reader, out ClientHelloDigest clientHello))
        {
            return false;
        }

        token = new RetryToken(scope, original, source, clientHello);
        return true;
    }

    private static bool TryReadId(ref QuicReader reader, out ConnectionId id)
    {
        bool isRead = reader.TryReadByteLengthPrefixed(out ReadOnlySpan<byte> bytes) && bytes.Length <= ConnectionId.MaximumLength;
        id = isRead ? new ConnectionId(bytes) : default;
        return isRead;
    }
}
