using System;

namespace CoQuic.Engine;

/// <summary>
/// COPA (Arun and Balakrishnan, NSDI 2018): moves towards the rate 1 / (δ × queueing delay), which leaves a few packets of each flow in
/// the queue. Where other flows keep the queue full it competes with them by making δ smaller (§2.2). Sections are of the paper.
/// </summary>
/// <remarks>
/// Beyond the paper: a mark of the network halves the window once a round trip, since RFC 9002 §7.1 asks for an answer; persistent
/// congestion begins again with the minimum window; velocity is bounded so that a window moves by no more than itself in a round trip.
/// </remarks>
internal sealed class Copa : ICongestionController
{
    /// <summary>1/δ in default mode: two packets of each flow in the queue.</summary>
    private const double DefaultInverseDelta = 2;

    /// <summary>Without a nearly empty queue for so many round trips, others are filling it.</summary>
    private const ulong CompetitiveAfterRounds = 5;

    private CopaDelay _delay;
    private CopaVelocity _velocity = new();
    private RoundTripCounter _rounds;
    private RecoveryPeriod _recovery;
    private int _maximumDatagramSize;
    private double _window;
    private double _inverseDelta = DefaultInverseDelta;
    private ulong _roundOfEmptyQueue;
    private bool _hasLossInRound;

    public Copa(int maximumDatagramSize)
    {
        _maximumDatagramSize = maximumDatagramSize;
        _window = CongestionWindows.Initial(maximumDatagramSize);
    }

    public ulong CongestionWindow => (ulong)_window;

    public ulong SlowStartThreshold => IsInSlowStart ? ulong.MaxValue : CongestionWindow;

    /// <inheritdoc/>
    public bool IsInSlowStart { get; private set; } = true;

    /// <summary>Whether others fill the queue, and it competes.</summary>
    public bool IsCompetitive => _rounds.Count - _roundOfEmptyQueue >= CompetitiveAfterRounds;

    /// <summary>Twice what the window needs: packets are spread, and pacing does not limit (§2.1).</summary>
    public ulong? PacingRate => _delay.HasSample
        ? (ulong)(2 * _window / Math.Max(_delay.Standing.TotalSeconds, TimeSpan.FromMicroseconds(1).TotalSeconds))
        : null;

    public void OnPacketAcked(TimeUs now, in SentPacket packet, in AckContext context)
    {
    }

    public void OnAckProcessed(TimeUs now, in AckContext context, in DeliverySample delivery)
    {
        if (context.RttSample is { } sample)
            _delay.Update(now, sample, context.Rtt.SmoothedRtt);
        if (delivery.NewlyAcked == 0 || !_delay.HasSample)
            return;
        bool isRoundOver = _rounds.Update(delivery);
        if (_delay.IsQueueNearlyEmpty)
            _roundOfEmptyQueue = _rounds.Count;
        if (isRoundOver)
            BeginRound();
        Move(delivery.NewlyAcked, context.IsUnderutilized);
    }

    /// <summary>In default mode losses say nothing; in competitive mode 1/δ is halved, once a round trip (§2.2).</summary>
    public void OnPacketLost(TimeUs now, in SentPacket packet, in LossContext context)
    {
        if (_recovery.Contains(packet.TimeSent))
            return;
        _recovery.Begin(now, isMarked: false);
        _hasLossInRound = true;
        if (IsCompetitive)
            _inverseDelta = Math.Max(DefaultInverseDelta, _inverseDelta / 2);
    }

    public void OnEcnCe(TimeUs now, TimeUs sentTime)
    {
        if (_recovery.Contains(sentTime))
            return;
        _recovery.Begin(now, isMarked: true);
        IsInSlowStart = false;
        _window = Math.Max(_window / 2, Minimum);
    }

    public void OnPersistentCongestion(TimeUs now)
    {
        _window = Minimum;
        IsInSlowStart = true;
        _velocity = new CopaVelocity();
        _delay.Reset();
        _recovery.End();
    }

    public void OnMaximumDatagramSizeChanged(int maximumDatagramSize)
    {
        _window = CongestionWindows.AfterSizeChange(
            CongestionWindow, !IsInSlowStart, _maximumDatagramSize, maximumDatagramSize);
        _maximumDatagramSize = maximumDatagramSize;
    }

    private double Minimum => CongestionWindows.Minimum(_maximumDatagramSize);

    private void BeginRound()
    {
        _velocity.OnRound(CongestionWindow);
        if (!IsCompetitive)
            _inverseDelta = DefaultInverseDelta;
        else if (!_hasLossInRound)
            _inverseDelta += 1;
        _hasLossInRound = false;
    }

    /// <summary>One step towards the target rate (§2.1).</summary>
    private void Move(ulong ackedBytes, bool isUnderutilized)
    {
        double packets = _window / _maximumDatagramSize;
        // packets / RTTstanding <= 1 / (δ d_q), without the divisions.
        bool isUp = packets * _delay.Queueing.TotalSeconds <= _inverseDelta * _delay.Standing.TotalSeconds;
        if (isUp && isUnderutilized)
            return;
        if (IsInSlowStart && isUp)
        {
            _window += ackedBytes;
            return;
        }

        IsInSlowStart = false;
        _velocity.OnDirection(isUp);
        double step = Math.Min(_velocity.Value * _inverseDelta / packets, 1) * ackedBytes;
        _window = Math.Max(isUp ? _window + step : _window - step, Minimum);
    }
}
