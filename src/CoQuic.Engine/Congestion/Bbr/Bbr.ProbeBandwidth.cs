using System;

namespace CoQuic.Engine;

/// <content>The search for bandwidth in four phases, and the long-term bound on what is in flight (§4.3.3, §4.5.6.2).</content>
internal sealed partial class Bbr
{
    /// <summary>BBRHeadroom: the share of inflight_hi that is used while cruising; the rest is left to others.</summary>
    private const double Headroom = 0.85;

    /// <summary>Reno's window is back after so many round trips of a small flow; no search waits longer (§4.3.3.5.2).</summary>
    private const ulong MaximumRoundsBetweenProbes = 63;

    /// <summary>So few lost packets are no rate: of a small flight a single one would be more than BBRLossThresh.</summary>
    private const ulong TolerableLosses = 2;

    private const int MaximumGrowthDoublings = 30;

    private static readonly TimeSpan MinimumProbeWait = TimeSpan.FromSeconds(2);

    private ulong _inflightHigh = ulong.MaxValue;
    private AckPhase _ackPhase;
    private bool _isProbeAnswerAwaited;
    private TimeUs _phaseStart;
    private TimeSpan _probeWait;
    private ulong _roundsSinceProbe;
    private int _growthDoublings;
    private double _growthEachRound;

    /// <summary>What the acknowledgments that arrive now tell about the last search.</summary>
    private enum AckPhase : byte
    {
        None,
        Refilling,
        Starting,
        Feedback,
        Stopping,
    }

    private bool IsInflightTooHigh(ulong lost, ulong sentInFlight) =>
        lost > sentInFlight * LossThreshold && lost > TolerableLosses * _maximumDatagramSize;

    /// <summary>BBRUpdateProbeBWCyclePhase (§4.3.3.6).</summary>
    private void UpdateProbeBandwidth(TimeUs now, in AckContext context, in DeliverySample delivery)
    {
        bool isLimitedByInflightHigh = IsLimitedByInflightHigh(context.PriorBytesInFlight);
        AdaptInflightHigh(now, isLimitedByInflightHigh, delivery);
        switch (_state)
        {
            case BbrState.ProbeBandwidthDown when IsTimeToProbe(now):
            case BbrState.ProbeBandwidthCruise when IsTimeToProbe(now):
                BeginRefill();
                break;
            case BbrState.ProbeBandwidthDown when IsTimeToCruise(delivery.BytesInFlight):
                _state = BbrState.ProbeBandwidthCruise;
                break;
            case BbrState.ProbeBandwidthRefill when _rounds.HasJustBegun:
                BeginProbeUp(now);
                break;
            case BbrState.ProbeBandwidthUp when !isLimitedByInflightHigh && HasProbedEnough(now, delivery.BytesInFlight):
                BeginProbeDown(now);
                break;
        }
    }

    /// <summary>BBRAdaptUpperBounds: losses lower inflight_hi, safe flights raise it.</summary>
    private void AdaptInflightHigh(TimeUs now, bool isLimited, in DeliverySample delivery)
    {
        if (_ackPhase == AckPhase.Starting && _rounds.HasJustBegun)
            _ackPhase = AckPhase.Feedback;
        if (_ackPhase == AckPhase.Stopping && _rounds.HasJustBegun)
            EndProbeFeedback(delivery.IsAppLimited);

        if (IsInflightTooHigh(delivery.Lost, delivery.SentInFlight))
        {
            if (_isProbeAnswerAwaited)
                OnInflightTooHigh(now, delivery.SentInFlight, delivery.IsAppLimited);
            return;
        }

        if (_inflightHigh == ulong.MaxValue)
            return;
        _inflightHigh = Math.Max(_inflightHigh, delivery.SentInFlight);
        if (_state == BbrState.ProbeBandwidthUp && isLimited)
            RaiseInflightHigh(delivery.NewlyAcked);
    }

    /// <summary>One round trip after a search all its samples are in: the cycle before the last one is forgotten.</summary>
    private void EndProbeFeedback(bool isAppLimited)
    {
        _ackPhase = AckPhase.None;
        _isProbeAnswerAwaited = false;
        if (_state.IsProbeBandwidth() && !isAppLimited)
            _bandwidths.Advance();
    }

