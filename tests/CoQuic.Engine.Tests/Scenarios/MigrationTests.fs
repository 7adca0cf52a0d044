module CoQuic.Engine.Tests.Scenarios.MigrationTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Paths
open CoQuic.Tests

let private lossy =
    { ideal with
        Loss = 0.02
        Jitter = TimeSpan.FromMilliseconds 2.0 }

let private seconds (value: float) = TimeSpan.FromSeconds value

let private client (change: TransportConfig -> TransportConfig) seed =
    clientWith (change (TransportConfig())) (uint64 seed)

let private server seed = serverConfig "test" (uint64 seed)

/// The connection IDs that short headers on a route were sent to.
let private destinations number side pair =
    sentOn number side pair
    |> List.filter (fun datagram -> datagram[0] &&& 0x80uy = 0uy)
    |> List.map (fun datagram -> datagram.Slice(1, 8).ToHex())
    |> Set.ofList

[<Tests>]
let rebinding =
    testList
        "scenario: NAT rebinding (RFC 9000 §9.3)"
        [ for seed in 1 .. Scale.current.Seeds do
              for side in [ Client; Server ] do
                  testCase
                      $"a transfer from the {side} survives two of them, to another port and to another host (seed {seed})"
                  <| fun () ->
                      // A client that only listens has to speak now and then, or nobody could find it behind its NAT.
                      let speaking (_: TransportConfig) =
                          TransportConfig(KeepAliveInterval = TimeSpan.FromMilliseconds 500.0)

                      let pair = connectedWith (client speaking seed) (server seed) seed lossy
                      behindNat 1UL (identity 1uy 1uy) pair

                      pair
                      |> transferring side 300_000 (fun pair ->
                          pass (TimeSpan.FromMilliseconds(float (20 + seed))) pair
                          behindNat 2UL (identity 1uy 2uy) pair
                          pass (TimeSpan.FromMilliseconds 90.0) pair
                          behindNat 3UL (identity 7uy 2uy) pair)

          testCase "the server tells that it follows, and again once the path is validated"
          <| fun () ->
              let pair = connected 1 ideal
              behindNat 2UL (identity 1uy 2uy) pair
              transferring Client 10_000 ignore pair
              await "validated" (fun p -> (currentPath Server p).IsValidated) pair

              Expect.equal
                  (changes Server pair)
                  [ route 1UL, route 2UL, false; route 1UL, route 2UL, true ]
                  "both in order"

              Expect.isEmpty (changes Client pair) "the client does not know"

          testCase
              "congestion control goes on after a change of port, and begins anew after one of host (RFC 9000 §9.4)"
          <| fun () ->
              let windowAfter host =
                  let pair = withConfigs (client id 1) (server 1) 1 ideal

                  behindNat 1UL (identity 1uy 1uy) pair
                  connect pair
                  await "confirmed" confirmed pair
                  transferring Server 300_000 ignore pair
                  let before = currentPath Server pair
                  behindNat 2UL (identity host 2uy) pair
                  send Client stream4 [| 1uy |] true pair |> ignore
                  await "moved" (fun p -> (currentPath Server p).Route = Nullable(route 2UL)) pair
                  before, currentPath Server pair

              let before, afterPort = windowAfter 1uy
              Expect.isGreaterThanOrEqual afterPort.CongestionWindow before.CongestionWindow "kept"
              Expect.equal afterPort.MinRtt before.MinRtt "kept"
              let _, afterHost = windowAfter 9uy
              Expect.isLessThan afterHost.CongestionWindow before.CongestionWindow "initial"
              Expect.equal afterHost.MinRtt TimeSpan.Zero "none yet"

          testCase "the new address gets at most three times what came from it until it is validated (RFC 9000 §9.3.1)"
          <| fun () ->
              let pair = connected 1 ideal
              let mutable fromNew, toNew = 0, 0

              pair.Network <-
                  fun side passage ->
                      match side with
                      | Client ->
                          fromNew <- fromNew + passage.Length

                          Some
                              { passage with
                                  Route = route 2UL
                                  Identity = identity 3uy 3uy }
                      | Server ->
                          // The one at the new address never answers.
                          if passage.Route = route 2UL then
                              toNew <- toNew + passage.Length

                          None

              send Client stream0 [| 1uy |] false pair |> ignore
              await "moved" (fun p -> not (List.isEmpty (changes Server p))) pair
              send Server stream0 (pattern 100_000) false pair |> ignore

              for _ in 1..200 do
                  step pair |> ignore
                  Expect.isLessThanOrEqual toNew (3 * fromNew) "three times"

              Expect.isGreaterThan toNew 0 "it was tried"

          testCase "a server that allows no change of address hears nothing from a new one"
          <| fun () ->
              let fixedServer = server 1

              let config =
                  EndpointConfig(
                      Role = Role.Server,
                      Entropy = fixedServer.Entropy,
                      Calendar = fixedServer.Calendar,
                      ApplicationProtocols = fixedServer.ApplicationProtocols,
                      ServerIdentities = fixedServer.ServerIdentities,
                      AllowPeerAddressChange = false
                  )

              let pair = connectedWith (client id 1) config 1 ideal
              behindNat 2UL (identity 1uy 2uy) pair
              send Client stream0 [| 1uy |] true pair |> ignore
              await "the connection ends" (fun p -> (closeReason Client p).IsSome) pair
              Expect.isGreaterThan (pair.Server.CountDropped DropReason.UnknownRoute) 0UL "dropped by name"
              Expect.isEmpty (changes Server pair) "nobody moved"

          testCase "a handshake from two addresses is none: nothing moves before it is confirmed (RFC 9000 §9)"
          <| fun () ->
              let pair = create 1 ideal
              let mutable sent = 0

              pair.Network <-
                  fun side passage ->
                      match side with
                      | Client ->
                          sent <- sent + 1

                          Some
                              { passage with
                                  Route = route (if sent = 1 then 1UL else 2UL) }
                      | Server -> Some passage

              connect pair
              pass (seconds 1.0) pair
              Expect.isFalse (hasState Server StateChange.HandshakeConfirmed pair) "not confirmed"
              Expect.isGreaterThan (pair.Server.CountDropped DropReason.UnknownRoute) 0UL "dropped by name"

          testCase "a client takes nothing from an address that it did not choose (RFC 9000 §9)"
          <| fun () ->
              let pair = connected 1 ideal

              pair.Network <-
                  fun side passage ->
                      if side = Server then
                          Some { passage with Route = route 5UL }
                      else
                          Some passage

              send Client stream0 [| 1uy |] true pair |> ignore
              await "it ends by the idle timeout" (fun p -> (closeReason Client p).IsSome) pair
              Expect.isGreaterThan (pair.Client.CountDropped DropReason.UnknownRoute) 0UL "dropped by name"

          testCase "a peer on many addresses is remembered on a few"
          <| fun () ->
              let pair = connected 1 ideal

              for number in 2UL .. 30UL do
                  behindNat number (identity (byte number) 1uy) pair
                  send Client stream0 [| 1uy |] false pair |> ignore
                  await "heard" (fun p -> (currentPath Server p).Route = Nullable(route number)) pair
                  Expect.isLessThanOrEqual (statistics Server pair).Paths.Count PathSet.MaximumPaths "bounded"

              transferringOn stream4 Client 50_000 ignore pair ]

