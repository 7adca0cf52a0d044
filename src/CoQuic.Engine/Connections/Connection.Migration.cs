namespace CoQuic.Engine;

/// <content>Moves that a client makes itself (RFC 9000 §9.2, §9.6).</content>
internal sealed partial class Connection
{
    private bool _hasActedOnPreferredAddress;

    /// <summary>
    /// The application wants to be on another route. It is validated first, unless the configuration defers that; a
    /// <see cref="PathChangedEffect"/> tells how it ended.
    /// </summary>
    public LocalErrorCode? RequestMigration(TimeUs now, in RequestMigration input)
    {
        if (!IsAlive || input.Route == CurrentPath.Route)
            return null;
        if (!MayMigrate(input))
            return LocalErrorCode.UnsupportedOperation;
        Path? known = _paths.Find(input.Route);
        if (known is null && !_remoteIds.HasUnused)
            return LocalErrorCode.UnsupportedOperation;

        if (_paths.Successor is { } abandoned && abandoned != known)
            Forget(abandoned);
        _hasActedOnPreferredAddress |= input.Reason == MigrationReason.PreferredAddress;
        Path path = known ?? NewPathOfOurs(input);
        bool goesAtOnce = path.IsValidated
            || (_config.Transport.DeferActiveMigrationPathValidation && input.Reason == MigrationReason.Active);
        if (!path.IsValidated)
            StartValidation(now, path);
        if (goesAtOnce)
            Migrate(now, path);
        else
            _paths.Choose(path);
        return null;
    }

    /// <summary>
    /// RFC 9000 §9: only clients migrate, and not before the handshake is confirmed; and not by themselves where the server does not want
    /// it, until they are at its preferred address. RFC 9000 §9.5: nor where the peer's connection IDs have no bytes.
    /// </summary>
    private bool MayMigrate(in RequestMigration input)
    {
        bool isPossible = _role == Role.Client && IsHandshakeConfirmed && _config.AllowPeerAddressChange
            && !CurrentPath.RemoteId.Id.IsEmpty;
        if (!isPossible || _peerParameters is not { } peer)
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

    private Path NewPathOfOurs(in RequestMigration input)
    {
        _remoteIds.TryTakeUnused(out RemoteConnectionId remoteId);
        Path path = _pathFactory.Create(input.Route, input.AddressValidationIdentity, remoteId, isAddressValidated: true);
        Adopt(path);
        return path;
    }

    /// <summary>A client that has moved lets its server know by a packet that is no mere probe (RFC 9000 §9.2).</summary>
    private void Migrate(TimeUs now, Path path)
    {
        MoveTo(now, path);
        _isPingPending |= _role == Role.Client;
    }
}
