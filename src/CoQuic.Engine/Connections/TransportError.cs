namespace CoQuic.Engine;

/// <summary>
/// What the peer did wrong, or what stopped us: the contents of a CONNECTION_CLOSE of type 0x1c (RFC 9000 §19.19).
/// Machines return it; only the connection acts on it.
/// </summary>
/// <param name="Code">The transport error code.</param>
/// <param name="FrameType">The frame that was at fault, 0 when none or unknown.</param>
/// <param name="Reason">A sentence for people; never secret.</param>
internal sealed record TransportError(TransportErrorCode Code, ulong FrameType, string Reason)
{
    public TransportError(TransportErrorCode code, string reason)
        : this(code, 0, reason)
    {
    }

    /// <summary>The error with the frame type filled in where the machine did not know it.</summary>
    public TransportError InFrame(ulong frameType) => FrameType == 0 ? this with { FrameType = frameType } : this;
}
