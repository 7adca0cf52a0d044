using System;

namespace CoQuic.Engine;

/// <summary>
/// How much may be in flight on one path, and how fast it may be sent (RFC 9002 §7). Bytes in flight are counted by
/// <see cref="PathRecovery"/>; a controller is told only of packets that count there, and never of MTU probes that were lost.
/// </summary>
internal interface ICongestionController
{
    /// <summary>congestion_window, in bytes.</summary>
    ulong CongestionWindow { get; }

    /// <summary>ssthresh, in bytes; <see cref="ulong.MaxValue"/> until there is one.</summary>
    ulong SlowStartThreshold { get; }

    /// <summary>Whether the window is still being searched for: pacing then goes faster.</summary>
    bool IsInSlowStart => CongestionWindow < SlowStartThreshold;

    /// <summary>The rate that the controller wants, in bytes per second; null for one derived from window and RTT.</summary>
    ulong? PacingRate => null;

    /// <summary>Whether it holds back on purpose: rates measured meanwhile say as little about the path as those of an idle application.</summary>
    bool IsHoldingBack => false;

    /// <summary>A packet was sent; its <see cref="SentPacket.BytesInFlight"/> counts it.</summary>
    void OnPacketSent(TimeUs now, in SentPacket packet)
    {
    }

    /// <summary>A packet was acknowledged. Packets of one ACK frame come one after the other, the largest number first.</summary>
    void OnPacketAcked(TimeUs now, in SentPacket packet, in AckContext context);

    /// <summary>All packets of an ACK frame were told, those that it shows to be lost too.</summary>
    void OnAckProcessed(TimeUs now, in AckContext context, in DeliverySample delivery)
    {
    }

    /// <summary>A packet was lost. Packets found lost at once come one after the other, oldest first, when all have left the flight.</summary>
    void OnPacketLost(TimeUs now, in SentPacket packet, in LossContext context);

    /// <summary>A packet that had been told as lost was acknowledged after all: it was only late.</summary>
    void OnSpuriousLoss(TimeUs now, in SentPacket packet)
    {
    }

    /// <summary>The peer reports more packets marked Congestion Experienced (RFC 9002 §7.1).</summary>
    /// <param name="now">When the report arrived.</param>
    /// <param name="sentTime">When the largest acknowledged packet was sent.</param>
    void OnEcnCe(TimeUs now, TimeUs sentTime);

    /// <summary>Everything was lost for longer than three PTOs (RFC 9002 §7.6).</summary>
    void OnPersistentCongestion(TimeUs now);

    /// <summary>The path's max_datagram_size changed (RFC 9002 §7.2).</summary>
    void OnMaximumDatagramSizeChanged(int maximumDatagramSize);
}

/// <summary>The state of the path when an ACK frame is processed.</summary>
/// <param name="Rtt">The estimates, the newest sample included.</param>
/// <param name="PriorBytesInFlight">Bytes in flight when the ACK frame arrived.</param>
/// <param name="IsUnderutilized">Whether the application did not fill the window, which should not grow then (RFC 9002 §7.8).</param>
internal readonly record struct AckContext(RttEstimator Rtt, ulong PriorBytesInFlight, bool IsUnderutilized)
{
    /// <summary>The round-trip time that this ACK frame shows; null when it shows none (RFC 9002 §5.1).</summary>
    public TimeSpan? RttSample { get; init; }
}

/// <summary>The state of the path when packets are found lost.</summary>
/// <param name="BytesInFlight">Bytes in flight without them.</param>
/// <param name="LostBytes">Bytes lost on the path so far, up to and including the packet told.</param>
internal readonly record struct LossContext(ulong BytesInFlight, ulong LostBytes);
