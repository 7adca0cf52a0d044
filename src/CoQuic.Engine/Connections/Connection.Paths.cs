using System;

namespace CoQuic.Engine;

/// <content>
/// The paths of the connection (RFC 9000 §9): where datagrams come from, where they go to, and how a server follows its client from one
/// address to another.
/// </content>
internal sealed partial class Connection
{
    /// <summary>
    /// A path that was left is remembered for so many probe timeouts at least: as long as the peer's own validation of the new one may
    /// take, which brings it back to the old one when it fails (RFC 9000 §8.2.4, §9.3.2).
    /// </summary>
    private const int LeftPathPtos = 3;

    private ulong? _largestNonProbing;
    private RouteHandle? _previousRoute;

    // What is being received: the datagram's path, none while its route is unknown, and what a path would be made from.
    private Path? _arrivalPath;
    private OwnedDatagram _arrival;
    private int _arrivalLength;

    /// <summary>
    /// Whether Initials to an ID, from a route, are nothing to this connection: it began with that ID, has done with Initials (RFC 9001
    /// §4.9.1), and a late one would come on a route where its client was.
    /// </summary>
    public bool LeavesInitialsOf(RouteHandle? route, ReadOnlySpan<byte> destination) =>
        !_keys.CanReceive(EncryptionLevel.Initial)
        && _setup.InitialDestinationId.Span.SequenceEqual(destination)
        && route is not null
        && _paths.Find(route) is null;

    /// <summary>A datagram is about to be received.</summary>
    /// <returns>
    /// Whether it may come on its route: on a new one a client takes nothing (RFC 9000 §9), and a server only what it could answer there
    /// (RFC 9000 §9.5).
    /// </returns>
    private bool TryBeginArrival(in OwnedDatagram input, int length, ConnectionId destination)
    {
        // What is kept until the next datagram comes, perhaps for hours, must not keep this one's memory.
        _arrival = input with { Buffer = default };
        _arrivalLength = length;
        _arrivalPath = _paths.Find(input.Route ?? _setup.Route);
        _arrivalPath?.Amplification.OnReceived(length);
        bool mayFollow = _role == Role.Server && IsHandshakeConfirmed && _config.AllowPeerAddressChange;
        return _arrivalPath is not null || (mayFollow && (IsRebinding(destination) || _remoteIds.HasUnused));
    }

    /// <summary>RFC 9000 §9.5: who changes its address on purpose changes the connection ID as well; a NAT cannot.</summary>
    private bool IsRebinding(ConnectionId destination) => destination == CurrentPath.LocalId;

    /// <summary>The path of the packet that is being received, which is authentic: if there is none yet, it begins now.</summary>
    private Path ArrivalPath(TimeUs now, ConnectionId destination)
    {
        if (_arrivalPath is { } known)
            return known;
        RemoteConnectionId remoteId = CurrentPath.RemoteId;
        if (!IsRebinding(destination) && !_remoteIds.TryTakeUnused(out remoteId))
            remoteId = CurrentPath.RemoteId;
        Path path = NewPathFromPeer(remoteId);
        path.LocalId = destination;
        path.Amplification.OnReceived(_arrivalLength);
        Adopt(path);
        StartValidation(now, path);
        _arrivalPath = path;
        return path;
    }

    /// <summary>
    /// RFC 9000 §9.4: a change of the port alone is the work of a NAT, and the way to the peer is the same as before: what is known of it
    /// stays.
    /// </summary>
    private Path NewPathFromPeer(RemoteConnectionId remoteId)
    {
        Bytes identity = _arrival.AddressValidationIdentity;
        Path fresh = _pathFactory.Create(_arrival.Route, identity, remoteId, IsValidatedAddress(identity));
        return PeerAddress.DifferInPortOnly(identity, CurrentPath.PeerIdentity) ? fresh.Sharing(CurrentPath) : fresh;
    }

    /// <summary>Whether the peer has been seen to receive at an address, by whichever of our own (RFC 9000 §9.3).</summary>
    private bool IsValidatedAddress(Bytes identity)
    {
        foreach (Path path in _paths.All)
        {
            if (path.IsValidated && !identity.IsEmpty && path.PeerIdentity == identity)
                return true;
        }

        return false;
    }

