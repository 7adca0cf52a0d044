namespace CoQuic.Engine;

/// <summary>A well-formed operation that the protocol forbids now. Nothing has changed.</summary>
/// <param name="Connection">The connection addressed; none for a refused open.</param>
/// <param name="Code">What stands in the way.</param>
/// <param name="StreamId">The stream addressed, for stream operations.</param>
public sealed record LocalError(ConnectionHandle? Connection, LocalErrorCode Code, StreamId? StreamId);
