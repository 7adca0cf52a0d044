namespace CoQuic.Engine;

/// <summary>What can be read in the opaque bytes of a <see cref="ResumptionStateAvailableEffect"/>.</summary>
public static class ResumptionStates
{
    /// <summary>
    /// The version that the session belongs to, in which a connection that goes on with it begins where the endpoint supports it (RFC 9369
    /// §5); none when the bytes are no state of this engine's.
    /// </summary>
    /// <param name="serialized">The state, some hundred bytes; may be empty.</param>
    public static QuicVersion? VersionOf(Bytes serialized) =>
        ResumptionState.TryRead(serialized.Span, out ResumptionState? state) ? state.Version : null;
}
