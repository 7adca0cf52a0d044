using System;

namespace CoQuic.Engine;

/// <summary>
/// How a connection gets from one path to another (RFC 9000 §9): a server follows its client, a client migrates; each new path is
/// validated (RFC 9000 §8.2), and one that fails is left for the last that worked.
/// </summary>
/// <param name="config">The endpoint's configuration.</param>
/// <param name="paths">The paths of the connection.</param>
/// <param name="factory">Makes further ones.</param>
/// <param name="remoteIds">The peer's connection IDs: each path uses one of its own (RFC 9000 §9.5).</param>
/// <param name="loss">Who recovers on the current path.</param>
/// <param name="connection">The connection.</param>
internal sealed class PathMoves(
    EndpointConfig config,
    PathSet paths,
    PathFactory factory,
    RemoteConnectionIds remoteIds,
    LossDetector loss,
    IMovingConnection connection)
{
    /// <summary>
    /// A path that was left is remembered for so many probe timeouts at least: as long as the peer's own validation of the new one may
    /// take, which brings it back to the old one when it fails (RFC 9000 §8.2.4, §9.3.2).
    /// </summary>
    private const int LeftPathPtos = 3;

    private RouteHandle? _previousRoute;
    private bool _hasActedOnPreferredAddress;

    private TimeSpan Pto => loss.Pto(connection.RecoveryContext);

    /// <summary>The earliest instant at which a path has something to do.</summary>
    public TimeUs? Deadline
    {
        get
        {
            TimeUs? earliest = null;
            foreach (Path path in paths.All)
            {
                earliest = TimeUs.Earliest(earliest, path.Validator.Deadline(connection.MayProbe(path)));
                if (paths.Current.IsValidated)
                    earliest = TimeUs.Earliest(earliest, path.KeepUntil);
            }

            return earliest;
        }
    }

    /// <summary>A path is new: it has its place, and is validated.</summary>
    public void Begin(TimeUs now, Path path)
    {
        Adopt(path);
        StartValidation(now, path);
    }

    /// <summary>A server's client has sent more than probes on a path (RFC 9000 §9.3).</summary>
    public void Follow(TimeUs now, Path path)
    {
        Path left = paths.Current;
        if (path == left)
        {
            paths.Choose(null);
            return;
        }

        // RFC 9000 §9.6.2: where it is our address that changed, to the preferred one, the new path is validated first.
        bool isOurs = !path.PeerIdentity.IsEmpty && path.PeerIdentity == left.PeerIdentity;
        if (!path.IsValidated)
            StartValidation(now, path);
        if (isOurs && !path.IsValidated)
        {
            paths.Choose(path);
            return;
        }

        MoveTo(now, path);

        // RFC 9000 §9.3.3: whoever merely forwards our peer's packets loses against the peer's own answer on the path so far.
        StartValidation(now, left);
    }

    /// <summary>
    /// A client's application wants to be on another route. It is validated first, unless the configuration defers that; a
    /// <see cref="PathChangedEffect"/> tells how it ended.
    /// </summary>
    public LocalErrorCode? Request(TimeUs now, in RequestMigration input)
    {
        if (input.Route == paths.Current.Route)
            return null;
        if (!MayMigrate(input))
            return LocalErrorCode.UnsupportedOperation;
        Path? known = paths.Find(input.Route);
        if (known is null && !remoteIds.HasUnused)
            return LocalErrorCode.UnsupportedOperation;

        if (paths.Successor is { } abandoned && abandoned != known)
            Forget(abandoned);
        _hasActedOnPreferredAddress |= input.Reason == MigrationReason.PreferredAddress;
        Path path = known ?? NewPath(input);
        bool goesAtOnce = path.IsValidated
            || (config.Transport.DeferActiveMigrationPathValidation && input.Reason == MigrationReason.Active);
        if (!path.IsValidated)
            StartValidation(now, path);
        if (goesAtOnce)
            Migrate(now, path);
        else
            paths.Choose(path);
        return null;
    }

    /// <summary>RFC 9000 §8.2.3: a response validates the path of its challenge, on whichever path it comes; others mean nothing.</summary>
    public void OnResponse(TimeUs now, ulong data)
    {
        for (int index = 0; index < paths.All.Length; index++)
        {
            Path path = paths.All[index];
            switch (path.Validator.OnResponse(now, data, out TimeSpan roundTrip))
            {
                case PathAnswer.Address:
                    path.Amplification.Validate();
                    loss.Rearm(now, connection.RecoveryContext);
                    return;
                case PathAnswer.Path:
                    OnValidated(now, path, roundTrip);
                    return;
                default:
                    break;
            }
        }
    }

    /// <summary>Challenges that are not answered in time, and paths that were left long enough ago.</summary>
    public void OnTimeout(TimeUs now)
    {
        for (int index = paths.All.Length - 1; index >= 0; index--)
        {
            if (paths.All[index].Validator.OnTimeout(now))
                OnValidationFailed(now, paths.All[index]);
        }

        while (connection.IsAlive && paths.Expired(now) is { } expired)
            Forget(expired);
    }

    /// <summary>The peer may have retired IDs that we were sending to (RFC 9000 §5.1.2): those paths need others.</summary>
    public void RenewRemoteIds()
    {
        for (int index = paths.All.Length - 1; index >= 0; index--)
            RenewRemoteId(paths.All[index]);
    }

    /// <summary>RFC 9000 §8.2.4: the timer covers the slower of the path itself, of which nothing may be known yet, and the current one.</summary>
    private void StartValidation(TimeUs now, Path path)
    {
        RecoveryContext context = connection.RecoveryContext;
        path.Validator.Start(now, path.Recovery.Rtt.PtoBase + context.MaxAckDelay, loss.Pto(context));
    }

    private void OnValidated(TimeUs now, Path path, TimeSpan roundTrip)
    {
        bool wasValidated = path.IsValidated;
        path.OnValidated();
        path.Recovery.Rtt.Assume(roundTrip);
        if (path == paths.Successor)
            Migrate(now, path);
        else if (path == paths.Current && !wasValidated)
            connection.OnPathChanged(_previousRoute, path.Route, isValidated: true);
        if (path == paths.Current && !wasValidated)
            connection.OnCurrentPathValidated(now);
        loss.Rearm(now, connection.RecoveryContext);
    }

    /// <summary>RFC 9000 §9.3.2: back to the path that was validated last; without one the connection ends in silence.</summary>
    private void OnValidationFailed(TimeUs now, Path path)
    {
        Path? validated = paths.LastValidated();
        if (path != paths.Current)
        {
            if (path != validated || paths.Current.IsValidated)
                GiveUp(path);
        }
        else if (validated is null)
        {
            connection.OnNoViablePath();
        }
        else
        {
            MoveTo(now, validated);
            Forget(path);
        }
    }

    /// <summary>A path that was only tried does not work: who asked for it is told that the connection stays where it is.</summary>
    private void GiveUp(Path path)
    {
        if (path == paths.Successor)
            connection.OnPathChanged(path.Route, paths.Current.Route, paths.Current.IsValidated);
        Forget(path);
    }

    private void Migrate(TimeUs now, Path path)
    {
        MoveTo(now, path);
        connection.OnMigrated();
    }

    /// <summary>Everything goes another way from now on.</summary>
    private void MoveTo(TimeUs now, Path path)
    {
        TimeSpan pto = Pto;
        TimeSpan memory = LeftPathPtos * (pto > RttEstimator.InitialPto ? pto : RttEstimator.InitialPto);
        TimeSpan retention = config.Transport.MigrationRecoveryRetentionTimeout;
        _previousRoute = paths.Current.Route;
        paths.MoveTo(now, path, retention > memory ? retention : memory);
        remoteIds.Use(path.RemoteId);
        loss.OnPathChanged(now, path.Recovery, connection.RecoveryContext);
        if (path.IsValidated)
            path.Validator.Abandon();
        connection.OnPathChanged(_previousRoute, path.Route, path.IsValidated);
    }

    /// <summary>
    /// RFC 9000 §9: only clients migrate, and not before the handshake is confirmed; and not by themselves where the server does not want
    /// it, until they are at its preferred address. RFC 9000 §9.5: nor where the peer's connection IDs have no bytes.
    /// </summary>
    private bool MayMigrate(in RequestMigration input)
    {
        bool isPossible = config.Role == Role.Client && connection.IsHandshakeConfirmed && config.AllowPeerAddressChange
            && !paths.Current.RemoteId.Id.IsEmpty;
        if (!isPossible || connection.PeerParameters is not { } peer)
            return false;
        return input.Reason == MigrationReason.PreferredAddress
            ? IsOffered(peer.PreferredAddress, input.AddressValidationIdentity)
            : !peer.DisableActiveMigration || _hasActedOnPreferredAddress;
    }

    private static bool IsOffered(PreferredAddress? preferred, Bytes peerIdentity)
    {
        if (PeerAddress.IsIPv4(peerIdentity))
            return preferred?.IPv4 is not null;
        return PeerAddress.IsIPv6(peerIdentity) ? preferred?.IPv6 is not null : preferred is not null;
    }

    private Path NewPath(in RequestMigration input)
    {
        remoteIds.TryTakeUnused(out RemoteConnectionId remoteId);
        Path path = factory.Create(input.Route, input.AddressValidationIdentity, remoteId, isAddressValidated: true);
        Adopt(path);
        return path;
    }

    private void Adopt(Path path)
    {
        if (paths.Add(path) is { } evicted)
            Release(evicted);
        loss.AddPath(path.Recovery);
    }

    /// <summary>A path is given up, and with it the connection ID that was used there (RFC 9000 §9.5).</summary>
    private void Forget(Path path)
    {
        paths.Remove(path);
        Release(path);
    }

    private void Release(Path path)
    {
        if (!paths.Shares(path.Recovery))
            loss.RemovePath(path.Recovery);
        if (!paths.Uses(path.RemoteId))
            remoteIds.Retire(path.RemoteId);
    }

    private void RenewRemoteId(Path path)
    {
        if (remoteIds.IsActive(path.RemoteId))
            return;
        if (path == paths.Current)
            path.RemoteId = remoteIds.Current;
        else if (remoteIds.TryTakeUnused(out RemoteConnectionId unused))
            path.RemoteId = unused;
        else
            Forget(path);
        path.Spin.Reset();
    }
}
