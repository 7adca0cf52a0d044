/// What path validation and migration owe to whom (RFC 9000 §8.2, §9), rule by rule.
module CoQuic.Engine.Tests.Scenarios.PathRuleTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Paths
open CoQuic.Engine.Tests.Scenarios.Traces

let private tracedPair () =
    connectedWith (tracing (clientConfig 1UL)) (tracing (serverConfig "test" 1UL)) 1 ideal

let private isMoved number side pair =
    (currentPath side pair).Route = Nullable(route number)

/// Feeds a datagram to the server as if it came on a route from an address.
let private arrive number identity (bytes: byte[]) pair =
    let input =
        InboundDatagram(bytesOf bytes, 0, Nullable(route number), EcnCodepoint.Unavailable, identity)

    absorb Server (pair.Server.ReceiveDatagram(pair.Now, &input)) pair

let private lengthsOn number side pair =
    sentOn number side pair |> List.map _.Length

[<Tests>]
let validation =
    testList
        "scenario: path validation (RFC 9000 §8.2)"
        [ testCase "no two challenges are alike, nor does one tell of another"
          <| fun () ->
              let pair = tracedPair ()
              withRoutes [ 2UL; 3UL ] pair

              for number in [ 2UL; 3UL ] do
                  migrateTo number MigrationReason.Active pair |> ignore
                  await "given up" (fun pair -> (statistics Client pair).Paths.Count = 1) pair

              let challenges =
                  packetsSent Client pair |> framesOf<QlogPathChallengeFrame> |> List.map _.Data

              Expect.isGreaterThan challenges.Length 3 "several were sent"
              Expect.equal (List.distinct challenges) challenges "all different"

              for first, second in List.pairwise challenges do
                  Expect.isGreaterThan (Numerics.BitOperations.PopCount(first ^^^ second)) 8 "in many bits"

          testCase "a response counts on whichever path it comes (RFC 9000 §8.2.2)"
          <| fun () ->
              let pair = connected 1 ideal

              pair.Network <-
                  fun side passage ->
                      Some(
                          if side = Server then
                              { passage with Route = route 1UL }
                          else
                              passage
                      )

              migrateTo 2UL MigrationReason.Active pair |> ignore
              await "validated" (isMoved 2UL Client) pair

          testCase "a challenge in a small datagram is answered within three times its size (RFC 9000 §8.2.2)"
          <| fun () ->
              let pair = Attacker.openPair (TransportConfig()) (TransportConfig()) ideal
              connect pair
              await "confirmed" confirmed pair
              transferring Client 1_000 ignore pair
              let challenge = Array.append [| 0x1auy |] (Array.create 8 7uy)
              let datagram = Attacker.seal EncryptionLevel.OneRtt Server challenge pair
              arrive 9UL (identity 66uy 6uy) datagram pair
              let lengths = lengthsOn 9UL Server pair
              Expect.isGreaterThan (List.sum lengths) 0 "it is answered"
              Expect.isLessThanOrEqual (List.sum lengths) (3 * datagram.Length) "within the limit"

          testCase "a server that wants no migration follows a NAT all the same, and validates (RFC 9000 §9)"
          <| fun () ->
              let settled: (string * objnull) list =
                  [ "Transport", box (TransportConfig(DisableActiveMigration = true)) ]

              let pair =
                  connectedWith (clientConfig 1UL) (serverConfig "test" 1UL |> having settled) 1 ideal

              behindNat 2UL (identity 1uy 2uy) pair
              transferring Client 10_000 ignore pair
              await "validated" (fun pair -> isMoved 2UL Server pair && (currentPath Server pair).IsValidated) pair
              Expect.isNone (closeReason Client pair) "nothing was reset"

          testCase
              "a server whose client answers nowhere, and that knows no address that did, ends in silence (RFC 9000 §9.3.2)"
          <| fun () ->
              let pair = Attacker.openPair (TransportConfig()) (TransportConfig()) ideal
              connect pair
              await "confirmed" confirmed pair
              transferring Client 1_000 ignore pair
              // The client moves, and falls silent.
              behindNat 9UL (identity 66uy 6uy) pair
              send Client stream4 [| 1uy |] false pair |> ignore
              await "the server follows" (isMoved 9UL Server) pair
              pair.Network <- fun _ _ -> None
              // All IDs but one are retired: the path to the address that was validated has none left, and is given up (RFC 9000 §9.5).
              let retiring =
                  Array.concat
                      [ [| 0x18uy |]
                        Attacker.varints [ 20UL; 20UL ]
                        [| 8uy |]
                        Array.create 8 0xabuy
                        Array.create 16 0xcduy ]

              let datagram = Attacker.seal EncryptionLevel.OneRtt Server retiring pair
              arrive 9UL (identity 66uy 6uy) datagram pair
              await "it ends" (fun pair -> (closeReason Server pair).IsSome) pair
              Expect.equal (closeReason Server pair).Value.Origin CloseOrigin.NoViablePath "for that reason"
              Expect.equal pair.Server.ConnectionCount 0 "and nothing is kept"

          testCase "a path that carries less than 1200 bytes is not used (RFC 9000 §14)"
          <| fun () ->
              let narrow (passage: Passage) =
                  if passage.Length >= 1200 then None else Some passage

              let without = create 1 ideal
              without.Network <- fun _ passage -> narrow passage
              connect without
              await "the client gives up" (fun pair -> (closeReason Client pair).IsSome) without
              Expect.equal without.Server.ConnectionCount 0 "no connection comes about"

              let pair = connected 1 ideal

              pair.Network <-
                  fun _ passage ->
                      if passage.Route = route 2UL then
                          narrow passage
                      else
                          Some passage

              migrateTo 2UL MigrationReason.Active pair |> ignore
              await "told" (fun pair -> not (List.isEmpty (changes Client pair))) pair
              Expect.equal (changes Client pair) [ route 2UL, route 1UL, true ] "it stays where it was" ]

