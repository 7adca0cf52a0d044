/// Small values that are kept take little memory, although they came as parts of large buffers.
module CoQuic.FSharp.Tests.KeptValueTests

open System
open Expecto
open CoQuic.FSharp
open CoQuic.FSharp.Tests.TransferProgram

let private messageBytes = 100

/// What a host reads into: room for a run of many datagrams.
let private bufferBytes = 64 * 1024

let private withDatagrams (config: EndpointConfig) =
    { config with
        Transport.MaxDatagramFrameSize = 1200UL }

let private connected () =
    let pair =
        Pair.create 1UL (withDatagrams clientConfig) (withDatagrams serverConfig)
        |> Result.defaultWith (fun error -> failtest $"{error}")

    let _, _, pair = Pair.connect "server" pair
    Pair.exchange 20 pair |> snd

let private runs (result: QueryResult) =
    result.Effects
    |> List.choose (function
        | SendDatagram run -> Some run
        | _ -> None)

let private messages (result: QueryResult) =
    result.Effects
    |> List.choose (function
        | ReceiveDatagramData received -> Some received.Bytes
        | _ -> None)

/// A run as a host receives it: in a large buffer that the endpoint takes over.
let private owned (run: SendDatagram) =
    let buffer = Array.zeroCreate<byte> bufferBytes
    run.Bytes.Span.CopyTo(Span buffer)
    OwnedDatagram(Memory(buffer, 0, run.Bytes.Length), run.SegmentSize, Nullable Pair.route)

/// Sends messages from the server to the client, one datagram each, and keeps what `keep` makes of them.
let private converse count keep =
    let pair = connected ()
    let kept = Array.create count Bytes.empty
    let mutable arrived = 0

    for number in 1..count do
        let now = TimeUs.after (TimeSpan.FromMilliseconds(float number)) pair.Now

        let sent =
            Endpoint.sendDatagram
                now
                { Connection = ConnectionHandle.create 1UL
                  Bytes = Bytes.ofArray (Array.create messageBytes (byte number))
                  Priority = 0 }
                pair.Server

        for run in runs sent do
            let heard = Endpoint.receiveOwned now (owned run) pair.Client

            for message in messages heard do
                kept[arrived] <- keep message
                arrived <- arrived + 1

            for answer in runs heard do
                Endpoint.receiveDatagram now (InboundDatagram.ofRun Pair.route answer) pair.Server
                |> ignore

    Pair.dispose pair
    Expect.equal arrived count "every message has come"
    kept

/// How many bytes stay alive with what the function returns.
let private retained (make: unit -> 'value) =
    let before = GC.GetTotalMemory true
    let value = make ()
    let after = GC.GetTotalMemory true
    GC.KeepAlive value
    after - before

[<Tests>]
let tests =
    testSequenced
    <| testList
        "kept values"
        [ testCase "a hundred thousand small messages take at most four times their size"
          <| fun () ->
              let count = 100_000
              let bytes = retained (fun () -> converse count Bytes.compact)
              Expect.isLessThan bytes (4L * int64 (count * messageBytes)) "within four times their size"

          testCase "messages that are kept as they came keep their buffers, and the measurement notices"
          <| fun () ->
              let count = 500
              let bytes = retained (fun () -> converse count id)
              Expect.isGreaterThan bytes (4L * int64 (count * messageBytes)) "more than four times their size" ]
