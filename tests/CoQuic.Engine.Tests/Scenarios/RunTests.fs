/// Datagrams that come in as one run: stream bytes are moved together within its memory, and nothing else in it is touched.
module CoQuic.Engine.Tests.Scenarios.RunTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

let private streams = [ for index in 0UL .. 2UL -> StreamId(4UL * index) ]

/// A pair whose client gathers what is written until its host asks, and whose peers take DATAGRAM frames.
let private gathering seed =
    let transport = TransportConfig(MaxDatagramFrameSize = 1_000UL)
    let client = clientWith transport seed |> having [ "DefersSends", box true ]
    let server = serverConfig "test" seed |> having [ "Transport", box transport ]
    let pair = withConfigs client server (int seed) ideal
    connect pair
    Expect.isTrue (runUntil (TimeSpan.FromMinutes 1.0) confirmed pair) "confirmed"
    pass (TimeSpan.FromSeconds 1.0) pair
    pair

/// The server takes a run over as its host read it: all datagrams in one piece of memory.
let private deliver pair (run: SendDatagramEffect) =
    let input =
        OwnedDatagram(
            Memory(run.Bytes.ToArray()),
            run.SegmentSize,
            Nullable(RouteHandle 1UL),
            EcnCodepoint.Unavailable,
            AddressValidationIdentity = pair.ClientAddress
        )

    absorb Server (pair.Server.ReceiveOwnedDatagram(pair.Now, &input)) pair

/// The runs that the client has to send.
let private runsOf pair =
    (pair.Client.TimerExpired pair.Now).Effects
    |> Seq.choose (fun effect ->
        match effect with
        | :? SendDatagramEffect as run -> Some run
        | _ -> None)
    |> Seq.toList

/// What the client has to send goes to the server in runs; how many datagrams they were.
let private deliverRuns pair =
    let runs = runsOf pair
    List.iter (deliver pair) runs
    runs |> List.sumBy (fun run -> (datagrams run).Length)

let private sendDatagram (payload: byte array) pair =
    let data = SendDatagramData(Bytes.CopyOf(ReadOnlySpan payload), 0)
    let result = pair.Client.SendDatagram(pair.Now, pair.ClientConnection, &data)
    Expect.isNull result.LocalError "queued"

let private randomBytes (random: Random) length =
    let bytes = Array.zeroCreate<byte> length
    random.NextBytes bytes
    bytes

/// Pieces of streams and DATAGRAMs, written at random and sent in runs; what each stream and all DATAGRAMs carry.
let private mix seed =
    let random, pair = Random(int seed), gathering seed
    let mutable written: Map<StreamId, byte array> = Map.empty
    let sent = Collections.Generic.List<byte array>()

    for _ in 1..20 do
        for _ in 1 .. random.Next 12 do
            let payload = randomBytes random (random.Next 900)

            match random.Next 4 with
            | 3 ->
                sendDatagram payload pair
                sent.Add payload
            | index ->
                Expect.isNone (send Client streams[index] payload false pair) "written"
                let before = written |> Map.tryFind streams[index] |> Option.defaultValue [||]
                written <- Map.add streams[index] (Array.append before payload) written

        deliverRuns pair |> ignore
        pass (TimeSpan.FromSeconds 1.0) pair

    pair, written, List.ofSeq sent

[<Tests>]
let tests =
    testList
        "scenario: runs"
        [ testCase "a stream's bytes in one run are given out as one"
          <| fun () ->
              let pair = gathering 3UL
              let payload = randomBytes (Random 1) 10_000
              Expect.isNone (send Client streams[0] payload true pair) "written"
              Expect.isGreaterThan (deliverRuns pair) 5 "datagrams"
              Expect.hasLength (told<ReceiveStreamDataEffect> Server pair) 1 "told once"
              Expect.equal (received Server streams[0] pair) (payload, true) "all of it"

          testCase "a DATAGRAM between two parts of a stream keeps its bytes"
          <| fun () ->
              let pair = gathering 3UL
              let random = Random 1

              let first, datagram, second =
                  randomBytes random 900, randomBytes random 200, randomBytes random 200

              Expect.isNone (send Client streams[0] first false pair) "written"
              let before = List.exactlyOne (runsOf pair)
              sendDatagram datagram pair
              Expect.isNone (send Client streams[0] second false pair) "written"
              let behind = List.exactlyOne (runsOf pair)

              // As a host reads them that gets both at once: the last is shorter.
              let both = Array.append (before.Bytes.ToArray()) (behind.Bytes.ToArray())
              deliver pair (before |> having [ "Bytes", box (bytesOf both) ])

              Expect.equal (fst (received Server streams[0] pair)) (Array.append first second) "the stream"

              Expect.equal
                  (told<ReceiveDatagramDataEffect> Server pair |> List.map _.Bytes.ToArray())
                  [ datagram ]
                  "the DATAGRAM"

          testCase "another stream between two parts of a stream keeps its bytes"
          <| fun () ->
              let pair = gathering 3UL
              let random = Random 1

              let first, between, second =
                  randomBytes random 900, randomBytes random 200, randomBytes random 200

              Expect.isNone (send Client streams[0] first false pair) "written"
              let before = List.exactlyOne (runsOf pair)
              let urgent = SendStreamData(streams[1], bytesOf between, false, 1)

              pair.Client.SendStreamData(pair.Now, pair.ClientConnection, &urgent) |> ignore

              Expect.isNone (send Client streams[0] second false pair) "written"
              let behind = List.exactlyOne (runsOf pair)
              let both = Array.append (before.Bytes.ToArray()) (behind.Bytes.ToArray())
              deliver pair (before |> having [ "Bytes", box (bytesOf both) ])
              Expect.equal (fst (received Server streams[0] pair)) (Array.append first second) "the stream"
              Expect.equal (fst (received Server streams[1] pair)) between "the other one"

          testCase "streams and DATAGRAMs that share runs keep their bytes"
          <| fun () ->
              for seed in 1UL .. 20UL do
                  let pair, written, sent = mix seed

                  for KeyValue(stream, bytes) in written do
                      Expect.equal (fst (received Server stream pair)) bytes $"{stream}, seed {seed}"

                  let datagrams =
                      told<ReceiveDatagramDataEffect> Server pair |> List.map _.Bytes.ToArray()

                  Expect.equal datagrams sent $"DATAGRAMs, seed {seed}" ]
