using System;

namespace CoQuic.Engine;

/// <summary>
/// BBR version 2 (draft-cardwell-iccrg-bbr-congestion-control-02): sends at the rate that the path was seen to deliver, with little
/// more in flight than that takes. Sections cited without a document are of that draft. bw_hi, which the draft never sets, is left out.
/// </summary>
/// <remarks>The parts follow what it decides: bandwidth to search for (ProbeBandwidth), round trips to measure (ProbeRtt), how much may
/// be in flight (Window).</remarks>
internal sealed partial class Bbr : ICongestionController
{
    /// <summary>BBRBeta: what is left after a round trip with losses.</summary>
    public const double Beta = 0.7;

    /// <summary>BBRLossThresh: the share of a flight that may be lost while bandwidth is searched for.</summary>
    private const double LossThreshold = 0.02;

    /// <summary>1 - BBRPacingMarginPercent: a little below the bandwidth, so that queues drain.</summary>
    private const double PacingMargin = 0.99;

    private readonly IEntropy _entropy;
    private readonly BbrAckAggregation _aggregation = new();
    private BbrState _state;
    private BbrBandwidthFilter _bandwidths;
    private BbrFullPipe _fullPipe;
    private BbrLowerBounds _lowerBounds = new();
    private BbrMinimumRtt _minimumRtt;
    private RoundTripCounter _rounds;
    private ulong _delivered;
    private double _bandwidth;
    private double _pacingRate;
    private bool _isRestartingFromIdle;

    /// <param name="maximumDatagramSize">max_datagram_size, in bytes.</param>
    /// <param name="entropy">Draws when to search for bandwidth, so that flows do not search together.</param>
    public Bbr(int maximumDatagramSize, IEntropy entropy)
    {
        _entropy = entropy;
        _maximumDatagramSize = (ulong)maximumDatagramSize;
        CongestionWindow = CongestionWindows.Initial(maximumDatagramSize);
    }

    public ulong CongestionWindow { get; private set; }

    public ulong SlowStartThreshold => ulong.MaxValue;

    public bool IsInSlowStart => _state == BbrState.Startup;

    public ulong? PacingRate => _pacingRate > 0 ? (ulong)_pacingRate : null;

    public bool IsHoldingBack => _state == BbrState.ProbeRtt;

    /// <summary>Where it is in its life.</summary>
    public BbrState State => _state;

    /// <summary>BBRHandleRestartFromIdle (§4.4.3).</summary>
    public void OnPacketSent(TimeUs now, in SentPacket packet)
    {
        bool isFirstInFlight = packet.BytesInFlight == (ulong)packet.Size;
        if (!isFirstInFlight || !packet.IsAppLimited)
            return;
        _isRestartingFromIdle = true;
        _aggregation.Restart(now);
        if (_state.IsProbeBandwidth())
            SetPacingRate(1);
        else if (_state == BbrState.ProbeRtt)
            EndProbeRttIfDone(now);
    }

    public void OnPacketAcked(TimeUs now, in SentPacket packet, in AckContext context)
    {
        if (_isInRecovery && !_recovery.Contains(packet.TimeSent))
            LeaveRecovery();
    }

    /// <summary>BBRUpdateOnACK (§4.2.3).</summary>
    public void OnAckProcessed(TimeUs now, in AckContext context, in DeliverySample delivery)
    {
        if (delivery.NewlyAcked == 0)
            return;
        _delivered = delivery.TotalDelivered;
        UpdateModel(now, context, delivery);
        UpdateState(now, context, delivery);
        _lowerBounds.Advance(delivery);
        _bandwidth = Math.Min(_bandwidths.Maximum, _lowerBounds.Bandwidth);

        if (_pacingRate == 0 && context.Rtt.HasSample)
            InitializePacingRate(context.Rtt.SmoothedRtt);
        SetPacingRate(_state.PacingGain());
        SetWindow(delivery);
    }

