using System;

namespace CoQuic.Engine;

/// <content>How much may be in flight (§4.6.4).</content>
internal sealed partial class Bbr
{
    /// <summary>BBRMinPipeCwnd, in packets: enough for a peer that acknowledges every other packet.</summary>
    private const ulong MinimumPipePackets = 4;

    /// <summary>Packets more that UP may have in flight, lest rounding keep a small flow from growing.</summary>
    private const ulong ProbeUpPackets = 2;

    /// <summary>BBR.offload_budget: so many send quanta are under way in hosts.</summary>
    private const ulong QuantaInHosts = 3;

    private const ulong MaximumSendQuantum = 64 << 10;

    private static readonly TimeSpan SendQuantumTime = TimeSpan.FromMilliseconds(1);

    private ulong _maximumDatagramSize;
    private RecoveryPeriod _recovery;
    private bool _isInRecovery;
    private bool _isConserving;
    private ulong _savedWindow;
    private BbrLowerBounds _savedLowerBounds = new();
    private ulong _savedInflightHigh;

    private ulong MinimumPipeWindow => MinimumPipePackets * _maximumDatagramSize;

    /// <summary>BBRProbeRTTCwnd.</summary>
    private ulong ProbeRttWindow => Math.Max(BandwidthDelayProduct(BbrStates.ProbeRttWindowGain), MinimumPipeWindow);

    /// <summary>BBRTargetInflight.</summary>
    private ulong TargetInflight => Math.Min(BandwidthDelayProduct(1), CongestionWindow);

    /// <summary>BBRInflightWithHeadroom.</summary>
    private ulong InflightWithHeadroom => _inflightHigh == ulong.MaxValue
        ? ulong.MaxValue
        : Math.Max((ulong)(Headroom * _inflightHigh), MinimumPipeWindow);

    /// <summary>BBRBDPMultiple.</summary>
    private ulong BandwidthDelayProduct(double gain) => _minimumRtt.Value is { } rtt
        ? (ulong)(gain * _bandwidth * rtt.TotalSeconds)
        : CongestionWindows.Initial((int)_maximumDatagramSize);

    /// <summary>BBRInflight: a multiple of the bandwidth-delay product, with what hosts need to work in quanta.</summary>
    private ulong InflightTarget(double gain) => WithQuanta(BandwidthDelayProduct(gain));

    /// <summary>BBRQuantizationBudget.</summary>
    private ulong WithQuanta(ulong inflight)
    {
        ulong quantum = (ulong)(_pacingRate * SendQuantumTime.TotalSeconds);
        quantum = Math.Clamp(quantum, _maximumDatagramSize, MaximumSendQuantum);
        ulong least = Math.Max(QuantaInHosts * quantum, MinimumPipeWindow);
        ulong extra = _state == BbrState.ProbeBandwidthUp ? ProbeUpPackets * _maximumDatagramSize : 0;
        return Math.Max(inflight, least) + extra;
    }

    /// <summary>BBRSetCwnd (§4.6.4.6).</summary>
    private void SetWindow(in DeliverySample delivery)
    {
        ulong maximum = WithQuanta(BandwidthDelayProduct(_state.WindowGain()) + _aggregation.Extra);
        ModulateForRecovery(delivery);
        if (!_isConserving)
        {
            if (_fullPipe.IsFull)
                CongestionWindow = Math.Min(CongestionWindow + delivery.NewlyAcked, maximum);
            else if (CongestionWindow < maximum || _delivered < CongestionWindows.Initial((int)_maximumDatagramSize))
                CongestionWindow += delivery.NewlyAcked;
            CongestionWindow = Math.Max(CongestionWindow, MinimumPipeWindow);
        }

        if (_state == BbrState.ProbeRtt)
            CongestionWindow = Math.Min(CongestionWindow, ProbeRttWindow);
        CongestionWindow = Math.Min(CongestionWindow, ModelBound());
    }

    /// <summary>BBRBoundCwndForModel (§4.6.4.7).</summary>
    private ulong ModelBound()
    {
        ulong bound = _state switch
        {
            BbrState.ProbeRtt or BbrState.ProbeBandwidthCruise => InflightWithHeadroom,
            BbrState.Startup or BbrState.Drain => ulong.MaxValue,
            _ => _inflightHigh,
        };
        return Math.Max(Math.Min(bound, _lowerBounds.InFlight), MinimumPipeWindow);
    }

    /// <summary>BBROnEnterFastRecovery (§4.6.4.4): no more is sent than arrives, for a round trip.</summary>
    private void EnterRecovery(TimeUs now, ulong bytesInFlight)
    {
        SaveWindow();
        _savedLowerBounds = _lowerBounds;
        _savedInflightHigh = _inflightHigh;
        _recovery.Begin(now, isMarked: false);
        _isInRecovery = true;
        _isConserving = true;
        // What the ACK frame acknowledges is still counted in flight here.
        CongestionWindow = Math.Max(Math.Min(CongestionWindow, bytesInFlight), CongestionWindows.Minimum((int)_maximumDatagramSize));
    }

    /// <summary>BBRModulateCwndForRecovery.</summary>
    private void ModulateForRecovery(in DeliverySample delivery)
    {
        if (!_isConserving)
            return;
        CongestionWindow = Math.Max(
            CongestionWindow - Math.Min(delivery.NewlyLost, CongestionWindow), delivery.BytesInFlight + delivery.NewlyAcked);
        CongestionWindow = Math.Max(CongestionWindow, CongestionWindows.Minimum((int)_maximumDatagramSize));
    }

    /// <summary>A packet that was sent after the losses were found has arrived: a round trip has passed.</summary>
    private void LeaveRecovery()
    {
        _isInRecovery = false;
        _isConserving = false;
        RestoreWindow();
    }

    /// <summary>What was taken as lost was only late.</summary>
    private void UndoRecovery()
    {
        LeaveRecovery();
        _lowerBounds = _savedLowerBounds;
        _inflightHigh = Math.Max(_inflightHigh, _savedInflightHigh);
    }

    /// <summary>BBRSaveCwnd: the last window that neither recovery nor ProbeRTT had lowered.</summary>
    private void SaveWindow() =>
        _savedWindow = _isInRecovery || _state == BbrState.ProbeRtt ? Math.Max(_savedWindow, CongestionWindow) : CongestionWindow;

    private void RestoreWindow() => CongestionWindow = Math.Max(CongestionWindow, _savedWindow);
}
