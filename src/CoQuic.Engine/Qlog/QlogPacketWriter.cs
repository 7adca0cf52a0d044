using System;
using System.Text.Json;

namespace CoQuic.Engine;

/// <summary>Packet headers and frames as JSON.</summary>
internal static class QlogPacketWriter
{
    private const ulong CryptoErrorLast = 0x1ff;

    private static readonly string[] TransportErrors =
    [
        "no_error", "internal_error", "connection_refused", "flow_control_error", "stream_limit_error", "stream_state_error",
        "final_size_error", "frame_encoding_error", "transport_parameter_error", "connection_id_limit_error", "protocol_violation",
        "invalid_token", "application_error", "crypto_buffer_exceeded", "key_update_error", "aead_limit_reached", "no_viable_path",
    ];

    public static void Write(
        Utf8JsonWriter json, QlogPacketHeader header, QlogList<QlogFrame>? frames, int length, int? payloadLength)
    {
        WriteHeader(json, header);
        json.WriteLength(length, payloadLength);
        if (frames is null)
            return;
        json.WriteStartArray("frames");
        foreach (QlogFrame frame in frames)
        {
            json.WriteStartObject();
            WriteFrame(json, frame);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteHeader(Utf8JsonWriter json, QlogPacketHeader header)
    {
        json.WriteStartObject("header");
        json.WriteString("packet_type", TypeName(header.Type));
        json.WriteOptional("packet_number", header.PacketNumber);
        if (header.SpinBit is { } spin)
            json.WriteBoolean("spin_bit", spin);
        if (header.KeyPhaseBit is { } keyPhase)
            json.WriteBoolean("key_phase_bit", keyPhase);
        if (header.Version is { } version)
            json.WriteString("version", $"{version.Value:x8}");
        if (header.SourceConnectionId is { } source)
            json.WriteNumber("scil", source.Length);
        if (header.DestinationConnectionId is { } destination)
            json.WriteNumber("dcil", destination.Length);
        json.WriteId("scid", header.SourceConnectionId);
        json.WriteId("dcid", header.DestinationConnectionId);
        if (header.TokenLength > 0)
        {
            json.WriteStartObject("token");
            json.WriteLength(header.TokenLength);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>The name of a transport error code, or "unknown".</summary>
    public static string ErrorName(ulong code)
    {
        if (code < (ulong)TransportErrors.Length)
            return TransportErrors[code];
        return code is >= (ulong)TransportErrorCode.CryptoErrorBase and <= CryptoErrorLast ? $"crypto_error_0x{code:x3}" : "unknown";
    }

    private static void WriteFrame(Utf8JsonWriter json, QlogFrame frame)
    {
        json.WriteString("frame_type", TypeName(frame));
        switch (frame)
        {
            case QlogPaddingFrame padding:
                json.WriteLength(padding.Length, padding.Length);
                break;
            case QlogAckFrame ack:
                WriteAck(json, ack);
                break;
            case QlogCryptoFrame crypto:
                json.WriteNumber("offset", crypto.Offset);
                WriteData(json, crypto.Length);
                break;
            case QlogNewTokenFrame token:
                json.WriteStartObject("token");
                json.WriteLength(token.TokenLength);
                json.WriteEndObject();
                break;
            case QlogConnectionCloseFrame close:
                WriteClose(json, close);
                break;
            case QlogDatagramFrame datagram:
                WriteData(json, datagram.Length);
                break;
            case QlogUnknownFrame unknown:
                json.WriteNumber("frame_type_bytes", unknown.FrameType);
                json.WriteLength(unknown.Length);
                break;
            case QlogPathChallengeFrame challenge:
                json.WriteString("data", $"{challenge.Data:x16}");
                break;
            case QlogPathResponseFrame response:
                json.WriteString("data", $"{response.Data:x16}");
                break;
            case QlogNewConnectionIdFrame issued:
                json.WriteNumber("sequence_number", issued.SequenceNumber);
                json.WriteNumber("retire_prior_to", issued.RetirePriorTo);
                json.WriteNumber("connection_id_length", issued.ConnectionId.Length);
                json.WriteId("connection_id", issued.ConnectionId);
                break;
            case QlogRetireConnectionIdFrame retired:
                json.WriteNumber("sequence_number", retired.SequenceNumber);
                break;
            default:
                WriteStreamFrame(json, frame);
                break;
        }
    }

    private static void WriteStreamFrame(Utf8JsonWriter json, QlogFrame frame)
    {
        switch (frame)
        {
            case QlogStreamFrame stream:
                json.WriteNumber("stream_id", stream.StreamId.Value);
                json.WriteNumber("offset", stream.Offset);
                json.WriteBoolean("fin", stream.Fin);
                WriteData(json, stream.Length);
                break;
            case QlogResetStreamFrame reset:
                json.WriteNumber("stream_id", reset.StreamId.Value);
                WriteApplicationError(json, reset.ErrorCode);
                json.WriteNumber("final_size", reset.FinalSize);
                break;
            case QlogStopSendingFrame stop:
                json.WriteNumber("stream_id", stop.StreamId.Value);
                WriteApplicationError(json, stop.ErrorCode);
                break;
            case QlogMaxDataFrame limit:
                json.WriteNumber("maximum", limit.Maximum);
                break;
            case QlogMaxStreamDataFrame limit:
                json.WriteNumber("stream_id", limit.StreamId.Value);
                json.WriteNumber("maximum", limit.Maximum);
                break;
            case QlogMaxStreamsFrame limit:
                json.WriteString("stream_type", KindName(limit.Kind));
                json.WriteNumber("maximum", limit.Maximum);
                break;
            case QlogDataBlockedFrame blocked:
                json.WriteNumber("limit", blocked.Limit);
                break;
            case QlogStreamDataBlockedFrame blocked:
                json.WriteNumber("stream_id", blocked.StreamId.Value);
                json.WriteNumber("limit", blocked.Limit);
                break;
            case QlogStreamsBlockedFrame blocked:
                json.WriteString("stream_type", KindName(blocked.Kind));
                json.WriteNumber("limit", blocked.Limit);
                break;
        }
    }

    /// <summary>The length of what a frame carries, also where earlier drafts had it.</summary>
    private static void WriteData(Utf8JsonWriter json, int length)
    {
        json.WriteNumber("length", length);
        json.WriteLength(length, length);
    }

    private static void WriteAck(Utf8JsonWriter json, QlogAckFrame ack)
    {
        json.WriteMilliseconds("ack_delay", ack.AckDelay);
        json.WriteStartArray("acked_ranges");
        foreach (QlogAckRange range in ack.Ranges)
        {
            json.WriteStartArray();
            json.WriteNumberValue(range.First);
            if (range.Last != range.First)
                json.WriteNumberValue(range.Last);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteOptional("ect1", ack.Ect1);
        json.WriteOptional("ect0", ack.Ect0);
        json.WriteOptional("ce", ack.Ce);
    }

    private static void WriteClose(Utf8JsonWriter json, QlogConnectionCloseFrame close)
    {
        json.WriteString("error_space", close.IsApplicationError ? "application" : "transport");
        string name = close.IsApplicationError ? "unknown" : ErrorName(close.ErrorCode);
        json.WriteString("error", name);
        if (name == "unknown")
            json.WriteNumber("error_code", close.ErrorCode);
        json.WriteString("reason", close.Reason);
        if (!close.IsApplicationError)
            json.WriteNumber("trigger_frame_type", close.TriggerFrameType);
    }

    private static void WriteApplicationError(Utf8JsonWriter json, ulong code)
    {
        json.WriteString("error", "unknown");
        json.WriteNumber("error_code", code);
    }

    private static string KindName(StreamKind kind) => kind == StreamKind.Bidirectional ? "bidirectional" : "unidirectional";

    private static string TypeName(QlogPacketType type) => type switch
    {
        QlogPacketType.Initial => "initial",
        QlogPacketType.ZeroRtt => "0RTT",
        QlogPacketType.Handshake => "handshake",
        QlogPacketType.Retry => "retry",
        QlogPacketType.OneRtt => "1RTT",
        QlogPacketType.VersionNegotiation => "version_negotiation",
        QlogPacketType.StatelessReset => "stateless_reset",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "There is no such packet."),
    };

    private static string TypeName(QlogFrame frame) => frame switch
    {
        QlogPaddingFrame => "padding",
        QlogPingFrame => "ping",
        QlogAckFrame => "ack",
        QlogResetStreamFrame => "reset_stream",
        QlogStopSendingFrame => "stop_sending",
        QlogCryptoFrame => "crypto",
        QlogNewTokenFrame => "new_token",
        QlogStreamFrame => "stream",
        QlogMaxDataFrame => "max_data",
        QlogMaxStreamDataFrame => "max_stream_data",
        QlogMaxStreamsFrame => "max_streams",
        QlogDataBlockedFrame => "data_blocked",
        QlogStreamDataBlockedFrame => "stream_data_blocked",
        QlogStreamsBlockedFrame => "streams_blocked",
        QlogNewConnectionIdFrame => "new_connection_id",
        QlogRetireConnectionIdFrame => "retire_connection_id",
        QlogPathChallengeFrame => "path_challenge",
        QlogPathResponseFrame => "path_response",
        QlogConnectionCloseFrame => "connection_close",
        QlogHandshakeDoneFrame => "handshake_done",
        QlogDatagramFrame => "datagram",
        _ => "unknown",
    };
}
