namespace CoQuic.Engine;

/// <summary>
/// Where received datagrams come from (RFC 9000 §9.3): each belongs to the path of its route, and the first authentic packet on an
/// unknown route begins a path there.
/// </summary>
/// <param name="setup">What the connection is made from.</param>
/// <param name="paths">The paths of the connection.</param>
/// <param name="factory">Makes further ones.</param>
/// <param name="remoteIds">The peer's connection IDs.</param>
/// <param name="moves">Who validates new paths, and follows the peer to them.</param>
/// <param name="connection">The connection.</param>
internal sealed class PathArrivals(
    ConnectionSetup setup,
    PathSet paths,
    PathFactory factory,
    RemoteConnectionIds remoteIds,
    PathMoves moves,
    IMovingConnection connection)
{
    private ulong? _largestNonProbing;

    // The path of the datagram that is being received, none while its route is unknown, and what a path would be made from.
    private Path? _path;
    private OwnedDatagram _datagram;
    private int _length;

    /// <summary>A datagram is about to be received.</summary>
    /// <param name="datagram">How it arrived.</param>
    /// <param name="length">Its length.</param>
    /// <param name="destination">Our connection ID that it came to.</param>
    /// <returns>
    /// Whether it may come on its route: on a new one a client takes nothing (RFC 9000 §9), and a server only what it could answer there
    /// (RFC 9000 §9.5).
    /// </returns>
    public bool TryBegin(in OwnedDatagram datagram, int length, ConnectionId destination)
    {
        // What is kept until the next datagram comes, perhaps for hours, must not keep this one's memory.
        _datagram = datagram with { Buffer = default };
        _length = length;
        _path = paths.Find(datagram.Route ?? setup.Route);
        _path?.Amplification.OnReceived(length);
        bool mayFollow =
            setup.Config.Role == Role.Server && connection.IsHandshakeConfirmed && setup.Config.AllowPeerAddressChange;
        return _path is not null || (mayFollow && (IsRebinding(destination) || remoteIds.HasUnused));
    }

    /// <summary>PATH_CHALLENGE came in: it is answered on its own path (RFC 9000 §8.2.2).</summary>
    public void OnChallenge(TimeUs now, ConnectionId destination, ulong data) => Resolve(now, destination).Responses.Add(data);

    /// <summary>A 1-RTT packet was opened and its frames were processed: a server goes where its client is (RFC 9000 §9.3).</summary>
    public void OnProcessed(TimeUs now, in OpenedPacket opened, ConnectionId destination, bool isNonProbing)
    {
        if (_path is { } path)
        {
            path.LocalId = destination;
            path.Spin.OnReceived(opened.PacketNumber, opened.Spin);
        }

        if (!isNonProbing || opened.PacketNumber < _largestNonProbing)
            return;
        _largestNonProbing = opened.PacketNumber;
        if (setup.Config.Role == Role.Server && connection.IsHandshakeConfirmed)
            moves.Follow(now, Resolve(now, destination));
    }

    /// <summary>RFC 9000 §9.5: who changes its address on purpose changes the connection ID as well; a NAT cannot.</summary>
    private bool IsRebinding(ConnectionId destination) => destination == paths.Current.LocalId;

    /// <summary>The path of the packet that is being received, which is authentic: if there is none yet, it begins now.</summary>
    private Path Resolve(TimeUs now, ConnectionId destination)
    {
        if (_path is { } known)
            return known;
        RemoteConnectionId remoteId = paths.Current.RemoteId;
        if (!IsRebinding(destination) && !remoteIds.TryTakeUnused(out remoteId))
            remoteId = paths.Current.RemoteId;
        Path path = NewPath(remoteId);
        path.LocalId = destination;
        path.Amplification.OnReceived(_length);
        moves.Begin(now, path);
        _path = path;
        return path;
    }

    /// <summary>
    /// RFC 9000 §9.4: a change of the port alone is the work of a NAT, and the way to the peer is the same as before: what is known of it
    /// stays.
    /// </summary>
    private Path NewPath(RemoteConnectionId remoteId)
    {
        Bytes identity = _datagram.AddressValidationIdentity;
        Path fresh = factory.Create(_datagram.Route, identity, remoteId, IsValidatedAddress(identity));
        return PeerAddress.DifferInPortOnly(identity, paths.Current.PeerIdentity) ? fresh.Sharing(paths.Current) : fresh;
    }

    /// <summary>Whether the peer has been seen to receive at an address, by whichever of our own (RFC 9000 §9.3).</summary>
    private bool IsValidatedAddress(Bytes identity)
    {
        foreach (Path path in paths.All)
        {
            if (path.IsValidated && !identity.IsEmpty && path.PeerIdentity == identity)
                return true;
        }

        return false;
    }
}
