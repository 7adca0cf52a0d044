module CoQuic.Engine.Tests.Scenarios.DatagramTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Attacker

let private await what condition pair =
    Expect.isTrue (runUntil (TimeSpan.FromMinutes 1.0) condition pair) what

let private taking size =
    TransportConfig(MaxDatagramFrameSize = size)

let private connected client server link =
    let pair = openPair client server link
    connect pair
    await "confirmed" confirmed pair
    pair

let private sendDatagram side priority (payload: byte[]) pair =
    let data = SendDatagramData(Bytes.CopyOf(ReadOnlySpan payload), priority)

    let result = (endpoint side pair).SendDatagram(pair.Now, handleOf side pair, &data)

    absorb side result pair

    match result.LocalError with
    | null -> None
    | error -> Some error.Code

let private receivedBy side pair =
    told<ReceiveDatagramDataEffect> side pair
    |> List.map (fun effect -> effect.Bytes.ToArray())

let private largest = 1_168

[<Tests>]
let tests =
    testList
        "scenario: DATAGRAM (RFC 9221)"
        [ testCase "payloads of all sizes arrive both ways, whole"
          <| fun () ->
              let pair = connected (taking 65_535UL) (taking 65_535UL) ideal
              let payloads = [ [||]; [| 1uy |]; Array.init 500 byte; Array.init largest byte ]

              for side in [ Client; Server ] do
                  for payload in payloads do
                      Expect.isNone (sendDatagram side 0 payload pair) "taken"

              await "all arrive" (fun p -> (receivedBy Server p).Length = 4 && (receivedBy Client p).Length = 4) pair
              Expect.equal (receivedBy Server pair) payloads "what the server received"
              Expect.equal (receivedBy Client pair) payloads "what the client received"

          testCase "one direction alone may have them"
          <| fun () ->
              let pair = connected (taking 0UL) (taking 100UL) ideal
              Expect.isNone (sendDatagram Client 0 [| 1uy |] pair) "the server takes them"

              Expect.equal
                  (sendDatagram Server 0 [| 1uy |] pair)
                  (Some LocalErrorCode.DatagramNotSupported)
                  "the client not"

          testCase "before the peer's parameters are known none is taken"
          <| fun () ->
              let pair = openPair (taking 100UL) (taking 100UL) ideal
              connect pair
              Expect.equal (sendDatagram Client 0 [| 1uy |] pair) (Some LocalErrorCode.DatagramNotSupported) "unknown"

          testCase "a payload beyond the peer's limit is refused, and nothing changes"
          <| fun () ->
              let pair = connected (taking 0UL) (taking 100UL) ideal
              Expect.isNone (sendDatagram Client 0 (Array.zeroCreate 97) pair) "100 bytes with type and length"

              Expect.equal
                  (sendDatagram Client 0 (Array.zeroCreate 98) pair)
                  (Some LocalErrorCode.DatagramTooLarge)
                  "101"

              await "the first arrives" (fun p -> (receivedBy Server p).Length = 1) pair

          testCase "a payload that no packet on the path carries is refused"
          <| fun () ->
              let pair = connected (taking 0UL) (taking 65_535UL) ideal
              Expect.isNone (sendDatagram Client 0 (Array.zeroCreate largest) pair) "the largest"
              let refused = Some LocalErrorCode.DatagramTooLarge
              Expect.equal (sendDatagram Client 0 (Array.zeroCreate (largest + 1)) pair) refused "one byte more"

          testCase "a lost one is not sent again, and the connection goes on"
          <| fun () ->
              let pair = connected (taking 0UL) (taking 65_535UL) ideal
              let mutable isOpen = false
              pair.Tamper <- fun side _ bytes -> if side = Client && not isOpen then Bytes.Empty else bytes
              sendDatagram Client 0 [| 1uy |] pair |> ignore
              isOpen <- true
              sendDatagram Client 0 [| 2uy |] pair |> ignore

              let isSettled pair =
                  match pair.Client.GetStatistics pair.ClientConnection with
                  | null -> false
                  | statistics -> statistics.PacketsLost > 0UL && statistics.BytesInFlight = 0UL

              await "the loss is found" isSettled pair
              Expect.equal (receivedBy Server pair) [ [| 2uy |] ] "the second alone"
              Expect.isNone (closeReason Client pair) "nothing ended"

          testCase "they are congestion-controlled: a burst waits, and the oldest are given up"
          <| fun () ->
              let pair = connected (taking 0UL) (taking 65_535UL) ideal
              let count = 3_000

              for number in 1..count do
                  sendDatagram Client 0 (Array.create 1_000 (byte number)) pair |> ignore

              match pair.Client.GetStatistics pair.ClientConnection with
              | null -> failtest "the connection is held"
              | statistics ->
                  Expect.isLessThanOrEqual statistics.BytesInFlight statistics.CongestionWindow "within the window"
                  Expect.isGreaterThan statistics.DroppedDatagramFrames 0UL "some were given up"
                  let expected = count - int statistics.DroppedDatagramFrames
                  await "the others arrive" (fun p -> (receivedBy Server p).Length = expected) pair

          testCase "while they wait the most important goes first"
          <| fun () ->
              let pair = connected (taking 0UL) (taking 65_535UL) ideal

              // The window is full, so that all of these wait together.
              for _ in 1..100 do
                  sendDatagram Client 0 (Array.create 1_000 0uy) pair |> ignore

              for priority in [ 1; 3; 2 ] do
                  sendDatagram Client priority [| byte priority |] pair |> ignore

              await "all arrive" (fun p -> (receivedBy Server p).Length = 103) pair
              let order = receivedBy Server pair |> List.map Array.head |> List.filter ((<>) 0uy)
              Expect.equal order [ 3uy; 2uy; 1uy ] "by priority"
              Expect.notEqual (List.last (receivedBy Server pair)) [| 1uy |] "before the others"

          testCase "they are told after stream data of the same packet, and before its stream events"
          <| fun () ->
              let pair = connected (taking 65_535UL) (taking 65_535UL) ideal

              let frames =
                  Array.concat
                      [ varints [ 0x04UL; 4UL; 9UL; 0UL ] // RESET_STREAM
                        varints [ 0x31UL; 1UL; 7UL ] // DATAGRAM
                        varints [ 0x0aUL; 0UL; 1UL; 5UL ] ] // STREAM

              let result = feed Server (seal EncryptionLevel.OneRtt Server frames pair) pair
              let kinds = [ for effect in result.Effects -> effect.Kind ]

              Expect.equal
                  (kinds |> List.filter ((<>) EffectKind.SendDatagram))
                  [ EffectKind.ReceiveStreamData
                    EffectKind.ReceiveDatagramData
                    EffectKind.PeerResetStream ]
                  "the order of the C ABI" ]
