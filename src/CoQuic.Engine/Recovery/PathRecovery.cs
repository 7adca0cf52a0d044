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

    private readonly DeliveryRateEstimator _delivery = new();
    private int _maximumDatagramSize;
    private bool _isAppLimited;

    /// <param name="id">The path's number on its connection.</param>
    /// <param name="congestion">Its congestion controller.</param>
    /// <param name="rtt">Its RTT estimates.</param>
    /// <param name="maximumDatagramSize">max_datagram_size, in bytes.</param>
    /// <param name="timerGranularity">How late the host's timers may be.</param>
    public PathRecovery(
        uint id, ICongestionController congestion, RttEstimator rtt, int maximumDatagramSize, TimeSpan timerGranularity)
    {
        Id = id;
        Congestion = congestion;
        Rtt = rtt;
        Pacer = new Pacer(maximumDatagramSize, timerGranularity);
        _maximumDatagramSize = maximumDatagramSize;
    }

    /// <summary>The path's number on its connection; packets carry it.</summary>
    public uint Id { get; }

    public ICongestionController Congestion { get; }

    public RttEstimator Rtt { get; }

    public Pacer Pacer { get; }

    public PacketReordering Reordering { get; } = new();

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
    public bool IsAppLimited
    {
        get => _isAppLimited;
        set
        {
            _isAppLimited = value;
            if (value)
                _delivery.OnAppLimited(BytesInFlight);
        }
    }

    /// <summary>
    /// Whether sending last stopped at the bound on the work of one call: the window is not full then, and yet nobody lacks data.
    /// Set after each transmit pass.
    /// </summary>
    public bool IsInterrupted { get; set; }

    /// <summary>The recovery state of a path as the configuration wants it.</summary>
    /// <param name="id">The path's number on its connection.</param>
    /// <param name="config">Algorithm, timer granularity, and where chance comes from.</param>
    /// <param name="rtt">Its RTT estimates.</param>
    /// <param name="maximumDatagramSize">max_datagram_size, in bytes.</param>
    public static PathRecovery Create(uint id, EndpointConfig config, RttEstimator rtt, int maximumDatagramSize) => new(
        id,
        CongestionControllers.Create(config.Transport, maximumDatagramSize, config.Entropy),
        rtt,
        maximumDatagramSize,
        config.Transport.TimerGranularity);

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
        bool isFlightEmpty = BytesInFlight == 0;
        if (packet.IsInFlight)
            Enter(now, packet.Size);
        SentPacket sent = _delivery.Stamp(now, packet, isFlightEmpty) with
        {
            TimeSent = now,
            PathId = Id,
            BytesInFlight = BytesInFlight,
        };
        if (packet.IsInFlight)
            Congestion.OnPacketSent(now, sent);
        return sent;
    }

    /// <summary>The packets of an ACK frame arrived: they leave the flight, and the window may grow.</summary>
    /// <param name="now">When the frame arrived.</param>
    /// <param name="acknowledged">All that it newly acknowledges.</param>
    /// <param name="priorBytesInFlight">Bytes in flight before, and before losses it revealed were subtracted.</param>
    /// <param name="rttSample">The round-trip time that the frame shows, if it does.</param>
    public void OnPacketsAcked(TimeUs now, SettledPackets acknowledged, ulong priorBytesInFlight, TimeSpan? rttSample)
    {
        AckContext context = new(Rtt, priorBytesInFlight, IsUnderutilized(priorBytesInFlight)) { RttSample = rttSample };
        foreach (ref readonly SentPacket packet in acknowledged.Packets)
        {
            if (!Counts(packet) || packet.WasDeclaredLost)
                continue;
            BytesInFlight -= (ulong)packet.Size;
            _delivery.OnPacketAcked(now, packet);
            Congestion.OnPacketAcked(now, packet, context);
        }

        Congestion.OnAckProcessed(now, context, _delivery.Take(Rtt.MinRtt, BytesInFlight));
        if (Congestion.IsHoldingBack)
            _delivery.OnAppLimited(BytesInFlight);
    }

    /// <summary>A packet that had been declared lost was acknowledged: it was overtaken by so many later ones.</summary>
    public void OnSpuriousLoss(TimeUs now, in SentPacket packet, ulong overtakenBy)
    {
        if (!Counts(packet))
            return;
        Reordering.OnSpuriousLoss(overtakenBy, now - packet.TimeSent, Rtt.LongerRtt);
        if (!packet.IsMtuProbe)
            Congestion.OnSpuriousLoss(now, packet);
    }

    /// <summary>Packets were lost: they leave the flight, and the window shrinks (RFC 9002 §B.8).</summary>
    public void OnPacketsLost(TimeUs now, SettledPackets lost)
    {
        foreach (ref readonly SentPacket packet in lost.Packets)
            OnPacketDiscarded(packet);
        foreach (ref readonly SentPacket packet in lost.Packets)
        {
            if (!Counts(packet) || packet.IsMtuProbe)
                continue;
            _delivery.OnPacketLost(packet);
            Congestion.OnPacketLost(now, packet, new LossContext(BytesInFlight, _delivery.Lost));
        }
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
    public void UpdatePacing(TimeUs now)
    {
        ulong? wanted = Congestion.PacingRate;
        Pacer.SetRate(now, wanted ?? WindowRate(), isSmooth: wanted is not null);
    }

    private bool Counts(in SentPacket packet) => packet.IsInFlight && packet.PathId == Id;

    private void Enter(TimeUs now, int bytes)
    {
        BytesInFlight += (ulong)bytes;
        Pacer.OnSent(now, bytes);
    }

    /// <summary>RFC 9002 §7.8. In slow start half a window counts as full: the flight doubles with the window one round trip later.</summary>
    private bool IsUnderutilized(ulong priorBytesInFlight)
    {
        ulong window = Congestion.CongestionWindow;
        ulong full = Congestion.IsInSlowStart ? window / 2 : window - Math.Min(window, UnusedPackets * (ulong)_maximumDatagramSize);
        return (IsAppLimited || IsInterrupted) && priorBytesInFlight < full;
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