    /// <summary>BBRUpdateOnLoss (§4.2.4).</summary>
    public void OnPacketLost(TimeUs now, in SentPacket packet, in LossContext context)
    {
        if (!_recovery.Contains(packet.TimeSent))
            EnterRecovery(now, context.BytesInFlight);
        _recovery.OnLost(packet.TimeSent);
        _fullPipe.OnPacketLost(packet.PacketNumber);
        OnPacketLostWhileProbing(now, packet, context.LostBytes);
    }

    public void OnSpuriousLoss(TimeUs now, in SentPacket packet)
    {
        if (_recovery.TryRefute(packet.TimeSent))
            UndoRecovery();
    }

    /// <summary>The draft knows no marks; one weighs as much as too many losses (RFC 9002 §7.1).</summary>
    public void OnEcnCe(TimeUs now, TimeUs sentTime)
    {
        _lowerBounds.OnCongestion();
        if (_isProbeAnswerAwaited)
            OnInflightTooHigh(now, CongestionWindow, isAppLimited: false);
    }

    /// <summary>BBROnEnterRTO (§4.6.4.4): it begins with the least that the window may be.</summary>
    public void OnPersistentCongestion(TimeUs now)
    {
        SaveWindow();
        CongestionWindow = CongestionWindows.Minimum((int)_maximumDatagramSize);
        _recovery.End();
        _isInRecovery = false;
        _isConserving = false;
    }

    public void OnMaximumDatagramSizeChanged(int maximumDatagramSize)
    {
        CongestionWindow = CongestionWindows.AfterSizeChange(
            CongestionWindow, _delivered > 0, (int)_maximumDatagramSize, maximumDatagramSize);
        _maximumDatagramSize = (ulong)maximumDatagramSize;
    }

    /// <summary>BBRUpdateLatestDeliverySignals, BBRUpdateCongestionSignals and BBRUpdateACKAggregation.</summary>
    private void UpdateModel(TimeUs now, in AckContext context, in DeliverySample delivery)
    {
        _lowerBounds.Update(delivery);
        if (_rounds.Update(delivery))
            _roundsSinceProbe++;
        _bandwidths.Update(delivery);
        _lowerBounds.Adapt(_state.IsAccelerating(), _bandwidths.Maximum, CongestionWindow);
        _aggregation.Update(now, _rounds.Count, _bandwidth, delivery.NewlyAcked, CongestionWindow);
    }

    private void UpdateState(TimeUs now, in AckContext context, in DeliverySample delivery)
    {
        if (_state == BbrState.Startup)
            CheckStartupDone(delivery);
        if (_state == BbrState.Drain && delivery.BytesInFlight <= InflightTarget(1))
            BeginProbeDown(now);
        if (_fullPipe.IsFull)
            UpdateProbeBandwidth(now, context, delivery);
        _minimumRtt.Update(now, context.RttSample);
        UpdateProbeRtt(now, delivery);
    }

    private void CheckStartupDone(in DeliverySample delivery)
    {
        if (_rounds.HasJustBegun)
            _fullPipe.OnRound(_bandwidths.Maximum, delivery.IsAppLimited);
        if (_lowerBounds.IsRoundOver)
            _fullPipe.OnLossRound(_isInRecovery, IsInflightTooHigh(delivery.Lost, delivery.SentInFlight));
        if (_fullPipe.IsFull)
            _state = BbrState.Drain;
    }

    /// <summary>BBRInitPacingRate (§4.6.2).</summary>
    private void InitializePacingRate(TimeSpan smoothedRtt)
    {
        double seconds = Math.Max(smoothedRtt.TotalSeconds, TimeSpan.FromMicroseconds(1).TotalSeconds);
        _pacingRate = BbrStates.StartupPacingGain * CongestionWindows.Initial((int)_maximumDatagramSize) / seconds;
    }

    /// <summary>BBRSetPacingRateWithGain: until the pipe was filled once, the rate only rises.</summary>
    private void SetPacingRate(double gain)
    {
        double rate = gain * _bandwidth * PacingMargin;
        if (rate > _pacingRate || (_fullPipe.IsFull && rate > 0))
            _pacingRate = rate;
    }
}
