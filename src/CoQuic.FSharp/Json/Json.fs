namespace CoQuic.FSharp

open System
open System.Text.Json
open System.Text.Json.Serialization
open System.Text.Json.Serialization.Metadata

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

    let options: JsonSerializerOptions = create JsonConverters.exact false

    let indented: JsonSerializerOptions = create JsonConverters.exact true

    let redacted: JsonSerializerOptions = create JsonConverters.sizes false

    let write (value: 'value) : string =
        JsonSerializer.Serialize(value, options)
