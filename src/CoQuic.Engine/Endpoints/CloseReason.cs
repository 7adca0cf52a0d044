namespace CoQuic.Engine;

/// <summary>Who or what ended a connection.</summary>
public enum CloseOrigin : byte
{
    /// <summary>This endpoint: its application, or an error that it found.</summary>
    Local,

    /// <summary>The peer, by CONNECTION_CLOSE (RFC 9000 §10.2).</summary>
    Peer,

    /// <summary>Silence for longer than the idle timeout (RFC 9000 §10.1).</summary>
    IdleTimeout,

    /// <summary>A handshake that did not end within its time.</summary>
    HandshakeTimeout,

    /// <summary>A stateless reset from the peer (RFC 9000 §10.3).</summary>
    StatelessReset,

    /// <summary>A peer with no version in common (RFC 9000 §6.2).</summary>
    VersionNegotiation,

    /// <summary>Path validation that failed, with no other path to return to (RFC 9000 §9.3.2).</summary>
    NoViablePath,
}

/// <summary>How a connection ended (RFC 9000 §10, §19.19).</summary>
/// <param name="Origin">Who or what ended it.</param>
/// <param name="IsApplicationError">Whether <paramref name="Code"/> is the application protocol's, not the transport's.</param>
/// <param name="Code">The error code; 0 where the origin carries none.</param>
/// <param name="FrameType">The frame at fault, for transport errors; 0 when unknown.</param>
/// <param name="Reason">A sentence for people, from the peer as it came (invalid UTF-8 replaced), or ours.</param>
public sealed record CloseReason(CloseOrigin Origin, bool IsApplicationError, ulong Code, ulong FrameType, string Reason);
