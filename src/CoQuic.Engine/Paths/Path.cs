using System;

namespace CoQuic.Engine;

/// <summary>
/// One network path of a connection (RFC 9000 §9): where its datagrams go, and everything whose state belongs to it alone. The
/// connection sends on the current path of its <see cref="PathSet"/>, and only probes on the others.
/// </summary>
internal sealed class Path
{
    /// <summary>The caller's name for the pair of addresses; none when it has none.</summary>
    public required RouteHandle? Route { get; init; }

    /// <summary>What the host calls the peer's address, for comparing; may be empty.</summary>
    public required Bytes PeerIdentity { get; init; }

    /// <summary>The connection ID that packets on this path are sent to (RFC 9000 §9.5: on no other).</summary>
    public required RemoteConnectionId RemoteId { get; set; }

    /// <summary>RTT, congestion control, pacing and bytes in flight.</summary>
    public required PathRecovery Recovery { get; init; }

    /// <summary>How large datagrams may be.</summary>
    public required MtuDiscovery Mtu { get; init; }

    /// <summary>Whether marks get through.</summary>
    public required EcnValidator Ecn { get; init; }

    /// <summary>The latency spin bit.</summary>
    public required SpinBit Spin { get; init; }

    /// <summary>What may be sent before the peer's address is validated.</summary>
    public required AntiAmplification Amplification { get; init; }

    /// <summary>Challenges of ours, and what they have shown.</summary>
    public PathValidator Validator { get; } = new();

    /// <summary>Challenges of the peer, which are answered on the path that they came on (RFC 9000 §8.2.2).</summary>
    public PathResponses Responses { get; } = new();

    /// <summary>Our connection ID that the peer sends to on this path, as the last packet told; none before there was any.</summary>
    public ConnectionId? LocalId { get; set; }

    /// <summary>Whether the path is known to work in both directions: by the handshake or by validation.</summary>
    public bool IsValidated { get; private set; }

    /// <summary>When the connection left the path for another; none while it has not.</summary>
    public TimeUs? LeftAt { get; set; }

    /// <summary>When a path that was left is forgotten; none for one that is in use.</summary>
    public TimeUs? KeepUntil { get; set; }

    /// <summary>The largest datagram that is sent for other than probing, in bytes.</summary>
    public int MaximumDatagramSize => Mtu.MaximumDatagramSize;

    /// <summary>The largest datagram that may be sent now.</summary>
    public int SendableDatagramSize => (int)Math.Min((ulong)MaximumDatagramSize, Amplification.Budget);

    /// <summary>A path that differs from another in the peer's port alone, and goes the same way (RFC 9000 §9.4).</summary>
    public Path Sharing(Path other) => new()
    {
        Route = Route,
        PeerIdentity = PeerIdentity,
        RemoteId = RemoteId,
        Recovery = other.Recovery,
        Mtu = other.Mtu,
        Ecn = other.Ecn,
        Spin = Spin,
        Amplification = Amplification,
    };

    /// <summary>RFC 9002 §7.2: windows and bursts are multiples of the maximum datagram size, which may have changed.</summary>
    public void ApplyMaximumDatagramSize(TimeUs now)
    {
        if (Recovery.MaximumDatagramSize != MaximumDatagramSize)
            Recovery.OnMaximumDatagramSizeChanged(now, MaximumDatagramSize);
    }

    /// <summary>The handshake, or an answered challenge, has shown that the path works.</summary>
    public void OnValidated()
    {
        IsValidated = true;
        Amplification.Validate();
    }
}
