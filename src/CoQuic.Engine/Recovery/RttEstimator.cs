using System;

namespace CoQuic.Engine;

/// <summary>The round-trip time of one path, estimated from acknowledgments (RFC 9002 §5).</summary>
internal sealed class RttEstimator
{
    /// <summary>kInitialRtt: assumed before there is a sample (RFC 9002 §6.2.2).</summary>
    public static readonly TimeSpan InitialRtt = TimeSpan.FromMilliseconds(333);

    /// <summary>kGranularity: no timer is set finer than this (RFC 9002 §6.1.2).</summary>
    public static readonly TimeSpan Granularity = TimeSpan.FromMilliseconds(1);

    /// <summary>The PTO of a path of which nothing is known, without max_ack_delay: kInitialRtt, and four times half of it.</summary>
    public static readonly TimeSpan InitialPto = 3 * InitialRtt;

    public RttEstimator()
        : this(InitialRtt)
    {
    }

    /// <param name="initialRtt">What is assumed before there is a sample: of an earlier connection, or of a path's validation.</param>
    public RttEstimator(TimeSpan initialRtt)
    {
        SmoothedRtt = initialRtt;
        RttVar = initialRtt / 2;
    }

    /// <summary>latest_rtt: the newest sample, zero before the first.</summary>
    public TimeSpan LatestRtt { get; private set; }

    /// <summary>min_rtt: the smallest sample, zero before the first.</summary>
    public TimeSpan MinRtt { get; private set; }

    public TimeSpan SmoothedRtt { get; private set; }

    public TimeSpan RttVar { get; private set; }

    /// <summary>first_rtt_sample: when the first sample was taken.</summary>
    public TimeUs? FirstSampleTime { get; private set; }

    public bool HasSample => FirstSampleTime is not null;

    /// <summary>The PTO without max_ack_delay and without backoff: smoothed_rtt + max(4 × rttvar, kGranularity) (RFC 9002 §6.2.1).</summary>
    public TimeSpan PtoBase => SmoothedRtt + Max(TimeSpan.FromTicks(4 * RttVar.Ticks), Granularity);

    /// <summary>max(smoothed_rtt, latest_rtt): what the time threshold of loss detection counts in (RFC 9002 §6.1.2).</summary>
    public TimeSpan LongerRtt => Max(SmoothedRtt, LatestRtt);

    /// <summary>
    /// How long after a packet a later one may overtake it: max(kTimeThreshold × max(smoothed_rtt, latest_rtt), kGranularity)
    /// (RFC 9002 §6.1.2).
    /// </summary>
    /// <param name="eighths">kTimeThreshold, in eighths.</param>
    public TimeSpan LossDelay(int eighths) => Max(LongerRtt * eighths / 8, Granularity);

    /// <summary>What the path's validation took: a better guess than kInitialRtt, but no sample (RFC 9002 §6.2.2).</summary>
    public void Assume(TimeSpan roundTrip)
    {
        if (HasSample)
            return;
        SmoothedRtt = Max(roundTrip, Granularity);
        RttVar = SmoothedRtt / 2;
    }

    /// <summary>Takes a sample (RFC 9002 §5.3).</summary>
    /// <param name="now">When the acknowledgment arrived.</param>
    /// <param name="latestRtt">Time since the largest acknowledged packet was sent.</param>
    /// <param name="ackDelay">The delay that the peer reports, decoded.</param>
    /// <param name="maxAckDelay">The peer's max_ack_delay, or null before the handshake is confirmed: then it limits nothing.</param>
    public void OnSample(TimeUs now, TimeSpan latestRtt, TimeSpan ackDelay, TimeSpan? maxAckDelay)
    {
        LatestRtt = Max(latestRtt, TimeSpan.Zero);
        if (!HasSample)
        {
            FirstSampleTime = now;
            MinRtt = LatestRtt;
            SmoothedRtt = LatestRtt;
            RttVar = LatestRtt / 2;
            return;
        }

        // min_rtt is what we saw ourselves: a lying peer cannot lower it (RFC 9002 §5.2).
        MinRtt = Min(MinRtt, LatestRtt);
        TimeSpan adjusted = AdjustForDelay(maxAckDelay is { } limit ? Min(ackDelay, limit) : ackDelay);
        RttVar = ((3 * RttVar) + (SmoothedRtt - adjusted).Duration()) / 4;
        SmoothedRtt = ((7 * SmoothedRtt) + adjusted) / 8;
    }

    /// <summary>After persistent congestion min_rtt starts anew from the newest sample (RFC 9002 §5.2).</summary>
    public void OnPersistentCongestion() => MinRtt = LatestRtt;

    private TimeSpan AdjustForDelay(TimeSpan ackDelay) =>
        LatestRtt >= MinRtt + ackDelay ? LatestRtt - ackDelay : LatestRtt;

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left >= right ? left : right;

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left <= right ? left : right;
}
