using System;
using System.Text.Json;

namespace CoQuic.Engine;

/// <summary>The data of each event as JSON, field by field as the qlog draft for QUIC lists them.</summary>
internal static class QlogEventWriter
{
    private const string Connectivity = "connectivity";
    private const string Transport = "transport";
    private const string Security = "security";
    private const string Recovery = "recovery";

    /// <summary>The event's name, and the category that earlier drafts put before it.</summary>
    public static (string Name, string Category) NameOf(QlogEvent happened) => happened switch
    {
        QlogConnectionStarted => ("connection_started", Connectivity),
        QlogConnectionClosed => ("connection_closed", Connectivity),
        QlogConnectionIdUpdated => ("connection_id_updated", Connectivity),
        QlogConnectionStateUpdated => ("connection_state_updated", Connectivity),
        QlogTupleAssigned => ("tuple_assigned", Connectivity),
        QlogMigrationStateUpdated => ("migration_state_updated", Connectivity),
        QlogMtuUpdated => ("mtu_updated", Connectivity),
        QlogVersionInformation => ("version_information", Transport),
        QlogAlpnInformation => ("alpn_information", Transport),
        QlogParametersSet { IsRestored: false } => ("parameters_set", Transport),
        QlogParametersSet => ("parameters_restored", Transport),
        QlogPacketSent => ("packet_sent", Transport),
        QlogPacketReceived => ("packet_received", Transport),
        QlogPacketDropped => ("packet_dropped", Transport),
        QlogPacketBuffered => ("packet_buffered", Transport),
        QlogStreamStateUpdated => ("stream_state_updated", Transport),
        QlogDatagramDataMoved => ("datagram_data_moved", Transport),
        QlogTimerUpdated => ("timer_updated", Recovery),
        QlogKeyUpdated => ("key_updated", Security),
        QlogKeyDiscarded => ("key_discarded", Security),
        QlogRecoveryParametersSet => ("recovery_parameters_set", Recovery),
        QlogRecoveryMetricsUpdated => ("recovery_metrics_updated", Recovery),
        QlogCongestionStateUpdated => ("congestion_state_updated", Recovery),
        QlogPacketLost => ("packet_lost", Recovery),
        QlogEcnStateUpdated => ("ecn_state_updated", Recovery),
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "The event has no name."),
    };

    public static void WriteData(Utf8JsonWriter json, QlogEvent happened)
    {
        switch (happened)
        {
            case QlogConnectionStarted started:
                WriteEndpoint(json, "local", started.LocalId);
                WriteEndpoint(json, "remote", started.RemoteId);
                break;
            case QlogConnectionClosed closed:
                WriteClosed(json, closed.Reason);
                break;
            case QlogConnectionIdUpdated updated:
                json.WriteString("initiator", Initiator(!updated.IsLocal));
                json.WriteId("old", updated.Old);
                json.WriteId("new", updated.New);
                break;
            case QlogConnectionStateUpdated updated:
                if (updated.Old is { } old)
                    json.WriteString("old", StateName(old));
                json.WriteString("new", StateName(updated.New));
                break;
            case QlogTupleAssigned tuple:
                json.WriteString("tuple_id", TupleId(tuple.TupleId));
                break;
            case QlogMigrationStateUpdated migration:
                json.WriteString("new", migration.IsComplete ? "migration_complete" : "migration_started");
                json.WriteString("tuple_id", TupleId(migration.TupleId));
                break;
            case QlogMtuUpdated mtu:
                json.WriteNumber("old", mtu.Old);
                json.WriteNumber("new", mtu.New);
                break;
            default:
                WriteTransport(json, happened);
                break;
        }
    }

    private static void WriteTransport(Utf8JsonWriter json, QlogEvent happened)
    {
        switch (happened)
        {
            case QlogVersionInformation information:
                WriteVersions(json, "server_versions", information.ServerVersions);
                WriteVersions(json, "client_versions", information.ClientVersions);
                if (information.Chosen is { } chosen)
                    json.WriteString("chosen_version", VersionName(chosen));
                break;
            case QlogAlpnInformation information:
                WriteProtocols(json, information);
                break;
            case QlogParametersSet parameters:
                if (!parameters.IsRestored)
                    json.WriteString("initiator", Initiator(!parameters.IsLocal));
                QlogParametersWriter.Write(json, parameters.Parameters, parameters.IsRestored);
                break;
            case QlogPacketSent packet:
                QlogPacketWriter.Write(json, packet.Header, packet.Frames, packet.Length, packet.PayloadLength);
                if (packet.IsMtuProbe)
                    json.WriteBoolean("is_mtu_probe_packet", true);
                break;
            case QlogPacketReceived packet:
                QlogPacketWriter.Write(json, packet.Header, packet.Frames, packet.Length, packet.PayloadLength);
                break;
            case QlogPacketDropped packet:
                QlogPacketWriter.Write(json, packet.Header, null, packet.Length, null);
                json.WriteString("trigger", TriggerOf(packet.Reason));
                break;
            case QlogPacketBuffered packet:
                QlogPacketWriter.Write(json, packet.Header, null, packet.Length, null);
                json.WriteString("trigger", "keys_unavailable");
                break;
            case QlogStreamStateUpdated stream:
                json.WriteNumber("stream_id", stream.StreamId.Value);
                json.WriteString("stream_type", KindName(stream.StreamId.Kind));
                json.WriteString("new", stream.IsOpen ? "open" : "closed");
                json.WriteString("stream_side", stream.IsLocal ? "sending" : "receiving");
                break;
            case QlogDatagramDataMoved moved:
                json.WriteString("from", moved.IsSent ? "application" : "transport");
                json.WriteString("to", moved.IsSent ? "transport" : "application");
                json.WriteLength(moved.Length);
                break;
            default:
                WriteRecovery(json, happened);
                break;
        }
    }

    private static void WriteRecovery(Utf8JsonWriter json, QlogEvent happened)
    {
        switch (happened)
        {
            case QlogTimerUpdated timer:
                json.WriteString("timer_type", TimerName(timer.Timer));
                json.WriteString("event_type", ChangeName(timer.Change));
                json.WriteMilliseconds("delta", timer.Delta);
                break;
            case QlogKeyUpdated key:
                json.WriteString("key_type", KeyName(key.Level, key.IsServers));
                if (key.KeyPhase is { } phase)
                    json.WriteNumber("key_phase", phase);
                json.WriteString("trigger", TriggerName(key.Trigger));
                break;
            case QlogKeyDiscarded key:
                json.WriteString("key_type", KeyName(key.Level, key.IsServers));
                json.WriteString("trigger", "tls");
                break;
            case QlogRecoveryParametersSet parameters:
                json.WriteNumber("reordering_threshold", PacketReordering.InitialThreshold);
                json.WriteNumber("timer_granularity", (int)RttEstimator.Granularity.TotalMilliseconds);
                json.WriteMilliseconds("initial_rtt", parameters.InitialRtt);
                json.WriteNumber("max_datagram_size", parameters.MaxDatagramSize);
                json.WriteNumber("initial_congestion_window", parameters.InitialCongestionWindow);
                break;
            case QlogRecoveryMetricsUpdated metrics:
                WriteMetrics(json, metrics);
                break;
            case QlogCongestionStateUpdated congestion:
                json.WriteString("new", congestion.IsSlowStart ? "slow_start" : "congestion_avoidance");
                break;
            case QlogPacketLost lost:
                QlogPacketWriter.WriteHeader(json, lost.Header);
                if (lost.IsMtuProbe)
                    json.WriteBoolean("is_mtu_probe_packet", true);
                break;
            case QlogEcnStateUpdated ecn:
                if (ecn.Old is { } old)
                    json.WriteString("old", EcnName(old));
                json.WriteString("new", EcnName(ecn.New));
                break;
        }
    }

    private static void WriteClosed(Utf8JsonWriter json, CloseReason reason)
    {
        bool isPeers = reason.Origin is CloseOrigin.Peer or CloseOrigin.StatelessReset or CloseOrigin.VersionNegotiation;
        json.WriteString("initiator", Initiator(isPeers));
        if (reason.Origin is CloseOrigin.Local or CloseOrigin.Peer or CloseOrigin.HandshakeTimeout)
        {
            string code = reason.IsApplicationError ? "unknown" : QlogPacketWriter.ErrorName(reason.Code);
            json.WriteString(reason.IsApplicationError ? "application_error" : "connection_error", code);
            if (code == "unknown")
                json.WriteNumber("error_code", reason.Code);
        }

        json.WriteString("reason", reason.Reason);
        json.WriteString("trigger", TriggerOf(reason));
    }

    private static string TriggerOf(CloseReason reason) => reason.Origin switch
    {
        CloseOrigin.IdleTimeout => "idle_timeout",
        CloseOrigin.StatelessReset => "stateless_reset",
        CloseOrigin.VersionNegotiation => "version_mismatch",
        CloseOrigin.HandshakeTimeout => "aborted",
        _ => reason.IsApplicationError ? "application" : "error",
    };

    private static void WriteEndpoint(Utf8JsonWriter json, string name, ConnectionId id)
    {
        json.WriteStartObject(name);
        json.WriteStartArray("connection_ids");
        json.WriteStringValue(Convert.ToHexStringLower(id.Span));
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteVersions(Utf8JsonWriter json, string name, QlogList<QuicVersion>? versions)
    {
        if (versions is null)
            return;
        json.WriteStartArray(name);
        foreach (QuicVersion version in versions)
            json.WriteStringValue(VersionName(version));
        json.WriteEndArray();
    }

    private static void WriteProtocols(Utf8JsonWriter json, QlogAlpnInformation information)
    {
        json.WriteStartArray(information.Role == Role.Client ? "client_alpns" : "server_alpns");
        foreach (string protocol in information.Offered)
        {
            json.WriteStartObject();
            json.WriteString("string_value", protocol);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (information.Chosen is not { } chosen)
            return;
        json.WriteStartObject("chosen_alpn");
        json.WriteString("string_value", chosen);
        json.WriteEndObject();
    }

    private static void WriteMetrics(Utf8JsonWriter json, QlogRecoveryMetricsUpdated metrics)
    {
        json.WriteMilliseconds("min_rtt", metrics.MinRtt);
        json.WriteMilliseconds("smoothed_rtt", metrics.SmoothedRtt);
        json.WriteMilliseconds("latest_rtt", metrics.LatestRtt);
        json.WriteMilliseconds("rtt_variance", metrics.RttVariance);
        if (metrics.PtoCount is { } probes)
            json.WriteNumber("pto_count", probes);
        json.WriteOptional("congestion_window", metrics.CongestionWindow);
        json.WriteOptional("bytes_in_flight", metrics.BytesInFlight);
        json.WriteOptional("ssthresh", metrics.SlowStartThreshold);
    }

    private static string Initiator(bool isRemote) => isRemote ? "remote" : "local";

    private static string TupleId(RouteHandle? route) => route is { } known ? known.ToString() : "";

    private static string VersionName(QuicVersion version) => $"{version.Value:x8}";

    private static string KindName(StreamKind kind) => kind == StreamKind.Bidirectional ? "bidirectional" : "unidirectional";

    private static string KeyName(QlogPacketType level, bool isServers)
    {
        string side = isServers ? "server" : "client";
        return level switch
        {
            QlogPacketType.Initial => $"{side}_initial_secret",
            QlogPacketType.ZeroRtt => $"{side}_0rtt_secret",
            QlogPacketType.Handshake => $"{side}_handshake_secret",
            _ => $"{side}_1rtt_secret",
        };
    }

    private static string StateName(QlogConnectionState state) => state switch
    {
        QlogConnectionState.Attempted => "attempted",
        QlogConnectionState.HandshakeComplete => "handshake_complete",
        QlogConnectionState.HandshakeConfirmed => "handshake_confirmed",
        QlogConnectionState.Closing => "closing",
        QlogConnectionState.Draining => "draining",
        _ => "closed",
    };

    private static string TimerName(QlogTimer timer) => timer == QlogTimer.Ack ? "ack" : "pto";

    private static string ChangeName(QlogTimerChange change) => change switch
    {
        QlogTimerChange.Set => "set",
        QlogTimerChange.Expired => "expired",
        _ => "cancelled",
    };

    private static string TriggerName(QlogKeyTrigger trigger) => trigger switch
    {
        QlogKeyTrigger.RemoteUpdate => "remote_update",
        QlogKeyTrigger.LocalUpdate => "local_update",
        _ => "tls",
    };

    private static string EcnName(EcnState state) => state switch
    {
        EcnState.Testing => "testing",
        EcnState.Failed => "failed",
        EcnState.Capable => "capable",
        _ => "unknown",
    };

    private static string TriggerOf(DropReason reason) => reason switch
    {
        DropReason.Malformed or DropReason.TooSmall => "invalid",
        DropReason.UnknownConnection or DropReason.UnknownRoute => "connection_unknown",
        DropReason.UnknownVersion => "unsupported",
        DropReason.TooManyConnections or DropReason.InvalidToken or DropReason.ChangedClientHello => "rejected",
        DropReason.NoKeys => "key_unavailable",
        DropReason.NotAuthentic => "decryption_failure",
        DropReason.Duplicate => "duplicate",
        _ => "general",
    };
}
