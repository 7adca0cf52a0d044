module CoQuic.Engine.Tests.Scenarios.DeferredSendTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

let private minute = TimeSpan.FromMinutes 1.0

let private connected link =
    let deferring config =
        having [ "DefersSends", box true ] config

    let pair =
        withConfigs (deferring (clientConfig 5UL)) (deferring (serverConfig "test" 5UL)) 5 link

    connect pair
    Expect.isTrue (runUntil minute confirmed pair) "confirmed"
    pair

/// Writes a byte to a stream, and what came of it.
let private write (stream: uint64) pair =
    let data = SendStreamData(StreamId stream, bytesOf [| 1uy |], true, 0)
    pair.Client.SendStreamData(pair.Now, pair.ClientConnection, &data)

/// Opens a connection that nobody answers.
let private openAnother (client: QuicEndpoint) now =
    let mutable handle = ConnectionHandle.None

    client.OpenConnection(now, OpenConnection(Route = RouteHandle 1UL), &handle)
    |> ignore

    handle

let private datagramsOf (result: EndpointResult) =
    result.Effects
    |> Seq.choose (fun effect ->
        match effect with
        | :? SendDatagramEffect as run -> Some(datagrams run)
        | _ -> None)
    |> List.concat

[<Tests>]
let tests =
    testList
        "scenario: deferred sends"
        [ testCase "inputs send nothing and ask for the timer input, which answers all of them in one datagram"
          <| fun () ->
              let pair = connected ideal
              pass (TimeSpan.FromSeconds 1.0) pair

              for stream in [ 0UL; 4UL; 8UL ] do
                  let result = write stream pair
                  Expect.isEmpty (datagramsOf result) "nothing is sent"
                  Expect.isTrue result.SendContinuationPending "more is to be done"

              let result = pair.Client.TimerExpired pair.Now
              Expect.hasLength (datagramsOf result) 1 "one datagram for three streams"
              Expect.isFalse result.SendContinuationPending "that was all"

          testCase "what comes in is told with the input that brought it"
          <| fun () ->
              let pair = connected ideal
              Expect.isNone (send Client (StreamId 0UL) [| 1uy; 2uy |] true pair) "written"

              let isTold pair =
                  not (List.isEmpty (told<ReceiveStreamDataEffect> Server pair))

              Expect.isTrue (runUntil minute isTold pair) "received"
              Expect.isTrue pair.Server.HasSendContinuationPending "while the acknowledgment waits"

          testCase "what was written before a close goes out before it"
          <| fun () ->
              let pair = connected ideal
              write 0UL pair |> ignore

              let result =
                  pair.Client.CloseConnection(pair.Now, pair.ClientConnection, 7UL, "done")

              absorb Client result pair
              absorb Client (pair.Client.TimerExpired pair.Now) pair

              Expect.isTrue (runUntil minute (fun pair -> (closeReason Server pair).IsSome) pair) "closed"
              Expect.equal (received Server (StreamId 0UL) pair) ([| 1uy |], true) "and nothing is lost"

          testCase "whose timer is due gets a turn, however many others inputs put in line meanwhile"
          <| fun () ->
              use client = new QuicEndpoint(having [ "DefersSends", box true ] (clientConfig 5UL))

              let waiting = openAnother client TimeUs.Zero
              client.TimerExpired TimeUs.Zero |> ignore
              let probeTimeout = client.NextWakeup.Value

              let hasProbed _ =
                  for _ in 1..100 do
                      openAnother client probeTimeout |> ignore

                  let result = client.TimerExpired probeTimeout

                  result.Effects
                  |> Seq.exists (fun effect -> effect :? SendDatagramEffect && effect.Connection = waiting)

              Expect.isTrue (List.exists hasProbed [ 1..5 ]) "its probe goes out in one of the next calls"

          testCase "a lossy link brings every byte all the same"
          <| fun () ->
              let pair =
                  connected
                      { ideal with
                          Loss = 0.05
                          Jitter = TimeSpan.FromMilliseconds 2.0 }

              let bytes = Array.init 300_000 (fun index -> byte (index * 7))
              Expect.isNone (send Client (StreamId 0UL) bytes true pair) "written"

              let isWhole pair =
                  received Server (StreamId 0UL) pair |> snd

              Expect.isTrue (runUntil minute isWhole pair) "all arrives"
              Expect.isTrue (fst (received Server (StreamId 0UL) pair) = bytes) "the same" ]