[<Tests>]
let spoofing =
    testList
        "scenario: spoofed addresses (RFC 9000 §9.3)"
        [ testCase
              "after one stolen datagram the server returns to the address that was validated last (RFC 9000 §9.3.2)"
          <| fun () ->
              let pair = connected 1 ideal
              let mutable stolen = false

              pair.Network <-
                  fun side passage ->
                      match side with
                      | Client when not stolen ->
                          stolen <- true

                          Some
                              { passage with
                                  Route = route 9UL
                                  Identity = identity 66uy 6uy }
                      | Client -> Some passage
                      | Server when passage.Route = route 9UL -> None
                      | Server -> Some passage

              send Client stream0 [| 1uy |] false pair |> ignore
              await "the server is led astray" (fun p -> not (List.isEmpty (changes Server p))) pair
              transferringOn stream4 Server 100_000 ignore pair
              Expect.equal (currentPath Server pair).Route (Nullable(route 1UL)) "back"

          testCase "without an answer from either address it returns all the same, and tells so"
          <| fun () ->
              let pair = connected 1 ideal
              let mutable isCut = false

              pair.Network <-
                  fun side passage ->
                      match side with
                      | Client when not isCut ->
                          isCut <- true

                          Some
                              { passage with
                                  Route = route 9UL
                                  Identity = identity 66uy 6uy }
                      | _ -> None

              send Client stream0 [| 1uy |] false pair |> ignore
              await "led astray, and back" (fun p -> (changes Server p).Length = 2) pair
              Expect.equal (List.last (changes Server pair)) (route 9UL, route 1UL, true) "the validated one"
              Expect.isNone (closeReason Server pair) "the connection goes on"

          for seed in 1 .. Scale.current.Seeds do
              testCase $"whoever forwards copies faster does not keep the connection (RFC 9000 §9.3.3, seed {seed})"
              <| fun () ->
                  let pair = connected seed ideal
                  let mutable copies = 0

                  // Every tenth datagram of the client arrives first by way of the attacker, who never gets one of its own.
                  pair.Network <-
                      fun side passage ->
                          match side with
                          | Client ->
                              copies <- copies + 1

                              if copies % 10 = seed % 10 then
                                  Some
                                      { passage with
                                          Route = route 9UL
                                          Identity = identity 66uy 6uy }
                              else
                                  Some passage
                          | Server when passage.Route = route 9UL -> None
                          | Server -> Some passage

                  transferring Client 200_000 ignore pair
                  transferringOn stream4 Client 1_000 ignore pair ]

