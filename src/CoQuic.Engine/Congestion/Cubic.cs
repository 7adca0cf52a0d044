using System;

namespace CoQuic.Engine;

/// <summary>
/// CUBIC (RFC 9438): after a loss the window returns along a cubic curve to where the loss was, lingers there, and
/// then searches further. Sections cited without a document are of RFC 9438.
/// </summary>
internal sealed class Cubic : ICongestionController
{
    /// <summary>beta_cubic: what is left of the window after a congestion event (§4.6).</summary>
    private const double Beta = 0.7;

    /// <summary>alpha_cubic: segments a round trip with which a Reno flow that keeps 0.7 gets as much as one that keeps 0.5 (§4.3).</summary>
    private const double FriendlyIncrease = 3 * (1 - Beta) / (1 + Beta);

    /// <summary>The window grows by at most half in a round trip (§4.2).</summary>
    private const double MaximumGrowth = 1.5;

    private readonly HyStartPlusPlus? _hyStart;
    private int _maximumDatagramSize;
    private RecoveryPeriod _recovery;
    private State _state;
    private State _beforeReduction;
    private TimeUs? _underutilizedSince;

    /// <param name="maximumDatagramSize">max_datagram_size, in bytes.</param>
    /// <param name="hasHyStart">Whether the first slow start ends by HyStart++ (§4.10).</param>
    public Cubic(int maximumDatagramSize, bool hasHyStart)
    {
        _maximumDatagramSize = maximumDatagramSize;
        _hyStart = hasHyStart ? new HyStartPlusPlus() : null;
        _state.Window = CongestionWindows.Initial(maximumDatagramSize);
        _state.SlowStartThreshold = ulong.MaxValue;
    }

    public ulong CongestionWindow => (ulong)_state.Window;

    public ulong SlowStartThreshold => _state.SlowStartThreshold;

    private bool IsInFirstSlowStart => SlowStartThreshold == ulong.MaxValue;

    public void OnPacketAcked(TimeUs now, in SentPacket packet, in AckContext context)
    {
        if (context.IsUnderutilized)
        {
            // §5.8: time in which the window could not grow does not count.
            _underutilizedSince ??= now;
            return;
        }

        SkipUnderutilizedTime(now);
        if (_recovery.Contains(packet.TimeSent))
            return;
        if (CongestionWindow >= SlowStartThreshold)
            AvoidCongestion(now, packet.Size, context.Rtt.SmoothedRtt);
        else
            _state.Window += IsInFirstSlowStart && _hyStart is not null ? _hyStart.Growth(packet.Size) : packet.Size;
    }

    public void OnAckProcessed(TimeUs now, in AckContext context, in DeliverySample delivery)
    {
        if (IsInFirstSlowStart && _hyStart?.IsOver(context.RttSample, delivery) == true)
            _state.SlowStartThreshold = CongestionWindow;
    }

    public void OnPacketLost(TimeUs now, in SentPacket packet, in LossContext context)
    {
        if (!_recovery.Contains(packet.TimeSent))
            Reduce(now, isMarked: false);
        _recovery.OnLost(packet.TimeSent);
    }

    /// <summary>§4.9.2: a reduction for packets that were only late is undone, unless the window has outgrown it already.</summary>
    public void OnSpuriousLoss(TimeUs now, in SentPacket packet)
    {
        if (_recovery.TryRefute(packet.TimeSent) && _beforeReduction.Window > _state.Window)
            _state = _beforeReduction;
    }

    public void OnEcnCe(TimeUs now, TimeUs sentTime)
    {
        if (_recovery.Contains(sentTime))
            _recovery.Confirm();
        else
            Reduce(now, isMarked: true);
    }

    public void OnPersistentCongestion(TimeUs now)
    {
        _state.Window = CongestionWindows.Minimum(_maximumDatagramSize);
        _state.EpochStart = null;
        // §4.8: the next congestion avoidance begins on the plateau, wherever slow start ends.
        _state.WindowMax = 0;
        _recovery.End();
    }

    public void OnMaximumDatagramSizeChanged(int maximumDatagramSize)
    {
        ulong window = CongestionWindows.AfterSizeChange(
            CongestionWindow, !IsInFirstSlowStart, _maximumDatagramSize, maximumDatagramSize);
        if (window != CongestionWindow)
            _state.Window = window;
        _maximumDatagramSize = maximumDatagramSize;
        // The curve is drawn in segments: it begins anew from here.
        _state.EpochStart = null;
    }

    /// <summary>§4.6, with fast convergence (§4.7).</summary>
    private void Reduce(TimeUs now, bool isMarked)
    {
        _recovery.Begin(now, isMarked);
        _beforeReduction = _state;
        _underutilizedSince = null;
        double window = _state.Window;
        _state.EpochStart = null;
        _state.WindowPrior = window;
        // A flow that lost before it was back where it lost last gives way to newcomers.
        _state.WindowMax = window < _state.WindowMax ? window * (1 + Beta) / 2 : window;
        _state.Window = Math.Max(window * Beta, CongestionWindows.Minimum(_maximumDatagramSize));
        _state.SlowStartThreshold = CongestionWindow;
    }

    /// <summary>§4.2 to §4.5.</summary>
    private void AvoidCongestion(TimeUs now, int ackedBytes, TimeSpan rtt)
    {
        if (_state.EpochStart is null)
            BeginEpoch(now);
        TimeSpan elapsed = now - _state.EpochStart!.Value;
        GrowEstimate(ackedBytes);

        double window = _state.Window;
        if (_state.Curve.At(elapsed) < _state.WindowEstimate)
        {
            _state.Window = Math.Max(window, _state.WindowEstimate);
            return;
        }

        double target = Math.Clamp(_state.Curve.At(elapsed + rtt), window, MaximumGrowth * window);
        _state.Window += (target - window) * ackedBytes / window;
    }

    private void BeginEpoch(TimeUs now)
    {
        double window = _state.Window;
        _state.EpochStart = now;
        _state.WindowMax = Math.Max(_state.WindowMax, window);
        _state.WindowEstimate = window;
        _state.Curve = CubicCurve.Between(window, _state.WindowMax, _maximumDatagramSize);
    }

    /// <summary>W_est: the window that Reno would have (§4.3).</summary>
    private void GrowEstimate(int ackedBytes)
    {
        double increase = _state.WindowEstimate < _state.WindowPrior ? FriendlyIncrease : 1;
        _state.WindowEstimate += increase * _maximumDatagramSize * ackedBytes / _state.Window;
    }

    private void SkipUnderutilizedTime(TimeUs now)
    {
        if (_underutilizedSince is not { } since)
            return;
        _underutilizedSince = null;
        if (_state.EpochStart is { } start)
            _state.EpochStart = start + (now - TimeUs.Max(since, start));
    }

    /// <summary>What a reduction changes, and refuting it restores (§4.9.2). Windows are bytes.</summary>
    private struct State
    {
        /// <summary>cwnd.</summary>
        public double Window;

        public ulong SlowStartThreshold;

        /// <summary>W_max.</summary>
        public double WindowMax;

        /// <summary>cwnd_prior.</summary>
        public double WindowPrior;

        /// <summary>W_est.</summary>
        public double WindowEstimate;

        /// <summary>t_epoch.</summary>
        public TimeUs? EpochStart;

        /// <summary>W_cubic, with K.</summary>
        public CubicCurve Curve;
    }
}
