using System;

namespace CoQuic.Engine;

/// <content>Time: one deadline, the earliest of all machines, and what is done when it has come.</content>
internal sealed partial class Connection
{
    private bool _isPacingBlocked;
    private TimeUs _lastKeepAlive;

    /// <summary>When <see cref="OnTimeout"/> has work to do; none when only the peer or the application can bring some.</summary>
    public TimeUs? NextDeadline(TimeUs now)
    {
        if (_closing is not null)
            return State == ConnectionState.Terminated ? null : _closing.End;
        TimeUs? earliest = TimeUs.Earliest(_loss.Deadline, _idle.Deadline(Pto));
        if (!CurrentPath.Amplification.IsAtLimit)
            earliest = TimeUs.Earliest(earliest, _spaces.AckDeadline);
        if (_isPacingBlocked)
            earliest = TimeUs.Earliest(earliest, CurrentPath.Recovery.Pacer.NextRelease(now, BytesForPacer));
        earliest = TimeUs.Earliest(earliest, _moves.Deadline);
        return TimeUs.Earliest(TimeUs.Earliest(earliest, HandshakeDeadline), TimeUs.Earliest(KeepAliveDeadline, _zeroRttKeysExpire));
    }

    /// <summary>The bytes that leave as one run when the pacer lets them. Datagrams, and what goes before new bytes of streams, wait for nothing else.</summary>
    private ulong BytesForPacer =>
        _datagrams.HasPending ? 0 : Math.Min(CurrentPath.Recovery.AvailableWindow, _streams.FreshBytes);

    private TimeUs? HandshakeDeadline =>
        State == ConnectionState.Handshaking && _config.Transport.HandshakeTimeout > TimeSpan.Zero
            ? _startedAt + _config.Transport.HandshakeTimeout
            : null;

    private TimeUs? KeepAliveDeadline =>
        State is ConnectionState.Complete or ConnectionState.Confirmed && _config.Transport.KeepAliveInterval > TimeSpan.Zero
            && !_isPingPending
            ? TimeUs.Max(_idle.LastActivity, _lastKeepAlive) + _config.Transport.KeepAliveInterval
            : null;

    /// <summary>Time has passed: whatever is due is done. Calling it early changes nothing.</summary>
    public void OnTimeout(TimeUs now)
    {
        if (_closing is not null)
        {
            if (now >= _closing.End)
                State = ConnectionState.Terminated;
            return;
        }

        ExpireZeroRttKeys(now);
        if (_idle.Deadline(Pto) <= now)
            EndInSilence(CloseOrigin.IdleTimeout, "nothing was heard from the peer within the idle timeout");
        else if (HandshakeDeadline <= now)
            BeginClose(new CloseReason(
                CloseOrigin.HandshakeTimeout, false, (ulong)TransportErrorCode.NoError, 0, "the handshake took too long"));
        else
            _moves.OnTimeout(now);
        if (IsAlive && _closeReason is null)
            OnRecoveryTimeout(now);
    }

    /// <summary>RFC 9000 §10.1.2: a PING makes the peer answer, which keeps both idle timers from expiring.</summary>
    private void KeepAlive(TimeUs now)
    {
        _isPingPending = true;
        _lastKeepAlive = now;
    }

    private void OnRecoveryTimeout(TimeUs now)
    {
        if (KeepAliveDeadline <= now)
            KeepAlive(now);
        TimeoutAction action = _loss.OnTimeout(now, RecoveryContext);
        if (action.Kind != TimeoutKind.None)
            _qlog?.OnTimerExpired(now);
        switch (action.Kind)
        {
            case TimeoutKind.PacketsLost:
                OnPacketsLost(now, action.Space);
                break;
            case TimeoutKind.SendProbes:
                RequestProbes(action.Space, action.Probes);
                _feedback.OnProbeTimeout(now);
                break;
        }
    }

    /// <summary>
    /// RFC 9002 §6.2.4: a probe carries new data where there is some. The oldest packets in flight are taken as lost by the owners of
    /// their frames, so that a probe always has something to repeat; for loss detection they stay in flight.
    /// </summary>
    private void RequestProbes(PacketNumberSpaceId space, int probes)
    {
        _counters.PtoCount++;
        RequestProbesIn(space, probes);

        // RFC 9002 §6.2.4: what other spaces have in flight goes along, coalesced. Of a handshake both flights are needed, and one
        // timer serves them; application data waits for the handshake.
        for (PacketNumberSpaceId other = PacketNumberSpaceId.Initial; other <= PacketNumberSpaceId.Handshake; other++)
        {
            if (other != space && _loss.HasElicitingInFlight(other))
                RequestProbesIn(other, probes);
        }
    }

    private void RequestProbesIn(PacketNumberSpaceId space, int probes)
    {
        _spaces[space].RequestProbes(probes);
        _loss.CopyOldestInFlight(space, probes, _probed);
        for (int index = 0; index < _probed.Count; index++)
            OnFramesLost(space, _probed.FramesOf(index));
    }
}
