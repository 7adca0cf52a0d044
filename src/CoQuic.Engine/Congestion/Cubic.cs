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

    private int _maximumDatagramSize;
    private CubicCurve _curve;
    private double _window;
    private double _windowMax;
    private double _windowPrior;
    private double _windowEstimate;
    private TimeUs? _recoveryStartTime;
    private TimeUs? _epochStart;
    private TimeUs? _underutilizedSince;

    public Cubic(int maximumDatagramSize)
    {
        _maximumDatagramSize = maximumDatagramSize;
        _window = CongestionWindows.Initial(maximumDatagramSize);
    }

    public ulong CongestionWindow => (ulong)_window;

    public ulong SlowStartThreshold { get; private set; } = ulong.MaxValue;

    public void OnPacketAcked(TimeUs now, in SentPacket packet, in AckContext context)
    {
        if (context.IsUnderutilized)
        {
            // §5.8: time in which the window could not grow does not count.
            _underutilizedSince ??= now;
            return;
        }

        SkipUnderutilizedTime(now);
        if (IsInRecovery(packet.TimeSent))
            return;
        if (CongestionWindow < SlowStartThreshold)
            _window += packet.Size;
        else
            AvoidCongestion(now, packet.Size, context.Rtt.SmoothedRtt);
    }

    public void OnPacketsLost(TimeUs now, TimeUs sentTime, ulong lostBytes) => OnCongestionEvent(now, sentTime);

    public void OnEcnCe(TimeUs now, TimeUs sentTime) => OnCongestionEvent(now, sentTime);

    public void OnPersistentCongestion(TimeUs now)
    {
        _window = CongestionWindows.Minimum(_maximumDatagramSize);
        _recoveryStartTime = null;
        _epochStart = null;
        // §4.8: the next congestion avoidance begins on the plateau, wherever slow start ends.
        _windowMax = 0;
    }

    public void OnMaximumDatagramSizeChanged(int maximumDatagramSize)
    {
        bool hasMetCongestion = SlowStartThreshold != ulong.MaxValue;
        ulong window = CongestionWindows.AfterSizeChange(
            CongestionWindow, hasMetCongestion, _maximumDatagramSize, maximumDatagramSize);
        if (window != CongestionWindow)
            _window = window;
        _maximumDatagramSize = maximumDatagramSize;
        // The curve is drawn in segments: it begins anew from here.
        _epochStart = null;
    }

    private bool IsInRecovery(TimeUs sentTime) => sentTime <= _recoveryStartTime;

    /// <summary>§4.6, with fast convergence (§4.7).</summary>
    private void OnCongestionEvent(TimeUs now, TimeUs sentTime)
    {
        if (IsInRecovery(sentTime))
            return;
        _recoveryStartTime = now;
        _epochStart = null;
        _underutilizedSince = null;
        _windowPrior = _window;
        // A flow that lost before it was back where it lost last gives way to newcomers.
        _windowMax = _window < _windowMax ? _window * (1 + Beta) / 2 : _window;
        _window = Math.Max(_window * Beta, CongestionWindows.Minimum(_maximumDatagramSize));
        SlowStartThreshold = CongestionWindow;
    }

    /// <summary>§4.2 to §4.5.</summary>
    private void AvoidCongestion(TimeUs now, int ackedBytes, TimeSpan rtt)
    {
        if (_epochStart is null)
            BeginEpoch(now);
        TimeSpan elapsed = now - _epochStart!.Value;
        GrowEstimate(ackedBytes);

        if (_curve.At(elapsed) < _windowEstimate)
        {
            _window = Math.Max(_window, _windowEstimate);
            return;
        }

        double target = Math.Clamp(_curve.At(elapsed + rtt), _window, MaximumGrowth * _window);
        _window += (target - _window) * ackedBytes / _window;
    }

    private void BeginEpoch(TimeUs now)
    {
        _epochStart = now;
        _windowMax = Math.Max(_windowMax, _window);
        _windowEstimate = _window;
        _curve = CubicCurve.Between(_window, _windowMax, _maximumDatagramSize);
    }

    /// <summary>W_est: the window that Reno would have (§4.3).</summary>
    private void GrowEstimate(int ackedBytes)
    {
        double increase = _windowEstimate < _windowPrior ? FriendlyIncrease : 1;
        _windowEstimate += increase * _maximumDatagramSize * ackedBytes / _window;
    }

    private void SkipUnderutilizedTime(TimeUs now)
    {
        if (_underutilizedSince is not { } since)
            return;
        _underutilizedSince = null;
        if (_epochStart is { } start)
            _epochStart = start + (now - TimeUs.Max(since, start));
    }
}