let private offering transport =
    serverConfig "test" 1UL
    |> having
        [ "Transport", box transport
          "PreferredAddress", box (PreferredAddressOffer(Net.IPEndPoint(Net.IPAddress.Parse "192.0.2.9", 443), null)) ]

let private toPreferred pair =
    let request =
        RequestMigration(route 2UL, MigrationReason.PreferredAddress, identity 9uy 187uy)

    absorb Client (pair.Client.RequestMigration(pair.Now, pair.ClientConnection, &request)) pair

/// The client's own address is the same wherever it sends to.
let private fromOneAddress pair =
    pair.Network <-
        fun side passage ->
            Some(
                if side = Client then
                    { passage with
                        Identity = identity 1uy 1uy }
                else
                    passage
            )

let private probing =
    [ typeof<QlogPathChallengeFrame>
      typeof<QlogPathResponseFrame>
      typeof<QlogNewConnectionIdFrame>
      typeof<QlogPaddingFrame> ]

[<Tests>]
let preferredAddress =
    testList
        "scenario: rules of the preferred address (RFC 9000 §9.6)"
        [ testCase "nothing but probes goes there before it is validated, and both sides probe (RFC 9000 §21.5.3)"
          <| fun () ->
              let pair =
                  connectedWith (tracing (clientConfig 1UL)) (tracing (offering (TransportConfig()))) 1 ideal

              fromOneAddress pair
              transferring Client 1_000 ignore pair

              for side in [ Client; Server ] do
                  (effects side pair).Clear()

              toPreferred pair
              // A packet in each direction: the challenge, and its answer with the server's own.
              pass (TimeSpan.FromMilliseconds 11.0) pair

              for side in [ Client; Server ] do
                  let packets =
                      packetsSent side pair
                      |> List.filter (fun packet -> not (framesOf<QlogPathChallengeFrame> [ packet ]).IsEmpty)

                  Expect.hasLength packets 1 $"{side} probes once"
                  Expect.equal (lengthsOn 2UL side pair) [ 1200 ] $"{side}: and sends nothing else"

                  for frame in packets |> List.collect (fun packet -> List.ofSeq packet.Frames) do
                      Expect.contains probing (frame.GetType()) $"{side}: {frame} is no probe"

          testCase "one that does not answer is given up, and the client stays (RFC 9000 §9.6.1)"
          <| fun () ->
              let pair = connectedWith (clientConfig 1UL) (offering (TransportConfig())) 1 ideal
              withRoutes [ 2UL ] pair
              toPreferred pair
              transferring Client 50_000 ignore pair
              await "told" (fun pair -> not (List.isEmpty (changes Client pair))) pair
              Expect.equal (changes Client pair) [ route 2UL, route 1UL, true ] "it stays"
              transferringOn stream4 Server 50_000 ignore pair

          testCase "its validation takes the place of another that is under way (RFC 9000 §9.6.3)"
          <| fun () ->
              let pair = connectedWith (clientConfig 1UL) (offering (TransportConfig())) 1 ideal
              migrateTo 3UL MigrationReason.Active pair |> ignore
              toPreferred pair
              await "there" (isMoved 2UL Client) pair
              pass (TimeSpan.FromSeconds 5.0) pair
              Expect.equal (changes Client pair) [ route 1UL, route 2UL, true ] "nowhere else"
              Expect.equal (lengthsOn 3UL Client pair) [ 1200 ] "one challenge, and no more"

          testCase "a client that comes there from another address gets three times what it sends (RFC 9000 §9.6.3)"
          <| fun () ->
              let pair = connectedWith (clientConfig 1UL) (offering (TransportConfig())) 1 ideal
              let mutable fromNew, toNew = 0, 0
              let mutable isMuted = false

              pair.Network <-
                  fun side passage ->
                      match side with
                      | Client when passage.Route = route 2UL && isMuted -> None
                      | Client when passage.Route = route 2UL ->
                          fromNew <- fromNew + passage.Length

                          Some
                              { passage with
                                  Identity = identity 7uy 7uy }
                      | Client ->
                          Some
                              { passage with
                                  Identity = identity 1uy 1uy }
                      | Server ->
                          if passage.Route = route 2UL then
                              toNew <- toNew + passage.Length

                          Some passage

              send Client stream0 [| 1uy |] true pair |> ignore
              await "heard" (fun pair -> snd (received Server stream0 pair)) pair
              toPreferred pair
              // The first answer is on its way: nothing that the client says afterwards arrives.
              pass (TimeSpan.FromMilliseconds 15.0) pair
              isMuted <- true
              send Server stream0 (pattern 200_000) true pair |> ignore

              for _ in 1..300 do
                  step pair |> ignore
                  Expect.isLessThanOrEqual toNew (3 * fromNew) "three times"

              Expect.isGreaterThan toNew 0 "it was tried"

          testCase "a server whose connection IDs have no bytes offers none (RFC 9000 §18.2)"
          <| fun () ->
              let nameless =
                  offering (TransportConfig())
                  |> having [ "ConnectionIds", box (RandomConnectionIds 0) ]

              let pair = connectedWith (clientConfig 1UL) nameless 1 ideal
              Expect.isEmpty (told<PeerPreferredAddressAvailableEffect> Client pair) "nothing to move to" ]