    /// <summary>BBRHandleLostPacket: finds the flight at which losses passed the threshold.</summary>
    private void OnPacketLostWhileProbing(TimeUs now, in SentPacket packet, ulong lostBytes)
    {
        ulong lost = lostBytes - packet.Lost;
        if (!_isProbeAnswerAwaited || !IsInflightTooHigh(lost, packet.BytesInFlight))
            return;
        ulong size = (ulong)packet.Size;
        double before = packet.BytesInFlight - size;
        double lostBefore = lost - size;
        double prefix = ((LossThreshold * before) - lostBefore) / (1 - LossThreshold);
        OnInflightTooHigh(now, (ulong)Math.Max(0, before + prefix), packet.IsAppLimited);
    }

    /// <summary>BBRHandleInflightTooHigh: once for each search.</summary>
    private void OnInflightTooHigh(TimeUs now, ulong inFlight, bool isAppLimited)
    {
        _isProbeAnswerAwaited = false;
        if (!isAppLimited)
            _inflightHigh = Math.Max(inFlight, (ulong)(Beta * TargetInflight));
        if (_state == BbrState.ProbeBandwidthUp)
            BeginProbeDown(now);
    }

    /// <summary>BBRProbeInflightHiUpward: by 1, 2, 4, … packets a round trip, spread over its acknowledgments.</summary>
    private void RaiseInflightHigh(ulong newlyAcked)
    {
        _inflightHigh += (ulong)(newlyAcked * Math.Min(1, _growthEachRound / CongestionWindow));
        if (_rounds.HasJustBegun)
            RaiseGrowth();
    }

    /// <summary>
    /// Whether inflight_hi is what keeps the rate from growing: then a search goes on, queue or not. Where several flows keep a queue
    /// standing, each must go on until it loses packets, which makes their shares equal. (The successors of the draft do this.)
    /// </summary>
    private bool IsLimitedByInflightHigh(ulong priorBytesInFlight) =>
        CongestionWindow >= _inflightHigh && priorBytesInFlight + _maximumDatagramSize > CongestionWindow;

    /// <summary>BBRRaiseInflightHiSlope.</summary>
    private void RaiseGrowth()
    {
        _growthEachRound = (double)_maximumDatagramSize * (1L << _growthDoublings);
        _growthDoublings = Math.Min(_growthDoublings + 1, MaximumGrowthDoublings);
    }

    private void BeginProbeDown(TimeUs now)
    {
        _lowerBounds.ResetSignals();
        PickProbeWait();
        _phaseStart = now;
        _ackPhase = AckPhase.Stopping;
        _rounds.Begin(_delivered);
        _state = BbrState.ProbeBandwidthDown;
    }

    private void BeginRefill()
    {
        _lowerBounds.Reset();
        _growthDoublings = 0;
        _ackPhase = AckPhase.Refilling;
        _rounds.Begin(_delivered);
        _state = BbrState.ProbeBandwidthRefill;
    }

    private void BeginProbeUp(TimeUs now)
    {
        _isProbeAnswerAwaited = true;
        _ackPhase = AckPhase.Starting;
        _rounds.Begin(_delivered);
        _phaseStart = now;
        _state = BbrState.ProbeBandwidthUp;
        RaiseGrowth();
    }

    /// <summary>BBRCheckTimeToProbeBW: after two to three seconds, or when Reno would have its window back.</summary>
    private bool IsTimeToProbe(TimeUs now)
    {
        ulong renoRounds = TargetInflight / _maximumDatagramSize;
        return now > _phaseStart + _probeWait || _roundsSinceProbe >= Math.Min(renoRounds, MaximumRoundsBetweenProbes);
    }

    private bool IsTimeToCruise(ulong bytesInFlight) => bytesInFlight <= InflightWithHeadroom && bytesInFlight <= InflightTarget(1);

    /// <summary>BBR estimates that there is a queue.</summary>
    private bool HasProbedEnough(TimeUs now, ulong bytesInFlight) =>
        now > _phaseStart + (_minimumRtt.Value ?? TimeSpan.Zero)
        && bytesInFlight > InflightTarget(BbrState.ProbeBandwidthUp.PacingGain());

    /// <summary>BBRPickProbeWait: zero or one round trip, and up to a second, are chance.</summary>
    private void PickProbeWait()
    {
        Span<byte> bytes = stackalloc byte[3];
        _entropy.Fill(bytes);
        _roundsSinceProbe = bytes[0] & 1u;
        _probeWait = MinimumProbeWait + TimeSpan.FromSeconds(((bytes[1] << 8) | bytes[2]) / 65536.0);
    }
}
