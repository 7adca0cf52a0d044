/// Values as JSON: what is written is pinned, what is written can be read, and what is wrong with a text is named in full.
module CoQuic.FSharp.Tests.JsonTests

open System
open System.Reflection
open System.Text.Json
open System.Text.Json.Serialization
open Microsoft.FSharp.Reflection
open Expecto
open CoQuic.FSharp
open CoQuic.FSharp.Tests.TransferProgram
open CoQuic.Tests

/// A sample, its line of JSON, and whether both ways of reading that line give the sample again.
let private pin<'value when 'value: equality and 'value: not null> : (string * (unit -> bool)) list =
    [ for name, sample in Samples.ofType<'value> do
          let json = Json.write sample

          let comesBack () =
              JsonDecoder.read<'value> json = Ok sample
              && JsonSerializer.Deserialize(json, typeof<'value>, Json.options) = box sample

          $"{name} {json}", comesBack ]

let private enums (kind: Type) =
    let values = Enum.GetValues kind |> Seq.cast<obj>

    let names =
        values |> Seq.map (fun value -> JsonSerializer.Serialize(value, Json.options))

    $"""{kind.Name} {String.Join(" ", names)}"""

let private pinned =
    List.concat
        [ pin<Effect>
          pin<Input>
          pin<QueryResult>
          pin<LocalError>
          pin<CloseCode>
          pin<OpenError>
          pin<TransportConfig>
          pin<ZeroRttConfig>
          pin<OrphanZeroRttBuffer>
          pin<Answer>
          pin<Verdict>
          pin<RecordingEntry> ]

let private enumerations =
    [ typeof<StateChange>
      typeof<Lifecycle>
      typeof<ZeroRttStatus>
      typeof<MigrationReason>
      typeof<PacketDirection>
      typeof<InspectedPacketType>
      typeof<EcnCodepoint>
      typeof<EcnPolicy>
      typeof<CongestionControl>
      typeof<ReceiveCredit>
      typeof<CloseOrigin>
      typeof<LocalErrorCode>
      typeof<TransportErrorCode>
      typeof<NamedGroup>
      typeof<CipherSuite>
      typeof<AlertDescription>
      typeof<SignatureScheme>
      typeof<Role> ]

let private statistics =
    ConnectionStatistics(SmoothedRtt = TimeSpan.FromMilliseconds 12.5, BytesSent = 1200UL)

/// All records of the library that JSON knows.
let private records =
    let rec reach (seen: Type list) (kind: Type) : Type list =
        if List.contains kind seen then
            seen
        elif FSharpType.IsRecord kind && kind.Assembly = typeof<Effect>.Assembly then
            FSharpType.GetRecordFields kind
            |> Array.filter (JsonDecoder.isLeftOut >> not)
            |> Array.fold (fun seen field -> reach seen field.PropertyType) (kind :: seen)
        elif FSharpType.IsUnion kind then
            FSharpType.GetUnionCases kind
            |> Array.collect _.GetFields()
            |> Array.fold (fun seen field -> reach seen field.PropertyType) (kind :: seen)
        else
            seen

    [ typeof<Effect>; typeof<QueryResult>; typeof<RecordingEntry> ]
    |> List.fold reach []
    |> List.filter FSharpType.IsRecord

let private mentions (part: Type) (whole: Type) =
    whole = part
    || (whole.IsGenericType && Array.contains part whole.GenericTypeArguments)

let private isInterface (kind: Type) =
    let inner =
        if kind.IsGenericType then
            kind.GenericTypeArguments[0]
        else
            kind

    inner.IsInterface

let private faultsOf result =
    match result with
    | Error faults -> faults |> List.map string
    | Ok value -> failtest $"it should be refused, but was read as %A{value}"

let private client = EndpointConfig.client "echo"

[<Tests>]
let tests =
    testList
        "JSON"
        [ testCase "every case, with and without its optional fields, looks as the golden file says"
          <| fun () ->
              let lines =
                  List.map fst pinned
                  @ List.map enums enumerations
                  @ [ $"EndpointConfig {Json.write client}"
                      $"EndpointConfig.coquic {Json.write (EndpointConfig.coquic Role.Server)}"
                      $"ConnectionStatistics {Json.write statistics}" ]

              Golden.hold "tests/CoQuic.FSharp.Tests/Golden/json.txt" lines

          testCase "a changed line of a golden file is noticed"
          <| fun () ->
              let lines = List.map fst pinned

              let changed =
                  lines |> List.mapi (fun index line -> if index = 3 then line + " " else line)

              Expect.isNone (Golden.difference lines lines) "no difference"
              Expect.stringContains (Golden.difference lines changed |> Option.defaultValue "") "line 4" "the line"
              Expect.isSome (Golden.difference lines (List.tail lines)) "a missing line"

          testCase "every pinned line reads as the value that wrote it, and in JsonSerializer too"
          <| fun () ->
              for line, comesBack in pinned do
                  Expect.isTrue (comesBack ()) line

          Generators.rareProperty "an effect comes back from JSON" (fun (effect: Effect) ->
              JsonDecoder.read<Effect>(Json.write effect) = Ok effect)

          Generators.rareProperty "a result comes back from JSON" (fun (result: QueryResult) ->
              JsonDecoder.read<QueryResult>(Json.write result) = Ok result)

          testCase "statistics come back from JSON"
          <| fun () ->
              let json = Json.write statistics
              Expect.stringContains json "\"smoothed_rtt_ms\":12.5" "the unit is in the name"
              Expect.equal (JsonSerializer.Deserialize<ConnectionStatistics>(json, Json.options)) statistics "the same"

          testCase "the names of durations and instants say their unit"
          <| fun () ->
              Expect.isGreaterThan records.Length 20 "the records are found"

              for record in records do
                  for field in FSharpType.GetRecordFields record do
                      let name = JsonDecoder.fieldName field

                      if mentions typeof<TimeSpan> field.PropertyType then
                          Expect.stringEnds
                              name
                              "_ms"
                              $"{record.Name}.{field.Name}: [<JsonPropertyName>] names its unit"

                      if mentions typeof<TimeUs> field.PropertyType then
                          Expect.stringEnds
                              name
                              "_us"
                              $"{record.Name}.{field.Name}: [<JsonPropertyName>] names its unit"

          testCase "what is behind an interface is left out"
          <| fun () ->
              for record in records do
                  for field in FSharpType.GetRecordFields record do
                      if isInterface field.PropertyType then
                          Expect.isTrue (JsonDecoder.isLeftOut field) $"{record.Name}.{field.Name}: [<JsonIgnore>]"

          testCase "redacted JSON has the number of bytes only"
          <| fun () ->
              for _, effect in Samples.ofType<Effect> do
                  let json = JsonSerializer.Serialize(effect, Json.redacted)
                  Expect.isFalse (json.Contains "AQID" || json.Contains "BAUG") $"no payload in {json}" ]

[<Tests>]
let configuration =
    testList
        "configuration files"
        [ testCase "a file names what differs"
          <| fun () ->
              let json =
                  """{ "max_server_connections": 5,
                       "transport": { "max_idle_timeout_ms": 2500, "congestion_control": "new_reno" } }"""

              let expected =
                  { client with
                      MaxServerConnections = 5
                      Transport =
                          { client.Transport with
                              MaxIdleTimeout = TimeSpan.FromSeconds 2.5
                              CongestionControl = CongestionControl.NewReno } }

              Expect.equal
                  (Configuration.read client json |> Result.map Configuration.write)
                  (Ok(Configuration.write expected))
                  "the rest is as it was"

          testCase "a whole configuration comes back, and keeps what is behind interfaces"
          <| fun () ->
              let read =
                  Configuration.read serverConfig (Configuration.write serverConfig)
                  |> Result.defaultWith (fun faults -> failtest $"{faults}")

              Expect.equal (Configuration.write read) (Configuration.write serverConfig) "all settings"
              Expect.isTrue (read.ServerIdentities = serverConfig.ServerIdentities) "the identities"

          testCase "every fault is named at once, with its path"
          <| fun () ->
              let json =
                  """{ "rolle": "client",
                       "application_protocols": ["h3", 7],
                       "verify_peer": "yes",
                       "groups": ["x25519", "x25520"],
                       "transport": { "max_idle_timeout_ms": "30 s",
                                      "max_idle_timeout": 30,
                                      "ack_delay_exponent": 3.5,
                                      "congestion_control": 1 },
                       "stateless_reset_key": "no base64!",
                       "zero_rtt": [],
                       "max_server_connections": 1,
                       "max_server_connections": 2 }"""

              let paths =
                  faultsOf (Configuration.read client json)
                  |> List.map (fun fault -> fault.Substring(0, fault.IndexOf ':'))

              Expect.equal
                  (List.sort paths)
                  (List.sort
                      [ "$.rolle"
                        "$.application_protocols[1]"
                        "$.verify_peer"
                        "$.groups[1]"
                        "$.transport.max_idle_timeout_ms"
                        "$.transport.max_idle_timeout"
                        "$.transport.ack_delay_exponent"
                        "$.transport.congestion_control"
                        "$.stateless_reset_key"
                        "$.zero_rtt"
                        "$.max_server_connections" ])
                  "one path a fault"

          testCase "a fault says what should be there"
          <| fun () ->
              let faults json =
                  faultsOf (Configuration.read client json)

              Expect.equal
                  (faults """{ "role": "boss" }""")
                  [ "$.role: should be one of client, server" ]
                  "an enumeration"

              Expect.equal
                  (faults """{ "transport": { "handshake_timeout_ms": null } }""")
                  [ "$.transport.handshake_timeout_ms: should be a number of milliseconds" ]
                  "a duration"

              Expect.equal (faults "[]") [ "$: should be an object" ] "no object"
              Expect.stringStarts (List.head (faults "{")) "$: is no JSON" "no JSON"

          testCase "a setting that cannot work is a fault with the path in the file"
          <| fun () ->
              let json =
                  """{ "application_protocols": [], "transport": { "ack_delay_exponent": 21 } }"""

              let paths =
                  match Configuration.read client json with
                  | Error faults -> faults |> List.map _.Path |> List.sort
                  | Ok _ -> []

              Expect.equal paths [ "$.application_protocols"; "$.transport.ack_delay_exponent" ] "both" ]
