using System;

namespace CoQuic.Engine;

/// <summary>
/// HyStart++ (draft-ietf-tcpm-hystartplusplus-04, RFC 9406): ends the first slow start when round trips become longer, before the
/// queue overflows. What it sends is paced, so that growth has no further limit (L is infinite).
/// </summary>
internal sealed class HyStartPlusPlus
{
    /// <summary>N_RTT_SAMPLE: samples before a round trip's minimum is believed (§4.3).</summary>
    private const int SamplesPerRound = 8;

    /// <summary>CSS_GROWTH_DIVISOR.</summary>
    private const int ConservativeGrowthDivisor = 4;

    /// <summary>CSS_ROUNDS: so many round trips of conservative slow start, and the exit was right.</summary>
    private const int ConservativeRounds = 5;

    private const int RttDivisor = 8;

    /// <summary>MIN_RTT_THRESH and MAX_RTT_THRESH: what counts as longer, at least and at most.</summary>
    private static readonly TimeSpan MinimumThreshold = TimeSpan.FromMilliseconds(4);

    private static readonly TimeSpan MaximumThreshold = TimeSpan.FromMilliseconds(16);

    private RoundTripCounter _rounds;
    private TimeSpan? _lastRoundMinimum;
    private TimeSpan? _currentRoundMinimum;
    private TimeSpan? _conservativeBaseline;
    private int _samples;
    private int _conservativeRounds;

    /// <summary>Whether it doubts that the window may double: Conservative Slow Start (CSS).</summary>
    public bool IsConservative => _conservativeBaseline is not null;

    /// <summary>By how much acknowledged bytes let the window grow (§4.2).</summary>
    public int Growth(int ackedBytes) => IsConservative ? ackedBytes / ConservativeGrowthDivisor : ackedBytes;

    /// <summary>Takes an ACK frame that arrived during slow start.</summary>
    /// <returns>Whether slow start is over: ssthresh becomes the window.</returns>
    public bool IsOver(TimeSpan? rttSample, in DeliverySample delivery)
    {
        if (_rounds.Update(delivery) && BeginRound())
            return true;
        if (rttSample is { } rtt)
        {
            _currentRoundMinimum = _currentRoundMinimum is { } minimum && minimum < rtt ? minimum : rtt;
            _samples++;
        }

        if (_samples < SamplesPerRound || _currentRoundMinimum is not { } current)
            return false;
        if (current < _conservativeBaseline)
            _conservativeBaseline = null; // The exit was premature: slow start goes on.
        else if (!IsConservative && _lastRoundMinimum is { } last && current >= last + Threshold(last))
            BeginConservative(current);
        return false;
    }

    private void BeginConservative(TimeSpan baseline)
    {
        _conservativeBaseline = baseline;
        _conservativeRounds = 0;
    }

    /// <returns>Whether it was the last of conservative slow start.</returns>
    private bool BeginRound()
    {
        _lastRoundMinimum = _currentRoundMinimum;
        _currentRoundMinimum = null;
        _samples = 0;
        return IsConservative && ++_conservativeRounds >= ConservativeRounds;
    }

    private static TimeSpan Threshold(TimeSpan lastRoundMinimum) => TimeSpan.FromTicks(
        Math.Clamp(lastRoundMinimum.Ticks / RttDivisor, MinimumThreshold.Ticks, MaximumThreshold.Ticks));
}