[<Tests>]
let active =
    testList
        "scenario: migration by the client (RFC 9000 §9.2)"
        [ testCase "a server that went back to the old route is heard there, and won over again (RFC 9000 §9.3.2)"
          <| fun () ->
              let pair = connected 1 ideal
              let mutable answers = 0
              let mutable responses = 0

              // Of what the server sends on the new route the client gets the first datagram alone, which validates it; what it
              // answers to the challenge in it is lost.
              pair.Network <-
                  fun side passage ->
                      match side with
                      | Server when passage.Route = route 2UL ->
                          answers <- answers + 1
                          if answers = 1 then Some passage else None
                      | Client when passage.Route = route 2UL && answers > 0 && responses < 2 ->
                          responses <- responses + 1
                          None
                      | Client
                      | Server -> Some passage

              let isBack pair =
                  List.contains (route 2UL, route 1UL, true) (changes Server pair)

              pair
              |> transferring Client 300_000 (fun pair ->
                  migrateTo 2UL MigrationReason.Active pair |> ignore
                  await "the server is back" isBack pair
                  withRoutes [] pair)

              Expect.equal (currentPath Server pair).Route (Nullable(route 2UL)) "where the client is"

          for seed in 1 .. Scale.current.Seeds do
              for side in [ Client; Server ] do
                  testCase $"a transfer from the {side} goes on over the new route (seed {seed})"
                  <| fun () ->
                      let pair = connected seed lossy

                      pair
                      |> transferring side 300_000 (fun pair ->
                          pass (TimeSpan.FromMilliseconds(float (30 + seed))) pair
                          Expect.isNone (migrateTo 2UL MigrationReason.Active pair) "accepted")

                      await "both are there" (fun p -> (currentPath Server p).Route = Nullable(route 2UL)) pair
                      Expect.equal (changes Client pair) [ route 1UL, route 2UL, true ] "validated first"

          testCase "each path has connection IDs of its own, both ways, and the old ones are replaced (RFC 9000 §9.5)"
          <| fun () ->
              let pair = connected 1 ideal
              transferring Client 10_000 ignore pair
              migrateTo 2UL MigrationReason.Active pair |> ignore
              await "moved" (fun p -> (currentPath Server p).IsValidated && not (List.isEmpty (changes Server p))) pair
              send Client stream4 (pattern 10_000) true pair |> ignore
              await "arrived" (fun p -> snd (received Server stream4 p)) pair

              for side in [ Client; Server ] do
                  Expect.isEmpty
                      (Set.intersect (destinations 1UL side pair) (destinations 2UL side pair))
                      $"{side}: nothing links the paths"

              pass (seconds 5.0) pair
              Expect.equal (statistics Client pair).Paths.Count 1 "the old path is forgotten"

              for number in 3UL .. 12UL do
                  Expect.isNone (migrateTo number MigrationReason.Active pair) $"another ID for route {number}"
                  await "moved" (fun p -> (currentPath Client p).Route = Nullable(route number)) pair
                  pass (seconds 2.0) pair

          testCase "the new route is probed with full datagrams that hold probing frames alone (RFC 9000 §8.2.1, §9.1)"
          <| fun () ->
              let pair = connected 1 ideal
              let before = (statistics Server pair).Paths.Count
              migrateTo 2UL MigrationReason.Active pair |> ignore
              Expect.equal (sentOn 2UL Client pair |> List.map _.Length) [ 1200 ] "one challenge"
              Expect.equal (currentPath Client pair).Route (Nullable(route 1UL)) "not moved yet"
              pass (TimeSpan.FromMilliseconds 11.0) pair
              Expect.equal (statistics Server pair).Paths.Count (before + 1) "the server knows the path"
              Expect.equal (currentPath Server pair).Route (Nullable(route 1UL)) "and does not move for a probe"
              Expect.all (sentOn 2UL Server pair) (fun datagram -> datagram.Length = 1200) "its answer is as large"

          testCase "a dead route changes nothing but is told"
          <| fun () ->
              let pair = connected 1 ideal
              withRoutes [ 2UL ] pair
              migrateTo 2UL MigrationReason.Active pair |> ignore
              transferring Client 100_000 ignore pair
              await "told" (fun p -> not (List.isEmpty (changes Client p))) pair
              Expect.equal (changes Client pair) [ route 2UL, route 1UL, true ] "it stays"
              Expect.equal (statistics Client pair).Paths.Count 1 "and forgets the other"

          testCase "where validation is deferred, data goes first, and comes back from a dead route"
          <| fun () ->
              let deferred (transport: TransportConfig) =
                  TransportConfig(DeferActiveMigrationPathValidation = true, MaxIdleTimeout = transport.MaxIdleTimeout)

              let pair = connectedWith (client deferred 1) (server 1) 1 ideal
              migrateTo 2UL MigrationReason.Active pair |> ignore
              Expect.equal (currentPath Client pair).Route (Nullable(route 2UL)) "at once"
              transferring Client 100_000 ignore pair
              await "validated" (fun p -> (currentPath Client p).IsValidated) pair
              withRoutes [ 3UL ] pair
              migrateTo 3UL MigrationReason.Active pair |> ignore
              send Client stream4 (pattern 50_000) true pair |> ignore
              await "arrived" (fun p -> snd (received Server stream4 p)) pair
              Expect.equal (currentPath Client pair).Route (Nullable(route 2UL)) "the last that was validated"

          testCase "a path that is kept is returned to as it was"
          <| fun () ->
              let keeping (_: TransportConfig) =
                  TransportConfig(MigrationRecoveryRetentionTimeout = seconds 20.0)

              let pair = connectedWith (client keeping 1) (server 1) 1 ideal
              transferring Client 300_000 ignore pair
              let before = currentPath Client pair
              migrateTo 2UL MigrationReason.Active pair |> ignore
              await "there" (fun p -> (currentPath Client p).Route = Nullable(route 2UL)) pair
              pass (seconds 5.0) pair
              Expect.isLessThan (currentPath Client pair).CongestionWindow before.CongestionWindow "begun anew"
              migrateTo 1UL MigrationReason.Active pair |> ignore
              Expect.isGreaterThanOrEqual (currentPath Client pair).CongestionWindow before.CongestionWindow "as it was"

          testCase "it is refused where it is not allowed"
          <| fun () ->
              let refused pair =
                  match migrateTo 2UL MigrationReason.Active pair with
                  | Some error -> Expect.equal error.Code LocalErrorCode.UnsupportedOperation "the code"
                  | None -> failtest "accepted"

              let early = create 1 ideal
              connect early
              refused early

              let disabling =
                  EndpointConfig(
                      Role = Role.Server,
                      Entropy = TestEntropy 77UL,
                      Calendar = (server 1).Calendar,
                      ApplicationProtocols = [| "test" |],
                      ServerIdentities = (server 1).ServerIdentities,
                      Transport = TransportConfig(DisableActiveMigration = true)
                  )

              refused (connectedWith (client id 1) disabling 1 ideal)

              let fixedClient =
                  EndpointConfig(
                      Role = Role.Client,
                      Entropy = TestEntropy 78UL,
                      Calendar = (server 1).Calendar,
                      ApplicationProtocols = [| "test" |],
                      VerifyPeer = false,
                      AllowPeerAddressChange = false
                  )

              refused (connectedWith fixedClient (server 1) 1 ideal)
              let pair = connected 1 ideal
              let request = RequestMigration(route 2UL, MigrationReason.Active, Bytes.Empty)
              let result = pair.Server.RequestMigration(pair.Now, pair.ServerConnection, &request)
              Expect.isNotNull result.LocalError "servers stay where they are"
              Expect.isNone (migrateTo 1UL MigrationReason.Active pair) "where it is already" ]

