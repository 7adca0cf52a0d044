using System;

namespace CoQuic.Engine;

/// <summary>The NewReno controller of RFC 9002 §7 and §B.</summary>
internal sealed class NewReno : ICongestionController
{
    private int _maximumDatagramSize;
    private TimeUs? _recoveryStartTime;
    private ulong _ackedInAvoidance;

    public NewReno(int maximumDatagramSize)
    {
        _maximumDatagramSize = maximumDatagramSize;
        CongestionWindow = CongestionWindows.Initial(maximumDatagramSize);
    }

    public ulong CongestionWindow { get; private set; }

    public ulong SlowStartThreshold { get; private set; } = ulong.MaxValue;

    public void OnPacketAcked(TimeUs now, in SentPacket packet, in AckContext context)
    {
        if (context.IsUnderutilized || IsInRecovery(packet.TimeSent))
            return;
        if (CongestionWindow < SlowStartThreshold)
            CongestionWindow += (ulong)packet.Size;
        else
            AvoidCongestion((ulong)packet.Size);
    }

    public void OnPacketsLost(TimeUs now, TimeUs sentTime, ulong lostBytes) => OnCongestionEvent(now, sentTime);

    public void OnEcnCe(TimeUs now, TimeUs sentTime) => OnCongestionEvent(now, sentTime);

    public void OnPersistentCongestion(TimeUs now)
    {
        CongestionWindow = CongestionWindows.Minimum(_maximumDatagramSize);
        _ackedInAvoidance = 0;
        _recoveryStartTime = null;
    }

    public void OnMaximumDatagramSizeChanged(int maximumDatagramSize)
    {
        bool hasMetCongestion = SlowStartThreshold != ulong.MaxValue;
        CongestionWindow = CongestionWindows.AfterSizeChange(
            CongestionWindow, hasMetCongestion, _maximumDatagramSize, maximumDatagramSize);
        _maximumDatagramSize = maximumDatagramSize;
    }

    /// <summary>The window is reduced at most once a round trip: not for packets sent before the last reduction (RFC 9002 §7.3.2).</summary>
    private bool IsInRecovery(TimeUs sentTime) => sentTime <= _recoveryStartTime;

    private void OnCongestionEvent(TimeUs now, TimeUs sentTime)
    {
        if (IsInRecovery(sentTime))
            return;
        _recoveryStartTime = now;
        _ackedInAvoidance = 0;
        SlowStartThreshold = CongestionWindow / 2;
        CongestionWindow = Math.Max(SlowStartThreshold, CongestionWindows.Minimum(_maximumDatagramSize));
    }

    /// <summary>
    /// One datagram for each window acknowledged (RFC 9002 §7.3.3). Bytes are counted rather than fractions added,
    /// which a large window would round to nothing.
    /// </summary>
    private void AvoidCongestion(ulong ackedBytes)
    {
        _ackedInAvoidance += ackedBytes;
        if (_ackedInAvoidance < CongestionWindow)
            return;
        _ackedInAvoidance -= CongestionWindow;
        CongestionWindow += (ulong)_maximumDatagramSize;
    }
}
