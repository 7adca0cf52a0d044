using System;

namespace CoQuic.Engine;

/// <summary>
/// BBR's short-term model: while it does not search for bandwidth, losses lower what it sends to what was delivered of late (§4.5.6.3).
/// </summary>
internal struct BbrLowerBounds
{
    private double _latestBandwidth;
    private ulong _latestInFlight;
    private ulong _lossRoundDelivered;
    private bool _hasLossInRound;

    public BbrLowerBounds() => Reset();

    /// <summary>BBR.bw_lo, in bytes per second.</summary>
    public double Bandwidth { get; private set; }

    /// <summary>BBR.inflight_lo, in bytes.</summary>
    public ulong InFlight { get; private set; }

    /// <summary>BBR.loss_round_start: whether this ACK frame ends a round trip.</summary>
    public bool IsRoundOver { get; private set; }

    /// <summary>BBRResetLowerBounds.</summary>
    public void Reset()
    {
        Bandwidth = double.PositiveInfinity;
        InFlight = ulong.MaxValue;
    }

    /// <summary>BBRResetCongestionSignals.</summary>
    public void ResetSignals()
    {
        _hasLossInRound = false;
        _latestBandwidth = 0;
        _latestInFlight = 0;
    }

    /// <summary>There was congestion in this round trip.</summary>
    public void OnCongestion() => _hasLossInRound = true;

    /// <summary>BBRUpdateLatestDeliverySignals: first of what is done with an ACK frame.</summary>
    public void Update(in DeliverySample delivery)
    {
        _latestBandwidth = Math.Max(_latestBandwidth, delivery.Rate);
        _latestInFlight = Math.Max(_latestInFlight, delivery.Delivered);
        _hasLossInRound |= delivery.NewlyLost > 0;
        IsRoundOver = delivery.PriorDelivered >= _lossRoundDelivered;
        if (IsRoundOver)
            _lossRoundDelivered = delivery.TotalDelivered;
    }

    /// <summary>BBRAdaptLowerBoundsFromCongestion: once a round trip.</summary>
    /// <param name="isAccelerating">Whether losses are the price of the search for bandwidth.</param>
    /// <param name="maximumBandwidth">BBR.max_bw, from which the bound starts.</param>
    /// <param name="congestionWindow">The window, from which the bound starts.</param>
    public void Adapt(bool isAccelerating, double maximumBandwidth, ulong congestionWindow)
    {
        if (!IsRoundOver)
            return;
        if (_hasLossInRound && !isAccelerating)
        {
            double bandwidth = double.IsPositiveInfinity(Bandwidth) ? maximumBandwidth : Bandwidth;
            ulong inFlight = InFlight == ulong.MaxValue ? congestionWindow : InFlight;
            Bandwidth = Math.Max(_latestBandwidth, Bbr.Beta * bandwidth);
            InFlight = Math.Max(_latestInFlight, (ulong)(Bbr.Beta * inFlight));
        }

        _hasLossInRound = false;
    }

    /// <summary>BBRAdvanceLatestDeliverySignals: last of what is done with an ACK frame.</summary>
    public void Advance(in DeliverySample delivery)
    {
        if (!IsRoundOver)
            return;
        _latestBandwidth = delivery.Rate;
        _latestInFlight = delivery.Delivered;
    }
}
