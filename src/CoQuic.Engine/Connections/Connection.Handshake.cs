using System;

namespace CoQuic.Engine;

/// <content>TLS and QUIC meet here (RFC 9001 §4): CRYPTO data in, keys and CRYPTO data out, and what completion means.</content>
internal sealed partial class Connection
{
    private bool _hasSentHandshakePacket;
    private bool _isHandshakeDonePending;

    private TlsSession NewTlsSession() => _role == Role.Client
        ? TlsSessions.NewClient(_setup, EncodeParameters(_version.ClientInformation))
        : TlsSessions.NewServer(_setup, this);

    /// <summary>A client's first flight.</summary>
    private void StartHandshake(TimeUs now)
    {
        PrepareEarlyData();
        ((ClientHandshake)_tls).Start();
        DrainTls(now);
    }

    /// <summary>CRYPTO data came in.</summary>
    private TransportError? OnCryptoFrame(TimeUs now, EncryptionLevel level, ulong offset, ReadOnlyMemory<byte> data)
    {
        if (level == EncryptionLevel.Initial && OnInitialCrypto() is { } mixed)
            return mixed;
        CryptoStream stream = _spaces[level].Crypto;
        return stream.OnCrypto(offset, data) ?? ReadCrypto(now, level);
    }

    /// <summary>TLS takes what is in order, unless it waits for an answer of the application.</summary>
    private TransportError? ReadCrypto(TimeUs now, EncryptionLevel level)
    {
        CryptoStream stream = _spaces[level].Crypto;
        while (_tls.OpenQuestion is null && stream.TryRead(out Bytes bytes))
        {
            TransportError? failure = _tls.OnCryptoData(level, bytes.Span);
            if (DrainTls(now) is { } refused)
                return refused;
            if (failure is not null)
                return failure;
        }

        return null;
    }

    private TransportError? DrainTls(TimeUs now)
    {
        while (_tls.TryGetEvent(out TlsEvent? happened))
        {
            if (OnTlsEvent(now, happened) is { } error)
                return error;
        }

        return null;
    }

    private TransportError? OnTlsEvent(TimeUs now, TlsEvent happened)
    {
        switch (happened)
        {
            case TlsEvent.SecretsAvailable secrets:
                _keys.Install(_version.Of(secrets.Level), secrets);
                _loss.Rearm(now, RecoveryContext);
                return null;
            case TlsEvent.HandshakeBytes handshake:
                _spaces[handshake.Level].Crypto.Sending.Append(handshake.Data);
                return null;
            case TlsEvent.PeerTransportParameters parameters:
                // A server has answered them already.
                return _role == Role.Client ? OnPeerParameters(parameters.Data.Span) : null;
            case TlsEvent.HandshakeComplete:
                OnHandshakeComplete(now);
                return null;
            case TlsEvent.QuestionAsked asked:
                TellQuestion(asked.Question);
                return null;
            case TlsEvent.KeyLog line:
                Tell(new TraceEffect(Handle, new KeyLogLine(line.ToString())));
                return null;
            case TlsEvent.EarlyDataAnswered answer:
                OnEarlyDataAnswered(now, answer.IsAccepted);
                return null;
            case TlsEvent.SessionTicketReceived ticket:
                OnSessionTicket(now, ticket);
                return null;
            default:
                return null;
        }
    }

    TransportError? IServerParameters.Answer(Bytes client, out Bytes server)
    {
        TransportError? error = OnPeerParameters(client.Span);
        server = EncodeParameters(_version.ServerInformation);
        return error;
    }

    private Bytes EncodeParameters(VersionInformation versions)
    {
        TransportParameters parameters = LocalParameters.Of(_setup, versions);
        _qlog?.OnParameters(parameters, isLocal: true, isRestored: false);
        return Bytes.Wrap(TransportParameterCodec.Write(parameters));
    }

