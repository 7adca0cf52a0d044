using System;

namespace CoQuic.Engine;

/// <summary>
/// BBR.extra_acked: how much more than expected arrives acknowledged at once, where acknowledgments come in batches (§4.5.5).
/// </summary>
internal sealed class BbrAckAggregation
{
    /// <summary>BBRExtraAckedFilterLen, in round trips.</summary>
    private const int Rounds = 10;

    private readonly ulong[] _maxima = new ulong[Rounds];
    private ulong _round;
    private ulong _delivered;
    private TimeUs _intervalStart;

    /// <summary>The most of the last ten round trips, in bytes.</summary>
    public ulong Extra { get; private set; }

    /// <summary>The flow begins anew after it was idle.</summary>
    public void Restart(TimeUs now) => _intervalStart = now;

    /// <summary>BBRUpdateACKAggregation.</summary>
    /// <param name="now">When the ACK frame arrived.</param>
    /// <param name="round">The number of the round trip.</param>
    /// <param name="bandwidth">What is expected, in bytes per second.</param>
    /// <param name="newlyAcked">Bytes that it acknowledges.</param>
    /// <param name="congestionWindow">No more is ever counted.</param>
    public void Update(TimeUs now, ulong round, double bandwidth, ulong newlyAcked, ulong congestionWindow)
    {
        double expected = bandwidth * (now - _intervalStart).TotalSeconds;
        if (_delivered <= expected)
        {
            _delivered = 0;
            _intervalStart = now;
            expected = 0;
        }

        _delivered += newlyAcked;
        Note(round, Math.Min((ulong)Math.Max(0, _delivered - expected), congestionWindow));
    }

    private void Note(ulong round, ulong extra)
    {
        ulong passed = Math.Min(round - _round, Rounds);
        for (ulong i = 0; i < passed; i++)
            _maxima[(round - i) % Rounds] = 0;
        _round = round;
        ref ulong current = ref _maxima[round % Rounds];
        current = Math.Max(current, extra);
        Extra = passed > 0 ? Largest() : Math.Max(Extra, extra);
    }

    private ulong Largest()
    {
        ulong largest = 0;
        foreach (ulong maximum in _maxima)
            largest = Math.Max(largest, maximum);
        return largest;
    }
}
