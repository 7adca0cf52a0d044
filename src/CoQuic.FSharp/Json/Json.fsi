namespace CoQuic.FSharp

open System.Text.Json

/// Values as JSON. Names are in snake_case and say the unit of times: `_ms` for durations, `_us` for instants. Bytes are base64,
/// connection IDs hexadecimal, handles and stream identifiers numbers, and sizes are bytes. A union is an object whose
/// `type` names the case, with the case's fields beside it. Whoever has the JSON of a secret has the secret.
[<RequireQualifiedAccess>]
module Json =

    /// The field that names a union's case.
    val internal tagName: string

    /// How every value of this library is written and read: for use with `JsonSerializer`. A value takes one line.
    val options: JsonSerializerOptions

    /// As `options`, but for people: a field a line.
    val indented: JsonSerializerOptions

    /// As `options`, but of bytes only their number is written. Nothing can be read by it.
    val redacted: JsonSerializerOptions

    /// A value as one line of JSON.
    val write: value: 'value -> string
