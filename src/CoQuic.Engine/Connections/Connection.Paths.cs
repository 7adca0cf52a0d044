namespace CoQuic.Engine;

/// <content>The paths of the connection (RFC 9000 §9): where datagrams come from and go to.</content>
internal sealed partial class Connection
{
    private Path FirstPath()
    {
        PathRecovery recovery = PathRecovery.Create(id: 0, _config, new RttEstimator(), DatagramSizes.Smallest);
        return new Path(_setup.Route, _remoteIds.Current, recovery, new AntiAmplification(_setup.IsAddressValidated));
    }

    /// <summary>RFC 9000 §7.2: the peer's first packet tells the connection ID that it wants to be sent to.</summary>
    private void OnPeerChoseId(ConnectionId id)
    {
        _remoteIds.ReplaceInitial(id);
        CurrentPath.RemoteId = _remoteIds.Current;
    }

    /// <summary>The peer may have retired IDs that we were sending to (RFC 9000 §5.1.2).</summary>
    private TransportError? OnNewConnectionId(in NewConnectionIdFrame issued)
    {
        TransportError? error = _remoteIds.OnNewConnectionId(
            issued.SequenceNumber, issued.RetirePriorTo, issued.ConnectionId, issued.StatelessResetToken);
        CurrentPath.RemoteId = _remoteIds.Current;
        return error;
    }
}
