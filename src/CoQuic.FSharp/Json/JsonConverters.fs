namespace CoQuic.FSharp

open System
open System.Globalization
open System.Net
open System.Text.Json
open System.Text.Json.Serialization

/// A value that JSON holds as a text or a number: how it is written, and what a text or number says. A text that says nothing
/// of the kind is none.
[<AbstractClass>]
type internal LeafConverter<'value>() =
    inherit JsonConverter<'value>()

    abstract Put: writer: Utf8JsonWriter * value: 'value -> unit
    abstract Take: reader: byref<Utf8JsonReader> -> 'value voption

    override this.Write(writer, value, _) = this.Put(writer, value)

    override this.Read(reader, _, _) =
        match this.Take &reader with
        | ValueSome value -> value
        | ValueNone -> raise (JsonException())

/// How single values look in JSON. What they should look like is said by `JsonLeaf.expected`.
module internal JsonConverters =

    let private isText (reader: byref<Utf8JsonReader>) = reader.TokenType = JsonTokenType.String

    let private isNumber (reader: byref<Utf8JsonReader>) = reader.TokenType = JsonTokenType.Number

    let private text (reader: byref<Utf8JsonReader>) = reader.GetString() |> nonNull

    let private tryUInt64 (reader: byref<Utf8JsonReader>) =
        let mutable number = 0UL

        if isNumber &reader && reader.TryGetUInt64 &number then
            ValueSome number
        else
            ValueNone

    [<Sealed>]
    type BytesConverter() =
        inherit LeafConverter<Bytes>()

        override _.Put(writer, bytes) =
            writer.WriteBase64StringValue bytes.Span

        override _.Take(reader) =
            let mutable bytes: byte array | null = null

            if isText &reader && reader.TryGetBytesFromBase64 &bytes then
                ValueSome(Bytes.ofArray (nonNull bytes))
            else
                ValueNone

    [<Sealed>]
    type SecretConverter() =
        inherit LeafConverter<Secret>()

        override _.Put(writer, secret) =
            writer.WriteBase64StringValue (Secret.reveal secret).Span

        override _.Take(reader) =
            let mutable bytes: byte array | null = null

            if isText &reader && reader.TryGetBytesFromBase64 &bytes then
                ValueSome(Secret.ofBytes (Bytes.ofArray (nonNull bytes)))
            else
                ValueNone

    /// Bytes by their number alone: for what must not decrypt anything.
    [<Sealed>]
    type BytesSizeConverter() =
        inherit LeafConverter<Bytes>()
        override _.Put(writer, bytes) = writer.WriteNumberValue bytes.Length
        override _.Take _ = ValueNone

    /// Secrets by their number of bytes alone.
    [<Sealed>]
    type SecretSizeConverter() =
        inherit LeafConverter<Secret>()

        override _.Put(writer, secret) =
            writer.WriteNumberValue (Secret.reveal secret).Length

        override _.Take _ = ValueNone

    /// Instants are whole microseconds.
    [<Sealed>]
    type TimeUsConverter() =
        inherit LeafConverter<TimeUs>()

        override _.Put(writer, instant) =
            writer.WriteNumberValue instant.Microseconds

        override _.Take(reader) =
            let mutable number = 0L

            if isNumber &reader && reader.TryGetInt64 &number then
                ValueSome(TimeUs number)
            else
                ValueNone

    /// Durations are milliseconds, to the four decimals that a `TimeSpan` has.
    [<Sealed>]
    type DurationConverter() =
        inherit LeafConverter<TimeSpan>()

        static let ticks = decimal TimeSpan.TicksPerMillisecond
        static let longest = decimal Int64.MaxValue / ticks

        override _.Put(writer, duration) =
            writer.WriteNumberValue(decimal duration.Ticks / ticks)

        override _.Take(reader) =
            let mutable number = 0m

            if isNumber &reader && reader.TryGetDecimal &number && abs number < longest then
                ValueSome(TimeSpan.FromTicks(int64 (number * ticks)))
            else
                ValueNone

    [<Sealed>]
    type ConnectionHandleConverter() =
        inherit LeafConverter<ConnectionHandle>()
        override _.Put(writer, handle) = writer.WriteNumberValue handle.Value

        override _.Take(reader) =
            tryUInt64 &reader |> ValueOption.map ConnectionHandle

    [<Sealed>]
    type RouteHandleConverter() =
        inherit LeafConverter<RouteHandle>()
        override _.Put(writer, route) = writer.WriteNumberValue route.Value

        override _.Take(reader) =
            tryUInt64 &reader |> ValueOption.map RouteHandle

    [<Sealed>]
    type StreamIdConverter() =
        inherit LeafConverter<StreamId>()
        override _.Put(writer, stream) = writer.WriteNumberValue stream.Value

        override _.Take(reader) =
            tryUInt64 &reader |> ValueOption.map StreamId

    [<Sealed>]
    type ConnectionIdConverter() =
        inherit LeafConverter<ConnectionId>()

        override _.Put(writer, id) =
            writer.WriteStringValue(id.ToBytes().ToHex())

        override _.Take(reader) =
            match
                (if isText &reader then
                     Bytes.tryOfHex (text &reader)
                 else
                     None)
            with
            | Some bytes when bytes.Length <= ConnectionId.MaximumLength -> ValueSome(ConnectionId bytes.Span)
            | Some _
            | None -> ValueNone

    [<Sealed>]
    type QuicVersionConverter() =
        inherit LeafConverter<QuicVersion>()

        static let known =
            Map [ string QuicVersion.V1, QuicVersion.V1; string QuicVersion.V2, QuicVersion.V2 ]

        static let ofHex (text: string) =
            let mutable number = 0u

            if
                text.StartsWith("0x", StringComparison.Ordinal)
                && UInt32.TryParse(text.AsSpan 2, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, &number)
            then
                ValueSome(QuicVersion number)
            else
                ValueNone

        override _.Put(writer, version) = writer.WriteStringValue(string version)

        override _.Take(reader) =
            if isText &reader then
                let text = text &reader

                match Map.tryFind text known with
                | Some version -> ValueSome version
                | None -> ofHex text
            else
                ValueNone

    [<Sealed>]
    type EndPointConverter() =
        inherit LeafConverter<IPEndPoint>()

        override _.Put(writer, endPoint) =
            writer.WriteStringValue(string endPoint)

        override _.Take(reader) =
            let mutable endPoint: IPEndPoint | null = null

            if isText &reader && IPEndPoint.TryParse(text &reader, &endPoint) then
                ValueSome(nonNull endPoint)
            else
                ValueNone

    /// qlog events are written for people and viewers, and never read back.
    [<Sealed>]
    type QlogEventConverter() =
        inherit LeafConverter<QlogEvent>()

        override _.Put(writer, event) =
            writer.WriteStartObject()
            CoQuic.Engine.QlogWriter.WriteEvent(writer, event)
            writer.WriteEndObject()

        override _.Take _ = ValueNone

    /// All of them, with bytes as they are.
    let exact: JsonConverter list = [ BytesConverter(); SecretConverter() ]

    /// All of them, with bytes by their number.
    let sizes: JsonConverter list = [ BytesSizeConverter(); SecretSizeConverter() ]

    /// What looks the same either way.
    let common: JsonConverter list =
        [ TimeUsConverter()
          DurationConverter()
          ConnectionHandleConverter()
          RouteHandleConverter()
          StreamIdConverter()
          ConnectionIdConverter()
          QuicVersionConverter()
          EndPointConverter()
          QlogEventConverter()
          JsonStringEnumConverter(JsonNames.Policy) ]
