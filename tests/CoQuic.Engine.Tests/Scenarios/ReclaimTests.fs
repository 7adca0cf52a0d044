/// Hosts to which no memory can be handed over copy what results show, and the endpoints write over it.
module CoQuic.Engine.Tests.Scenarios.ReclaimTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Paths
open CoQuic.Tests

let private streams = [ for index in 0UL .. 3UL -> StreamId index ]

let private rough =
    { ideal with
        Loss = 0.05
        Jitter = TimeSpan.FromMilliseconds 5.0
        Duplication = 0.05 }

let private transport =
    TransportConfig(
        HandshakeTimeout = TimeSpan.FromMinutes 2.0,
        MaxIdleTimeout = TimeSpan.FromMinutes 2.0,
        MaxDatagramFrameSize = 1_000UL
    )

let private reclaiming (settings: (string * objnull) list) (seed: int) =
    let settings = ("Transport", box transport) :: settings

    let pair =
        withConfigs
            (clientConfig (uint64 seed) |> having settings)
            (serverConfig "test" (uint64 seed) |> having settings)
            seed
            rough

    pair.Reclaims <- true
    connect pair
    Expect.isTrue (runUntil (TimeSpan.FromMinutes 2.0) confirmed pair) "confirmed"
    pair

let private exchange pair =
    let contents =
        [ for index, stream in List.indexed streams -> stream, Array.rev (pattern (20_000 + 7_000 * index)) ]

    let sides (stream: StreamId) =
        if stream.Value % 2UL = 0UL then
            Client, Server
        else
            Server, Client

    for stream, bytes in contents do
        Expect.isNone (send (fst (sides stream)) stream bytes true pair) "written"

    let isDone pair =
        contents
        |> List.forall (fun (stream, bytes) ->
            let parts =
                told<ReceiveStreamDataEffect> (snd (sides stream)) pair
                |> List.filter (fun part -> part.StreamId = stream)

            List.sumBy (fun (part: ReceiveStreamDataEffect) -> part.Bytes.Length) parts = bytes.Length)

    await "everything arrives" isDone pair

    for stream, bytes in contents do
        for part in told<ReceiveStreamDataEffect> (snd (sides stream)) pair do
            if part.StreamId = stream then
                let expected = bytes.AsSpan(int part.Offset, part.Bytes.Length).ToArray()
                Expect.isTrue (part.Bytes.ToArray() = expected) $"{stream} from {part.Offset} on"

let private passDatagrams pair =
    let payloads = [ for number in 1..20 -> Array.create (10 * number) (byte number) ]

    for payload in payloads do
        let data = SendDatagramData(bytesOf payload, 0)
        absorb Client (pair.Client.SendDatagram(pair.Now, pair.ClientConnection, &data)) pair

    pass (TimeSpan.FromSeconds 5.0) pair

    for told in told<ReceiveDatagramDataEffect> Server pair do
        let bytes = told.Bytes.ToArray()
        Expect.equal bytes (Array.create bytes.Length (byte (bytes.Length / 10))) "a DATAGRAM as it was sent"

let private gathering () =
    let server = serverConfig "test" 3UL |> having [ "DefersSends", box true ]

    let pair = withConfigs (clientConfig 3UL) server 3 ideal
    connect pair
    Expect.isTrue (runUntil (TimeSpan.FromMinutes 1.0) confirmed pair) "confirmed"
    pass (TimeSpan.FromSeconds 5.0) pair
    pair

[<Tests>]
let tests =
    testList
        "scenario: hosts that copy"
        [ testCase "all that is sent arrives as it was, though memory is written over and over"
          <| fun () ->
              for seed in 1 .. Scale.current.Seeds do
                  let pair = reclaiming [] seed
                  exchange pair
                  passDatagrams pair

          testCase "so it does where ranges are told before those below them"
          <| fun () ->
              for seed in 1 .. Scale.current.Seeds do
                  reclaiming [ "EnableOutOfOrderReceive", box true ] seed |> exchange

          testCase "a datagram's memory is not the host's while its connection waits for a turn"
          <| fun () ->
              let pair = gathering ()
              Expect.isTrue (pair.Server.ReclaimMemory()) "nothing waits"
              Expect.isNone (send Client (StreamId 0UL) [| 1uy |] true pair) "written"

              let arrived pair =
                  not (told<ReceiveStreamDataEffect> Server pair).IsEmpty

              Expect.isTrue (runUntil (TimeSpan.FromSeconds 1.0) arrived pair) "arrived"
              Expect.isFalse (pair.Server.ReclaimMemory()) "the server has not answered"
              absorb Server (pair.Server.TimerExpired pair.Now) pair
              Expect.isTrue (pair.Server.ReclaimMemory()) "it has"

          testCase "nor while the handshake may wait for an answer"
          <| fun () ->
              use client =
                  new QuicEndpoint(
                      clientConfig 3UL
                      |> having [ "VerifyPeer", box true; "AsksForCertificateVerdicts", box true ]
                  )

              Expect.isFalse (client.ReclaimMemory()) "never" ]
