/// Key updates and the limits of keys (RFC 9001 §6), over two endpoints.
module CoQuic.Engine.Tests.Scenarios.KeyUpdateTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Paths
open CoQuic.Engine.Tests.Scenarios.Traces
open CoQuic.Tests

/// Both sides with these limits of their keys, and with qlog.
let private limited confidentiality integrity seed =
    let changes: (string * objnull) list =
        [ "AeadLimits", box (Nullable(AeadLimits(confidentiality, integrity)))
          "EnableQlog", box true ]

    clientConfig (uint64 seed) |> having changes, serverConfig "test" (uint64 seed) |> having changes

/// The 1-RTT packets that a side sealed: number and key phase, in their order.
let private sealedOneRtt side pair =
    packetsOf QlogPacketType.OneRtt side pair
    |> List.map (fun packet -> packet.Header.PacketNumber.Value, packet.Header.KeyPhaseBit.Value)

/// How many packets each key of a side sealed, one phase after the other.
let private packetsPerKey side pair =
    (([]: (bool * int) list), sealedOneRtt side pair)
    ||> List.fold (fun counts (_, phase) ->
        match counts with
        | (last, count) :: rest when last = phase -> (last, count + 1) :: rest
        | _ -> (phase, 1) :: counts)
    |> List.rev
    |> List.map snd

let private update side pair =
    let endpoint = endpoint side pair

    let connection =
        if side = Client then
            pair.ClientConnection
        else
            pair.ServerConnection

    absorb side (endpoint.RequestKeyUpdate(pair.Now, connection)) pair

[<Tests>]
let limits =
    testList
        "scenario: limits of keys (RFC 9001 §6.6)"
        [ testCase "keys are updated before they have sealed as many packets as they may, again and again"
          <| fun () ->
              let client, server = limited 200UL 1_000UL 1
              // So little is under way that an update is acknowledged long before the next is due.
              let narrow =
                  TransportConfig(InitialMaxStreamDataBidiRemote = 65_536UL, MaxStreamWindow = 0UL)

              let pair = connectedWith client (server |> having [ "Transport", narrow ]) 1 ideal
              transferring Client 1_500_000 ignore pair
              let counts = packetsPerKey Client pair
              Expect.isGreaterThan counts.Length 5 "several keys"
              Expect.all counts (fun count -> count <= 200) "none is used beyond its limit"

              for (number, _), (next, _) in List.pairwise (sealedOneRtt Client pair) do
                  Expect.isLessThan number next "numbers and keys go on together (RFC 9001 §6.4)"

          testCase "keys that cannot be updated end the connection before they are worn out"
          <| fun () ->
              let client, server = limited 36UL 1_000UL 1
              let patient = TransportConfig(MaxIdleTimeout = TimeSpan.FromHours 1.0)
              let pair = connectedWith (client |> having [ "Transport", patient ]) server 1 ideal
              // Nothing is acknowledged any more, and without an acknowledgment there is no other update (RFC 9001 §6.1).
              pair.Network <- fun side passage -> if side = Server then None else Some passage
              send Client stream0 (pattern 1_000_000) true pair |> ignore
              let isOver pair = (closeReason Client pair).IsSome
              Expect.isTrue (runUntil (TimeSpan.FromMinutes 30.0) isOver pair) "it ends"
              let reason = (closeReason Client pair).Value
              Expect.equal reason.Code (uint64 TransportErrorCode.AeadLimitReached) "the code"
              Expect.all (packetsPerKey Client pair) (fun count -> count <= 36) "no key is used beyond its limit"
              Expect.isTrue (runUntil minute (fun pair -> (closeReason Server pair).IsSome) pair) "the peer is told"

          testCase "packets that do not open are counted, and at the limit the connection ends and takes nothing more"
          <| fun () ->
              let _, server = limited 1_000UL 10UL 1
              let pair = connectedWith (clientConfig 1UL) server 1 ideal
              let genuine = ResizeArray<Bytes>()

              pair.Tamper <-
                  fun side _ bytes ->
                      if side = Client then
                          genuine.Add bytes
                          Bytes.Empty
                      else
                          bytes

              send Client stream0 [| 1uy |] true pair |> ignore
              let packet = genuine[0].ToArray()
              let forged = Array.copy packet
              forged[forged.Length - 1] <- forged[forged.Length - 1] ^^^ 1uy

              for failures in 1..10 do
                  Expect.isNone (closeReason Server pair) $"not after {failures - 1}"
                  Attacker.strike Server forged pair

              let reason = (closeReason Server pair).Value
              Expect.equal reason.Code (uint64 TransportErrorCode.AeadLimitReached) "the code"
              Attacker.strike Server packet pair
              Expect.isEmpty (told<ReceiveStreamDataEffect> Server pair) "not even what is genuine" ]

[<Tests>]
let updates =
    testList
        "scenario: key updates (RFC 9001 §6)"
        [ for seed in 1 .. Scale.current.Seeds do
              testCase $"key updates of both sides while packets overtake each other and are lost (seed {seed})"
              <| fun () ->
                  let reordering =
                      { ideal with
                          Jitter = TimeSpan.FromMilliseconds 15.0
                          Loss = 0.01 }

                  let pair = connected seed reordering
                  let sent = pattern 200_000
                  send Client stream0 sent true pair |> ignore
                  send Server (StreamId 1UL) sent true pair |> ignore

                  let isDone pair =
                      snd (received Server stream0 pair) && snd (received Client (StreamId 1UL) pair)

                  let mutable rounds = 0

                  while not (isDone pair) && rounds < 500 do
                      rounds <- rounds + 1
                      update (if rounds % 3 = 0 then Server else Client) pair
                      pass (TimeSpan.FromMilliseconds(float (11 + seed % 7))) pair

                  Expect.isTrue (isDone pair) "both arrive"
                  Expect.isTrue (fst (received Server stream0 pair) = sent) "what the server received"
                  Expect.isTrue (fst (received Client (StreamId 1UL) pair) = sent) "what the client received"

                  for side in [ Client; Server ] do
                      Expect.equal ((endpoint side pair).CountDropped DropReason.NotAuthentic) 0UL $"{side}: all opened"

          testCase "a peer that goes back to keys it had left is closed with KEY_UPDATE_ERROR (RFC 9001 §6.4)"
          <| fun () ->
              let pair = Attacker.openPair (TransportConfig()) (TransportConfig()) ideal
              connect pair
              await "confirmed" confirmed pair
              send Client stream0 [| 1uy |] true pair |> ignore
              pass (TimeSpan.FromSeconds 1.0) pair
              update Client pair
              send Client stream4 [| 1uy |] true pair |> ignore
              await "the new keys are in use" (fun pair -> snd (received Server stream4 pair)) pair
              Attacker.strike Server (Attacker.seal EncryptionLevel.OneRtt Server [| 1uy |] pair) pair

              Expect.equal
                  (closeReason Server pair |> Option.map _.Code)
                  (Some(uint64 TransportErrorCode.KeyUpdateError))
                  "the code" ]
