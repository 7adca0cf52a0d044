using System;

namespace CoQuic.Engine;

/// <summary>
/// A client's side of address validation (RFC 9000 §8.1): the token in its Initial packets, and the one Retry that it may obey.
/// </summary>
/// <param name="token">A token from an earlier connection, or from a Retry that was obeyed before this connection began; or empty.</param>
/// <param name="retrySourceId">The source of that Retry; none when there was none.</param>
internal sealed class ClientAddressValidation(Bytes token, ConnectionId? retrySourceId)
{
    /// <summary>
    /// A longer token is not taken: it has to fit in every Initial, beside the header and a useful part of the ClientHello.
    /// </summary>
    public const int MaximumTokenLength = 900;

    /// <summary>What every Initial carries (RFC 9000 §8.1.2, §8.1.3).</summary>
    public Bytes Token { get; private set; } = token;

    /// <summary>The Source Connection ID of the Retry that was obeyed, which the server must confirm (RFC 9000 §7.3).</summary>
    public ConnectionId? RetrySourceId { get; private set; } = retrySourceId;

    /// <summary>Whether a Retry was obeyed: others are dropped from then on (RFC 9000 §17.2.5.2).</summary>
    public bool HasObeyedRetry => RetrySourceId is not null;

    /// <summary>Obeys a Retry when it is the first, genuine, and possible to obey.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="version">The version of our Initial packets (RFC 9369 §4.1).</param>
    /// <param name="destination">Where our Initial packets went.</param>
    public bool TryObey(ReadOnlySpan<byte> packet, QuicVersion version, in ConnectionId destination)
    {
        if (HasObeyedRetry
            || !RetryPacket.TryRead(packet, out RetryPacket retry)
            || retry.Version != version
            || retry.SourceConnectionId == destination
            || retry.Token.Length > MaximumTokenLength
            || !retry.HasValidIntegrityTag(destination))
        {
            return false;
        }

        Token = Bytes.CopyOf(retry.Token);
        RetrySourceId = retry.SourceConnectionId;
        return true;
    }
}
