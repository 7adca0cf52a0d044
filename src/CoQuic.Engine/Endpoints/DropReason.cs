namespace CoQuic.Engine;

/// <summary>Why a datagram or packet was dropped without any effect.</summary>
public enum DropReason : byte
{
    /// <summary>It is not a QUIC packet of a version that is spoken here, or ends too early.</summary>
    Malformed,

    /// <summary>Its destination connection ID belongs to no connection.</summary>
    UnknownConnection,

    /// <summary>An Initial in a datagram of less than 1200 bytes (RFC 9000 §14.1).</summary>
    TooSmall,

    /// <summary>An unknown version in a datagram too small to answer (RFC 9000 §6.1).</summary>
    UnknownVersion,

    /// <summary>The server holds as many connections as it may.</summary>
    TooManyConnections,

    /// <summary>Its keys are not there yet, or not any more.</summary>
    NoKeys,

    /// <summary>It does not authenticate.</summary>
    NotAuthentic,

    /// <summary>It was processed before.</summary>
    Duplicate,

    /// <summary>It came on a route that the connection does not know.</summary>
    UnknownRoute,

    /// <summary>A client's Initial with a Retry token that is not good here (RFC 9000 §8.1.2).</summary>
    InvalidToken,

    /// <summary>A client's Initial with another ClientHello than before the Retry (RFC 9000 §17.2.5.3).</summary>
    ChangedClientHello,

    /// <summary>It came in a state in which nothing is processed any more.</summary>
    ConnectionEnding,

    /// <summary>0-RTT to a server whose Initial did not come soon, or too much of it (RFC 9000 §5.2.2).</summary>
    OrphanZeroRtt,
}

/// <summary>How often each <see cref="DropReason"/> occurred.</summary>
internal sealed class DropCounters
{
    private readonly ulong[] _counts = new ulong[(int)DropReason.OrphanZeroRtt + 1];

    public void Count(DropReason reason) => _counts[(int)reason]++;

    public ulong this[DropReason reason] => _counts[(int)reason];
}
