/// How properties of this project run, and what they need besides the generators of CoQuic.Testing.
module CoQuic.FSharp.Tests.Generators

open FsCheck
open FsCheck.FSharp
open CoQuic.FSharp
open CoQuic.Testing
open CoQuic.Tests

let config =
    { Properties.config with
        arbitrary = [ typeof<Leaves>; typeof<Arbitraries> ] }

let private map =
    ArbMap.defaults |> ArbMap.mergeWith<Leaves> |> ArbMap.mergeWith<Arbitraries>

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

/// Streams of connections that live on, cut into pieces, and other effects that come between.
type StreamSamples =
    {
        Streams: ((ConnectionHandle * StreamId) * Bytes) list
        /// Where each stream is cut: lengths of the pieces, used in turn.
        Cuts: int list
        /// Whose turn it is.
        Turns: int list
        Noise: Effect list
    }

module StreamSamples =

    let private connections = [ ConnectionHandle 1UL; ConnectionHandle 2UL ]

    /// Both connections are there.
    let beginning now =
        let accepted =
            [ for connection in connections ->
                  ConnectionLifecycleEvent
                      { Connection = connection
                        Event = Lifecycle.Accepted } ]

        Interpreter.fold now Interpreter.empty (QueryResult.ofEffects accepted) |> fst

    /// No end of a connection, and nothing of these streams.
    let private isNoise effect =
        match effect with
        | ConnectionClosed _
        | ReceiveStreamData _ -> false
        | _ -> true

    let generator =
        gen {
            let! count = Gen.choose (1, 4)

            let keys =
                [ for number in 0 .. count - 1 -> connections[number % 2], StreamId(uint64 (4 * number)) ]

            let! contents = Gen.listOfLength count (Generators.bytes 60)
            let! cuts = Gen.nonEmptyListOf (Gen.choose (0, 20))
            let! turns = Gen.listOf (Gen.choose (0, count - 1))
            let! noise = Gen.listOf Generators.effect

            return
                { Streams = List.zip keys contents
                  Cuts = cuts
                  Turns = turns
                  Noise = List.filter isNoise noise }
        }

    /// A stream's effects, in order.
    let private pieces (cuts: int list) ((connection, stream), bytes: Bytes) =
        let piece offset length =
            let fin = offset + length = bytes.Length

            ReceiveStreamData
                { Connection = connection
                  Stream = stream
                  Offset = uint64 offset
                  Bytes = Bytes.slice offset length bytes
                  Fin = fin
                  FinalSize = if fin then Some(uint64 bytes.Length) else None }

        let rec go offset remaining =
            let length =
                match remaining with
                | [] -> bytes.Length - offset
                | cut :: _ -> min cut (bytes.Length - offset)

            piece offset length
            :: if offset + length = bytes.Length then
                   []
               else
                   go (offset + length) (List.tail remaining)

        go 0 cuts

    /// The pieces by turns, some noise between them, and each turn a result.
    let results samples =
        let rec go turns noise queues =
            match turns, noise with
            | [], _ -> [ List.concat queues @ noise ]
            | turn :: turns, noise ->
                let take = List.truncate 1 noise
                let queue = List.item turn queues
                let queues = List.updateAt turn (List.skip (min 1 queue.Length) queue) queues
                (List.truncate 1 queue @ take) :: go turns (List.skip take.Length noise) queues

        samples.Streams
        |> List.map (pieces samples.Cuts)
        |> go samples.Turns samples.Noise

type WithHistory =
    static member Interpreter() = Arb.fromGen interpreter
    static member StreamSamples() = Arb.fromGen StreamSamples.generator

/// A property over public values and reachable interpreters, at this run's scale.
let property name test =
    Expecto.ExpectoFsCheck.testPropertyWithConfig
        { config with
            arbitrary = [ typeof<Leaves>; typeof<Arbitraries>; typeof<WithHistory> ] }
        name
        test

/// The same, with a tenth of the cases: for properties whose cases are expensive.
let rareProperty name test =
    Expecto.ExpectoFsCheck.testPropertyWithConfig
        { config with
            maxTest = config.maxTest / 10
            arbitrary = [ typeof<Leaves>; typeof<Arbitraries>; typeof<WithHistory> ] }
        name
        test
