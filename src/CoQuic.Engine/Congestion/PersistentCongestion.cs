using System;

namespace CoQuic.Engine;

/// <summary>
/// Finds the longest time over which every packet was lost (RFC 9002 §7.6). Told the fate of one space's packets
/// in the order in which they were sent.
/// </summary>
internal sealed class PersistentCongestion
{
    /// <summary>kPersistentCongestionThreshold: PTOs without a single delivery (RFC 9002 §7.6.1).</summary>
    private const int Threshold = 3;

    private TimeUs? _oldestLost;
    private TimeUs? _newestElsewhere;
    private TimeSpan _longest;

    /// <summary>The duration beyond which losing everything is persistent congestion (RFC 9002 §7.6.1).</summary>
    public static TimeSpan Duration(RttEstimator rtt, TimeSpan maxAckDelay) => Threshold * (rtt.PtoBase + maxAckDelay);

    /// <summary>An ack-eliciting packet, sent when there was an RTT sample, was declared lost.</summary>
    public void OnLost(TimeUs timeSent)
    {
        if (_oldestLost is null || _oldestLost <= _newestElsewhere)
            _oldestLost = timeSent;
        if (timeSent - _oldestLost.Value > _longest)
            _longest = timeSent - _oldestLost.Value;
    }

    /// <summary>A packet between the lost ones arrived: what was lost before it no longer counts.</summary>
    public void OnAcknowledged() => _oldestLost = null;

    /// <summary>
    /// A packet of another space arrived: what was lost before it was sent no longer counts (RFC 9002 §7.6.2). Such losses
    /// may be found only later, so the time is kept.
    /// </summary>
    public void OnAcknowledgedElsewhere(TimeUs timeSent) =>
        _newestElsewhere = _newestElsewhere is { } newest ? TimeUs.Max(newest, timeSent) : timeSent;

    /// <summary>Whether losses reported since the last call span more than a duration; if so, counting starts anew.</summary>
    public bool TryEstablish(TimeSpan duration)
    {
        bool isEstablished = _longest > duration;
        _longest = TimeSpan.Zero;
        if (isEstablished)
            _oldestLost = null;
        return isEstablished;
    }

    public void Reset()
    {
        _oldestLost = null;
        _longest = TimeSpan.Zero;
    }
}
