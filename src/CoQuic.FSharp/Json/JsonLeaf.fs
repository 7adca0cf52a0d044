namespace CoQuic.FSharp

open System
open System.Net
open System.Text.Json

/// One thing that is wrong with a JSON text.
[<StructuredFormatDisplay("{Display}")>]
type JsonFault =
    {
        /// Where: `$` is the whole, `$.transport.max_idle_timeout_ms` a field, `$.groups[1]` the second of a list.
        Path: string
        /// What it has to be, as a sentence.
        Problem: string
    }

    member private this.Display = $"{this.Path}: {this.Problem}"
    override this.ToString() = this.Display

/// Names in JSON: snake_case, with words that only look like several kept together.
[<Sealed>]
type internal JsonNames() =
    inherit JsonNamingPolicy()

    static member val Policy = JsonNames()

    override _.ConvertName(name) =
        name.Replace("IPv", "Ipv").Replace("ChaCha", "Chacha").Replace("HyStart", "Hystart")
        |> JsonNamingPolicy.SnakeCaseLower.ConvertName

/// What single values should look like, in words, for whoever wrote something else.
module internal JsonLeaf =

    let private wholeNumber low high =
        $"should be a whole number from {low} to {high}"

    let private known =
        dict
            [ typeof<bool>, "should be true or false"
              typeof<string>, "should be a text"
              typeof<int>, wholeNumber Int32.MinValue Int32.MaxValue
              typeof<int64>, wholeNumber Int64.MinValue Int64.MaxValue
              typeof<uint64>, wholeNumber 0 UInt64.MaxValue
              typeof<float>, "should be a number"
              typeof<TimeSpan>, "should be a number of milliseconds"
              typeof<DateTimeOffset>, "should be a time as in ISO 8601, such as 2026-01-01T00:00:00+00:00"
              typeof<TimeUs>, "should be a whole number of microseconds"
              typeof<Bytes>, "should be bytes in base64"
              typeof<Secret>, "should be bytes in base64"
              typeof<ConnectionHandle>, wholeNumber 0 UInt64.MaxValue
              typeof<RouteHandle>, wholeNumber 0 UInt64.MaxValue
              typeof<StreamId>, wholeNumber 0 UInt64.MaxValue
              typeof<ConnectionId>, "should be 0 to 20 bytes as hexadecimal digits"
              typeof<QuicVersion>, "should be a version: v1, v2, or 0x and up to 8 hexadecimal digits"
              typeof<IPEndPoint>, "should be an IP address and a port" ]

    let private expectedEnum (enum: Type) =
        let names = Enum.GetNames enum |> Array.map JsonNames.Policy.ConvertName
        "should be one of " + String.Join(", ", names)

    /// What a value of this type looks like.
    let expected (leaf: Type) : string =
        match known.TryGetValue leaf with
        | true, sentence -> sentence
        | false, _ when leaf.IsEnum -> expectedEnum leaf
        | false, _ -> $"should be a {leaf.Name}"

    /// Whether a number may stand for a value of this enumeration: most are by name alone, but error codes are numbers that go
    /// beyond those with a name (RFC 9001 §4.8).
    let takesNumber (enum: Type) = enum = typeof<TransportErrorCode>
