using System;

namespace CoQuic.Engine;

/// <summary>The idle timeout (RFC 9000 §10.1): the smaller of what both sides advertise, none when neither does.</summary>
internal sealed class IdleTimer
{
    /// <summary>The timeout is at least this many probe timeouts, so that a lost packet can be repeated (RFC 9000 §10.1).</summary>
    private const int MinimumPtos = 3;

    private TimeSpan _timeout;
    private TimeUs _restarted;
    private bool _hasSentSinceReceived;

    /// <param name="now">When the connection began.</param>
    /// <param name="localTimeout">Our max_idle_timeout; zero for none.</param>
    public IdleTimer(TimeUs now, TimeSpan localTimeout)
    {
        _restarted = now;
        _timeout = localTimeout;
    }

    /// <summary>The last instant at which the peer was heard, or first spoken to after it was heard.</summary>
    public TimeUs LastActivity => _restarted;

    /// <summary>The peer's max_idle_timeout is known; zero for none.</summary>
    public void OnPeerTimeout(TimeSpan peerTimeout)
    {
        if (peerTimeout > TimeSpan.Zero && (_timeout == TimeSpan.Zero || peerTimeout < _timeout))
            _timeout = peerTimeout;
    }

    /// <summary>A packet from the peer was received and processed.</summary>
    public void OnPacketReceived(TimeUs now)
    {
        _restarted = now;
        _hasSentSinceReceived = false;
    }

    /// <summary>An ack-eliciting packet was sent: the first since the peer was heard restarts the timer.</summary>
    public void OnAckElicitingSent(TimeUs now)
    {
        if (_hasSentSinceReceived)
            return;
        _hasSentSinceReceived = true;
        _restarted = now;
    }

    /// <summary>When the connection ends in silence; none without a timeout.</summary>
    /// <param name="pto">The current probe timeout.</param>
    public TimeUs? Deadline(TimeSpan pto)
    {
        if (_timeout == TimeSpan.Zero)
            return null;
        TimeSpan minimum = TimeSpan.FromTicks(MinimumPtos * pto.Ticks);
        return _restarted + (_timeout > minimum ? _timeout : minimum);
    }
}
