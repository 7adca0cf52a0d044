using System;

namespace CoQuic.Engine;

/// <summary>Transport parameters as qlog shows them; tokens are left out, as they are secrets.</summary>
public sealed record QlogParameters
{
    /// <summary>original_destination_connection_id.</summary>
    public ConnectionId? OriginalDestinationConnectionId { get; init; }

    /// <summary>initial_source_connection_id.</summary>
    public ConnectionId? InitialSourceConnectionId { get; init; }

    /// <summary>retry_source_connection_id.</summary>
    public ConnectionId? RetrySourceConnectionId { get; init; }

    /// <summary>max_idle_timeout.</summary>
    public TimeSpan MaxIdleTimeout { get; init; }

    /// <summary>max_udp_payload_size, in bytes.</summary>
    public ulong MaxUdpPayloadSize { get; init; }

    /// <summary>ack_delay_exponent.</summary>
    public int AckDelayExponent { get; init; }

    /// <summary>max_ack_delay.</summary>
    public TimeSpan MaxAckDelay { get; init; }

    /// <summary>active_connection_id_limit.</summary>
    public ulong ActiveConnectionIdLimit { get; init; }

    /// <summary>initial_max_data, in bytes.</summary>
    public ulong InitialMaxData { get; init; }

    /// <summary>initial_max_stream_data_bidi_local, in bytes.</summary>
    public ulong InitialMaxStreamDataBidiLocal { get; init; }

    /// <summary>initial_max_stream_data_bidi_remote, in bytes.</summary>
    public ulong InitialMaxStreamDataBidiRemote { get; init; }

    /// <summary>initial_max_stream_data_uni, in bytes.</summary>
    public ulong InitialMaxStreamDataUni { get; init; }

    /// <summary>initial_max_streams_bidi.</summary>
    public ulong InitialMaxStreamsBidi { get; init; }

    /// <summary>initial_max_streams_uni.</summary>
    public ulong InitialMaxStreamsUni { get; init; }

    /// <summary>disable_active_migration.</summary>
    public bool DisableActiveMigration { get; init; }

    /// <summary>max_datagram_frame_size (RFC 9221), in bytes.</summary>
    public ulong MaxDatagramFrameSize { get; init; }

    /// <summary>grease_quic_bit (RFC 9287).</summary>
    public bool GreaseQuicBit { get; init; }

    internal static QlogParameters Of(TransportParameters parameters) => new()
    {
        OriginalDestinationConnectionId = parameters.OriginalDestinationConnectionId,
        InitialSourceConnectionId = parameters.InitialSourceConnectionId,
        RetrySourceConnectionId = parameters.RetrySourceConnectionId,
        MaxIdleTimeout = parameters.MaxIdleTimeout,
        MaxUdpPayloadSize = parameters.MaxUdpPayloadSize,
        AckDelayExponent = parameters.AckDelayExponent,
        MaxAckDelay = parameters.MaxAckDelay,
        ActiveConnectionIdLimit = parameters.ActiveConnectionIdLimit,
        InitialMaxData = parameters.InitialMaxData,
        InitialMaxStreamDataBidiLocal = parameters.InitialMaxStreamDataBidiLocal,
        InitialMaxStreamDataBidiRemote = parameters.InitialMaxStreamDataBidiRemote,
        InitialMaxStreamDataUni = parameters.InitialMaxStreamDataUni,
        InitialMaxStreamsBidi = parameters.InitialMaxStreamsBidi,
        InitialMaxStreamsUni = parameters.InitialMaxStreamsUni,
        DisableActiveMigration = parameters.DisableActiveMigration,
        MaxDatagramFrameSize = parameters.MaxDatagramFrameSize,
        GreaseQuicBit = parameters.GreaseQuicBit,
    };
}