    private void Adopt(Path path)
    {
        if (_paths.Add(path) is { } evicted)
            Release(evicted);
        _loss.AddPath(path.Recovery);
    }

    /// <summary>A path is given up, and with it the connection ID that was used there (RFC 9000 §9.5).</summary>
    private void Forget(Path path)
    {
        _paths.Remove(path);
        Release(path);
    }

    private void Release(Path path)
    {
        if (!_paths.Shares(path.Recovery))
            _loss.RemovePath(path.Recovery);
        if (!_paths.Uses(path.RemoteId))
            _remoteIds.Retire(path.RemoteId);
    }

    /// <summary>A packet was opened and its frames were processed: a server goes where its client is (RFC 9000 §9.3).</summary>
    private void OnOneRttProcessed(TimeUs now, in OpenedPacket opened, ConnectionId destination, bool isNonProbing)
    {
        if (_arrivalPath is { } path)
        {
            path.LocalId = destination;
            path.Spin.OnReceived(opened.PacketNumber, opened.Spin);
        }

        if (!isNonProbing || opened.PacketNumber < _largestNonProbing)
            return;
        _largestNonProbing = opened.PacketNumber;
        if (_role == Role.Server && IsHandshakeConfirmed)
            Follow(now, ArrivalPath(now, destination));
    }

    private void Follow(TimeUs now, Path path)
    {
        Path left = CurrentPath;
        if (path == left)
        {
            _paths.Choose(null);
            return;
        }

        // RFC 9000 §9.6.2: where it is our address that changed, to the preferred one, the new path is validated first.
        bool isOurs = !path.PeerIdentity.IsEmpty && path.PeerIdentity == left.PeerIdentity;
        if (!path.IsValidated)
            StartValidation(now, path);
        if (isOurs && !path.IsValidated)
        {
            _paths.Choose(path);
            return;
        }

        MoveTo(now, path);

        // RFC 9000 §9.3.3: whoever merely forwards our peer's packets loses against the peer's own answer on the path so far.
        StartValidation(now, left);
    }

    /// <summary>Everything goes another way from now on.</summary>
    private void MoveTo(TimeUs now, Path path)
    {
        TimeSpan pto = Pto;
        TimeSpan memory = LeftPathPtos * (pto > RttEstimator.InitialPto ? pto : RttEstimator.InitialPto);
        TimeSpan retention = _config.Transport.MigrationRecoveryRetentionTimeout;
        _previousRoute = CurrentPath.Route;
        _paths.MoveTo(now, path, retention > memory ? retention : memory);
        _remoteIds.Use(path.RemoteId);
        _loss.OnPathChanged(now, path.Recovery, RecoveryContext);
        if (path.IsValidated)
            path.Validator.Abandon();
        Tell(new PathChangedEffect(Handle, _previousRoute, path.Route, path.IsValidated));
    }

    /// <summary>RFC 9000 §7.2: the peer's first packet tells the connection ID that it wants to be sent to.</summary>
    private void OnPeerChoseId(ConnectionId id)
    {
        _remoteIds.ReplaceInitial(id);
        CurrentPath.RemoteId = _remoteIds.Current;
    }

    /// <summary>The peer may have retired IDs that we were sending to (RFC 9000 §5.1.2): those paths need others.</summary>
    private TransportError? OnNewConnectionId(in NewConnectionIdFrame issued)
    {
        TransportError? error = _remoteIds.OnNewConnectionId(
            issued.SequenceNumber, issued.RetirePriorTo, issued.ConnectionId, issued.StatelessResetToken);
        if (error is not null)
            return error;
        for (int index = _paths.All.Length - 1; index >= 0; index--)
            RenewRemoteId(_paths.All[index]);
        return null;
    }

    private void RenewRemoteId(Path path)
    {
        if (_remoteIds.IsActive(path.RemoteId))
            return;
        if (path == CurrentPath)
            path.RemoteId = _remoteIds.Current;
        else if (_remoteIds.TryTakeUnused(out RemoteConnectionId unused))
            path.RemoteId = unused;
        else
            Forget(path);
        path.Spin.Reset();
    }
}
