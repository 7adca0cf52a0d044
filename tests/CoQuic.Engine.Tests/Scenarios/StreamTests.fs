module CoQuic.Engine.Tests.Scenarios.StreamTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

let private minute = TimeSpan.FromMinutes 1.0

let private bytesOf length =
    Array.init length (fun i -> byte (i * 31 + i / 251))

let private connected outOfOrder link =
    let server = serverConfig "test" 1UL

    let server =
        EndpointConfig(
            Role = Role.Server,
            Entropy = server.Entropy,
            Calendar = server.Calendar,
            ApplicationProtocols = server.ApplicationProtocols,
            ServerIdentities = server.ServerIdentities,
            EnableOutOfOrderReceive = outOfOrder
        )

    let pair = withConfigs (clientConfig 1UL) server 7 link
    connect pair
    Expect.isTrue (runUntil minute confirmed pair) "confirmed"
    pair

let private parts pair =
    told<ReceiveStreamDataEffect> Server pair

let private sendWith priority stream bytes pair =
    let data =
        SendStreamData(stream, Bytes.CopyOf(ReadOnlySpan(bytes: byte array)), true, priority)

    absorb Client (pair.Client.SendStreamData(pair.Now, pair.ClientConnection, &data)) pair

[<Tests>]
let tests =
    testList
        "scenario: streams"
        [ testCase "out of order, when asked for, every byte is given out once, early ones before what precedes them"
          <| fun () ->
              let pair =
                  connected
                      true
                      { ideal with
                          Loss = 0.05
                          Jitter = TimeSpan.FromMilliseconds 5.0 }

              let bytes = bytesOf 200_000
              Expect.isNone (send Client (StreamId 0UL) bytes true pair) "data"

              let whole pair =
                  parts pair |> List.sumBy (fun part -> part.Bytes.Length) = bytes.Length
                  && parts pair |> List.exists _.Fin

              Expect.isTrue (runUntil minute whole pair) "all arrives"
              let received = Array.zeroCreate<byte> bytes.Length
              let seen = Array.zeroCreate<int> bytes.Length

              for part in parts pair do
                  part.Bytes.Span.CopyTo(received.AsSpan(int part.Offset))

                  for index in int part.Offset .. int part.Offset + part.Bytes.Length - 1 do
                      seen[index] <- seen[index] + 1

              Expect.isTrue (received = bytes) "the bytes"
              Expect.all seen (fun times -> times = 1) "each once"

              let overtakes =
                  parts pair
                  |> List.pairwise
                  |> List.exists (fun (part, next) -> next.Offset < part.Offset)

              Expect.isTrue overtakes "some came before what precedes them"
              let last = parts pair |> List.filter _.Fin |> List.exactlyOne
              Expect.equal last.FinalSize (Nullable(uint64 bytes.Length)) "the end is told once, with the final size"

          testCase "in order, when not asked for, over the same link"
          <| fun () ->
              let pair =
                  connected
                      false
                      { ideal with
                          Loss = 0.05
                          Jitter = TimeSpan.FromMilliseconds 5.0 }

              let bytes = bytesOf 200_000
              Expect.isNone (send Client (StreamId 0UL) bytes true pair) "data"
              Expect.isTrue (runUntil minute (fun pair -> snd (received Server (StreamId 0UL) pair)) pair) "all arrives"
              Expect.isTrue (fst (received Server (StreamId 0UL) pair) = bytes) "the bytes, without a gap"

          testCase "a stream of higher priority that comes later ends before a bulk one (RFC 9000 §2.3)"
          <| fun () ->
              let pair = connected false ideal
              sendWith 0 (StreamId 0UL) (bytesOf 300_000) pair
              sendWith 5 (StreamId 4UL) (bytesOf 60_000) pair

              let isOver stream pair =
                  parts pair |> List.exists (fun part -> part.StreamId = stream && part.Fin)

              Expect.isTrue (runUntil minute (isOver (StreamId 4UL)) pair) "the urgent one arrives"
              Expect.isFalse (isOver (StreamId 0UL) pair) "while the bulk one is under way"
              Expect.isTrue (runUntil minute (isOver (StreamId 0UL)) pair) "which arrives too"

          testCase "streams of one priority share: neither ends long before the other"
          <| fun () ->
              let pair = connected false ideal
              sendWith 1 (StreamId 0UL) (bytesOf 200_000) pair
              sendWith 1 (StreamId 4UL) (bytesOf 200_000) pair

              let isOver stream pair =
                  parts pair |> List.exists (fun part -> part.StreamId = stream && part.Fin)

              Expect.isTrue
                  (runUntil minute (fun pair -> isOver (StreamId 0UL) pair || isOver (StreamId 4UL) pair) pair)
                  "one"

              let arrived stream =
                  parts pair
                  |> List.filter (fun part -> part.StreamId = stream)
                  |> List.sumBy (fun part -> part.Bytes.Length)

              let slower = min (arrived (StreamId 0UL)) (arrived (StreamId 4UL))
              Expect.isGreaterThan slower 150_000 "the other is nearly there" ]
