using System.Text.Json;

namespace CoQuic.Engine;

/// <summary>The fields of parameters_set and parameters_restored as JSON.</summary>
internal static class QlogParametersWriter
{
    /// <summary>Writes the parameters; what an earlier connection's do not keep (RFC 9000 §7.4.1) is left out when they are restored.</summary>
    public static void Write(Utf8JsonWriter json, QlogParameters parameters, bool isRestored)
    {
        json.WriteBoolean("disable_active_migration", parameters.DisableActiveMigration);
        json.WriteNumber("max_idle_timeout", (ulong)parameters.MaxIdleTimeout.TotalMilliseconds);
        json.WriteNumber("max_udp_payload_size", parameters.MaxUdpPayloadSize);
        json.WriteNumber("active_connection_id_limit", parameters.ActiveConnectionIdLimit);
        json.WriteNumber("initial_max_data", parameters.InitialMaxData);
        json.WriteNumber("initial_max_stream_data_bidi_local", parameters.InitialMaxStreamDataBidiLocal);
        json.WriteNumber("initial_max_stream_data_bidi_remote", parameters.InitialMaxStreamDataBidiRemote);
        json.WriteNumber("initial_max_stream_data_uni", parameters.InitialMaxStreamDataUni);
        json.WriteNumber("initial_max_streams_bidi", parameters.InitialMaxStreamsBidi);
        json.WriteNumber("initial_max_streams_uni", parameters.InitialMaxStreamsUni);
        json.WriteNumber("max_datagram_frame_size", parameters.MaxDatagramFrameSize);
        json.WriteBoolean("grease_quic_bit", parameters.GreaseQuicBit);
        if (isRestored)
            return;
        json.WriteNumber("ack_delay_exponent", parameters.AckDelayExponent);
        json.WriteNumber("max_ack_delay", (ulong)parameters.MaxAckDelay.TotalMilliseconds);
        json.WriteId("original_destination_connection_id", parameters.OriginalDestinationConnectionId);
        json.WriteId("initial_source_connection_id", parameters.InitialSourceConnectionId);
        json.WriteId("retry_source_connection_id", parameters.RetrySourceConnectionId);
    }
}
