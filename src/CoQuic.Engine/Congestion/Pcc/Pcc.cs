using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// The PCC family: sends for an interval at one rate, sees what becomes of it, and lets a learner choose the next. The window follows
/// the rate and only bounds what is in flight when acknowledgments stay away.
/// </summary>
/// <remarks>
/// The papers say nothing of marks by the network: one counts as a lost packet of its interval. Persistent congestion starts again with
/// two packets a round trip (RFC 9002 §7.6.2).
/// </remarks>
internal sealed class Pcc : ICongestionController
{
    /// <summary>The window is what the rate needs, so many times.</summary>
    private const double WindowGain = 2;

    /// <summary>An interval has so many packets at least.</summary>
    private const int MinimumPackets = 10;

    /// <summary>Intervals waited for at once: more are given up, the oldest first.</summary>
    private const int MaximumIntervals = 64;

    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(1);

    private readonly IEntropy _entropy;
    private readonly Func<double, IRateLearner> _newLearner;
    private readonly List<MonitorInterval> _intervals = [];
    private IRateLearner? _learner;
    private TimeSpan _rtt;
    private double _rate;
    private int _maximumDatagramSize;
    private bool _isAckSampled;

    /// <param name="maximumDatagramSize">max_datagram_size, in bytes.</param>
    /// <param name="entropy">Draws the order of trials and the length of intervals.</param>
    /// <param name="newLearner">Makes the learner, from the rate that it starts with.</param>
    public Pcc(int maximumDatagramSize, IEntropy entropy, Func<double, IRateLearner> newLearner)
    {
        _maximumDatagramSize = maximumDatagramSize;
        _entropy = entropy;
        _newLearner = newLearner;
    }

    public ulong CongestionWindow => _learner is null
        ? CongestionWindows.Initial(_maximumDatagramSize)
        : Math.Max((ulong)(WindowGain * _rate * _rtt.TotalSeconds), CongestionWindows.Minimum(_maximumDatagramSize));

    public ulong SlowStartThreshold => IsInSlowStart ? ulong.MaxValue : CongestionWindow;

    public bool IsInSlowStart => _learner?.IsStarting ?? true;

    public ulong? PacingRate => _learner is null ? null : (ulong)_rate;

    public void OnPacketSent(TimeUs now, in SentPacket packet)
    {
        if (_learner is null)
            return;
        if (_intervals.Count == 0 || now >= _intervals[^1].End)
            BeginInterval(now);
        _intervals[^1].OnSent(packet);
    }

    public void OnPacketAcked(TimeUs now, in SentPacket packet, in AckContext context)
    {
        MonitorInterval? interval = IntervalOf(packet.TimeSent);
        interval?.OnAcked(packet.Size);
        if (!_isAckSampled)
            interval?.OnRoundTrip(packet.TimeSent, now - packet.TimeSent);
        _isAckSampled = true;
    }

    public void OnAckProcessed(TimeUs now, in AckContext context, in DeliverySample delivery)
    {
        _isAckSampled = false;
        if (!context.Rtt.HasSample)
            return;
        _rtt = context.Rtt.SmoothedRtt;
        if (_learner is null)
        {
            _rate = CongestionWindows.Initial(_maximumDatagramSize) / Max(_rtt, ShortestInterval).TotalSeconds;
            _learner = _newLearner(_rate);
        }

        Settle(now, _learner);
    }

    public void OnPacketLost(TimeUs now, in SentPacket packet, in LossContext context) =>
        IntervalOf(packet.TimeSent)?.OnLost(packet.Size);

    public void OnEcnCe(TimeUs now, TimeUs sentTime) => IntervalOf(sentTime)?.OnLost(_maximumDatagramSize);

    public void OnPersistentCongestion(TimeUs now)
    {
        if (_learner is null)
            return;
        _intervals.Clear();
        _rate = CongestionWindows.Minimum(_maximumDatagramSize) / Max(_rtt, ShortestInterval).TotalSeconds;
        _learner.Restart(_rate);
    }

    public void OnMaximumDatagramSizeChanged(int maximumDatagramSize) => _maximumDatagramSize = maximumDatagramSize;

    private void BeginInterval(TimeUs now)
    {
        Span<byte> chance = stackalloc byte[2];
        _entropy.Fill(chance);
        (PccTrial trial, double rate) = _learner!.Next(coin: (chance[0] & 1) == 1);
        _rate = Math.Max(rate, LowestRate);
        double seconds = Math.Max(
            MinimumPackets * _maximumDatagramSize / _rate, _learner.RoundTrips(chance[1] / 256.0) * _rtt.TotalSeconds);
        TimeUs end = now + Max(TimeSpan.FromSeconds(seconds), ShortestInterval);
        if (_intervals.Count == MaximumIntervals)
            _intervals.RemoveAt(0);
        _intervals.Add(new MonitorInterval(now, end, _rate, trial));
    }

    private double LowestRate =>
        CongestionWindows.Minimum(_maximumDatagramSize) / Max(_rtt, ShortestInterval).TotalSeconds;

    private MonitorInterval? IntervalOf(TimeUs sentTime)
    {
        foreach (MonitorInterval interval in _intervals)
        {
            if (interval.Contains(sentTime))
                return interval;
        }

        return null;
    }

    /// <summary>Tells the learner, in order, what has come to an end.</summary>
    private void Settle(TimeUs now, IRateLearner learner)
    {
        while (_intervals.Count > 0 && _intervals[0].End <= now && IsOver(_intervals[0], now))
        {
            MonitorInterval interval = _intervals[0];
            _intervals.RemoveAt(0);
            if (interval.Trial != PccTrial.None)
                learner.OnAnswer(interval);
        }
    }

    /// <summary>What was neither acknowledged nor found lost for long is no longer waited for.</summary>
    private bool IsOver(MonitorInterval interval, TimeUs now) => interval.IsSettled || now > interval.End + (4 * _rtt);

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left >= right ? left : right;
}
