using System;

namespace CoQuic.Engine;

/// <content>Where the connection is: its paths find that out (RFC 9000 §9), and tell it here.</content>
internal sealed partial class Connection
{
    bool IMovingConnection.IsAlive => IsAlive;

    bool IMovingConnection.IsHandshakeConfirmed => IsHandshakeConfirmed;

    RecoveryContext IMovingConnection.RecoveryContext => RecoveryContext;

    TransportParameters? IMovingConnection.PeerParameters => _peerParameters;

    bool IMovingConnection.MayProbe(Path path) => MayProbe(path);

    /// <summary>
    /// Whether Initials to an ID, from a route, are nothing to this connection: it began with that ID, has done with Initials (RFC 9001
    /// §4.9.1), and a late one would come on a route where its client was.
    /// </summary>
    public bool LeavesInitialsOf(RouteHandle? route, ReadOnlySpan<byte> destination) =>
        !_keys.CanReceive(EncryptionLevel.Initial)
        && _setup.InitialDestinationId.Span.SequenceEqual(destination)
        && route is not null
        && _paths.Find(route) is null;

    /// <summary>The application wants to be on another route.</summary>
    public LocalErrorCode? RequestMigration(TimeUs now, in RequestMigration input) => IsAlive ? _moves.Request(now, input) : null;

    void IMovingConnection.OnPathChanged(RouteHandle? oldRoute, RouteHandle? newRoute, bool isValidated) =>
        Tell(new PathChangedEffect(Handle, oldRoute, newRoute, isValidated));

    void IMovingConnection.OnMigrated() => _isPingPending |= _role == Role.Client;

    void IMovingConnection.OnCurrentPathValidated(TimeUs now)
    {
        // RFC 9000 §9.3: who comes back from the new address should be known there too.
        if (_role == Role.Server)
            IssueNewTokens(now);
    }

    void IMovingConnection.OnNoViablePath() => EndInSilence(CloseOrigin.NoViablePath, "the peer answers on no path");

    /// <summary>RFC 9000 §7.2: the peer's first packet tells the connection ID that it wants to be sent to.</summary>
    private void OnPeerChoseId(ConnectionId id)
    {
        _remoteIds.ReplaceInitial(id);
        CurrentPath.RemoteId = _remoteIds.Current;
    }

    private TransportError? OnNewConnectionId(in NewConnectionIdFrame issued)
    {
        TransportError? error = _remoteIds.OnNewConnectionId(
            issued.SequenceNumber, issued.RetirePriorTo, issued.ConnectionId, issued.StatelessResetToken);
        if (error is null)
            _moves.RenewRemoteIds();
        return error;
    }
}
