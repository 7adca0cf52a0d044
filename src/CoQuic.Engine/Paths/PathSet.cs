namespace CoQuic.Engine;

/// <summary>The paths of one connection. One of them is the current one, on which everything goes that is no probe.</summary>
internal sealed class PathSet
{
    public PathSet(Path first) => Current = first;

    /// <summary>The path that packets with other than probing frames are sent on (RFC 9000 §9.1).</summary>
    public Path Current { get; private set; }
}
