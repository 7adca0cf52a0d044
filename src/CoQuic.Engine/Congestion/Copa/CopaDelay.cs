using System;

namespace CoQuic.Engine;

/// <summary>What COPA knows of round-trip times, and so of the queue (§2 of the paper, NSDI 2018).</summary>
internal struct CopaDelay
{
    /// <summary>So far back the path without a queue is remembered.</summary>
    private static readonly TimeSpan MinimumWindow = TimeSpan.FromSeconds(10);

    /// <summary>So many round trips back the longest is looked for, for the test whether a queue is nearly empty.</summary>
    private const int MaximumRoundTrips = 4;

    /// <summary>Below this share of the longest delay a queue is nearly empty.</summary>
    private const int NearlyEmptyDivisor = 10;

    private WindowedMinimum _minimum;
    private WindowedMinimum _standing;
    private WindowedMinimum _longestNegated;

    /// <summary>RTTstanding: the shortest of the last half round trip, which delayed and batched acknowledgments do not lengthen.</summary>
    public TimeSpan Standing { get; private set; }

    /// <summary>d_q: the queueing delay, RTTstanding - RTTmin.</summary>
    public readonly TimeSpan Queueing => Standing - (_minimum.Value ?? Standing);

    /// <summary>Whether the queue is nearly empty, as it is once in five round trips where all flows are COPA's (§2.2).</summary>
    public bool IsQueueNearlyEmpty { get; private set; }

    public bool HasSample => _minimum.Value is not null;

    public void Update(TimeUs now, TimeSpan sample, TimeSpan smoothedRtt)
    {
        TimeSpan minimum = _minimum.Update(now, sample, MinimumWindow);
        Standing = _standing.Update(now, sample, smoothedRtt / 2);
        TimeSpan longest = -_longestNegated.Update(now, -sample, MaximumRoundTrips * smoothedRtt);
        IsQueueNearlyEmpty = Standing - minimum <= (longest - minimum) / NearlyEmptyDivisor;
    }

    /// <summary>Everything was lost for long: the path may be another one.</summary>
    public void Reset() => this = default;
}
