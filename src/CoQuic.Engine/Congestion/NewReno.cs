using System;

namespace CoQuic.Engine;

/// <summary>The NewReno controller of RFC 9002 §7 and §B.</summary>
internal sealed class NewReno : ICongestionController
{
    private readonly HyStartPlusPlus? _hyStart;
    private int _maximumDatagramSize;
    private RecoveryPeriod _recovery;
    private State _state;
    private State _beforeReduction;

    /// <param name="maximumDatagramSize">max_datagram_size, in bytes.</param>
    /// <param name="hasHyStart">Whether the first slow start ends by HyStart++.</param>
    public NewReno(int maximumDatagramSize, bool hasHyStart)
    {
        _maximumDatagramSize = maximumDatagramSize;
        _hyStart = hasHyStart ? new HyStartPlusPlus() : null;
        _state = new State(CongestionWindows.Initial(maximumDatagramSize), ulong.MaxValue, 0);
    }

    public ulong CongestionWindow => _state.Window;

    public ulong SlowStartThreshold => _state.SlowStartThreshold;

    private bool IsInFirstSlowStart => SlowStartThreshold == ulong.MaxValue;

    public void OnPacketAcked(TimeUs now, in SentPacket packet, in AckContext context)
    {
        if (context.IsUnderutilized || _recovery.Contains(packet.TimeSent))
            return;
        if (CongestionWindow >= SlowStartThreshold)
            AvoidCongestion((ulong)packet.Size);
        else
            _state.Window += (ulong)(IsInFirstSlowStart && _hyStart is not null ? _hyStart.Growth(packet.Size) : packet.Size);
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

    public void OnSpuriousLoss(TimeUs now, in SentPacket packet)
    {
        if (!_recovery.TryRefute(packet.TimeSent))
            return;
        ulong window = Math.Max(CongestionWindow, _beforeReduction.Window);
        _state = _beforeReduction with { Window = window };
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
        _state.AckedInAvoidance = 0;
        _recovery.End();
    }

    public void OnMaximumDatagramSizeChanged(int maximumDatagramSize)
    {
        _state.Window = CongestionWindows.AfterSizeChange(
            CongestionWindow, !IsInFirstSlowStart, _maximumDatagramSize, maximumDatagramSize);
        _maximumDatagramSize = maximumDatagramSize;
    }

    private void Reduce(TimeUs now, bool isMarked)
    {
        _recovery.Begin(now, isMarked);
        _beforeReduction = _state;
        ulong half = CongestionWindow / 2;
        _state = new State(Math.Max(half, CongestionWindows.Minimum(_maximumDatagramSize)), half, 0);
    }

    /// <summary>
    /// One datagram for each window acknowledged (RFC 9002 §7.3.3). Bytes are counted rather than fractions added,
    /// which a large window would round to nothing.
    /// </summary>
    private void AvoidCongestion(ulong ackedBytes)
    {
        _state.AckedInAvoidance += ackedBytes;
        if (_state.AckedInAvoidance < CongestionWindow)
            return;
        _state.AckedInAvoidance -= CongestionWindow;
        _state.Window += (ulong)_maximumDatagramSize;
    }

    /// <summary>What a reduction changes, and refuting it restores.</summary>
    private record struct State(ulong Window, ulong SlowStartThreshold, ulong AckedInAvoidance);
}
