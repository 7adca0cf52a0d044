using System;

namespace CoQuic.Engine;

/// <summary>
/// How many ack-eliciting packets may wait for one ACK (RFC 9000 §13.2.2): few at first, more when many arrive in a round trip, so that
/// a sender with a large window still hears several times a round trip, and neither side spends its time on ACKs.
/// </summary>
internal sealed class AckThreshold
{
    /// <summary>A sender hears so often in a round trip: often enough for its window to grow smoothly and for losses to be found early.</summary>
    private const int AcksPerRoundTrip = 8;

    private readonly int _initial;
    private readonly int _maximum;
    private TimeUs _roundStart;
    private int _received;

    /// <param name="initial">Packets after which an ACK is due at first; at least 1.</param>
    /// <param name="maximum">The most; nothing grows unless it is more.</param>
    public AckThreshold(int initial, int maximum)
    {
        _initial = initial;
        _maximum = Math.Max(initial, maximum);
        Value = initial;
    }

    /// <summary>Ack-eliciting packets after which an ACK is due at once.</summary>
    public int Value { get; private set; }

    /// <summary>One more arrived; a round trip takes so long, zero while that is unknown.</summary>
    public void OnAckElicitingReceived(TimeUs now, TimeSpan roundTrip)
    {
        _received++;
        if (roundTrip <= TimeSpan.Zero || now < _roundStart + roundTrip)
            return;
        Value = Math.Clamp(_received / AcksPerRoundTrip, _initial, _maximum);
        _roundStart = now;
        _received = 0;
    }

    /// <summary>Packets are missing: for a round trip the sender hears as often as at first, so that losses are found early.</summary>
    public void OnGap(TimeUs now)
    {
        Value = _initial;
        _roundStart = now;
        _received = 0;
    }
}
