namespace CoQuic.FSharp

open System
open System.Text.Json
open System.Text.Json.Serialization
open System.Text.Json.Serialization.Metadata

/// Values as JSON. Names are in snake_case and say the unit of times: `_ms` for durations, `_us` for instants. Bytes are base64,
/// connection IDs hexadecimal, handles and stream identifiers numbers, and sizes are bytes. A union is an object whose
/// `type` names the case, with the case's fields beside it. Whoever has the JSON of a secret has the secret.
[<RequireQualifiedAccess>]
module Json =

    let private unions =
        JsonUnionEncoding.InternalTag
        ||| JsonUnionEncoding.NamedFields
        ||| JsonUnionEncoding.UnwrapOption
        ||| JsonUnionEncoding.UnwrapRecordCases

    /// The field that names a union's case.
    let internal tagName = "type"

    /// Records of ours say the unit in an attribute; the engine, which knows nothing of JSON, gets it here.
    let private nameUnits (info: JsonTypeInfo) =
        for property in info.Properties do
            if property.PropertyType = typeof<TimeSpan> then
                property.Name <- property.Name + "_ms"
            elif property.PropertyType = typeof<TimeUs> then
                property.Name <- property.Name + "_us"

    let private create leaves isIndented =
        let options =
            JsonSerializerOptions(
                PropertyNamingPolicy = JsonNames.Policy,
                TypeInfoResolver = DefaultJsonTypeInfoResolver().WithAddedModifier nameUnits,
                UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
                WriteIndented = isIndented
            )

        for converter in leaves @ JsonConverters.common do
            options.Converters.Add converter

        options.Converters.Add(
            JsonFSharpConverter(unions, unionTagName = tagName, unionTagNamingPolicy = JsonNames.Policy)
        )

        options.MakeReadOnly()
        options

    /// How every value of this library is written and read: for use with `JsonSerializer`. A value takes one line.
    let options: JsonSerializerOptions = create JsonConverters.exact false

    /// As `options`, but for people: a field a line.
    let indented: JsonSerializerOptions = create JsonConverters.exact true

    /// As `options`, but of bytes only their number is written. Nothing can be read by it.
    let redacted: JsonSerializerOptions = create JsonConverters.sizes false

    /// A value as one line of JSON.
    let write (value: 'value) : string =
        JsonSerializer.Serialize(value, options)
