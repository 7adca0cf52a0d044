using System;

namespace CoQuic.Engine;

/// <summary>
/// What one endpoint tells the other of itself during the handshake (RFC 9000 §18.2), absent parameters at their
/// defaults.
/// </summary>
internal sealed record TransportParameters
{
    public const ulong DefaultMaxUdpPayloadSize = DatagramSizes.Largest;

    public const ulong SmallestMaxUdpPayloadSize = DatagramSizes.Smallest;

    public const int DefaultAckDelayExponent = 3;

    public const int LargestAckDelayExponent = 20;

    public const ulong DefaultActiveConnectionIdLimit = 2;

    public static readonly TimeSpan DefaultMaxAckDelay = TimeSpan.FromMilliseconds(25);

    /// <summary>max_ack_delay is less than this.</summary>
    public static readonly TimeSpan MaxAckDelayBound = TimeSpan.FromMilliseconds(1 << 14);

    /// <summary>original_destination_connection_id; a server's only.</summary>
    public ConnectionId? OriginalDestinationConnectionId { get; init; }

    /// <summary>max_idle_timeout, in milliseconds on the wire; zero when there is none.</summary>
    public TimeSpan MaxIdleTimeout { get; init; }

    /// <summary>stateless_reset_token; a server's only.</summary>
    public StatelessResetToken? StatelessResetToken { get; init; }

    /// <summary>max_udp_payload_size, in bytes, at least 1200.</summary>
    public ulong MaxUdpPayloadSize { get; init; } = DefaultMaxUdpPayloadSize;

    /// <summary>initial_max_data, in bytes.</summary>
    public ulong InitialMaxData { get; init; }

    /// <summary>initial_max_stream_data_bidi_local, in bytes: streams that the sender of the parameter opens.</summary>
    public ulong InitialMaxStreamDataBidiLocal { get; init; }

    /// <summary>
    /// initial_max_stream_data_bidi_remote, in bytes: streams that the receiver of the parameter opens.
    /// </summary>
    public ulong InitialMaxStreamDataBidiRemote { get; init; }

    /// <summary>initial_max_stream_data_uni, in bytes.</summary>
    public ulong InitialMaxStreamDataUni { get; init; }

    /// <summary>initial_max_streams_bidi, at most 2^60.</summary>
    public ulong InitialMaxStreamsBidi { get; init; }

    /// <summary>initial_max_streams_uni, at most 2^60.</summary>
    public ulong InitialMaxStreamsUni { get; init; }

    /// <summary>ack_delay_exponent, 0 to 20.</summary>
    public int AckDelayExponent { get; init; } = DefaultAckDelayExponent;

    /// <summary>max_ack_delay, in milliseconds on the wire, less than 2^14.</summary>
    public TimeSpan MaxAckDelay { get; init; } = DefaultMaxAckDelay;

    /// <summary>disable_active_migration.</summary>
    public bool DisableActiveMigration { get; init; }

    /// <summary>preferred_address; a server's only.</summary>
    public PreferredAddress? PreferredAddress { get; init; }

    /// <summary>active_connection_id_limit, at least 2.</summary>
    public ulong ActiveConnectionIdLimit { get; init; } = DefaultActiveConnectionIdLimit;

    /// <summary>
    /// initial_source_connection_id; whether it is there is for the handshake to judge (RFC 9000 §7.3).
    /// </summary>
    public ConnectionId? InitialSourceConnectionId { get; init; }

    /// <summary>retry_source_connection_id; a server's only.</summary>
    public ConnectionId? RetrySourceConnectionId { get; init; }

    /// <summary>version_information (RFC 9368 §3).</summary>
    public VersionInformation? VersionInformation { get; init; }

    /// <summary>max_datagram_frame_size (RFC 9221 §3), in bytes; 0 when DATAGRAM frames are not understood.</summary>
    public ulong MaxDatagramFrameSize { get; init; }

    /// <summary>
    /// grease_quic_bit (RFC 9287 §3): whether the fixed bit may be anything in what is sent to this endpoint.
    /// </summary>
    public bool GreaseQuicBit { get; init; }

    /// <summary>A parameter that means nothing; sent, and never read.</summary>
    public ReservedParameter? Reserved { get; init; }
}
