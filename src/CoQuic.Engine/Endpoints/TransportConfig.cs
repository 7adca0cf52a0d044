using System;

namespace CoQuic.Engine;

/// <summary>Transport settings of an endpoint's connections. Sizes are bytes, durations <see cref="TimeSpan"/>.</summary>
/// <remarks>The values of a new record are the defaults for people; those of the C ABI differ.</remarks>
public sealed record TransportConfig
{
    /// <summary>Our max_idle_timeout (RFC 9000 §10.1), millisecond resolution; zero means none.</summary>
    public TimeSpan MaxIdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A handshake that takes longer fails; zero means that it may take for ever.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After this much silence a PING keeps the connection alive; zero means never (RFC 9000 §10.1.2).</summary>
    public TimeSpan KeepAliveInterval { get; init; }

    /// <summary>The largest UDP payload we take, 1200 to 65527 bytes (RFC 9000 §18.2).</summary>
    public int MaxUdpPayloadSize { get; init; } = DatagramSizes.Largest;

    /// <summary>Whether larger datagrams are probed for (RFC 8899); without, none exceeds 1200 bytes.</summary>
    public bool PmtudEnabled { get; init; } = true;

    /// <summary>The size that every path is believed to carry, at least 1200 bytes.</summary>
    public int PmtudBaseDatagramSize { get; init; } = DatagramSizes.Smallest;

    /// <summary>The largest size probed for; 0 takes 1472 bytes on IPv4 and 1452 elsewhere.</summary>
    public int PmtudMaxDatagramSize { get; init; }

    /// <summary>How many of the peer's connection IDs we hold (RFC 9000 §18.2), 2 or more.</summary>
    public int ActiveConnectionIdLimit { get; init; } = 8;

    /// <summary>Whether the peer is asked not to migrate (RFC 9000 §18.2).</summary>
    public bool DisableActiveMigration { get; init; }

    /// <summary>Whether the validation of a migration waits for its first packets.</summary>
    public bool DeferActiveMigrationPathValidation { get; init; }

    /// <summary>How long an old path's recovery state is kept after a migration.</summary>
    public TimeSpan MigrationRecoveryRetentionTimeout { get; init; }

    /// <summary>Our ack_delay_exponent, 0 to 20 (RFC 9000 §18.2).</summary>
    public int AckDelayExponent { get; init; } = 3;

    /// <summary>Our max_ack_delay, below 2^14 milliseconds (RFC 9000 §18.2).</summary>
    public TimeSpan MaxAckDelay { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>
    /// How many ack-eliciting packets are received before an ACK is due at once, 1 or more (RFC 9000 §13.2.2). At most max_ack_delay
    /// later one is due anyway.
    /// </summary>
    public int AckElicitingThreshold { get; init; } = 2;

    /// <summary>
    /// Up to where that number grows: to an eighth of the packets that arrive in a round trip. It stays where this is no more.
    /// </summary>
    public int MaxAckElicitingThreshold { get; init; } = 32;

    /// <summary>Our initial_max_data: what the peer may send in all before we extend it.</summary>
    public ulong InitialMaxData { get; init; } = 16 << 20;

    /// <summary>Our initial_max_stream_data_bidi_local.</summary>
    public ulong InitialMaxStreamDataBidiLocal { get; init; } = 1 << 20;

    /// <summary>Our initial_max_stream_data_bidi_remote.</summary>
    public ulong InitialMaxStreamDataBidiRemote { get; init; } = 1 << 20;

    /// <summary>Our initial_max_stream_data_uni.</summary>
    public ulong InitialMaxStreamDataUni { get; init; } = 1 << 20;

    /// <summary>Up to where a stream's window may grow with the bandwidth-delay product; 0 keeps the initial one.</summary>
    public ulong MaxStreamWindow { get; init; } = 16 << 20;

    /// <summary>Up to where the connection's window may grow; 0 keeps the initial one.</summary>
    public ulong MaxConnectionWindow { get; init; } = 64 << 20;

    /// <summary>Our initial_max_streams_bidi, at most 2^60.</summary>
    public ulong InitialMaxStreamsBidi { get; init; } = 100;

    /// <summary>Our initial_max_streams_uni, at most 2^60.</summary>
    public ulong InitialMaxStreamsUni { get; init; } = 100;

    /// <summary>Our max_datagram_frame_size (RFC 9221 §3); 0 means that we take no DATAGRAM frames.</summary>
    public ulong MaxDatagramFrameSize { get; init; }

    /// <summary>The congestion control algorithm.</summary>
    public CongestionControl CongestionControl { get; init; } = CongestionControl.Cubic;

    /// <summary>Whether the first slow start of NewReno and CUBIC ends by HyStart++ (RFC 9406).</summary>
    public bool EnableHyStartPlusPlus { get; init; } = true;

    /// <summary>
    /// How late the host's timers may be, 1 microsecond to 100 milliseconds: so much time's worth of data may leave in one paced burst
    /// (RFC 9002 §7.7).
    /// </summary>
    public TimeSpan TimerGranularity { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Whether streams take turns packet by packet; without, one goes on until it is blocked or done.</summary>
    public bool SendStreamFairness { get; init; } = true;

    /// <summary>Whether the latency spin bit is spun (RFC 9000 §17.4).</summary>
    public bool EnableLatencySpinBit { get; init; }

    /// <summary>
    /// Whether Version Negotiation, version_information and the transport parameters have a reserved version or parameter more, which
    /// peers must ignore (RFC 9000 §6.3, §18.1, RFC 9368 §3).
    /// </summary>
    public bool GreaseReservedVersions { get; init; }

    /// <summary>
    /// Whether the QUIC bit is greased (RFC 9287): we take any value of it, and send unpredictable ones to a peer that does too.
    /// </summary>
    public bool GreaseQuicBit { get; init; }

    /// <summary>Whether packet numbers are skipped to unmask a peer that acknowledges what it has not seen (RFC 9000 §21.4).</summary>
    public bool EnableOptimisticAckMitigation { get; init; }

    /// <summary>How long a small packet may wait for more to say; zero means not at all.</summary>
    public TimeSpan UnderfilledPacketCoalescingDelay { get; init; }

    /// <summary>Which ECN codepoint we mark with.</summary>
    public EcnPolicy EcnPolicy { get; init; }

    /// <summary>Whether a path MTU notice of the host lowers the size before it is confirmed.</summary>
    public bool PmtudProvisionalIcmpReductions { get; init; }

    /// <summary>When received stream data gives credit back to the peer.</summary>
    public ReceiveCredit ReceiveCredit { get; init; } = ReceiveCredit.Automatic;

    /// <summary>A <see cref="SendProgressEffect"/> tells when a stream's buffered data falls below this; 0 turns it off.</summary>
    public ulong SendLowWaterMark { get; init; }
}