let private preferring =
    EndpointConfig(
        Role = Role.Server,
        Entropy = TestEntropy 79UL,
        Calendar = (server 1).Calendar,
        ApplicationProtocols = [| "test" |],
        ServerIdentities = (server 1).ServerIdentities,
        Transport = TransportConfig(DisableActiveMigration = true),
        PreferredAddress = PreferredAddressOffer(Net.IPEndPoint(Net.IPAddress.Parse "192.0.2.9", 443), null)
    )

let private toPreferred identity pair =
    let request =
        RequestMigration(route 2UL, MigrationReason.PreferredAddress, identity)

    let result = pair.Client.RequestMigration(pair.Now, pair.ClientConnection, &request)

    absorb Client result pair
    Option.ofObj result.LocalError

[<Tests>]
let preferredAddress =
    testList
        "scenario: preferred address (RFC 9000 §9.6)"
        [ testCase "the client hears of it once, with a connection ID to use there"
          <| fun () ->
              let pair = connectedWith (client id 1) preferring 1 ideal
              let told = told<PeerPreferredAddressAvailableEffect> Client pair |> List.exactlyOne
              Expect.equal (string told.Address.IPv4) "192.0.2.9:443" "the address"
              Expect.isFalse told.Address.ConnectionId.IsEmpty "the ID"

          for seed in 1 .. Scale.current.Seeds do
              testCase $"the client validates it and moves, and the server follows (seed {seed})"
              <| fun () ->
                  let pair = connectedWith (client id seed) preferring seed lossy

                  pair.Network <-
                      fun side passage ->
                          // The client's address is the same on both routes.
                          Some(
                              if side = Client then
                                  { passage with
                                      Identity = identity 1uy 1uy }
                              else
                                  passage
                          )

                  pair
                  |> transferring Server 200_000 (fun pair ->
                      Expect.isNone (toPreferred (identity 9uy 187uy) pair) "accepted")

                  await "both are there" (fun p -> (currentPath Server p).Route = Nullable(route 2UL)) pair
                  await "validated" (fun p -> (currentPath Server p).IsValidated) pair
                  Expect.equal (changes Client pair) [ route 1UL, route 2UL, true ] "the client"

          testCase "the server sends there no sooner than it has validated the path (RFC 9000 §9.6.2)"
          <| fun () ->
              let pair = connectedWith (client id 1) preferring 1 ideal

              pair.Network <-
                  fun side passage ->
                      Some(
                          if side = Client then
                              { passage with
                                  Identity = identity 1uy 1uy }
                          else
                              passage
                      )

              send Client stream0 [| 1uy |] false pair |> ignore
              await "the identity is known" (fun p -> not (Array.isEmpty (fst (received Server stream0 p)))) pair
              toPreferred (identity 9uy 187uy) pair |> ignore
              await "moved" (fun p -> not (List.isEmpty (changes Server p))) pair
              Expect.all (changes Server pair) (fun (_, _, isValidated) -> isValidated) "validated before"

          testCase "connection IDs to answer with precede the probe of a client that goes there at once (RFC 9000 §9.5)"
          <| fun () ->
              let deferring config =
                  having [ "DefersSends", box true ] config

              let pair = withConfigs (deferring (client id 1)) (deferring preferring) 1 ideal
              connect pair
              await "confirmed" (hasState Client StateChange.HandshakeConfirmed) pair
              Expect.isNone (toPreferred (identity 9uy 187uy) pair) "accepted"
              await "moved" (fun p -> not (List.isEmpty (changes Client p))) pair

              Expect.equal
                  (pair.Server.CountDropped DropReason.UnknownRoute)
                  0UL
                  "the server could answer the first probe"

          testCase "an address of a family that was not offered is refused"
          <| fun () ->
              let pair = connectedWith (client id 1) preferring 1 ideal
              let ipv6 = Bytes.CopyOf(ReadOnlySpan(Array.append [| 6uy |] (Array.zeroCreate 18)))
              Expect.isSome (toPreferred ipv6 pair) "IPv6"
              Expect.isSome (toPreferred Bytes.Empty (connected 1 ideal)) "none at all"

          testCase "a client that is there may migrate, whatever disable_active_migration said (RFC 9000 §18.2)"
          <| fun () ->
              let pair = connectedWith (client id 1) preferring 1 ideal
              Expect.isSome (migrateTo 3UL MigrationReason.Active pair) "not before"
              toPreferred (identity 9uy 187uy) pair |> ignore
              await "there" (fun p -> (currentPath Client p).Route = Nullable(route 2UL)) pair
              Expect.isNone (migrateTo 3UL MigrationReason.Active pair) "afterwards" ]
