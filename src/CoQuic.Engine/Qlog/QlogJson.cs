using System;
using System.Text.Json;

namespace CoQuic.Engine;

/// <summary>The values that qlog's fields are made of.</summary>
internal static class QlogJson
{
    public static void WriteId(this Utf8JsonWriter json, string name, ConnectionId? id)
    {
        if (id is { } known)
            json.WriteString(name, Convert.ToHexStringLower(known.Span));
    }

    public static void WriteOptional(this Utf8JsonWriter json, string name, ulong? value)
    {
        if (value is { } known)
            json.WriteNumber(name, known);
    }

    public static void WriteMilliseconds(this Utf8JsonWriter json, string name, TimeSpan? duration)
    {
        if (duration is { } known)
            json.WriteNumber(name, known.TotalMilliseconds);
    }

    /// <summary>A RawInfo with lengths alone: contents are not for a log.</summary>
    public static void WriteLength(this Utf8JsonWriter json, int length, int? payloadLength = null)
    {
        json.WriteStartObject("raw");
        json.WriteNumber("length", length);
        if (payloadLength is { } payload)
            json.WriteNumber("payload_length", payload);
        json.WriteEndObject();
    }
}
