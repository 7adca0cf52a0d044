using System;

namespace CoQuic.Engine;

/// <content>
/// Versions: a client may be told to begin again in another (RFC 9000 §6), and during the handshake both may change to a compatible one
/// (RFC 9368, RFC 9369 §4.1).
/// </content>
internal sealed partial class Connection
{
    private QuicVersion? _negotiatedVersion;
    private QuicVersion _versionOfPacket;

    /// <summary>A client was told, once, to begin again with another version (RFC 9000 §6.2).</summary>
    public bool TryTakeVersionNegotiation(out QuicVersion version)
    {
        version = _negotiatedVersion ?? default;
        bool found = _negotiatedVersion is not null;
        _negotiatedVersion = null;
        return found;
    }

    /// <summary>RFC 9000 §6.2: a client obeys once, before anything else was received, unless its own version is offered.</summary>
    private DropReason? OnVersionNegotiation(ReadOnlySpan<byte> bytes)
    {
        bool isExpected = _role == Role.Client
            && !HasProcessedPacket && !_setup.HasNegotiatedVersion && !_validation.HasObeyedRetry;
        if (!isExpected || !VersionNegotiationPacket.TryRead(bytes, out VersionNegotiationPacket offer))
            return DropReason.Malformed;
        if (!offer.SourceConnectionId.SequenceEqual(_setup.InitialDestinationId.Span) || offer.Offers(_version.Original))
            return DropReason.Malformed;

        foreach (QuicVersion version in _config.SupportedVersions)
        {
            if (!offer.Offers(version))
                continue;
            _negotiatedVersion = version;
            return null;
        }

        EndInSilence(CloseOrigin.VersionNegotiation, "the server speaks none of the versions that are configured");
        return null;
    }

    /// <summary>RFC 9369 §4.1: only Initial packets may be in the original version or in the negotiated one; all others are dropped.</summary>
    private bool IsOfThisVersion(in ProtectedPacket packet)
    {
        if (packet.Type != PacketType.Initial)
            return packet.Version == _version.Of(packet.Type.Level());
        return packet.Version == _version.Current
            || packet.Version == _version.Original
            || (_role == Role.Client && _version.MayFollow(packet.Version));
    }

    private InitialKeys InitialKeysOf(QuicVersion version) =>
        InitialKeys.Derive(version, _validation.RetrySourceId ?? _setup.InitialDestinationId, _role);

    /// <summary>A client learns the negotiated version from the first packet that is in another than its own (RFC 9369 §4.1).</summary>
    private void FollowVersion(QuicVersion version)
    {
        if (_role == Role.Server || !_version.MayFollow(version))
            return;
        _version.Follow(version);
        _keys.SealInitialIn(version);
    }

    private TransportError? OnInitialCrypto() => _role == Role.Client ? _version.OnServerCrypto(_versionOfPacket) : null;

    private TransportError? OnVersionInformation(VersionInformation? information)
    {
        if (_role == Role.Client)
            return _version.OnServerInformation(information);
        TransportError? error = _version.OnClientInformation(information);
        if (_version.HasChanged)
        {
            _keys.AddInitial(InitialKeysOf(_version.Current));
            _keys.SealInitialIn(_version.Current);
        }

        return error;
    }
}
