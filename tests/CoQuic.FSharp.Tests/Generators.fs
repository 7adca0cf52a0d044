/// FsCheck generators for the public values. Small ranges, so that effects of a list meet the same connections and streams.
module CoQuic.FSharp.Tests.Generators

open System
open System.Net
open FsCheck
open FsCheck.FSharp
open CoQuic.FSharp
open CoQuic.Tests

let private bytesOf limit =
    Gen.choose (0, limit)
    |> Gen.bind (fun length -> Gen.arrayOfLength length (ArbMap.generate<byte> ArbMap.defaults))
    |> Gen.map Bytes.ofArray

let private shrinkBytes (bytes: Bytes) =
    if bytes.IsEmpty then
        Seq.empty
    else
        Seq.ofList
            [ Bytes.slice 0 (bytes.Length / 2) bytes
              Bytes.slice 0 (bytes.Length - 1) bytes ]

let private connectionId =
    bytesOf ConnectionId.MaximumLength
    |> Gen.map (fun bytes -> ConnectionId bytes.Span)

let private address =
    Gen.map2
        (fun (bytes: byte array) port -> IPEndPoint(IPAddress bytes, port))
        (Gen.arrayOfLength 4 (ArbMap.generate<byte> ArbMap.defaults))
        (Gen.choose (1, 65535))

/// Leaves of the public types; FsCheck derives unions and records from them.
type Leaves =
    static member Bytes() =
        Arb.fromGenShrink (bytesOf 64, shrinkBytes)

    static member Secret() =
        bytesOf 64 |> Gen.map Secret.ofBytes |> Arb.fromGen

    static member String() =
        Gen.elements [ ""; "coquic"; "h3"; "a sentence for people" ] |> Arb.fromGen

    static member TimeUs() =
        Gen.choose (0, 10_000) |> Gen.map (int64 >> TimeUs) |> Arb.fromGen

    static member ConnectionHandle() =
        Gen.choose (0, 4) |> Gen.map (uint64 >> ConnectionHandle) |> Arb.fromGen

    static member StreamId() =
        Gen.choose (0, 15) |> Gen.map (uint64 >> StreamId) |> Arb.fromGen

    static member RouteHandle() =
        Gen.choose (0, 3) |> Gen.map (uint64 >> RouteHandle) |> Arb.fromGen

    static member QuicVersion() =
        Gen.elements [ QuicVersion.V1; QuicVersion.V2 ] |> Arb.fromGen

    /// qlog events are written and never read back: what comes back from JSON has none.
    static member TraceRecord() =
        Gen.elements [ "CLIENT_RANDOM aa bb"; "EXPORTER_SECRET cc dd" ]
        |> Gen.map TraceRecord.KeyLogLine
        |> Arb.fromGen

    static member ConnectionId() = Arb.fromGen connectionId
    static member Address() = Arb.fromGen address

let config =
    { Properties.config with
        arbitrary = [ typeof<Leaves> ] }

let private map = ArbMap.defaults |> ArbMap.mergeWith<Leaves>

let effect: Gen<Effect> = ArbMap.generate<Effect> map
let result: Gen<QueryResult> = ArbMap.generate<QueryResult> map

/// What an application can ask of the interpreter between results.
type Request =
    | Fold of QueryResult
    | OpenStream of ConnectionHandle * isBidirectional: bool * StreamTag
    | Opened of OpenTag * ConnectionHandle * QueryResult

let private turn (state: Interpreter) request =
    match request with
    | Fold result -> Interpreter.fold TimeUs.zero state result
    | OpenStream(handle, isBidirectional, tag) ->
        let kind =
            if isBidirectional then
                StreamKind.Bidirectional
            else
                StreamKind.Unidirectional

        Interpreter.openStream handle kind tag state
    | Opened(tag, handle, result) -> Interpreter.opened TimeUs.zero tag (Some handle) state result

/// An interpreter with a history: the state that a few requests and results lead to.
let interpreter: Gen<Interpreter> =
    ArbMap.generate<Request list> map
    |> Gen.resize 6
    |> Gen.map (List.fold (fun state request -> fst (turn state request)) Interpreter.empty)

type WithHistory =
    static member Interpreter() = Arb.fromGen interpreter

/// A property over public values and reachable interpreters, at this run's scale.
let property name test =
    Expecto.ExpectoFsCheck.testPropertyWithConfig
        { config with
            arbitrary = [ typeof<Leaves>; typeof<WithHistory> ] }
        name
        test

/// The same, with a tenth of the cases: for properties whose cases are expensive.
let rareProperty name test =
    Expecto.ExpectoFsCheck.testPropertyWithConfig
        { config with
            maxTest = config.maxTest / 10
            arbitrary = [ typeof<Leaves>; typeof<WithHistory> ] }
        name
        test
