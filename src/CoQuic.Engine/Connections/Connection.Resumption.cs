using System;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <content>Session tickets and early data (RFC 9001 §4.5, §4.6), both sides.</content>
internal sealed partial class Connection
{
    private readonly EarlyData _earlyData;
    private TimeUs? _zeroRttKeysExpire;

    private DateTimeOffset CalendarAt(TimeUs now) => _setup.CalendarTime + (now - _startedAt);

    /// <summary>What 0-RTT and 1-RTT packets share is sent at the highest of the two levels for which there are keys.</summary>
    private EncryptionLevel ApplicationLevel =>
        _keys.CanSend(EncryptionLevel.OneRtt) ? EncryptionLevel.OneRtt : EncryptionLevel.ZeroRtt;

    ServerResumption? IServerParameters.Resumption => TlsSessions.ResumptionOf(_setup, _version);

    /// <summary>RFC 9000 §7.4.1: a client that sends early data does so under the limits that it remembers.</summary>
    private void PrepareEarlyData()
    {
        if (_setup.Resumption.Status is { } status)
            TellZeroRtt(status, haveStreamsEnded: status == ZeroRttStatus.Rejected);
        if (_setup.Resumption.Remembered is not { } remembered)
            return;
        _qlog?.OnParameters(remembered, isLocal: false, isRestored: true);
        _datagramLimits.OnPeerLimit(remembered.MaxDatagramFrameSize);
        _streams.OnPeerParameters(StreamLimitsOf(remembered));
    }

    private void TellZeroRtt(ZeroRttStatus status, bool haveStreamsEnded = false) =>
        Tell(new ZeroRttStatusEventEffect(Handle, status, haveStreamsEnded));

    /// <summary>
    /// The server has answered: no more 0-RTT packets are sent, since its parameters, which come with the answer, do not apply to
    /// them (RFC 9000 §7.4.1). Refused ones were never received (RFC 9002 §6.4).
    /// </summary>
    private void OnEarlyDataAnswered(TimeUs now, bool isAccepted)
    {
        _keys.Discard(EncryptionLevel.ZeroRtt);
        _earlyData.OnAnswer(isAccepted);
        if (isAccepted)
            return;
        _loss.OnZeroRttRejected(now, RecoveryContext);
        OnPacketsLost(now, PacketNumberSpaceId.ApplicationData);
    }

    /// <summary>The server's parameters meet what was sent before they were known.</summary>
    private TransportError? SettleEarlyData(TransportParameters parameters)
    {
        if (_earlyData.CheckParameters(parameters) is { } broken)
            return broken;
        if (_earlyData.IsAccepted)
            TellZeroRtt(ZeroRttStatus.Accepted);
        if (!_earlyData.IsRejected)
            return null;

        // RFC 8446 §4.2.10: never sent again under another application protocol; RFC 9001 §4.6.2: and only if the application wants it.
        bool isSentAgain = _setup.ZeroRtt.ResendRejected
            && _tls.ApplicationProtocol == _setup.Resumption.Session!.ApplicationProtocol
            && _streams.TryReplaceLimits(StreamLimitsOf(parameters));
        if (!isSentAgain)
            ForgetStreams();
        TellZeroRtt(ZeroRttStatus.Rejected, haveStreamsEnded: !isSentAgain);
        return null;
    }

    /// <summary>RFC 9001 §4.6.2: what was assumed may be wrong, and no stream outlives it. New ones begin with the first number.</summary>
    private void ForgetStreams()
    {
        _streams = new StreamSet(StreamSettings.Of(_config));
        _datagrams.Clear();
    }

    /// <summary>RFC 9001 §4.9.3: after the first 1-RTT packet a server keeps 0-RTT keys for late packets, for three probe timeouts.</summary>
    private void OnOneRttPacket(TimeUs now)
    {
        if (_zeroRttKeysExpire is null && _keys.CanReceive(EncryptionLevel.ZeroRtt))
            _zeroRttKeysExpire = now + (KeyRetentionPtos * Pto);
    }

    private void ExpireZeroRttKeys(TimeUs now)
    {
        if (!(_zeroRttKeysExpire <= now))
            return;
        _keys.Discard(EncryptionLevel.ZeroRtt);
        _zeroRttKeysExpire = null;
    }

    /// <summary>The server gave a ticket: with what is remembered beside it, the application can go on with the session later.</summary>
    private void OnSessionTicket(TimeUs now, TlsEvent.SessionTicketReceived received)
    {
        NewSessionTicket ticket = received.Ticket;
        TimeSpan lifetime = TimeSpan.FromSeconds(ticket.LifetimeSeconds);
        if (ticket.LifetimeSeconds > 0 && _peerParameters is { } parameters)
        {
            Tell(new ResumptionStateAvailableEffect(Handle, new ResumptionState
            {
                Version = _version.Current,
                CipherSuite = _tls.CipherSuite,
                ApplicationProtocol = _tls.ApplicationProtocol ?? "",
                ServerName = _setup.ServerName,
                ApplicationContext = _setup.ZeroRtt.ApplicationContext,
                Parameters = RememberedParameters.Encode(parameters),
                ReceivedAt = CalendarAt(now),
                Lifetime = lifetime < NewSessionTicket.MaximumLifetime ? lifetime : NewSessionTicket.MaximumLifetime,
                AgeAdd = ticket.AgeAdd,
                AllowsEarlyData = ticket.AllowsEarlyData,
                IsVerified = _tls.WasResumed ? _setup.Resumption.IsVerified : _config.VerifyPeer,
                Ticket = ticket.Ticket,
                Key = received.Key,
            }.Encode()));
        }

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(received.Key.Memory).Span);
    }

    private static PeerStreamLimits StreamLimitsOf(TransportParameters parameters) => new(
        parameters.InitialMaxData,
        parameters.InitialMaxStreamDataBidiLocal,
        parameters.InitialMaxStreamDataBidiRemote,
        parameters.InitialMaxStreamDataUni,
        parameters.InitialMaxStreamsBidi,
        parameters.InitialMaxStreamsUni);
}
