namespace CoQuic.Engine;

/// <summary>
/// One network path of a connection (RFC 9000 §9): where its datagrams go, and everything whose state belongs to it alone. The
/// connection sends on the current path of its <see cref="PathSet"/>, and only probes on the others.
/// </summary>
internal sealed class Path
{
    public Path(RouteHandle? route, RemoteConnectionId remoteId, PathRecovery recovery, AntiAmplification amplification)
    {
        Route = route;
        RemoteId = remoteId;
        Recovery = recovery;
        Amplification = amplification;
    }

    /// <summary>The caller's name for the pair of addresses; none when it has none.</summary>
    public RouteHandle? Route { get; }

    /// <summary>The connection ID that packets on this path are sent to (RFC 9000 §9.5: on no other).</summary>
    public RemoteConnectionId RemoteId { get; set; }

    /// <summary>RTT, congestion control, pacing and bytes in flight.</summary>
    public PathRecovery Recovery { get; }

    /// <summary>What may be sent before the peer's address is validated.</summary>
    public AntiAmplification Amplification { get; }

    /// <summary>Challenges of the peer, which are answered on the path that they came on (RFC 9000 §8.2.2).</summary>
    public PathResponses Responses { get; } = new();

    /// <summary>The largest datagram that the path is known to carry, in bytes.</summary>
    public int DatagramSize => DatagramSizes.Smallest;
}