    /// <summary>RFC 9000 §7.4: the peer's limits apply from now on.</summary>
    private TransportError? OnPeerParameters(ReadOnlySpan<byte> encoded)
    {
        if (!TransportParameterCodec.TryRead(encoded, _role.Opposite(), out TransportParameters? parameters, out TransportError? error))
            return error;
        if (PeerParameterCheck.Authenticate(
            parameters, _setup, _remoteIds.Current.Id, _validation.RetrySourceId) is { } mismatch)
            return mismatch;
        if (OnVersionInformation(parameters.VersionInformation) is { } downgrade)
            return downgrade;

        if (SettleEarlyData(parameters) is { } broken)
            return broken;

        _peerParameters = parameters;
        _qlog?.OnParameters(parameters, isLocal: false, isRestored: false);
        if (parameters.GreaseQuicBit && _config.Transport.GreaseQuicBit)
            _packets.GreaseQuicBit();
        _idle.OnPeerTimeout(parameters.MaxIdleTimeout);
        _localIds.OnPeerLimit(parameters.ActiveConnectionIdLimit);
        if (parameters.StatelessResetToken is { } token)
            _remoteIds.SetInitialToken(token);
        _pathFactory.PeerLimit = parameters.MaxUdpPayloadSize;
        CurrentPath.Mtu.OnPeerLimit(parameters.MaxUdpPayloadSize);
        _datagramLimits.OnPeerLimit(parameters.MaxDatagramFrameSize);
        _streams.OnPeerParameters(StreamLimitsOf(parameters));
        return parameters.PreferredAddress is { } preferred ? OnPeerPreferredAddress(preferred) : null;
    }

    /// <summary>RFC 9000 §5.1.1: the connection ID of a preferred address has sequence number 1.</summary>
    private TransportError? OnPeerPreferredAddress(PreferredAddress preferred)
    {
        if (CurrentPath.RemoteId.Id.IsEmpty)
            return new TransportError(TransportErrorCode.TransportParameterError, "a preferred address beside a connection ID of length 0");
        Tell(new PeerPreferredAddressAvailableEffect(Handle, preferred));
        return _remoteIds.OnNewConnectionId(
            1, 0, preferred.ConnectionId, new StatelessResetToken(preferred.StatelessResetToken.Span));
    }

    /// <summary>RFC 9001 §4.1.1. For a server completion is confirmation (RFC 9001 §4.1.2).</summary>
    private void OnHandshakeComplete(TimeUs now)
    {
        State = ConnectionState.Complete;
        _counters.HandshakeDuration = now - _startedAt;
        _qlog?.OnProtocolChosen(_tls.ApplicationProtocol);
        CurrentPath.ApplyMaximumDatagramSize(now);
        TellHandshakeInformation();
        if (_role == Role.Server)
        {
            _isHandshakeDonePending = true;
            Confirm(now);
            ((ServerHandshake)_tls).IssueTickets(CalendarAt(now));
        }
    }

    /// <summary>RFC 9001 §4.9.2: Handshake keys are of no more use, and the peer may be given more connection IDs.</summary>
    private void Confirm(TimeUs now)
    {
        if (State != ConnectionState.Complete)
            return;
        State = ConnectionState.Confirmed;
        _keys.AllowUpdates();
        _counters.ConfirmationDuration = now - _startedAt;
        TellState(StateChange.HandshakeConfirmed);
        CurrentPath.OnValidated();
        DiscardKeys(now, EncryptionLevel.Initial);
        DiscardKeys(now, EncryptionLevel.Handshake);
        _spaces.OnConfirmed();
        IssueConnectionIds();
        if (_role == Role.Server)
            IssueNewTokens(now);
        _loss.Rearm(now, RecoveryContext);
    }

    /// <summary>RFC 9001 §4.9: with its keys, all that a packet number space still wanted is gone.</summary>
    private void DiscardKeys(TimeUs now, EncryptionLevel level)
    {
        if (!_keys.Discard(level))
            return;
        PacketNumberSpaceId space = PacketNumberSpaceIds.Of(level);
        _spaces.Renew(space);
        _loss.OnKeysDiscarded(now, space, RecoveryContext);
    }

    private void IssueConnectionIds()
    {
        while (_localIds.ShouldIssue)
        {
            ConnectionId id = _config.ConnectionIds.Generate(_config.Entropy);
            if (id.IsEmpty || !_setup.Router.TryAdd(id, this))
                return;
            _localIds.Issue(id);
        }
    }
}
