using System;

namespace CoQuic.Engine;

/// <summary>
/// What RFC 9002 keeps for each path: RTT, congestion controller, pacer and bytes in flight. A connection that moves
/// to another path begins with a fresh one (RFC 9000 §9.4).
/// </summary>
internal sealed class PathRecovery
{
    /// <summary>Room in the window that packets of odd sizes or a burst of acknowledgments leave: the window still counts as full.</summary>
    private const ulong UnusedPackets = 3;

    private int _maximumDatagramSize;
    private ulong _delivered;
    private TimeUs _deliveredTime;
    private TimeUs _firstSentTime;

    public PathRecovery(uint id, ICongestionController congestion, RttEstimator rtt, int maximumDatagramSize)
    {
        Id = id;
        Congestion = congestion;
        Rtt = rtt;
        Pacer = new Pacer(maximumDatagramSize);
        _maximumDatagramSize = maximumDatagramSize;
    }

    /// <summary>The path's number on its connection; packets carry it.</summary>
    public uint Id { get; }

    public ICongestionController Congestion { get; }

    public RttEstimator Rtt { get; }

    public Pacer Pacer { get; }

    /// <summary>max_datagram_size, in bytes.</summary>
    public int MaximumDatagramSize => _maximumDatagramSize;

    /// <summary>bytes_in_flight (RFC 9002 §B.2), of packets sent on this path.</summary>
    public ulong BytesInFlight { get; private set; }

    /// <summary>Bytes that the window still admits.</summary>
    public ulong AvailableWindow =>
        Congestion.CongestionWindow > BytesInFlight ? Congestion.CongestionWindow - BytesInFlight : 0;

    /// <summary>
    /// Whether sending last stopped for want of data (or of flow control credit), and not because of window or pacer.
    /// Set after each transmit pass.
    /// </summary>
    public bool IsAppLimited { get; set; }

    /// <summary>Whether a packet in flight of this size may be sent now. Probes and packets with only ACKs do not ask.</summary>
    public bool CanSend(TimeUs now, int bytes) => AvailableWindow >= (ulong)bytes && Pacer.CanSend(now, bytes);

    public void OnMaximumDatagramSizeChanged(TimeUs now, int maximumDatagramSize)
    {
        _maximumDatagramSize = maximumDatagramSize;
        Congestion.OnMaximumDatagramSizeChanged(maximumDatagramSize);
        Pacer.OnMaximumDatagramSizeChanged(maximumDatagramSize);
        UpdatePacing(now);
    }

    /// <summary>Counts a packet that is sent now.</summary>
    /// <returns>The packet with what the path knows of it.</returns>
    public SentPacket OnPacketSent(TimeUs now, in SentPacket packet)
    {
        if (packet.IsInFlight)
            Enter(now, packet.Size);
        SentPacket sent = packet with
        {
            TimeSent = now,
            PathId = Id,
            IsAppLimited = IsAppLimited,
            BytesInFlight = BytesInFlight,
            Delivered = _delivered,
            DeliveredTime = _deliveredTime,
            FirstSentTime = _firstSentTime,
        };
        if (packet.IsInFlight)
            Congestion.OnPacketSent(now, sent);
        return sent;
    }

    /// <summary>The packets of an ACK frame arrived: they leave the flight, and the window may grow.</summary>
    /// <param name="now">When the frame arrived.</param>
    /// <param name="acknowledged">All that it newly acknowledges.</param>
    /// <param name="priorBytesInFlight">Bytes in flight before, and before losses it revealed were subtracted.</param>
    public void OnPacketsAcked(TimeUs now, SettledPackets acknowledged, ulong priorBytesInFlight)
    {
        AckContext context = new(Rtt, priorBytesInFlight, IsUnderutilized(priorBytesInFlight));
        foreach (ref readonly SentPacket packet in acknowledged.Packets)
        {
            if (!Counts(packet) || packet.WasDeclaredLost)
                continue;
            BytesInFlight -= (ulong)packet.Size;
            _delivered += (ulong)packet.Size;
            _deliveredTime = now;
            _firstSentTime = TimeUs.Max(_firstSentTime, packet.TimeSent);
            Congestion.OnPacketAcked(now, packet, context);
        }

        Congestion.OnAckProcessed(now, context);
    }

    /// <summary>Packets were lost: they leave the flight, and the window shrinks (RFC 9002 §B.8).</summary>
    public void OnPacketsLost(TimeUs now, SettledPackets lost)
    {
        ulong lostBytes = 0;
        TimeUs newest = TimeUs.Zero;
        foreach (ref readonly SentPacket packet in lost.Packets)
        {
            OnPacketDiscarded(packet);
            if (!Counts(packet) || packet.IsMtuProbe)
                continue;
            lostBytes += (ulong)packet.Size;
            newest = TimeUs.Max(newest, packet.TimeSent);
        }

        if (lostBytes > 0)
            Congestion.OnPacketsLost(now, newest, lostBytes);
    }

    /// <summary>A packet leaves the flight without having been lost or acknowledged (RFC 9002 §B.9).</summary>
    public void OnPacketDiscarded(in SentPacket packet)
    {
        if (Counts(packet))
            BytesInFlight -= (ulong)packet.Size;
    }

    public void OnPersistentCongestion(TimeUs now)
    {
        Congestion.OnPersistentCongestion(now);
        Rtt.OnPersistentCongestion();
    }

    /// <summary>Sets the pacer to what the window and the RTT have become (RFC 9002 §7.7).</summary>
    public void UpdatePacing(TimeUs now) => Pacer.SetRate(now, Congestion.PacingRate ?? WindowRate());

    private bool Counts(in SentPacket packet) => packet.IsInFlight && packet.PathId == Id;

    private void Enter(TimeUs now, int bytes)
    {
        if (BytesInFlight == 0)
        {
            _firstSentTime = now;
            _deliveredTime = now;
        }

        BytesInFlight += (ulong)bytes;
        Pacer.OnSent(now, bytes);
    }

    /// <summary>RFC 9002 §7.8. In slow start half a window counts as full: the flight doubles with the window one round trip later.</summary>
    private bool IsUnderutilized(ulong priorBytesInFlight)
    {
        ulong window = Congestion.CongestionWindow;
        ulong full = Congestion.IsInSlowStart ? window / 2 : window - Math.Min(window, UnusedPackets * (ulong)_maximumDatagramSize);
        return IsAppLimited && priorBytesInFlight < full;
    }

    /// <summary>N × congestion_window / smoothed_rtt, N being 2 in slow start and 5/4 later; null without an RTT sample.</summary>
    private ulong? WindowRate()
    {
        if (!Rtt.HasSample)
            return null;
        UInt128 gain = Congestion.IsInSlowStart ? 200u : 125u;
        UInt128 ticks = (UInt128)Math.Max(Rtt.SmoothedRtt.Ticks, TimeSpan.TicksPerMicrosecond);
        UInt128 rate = gain * Congestion.CongestionWindow * TimeSpan.TicksPerSecond / (100 * ticks);
        return rate > ulong.MaxValue ? ulong.MaxValue : (ulong)rate;
    }
}
