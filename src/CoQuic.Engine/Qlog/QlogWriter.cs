using System;
using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace CoQuic.Engine;

/// <summary>
/// Writes qlog as JSON text sequences (RFC 7464): a record separator, one JSON object and a line feed for each record. The first
/// record is the header, each further one an event; one file holds one connection.
/// </summary>
/// <remarks>
/// Names and fields are those of the qlog drafts. Each event tells the category that earlier drafts gave it as well, and the header
/// says what earlier drafts asked for, since the common viewers still look for both.
/// </remarks>
public static class QlogWriter
{
    private const byte RecordSeparator = 0x1e;
    private const byte LineFeed = (byte)'\n';
    private const string FileSchema = "urn:ietf:params:qlog:file:sequential";
    private const string EventSchema = "urn:ietf:params:qlog:events:quic-12";

    /// <summary>The name of a connection's file: the client's first destination connection ID and our role.</summary>
    /// <param name="started">The connection's first event.</param>
    public static string FileName(QlogConnectionStarted started)
    {
        ArgumentNullException.ThrowIfNull(started);
        return $"{Convert.ToHexStringLower(started.OriginalDestinationId.Span)}_{Name(started.Role)}.sqlog";
    }

    /// <summary>The first record of a file.</summary>
    /// <param name="started">The connection's first event.</param>
    /// <param name="utc">The calendar time of that event; none leaves it out, so that the same run gives the same bytes.</param>
    public static Bytes Header(QlogConnectionStarted started, DateTimeOffset? utc)
    {
        ArgumentNullException.ThrowIfNull(started);
        return Record(json =>
        {
            json.WriteString("file_schema", FileSchema);
            json.WriteString("serialization_format", "application/qlog+json-seq");
            json.WriteString("qlog_version", "0.3");
            json.WriteString("qlog_format", "JSON-SEQ");
            json.WriteStartObject("trace");
            json.WriteStartObject("common_fields");
            json.WriteString("group_id", Convert.ToHexStringLower(started.OriginalDestinationId.Span));
            json.WriteString("time_format", "relative_to_epoch");
            json.WriteStartObject("reference_time");
            json.WriteString("clock_type", "monotonic");
            json.WriteString("epoch", "unknown");
            if (utc is { } start)
                json.WriteString("wall_clock_time", start.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartObject("vantage_point");
            json.WriteString("name", "CoQuic.FSharp");
            json.WriteString("type", Name(started.Role));
            json.WriteEndObject();
            json.WriteStartArray("event_schemas");
            json.WriteStringValue(EventSchema);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    /// <summary>One event.</summary>
    /// <param name="sinceStart">The time since the connection's first event.</param>
    /// <param name="happened">The event.</param>
    public static Bytes Event(TimeSpan sinceStart, QlogEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return Record(json =>
        {
            json.WriteNumber("time", sinceStart.TotalMilliseconds);
            WriteEvent(json, happened);
        });
    }

    /// <summary>The fields of an event but for its time, into an object that the caller has begun.</summary>
    /// <param name="json">Where they go.</param>
    /// <param name="happened">The event.</param>
    public static void WriteEvent(Utf8JsonWriter json, QlogEvent happened)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(happened);
        (string name, string category) = QlogEventWriter.NameOf(happened);
        json.WriteString("name", $"quic:{name}");
        json.WriteString("category", category);
        json.WriteStartObject("data");
        QlogEventWriter.WriteData(json, happened);
        json.WriteEndObject();
    }

    internal static string Name(Role role) => role == Role.Client ? "client" : "server";

    private static Bytes Record(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        buffer.GetSpan(1)[0] = RecordSeparator;
        buffer.Advance(1);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        buffer.GetSpan(1)[0] = LineFeed;
        buffer.Advance(1);
        return Bytes.CopyOf(buffer.WrittenSpan);
    }
}
