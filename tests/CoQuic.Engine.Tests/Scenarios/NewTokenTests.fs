module CoQuic.Engine.Tests.Scenarios.NewTokenTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Attacker
open CoQuic.Engine.Tests.Scenarios.Initials

let private await what condition pair =
    Expect.isTrue (runUntil (TimeSpan.FromMinutes 1.0) condition pair) what

let private tokensOf pair =
    told<NewTokenAvailableEffect> Client pair |> List.map (fun told -> told.Token)

let private pairWith settings =
    Pair.withConfigs (clientConfig 1UL) (having settings (serverConfig "test" 1UL)) 1 ideal

/// A pair whose first connection is confirmed, and the token that its client was given.
let private withToken settings =
    let pair = pairWith settings
    connect pair
    await "a token" (fun p -> not (tokensOf p).IsEmpty) pair
    pair, (tokensOf pair).Head

let private connectWith token pair =
    openConnection (OpenConnection(Route = RouteHandle 1UL, Token = token)) pair

let private confirmedAgain pair =
    (told<StateEventEffect> Client pair
     |> List.filter (fun event -> event.Change = StateChange.HandshakeConfirmed))
        .Length
        =
        2

/// How many Retry packets the next connection is answered with, when it brings a token.
let private retriesWith token pair =
    let before = (retries pair).Length
    connectWith token pair
    await "served" confirmedAgain pair
    (retries pair).Length - before

let private demanding = [ "RetryEnabled", box true ]

[<Tests>]
let tests =
    testList
        "scenario: NEW_TOKEN (RFC 9000 §8.1.3, §19.7)"
        [ for count in [ 0; 1; 3 ] do
              testCase $"a server gives {count} tokens when the handshake is confirmed, as configured"
              <| fun () ->
                  let pair = pairWith [ "NewTokensPerConnection", count ]
                  connect pair
                  await "confirmed" confirmed pair
                  pair.Tamper <- fun _ _ bytes -> bytes
                  runUntil (TimeSpan.FromSeconds 2.0) (fun _ -> false) pair |> ignore
                  Expect.hasLength (List.distinct (tokensOf pair)) count "each another"
                  Expect.hasLength (tokensOf pair) count "each once"

          testCase "a token that is lost is sent again"
          <| fun () ->
              let pair = pairWith []
              // The first datagrams of the server after the handshake: NEW_TOKEN is among what they carry.
              let mutable lost = 0

              pair.Tamper <-
                  fun side _ bytes ->
                      if side = Server && lost < 2 && hasState Client StateChange.HandshakeReady pair then
                          lost <- lost + 1
                          Bytes.Empty
                      else
                          bytes

              connect pair
              await "it arrives" (fun p -> not (tokensOf p).IsEmpty) pair
              Expect.isGreaterThan lost 0 "something was lost"

          testCase "a client that brings one is not asked for a Retry"
          <| fun () ->
              let pair, token = withToken demanding
              Expect.equal (retriesWith token pair) 0 "known"

          testCase "a client that brings one is known by its address, whatever its port"
          <| fun () ->
              let pair, token = withToken demanding
              pair.ClientAddress <- address4 "192.0.2.1" 9999
              Expect.equal (retriesWith token pair) 0 "known"

          testCase "from another address it validates nothing: Retry, and then all is well"
          <| fun () ->
              let pair, token = withToken demanding
              pair.ClientAddress <- address4 "192.0.2.9" 4321
              Expect.equal (retriesWith token pair) 1 "not known there"

          testCase "used a second time it validates nothing"
          <| fun () ->
              let pair, token = withToken demanding
              Expect.equal (retriesWith token pair) 0 "once"
              let before = (retries pair).Length
              connectWith token pair
              await "a Retry" (fun p -> (retries p).Length > before) pair

          testCase "expired it validates nothing"
          <| fun () ->
              let pair, token = withToken demanding
              pair.Now <- pair.Now + TimeSpan.FromHours 25.0
              let before = (retries pair).Length
              connectWith token pair
              await "a Retry" (fun p -> (retries p).Length > before) pair

          testCase "with one the amplification limit does not hold the server up (RFC 9000 §8.1)"
          <| fun () ->
              let own = SimulationIdentity.Create(TestEntropy 7UL, "localhost")
              let chain = [| own.CertificateChain[0]; bytesOf (Array.create 9_000 1uy) |]
              let large = SingleServerIdentity(CertificateIdentity(chain, own.Signer))
              let pair, token = withToken [ "ServerIdentities", box large ]

              /// What the server sends before it hears the client a second time.
              let firstFlight token =
                  let handles = pair.Server.ConnectionCount
                  pair.Tamper <- fun side _ bytes -> if side = Server then Bytes.Empty else bytes
                  connectWith token pair
                  await "accepted" (fun p -> p.Server.ConnectionCount > handles) pair
                  let statistics = pair.Server.GetStatistics pair.ServerConnection |> nonNull
                  pair.Flight.Clear()
                  statistics.BytesSent

              Expect.isLessThanOrEqual (firstFlight Bytes.Empty) 3600UL "three times 1200"
              Expect.isGreaterThan (firstFlight token) 9000UL "all of it"

          testCase "a token of a Retry is no token for later"
          <| fun () ->
              let pair, _ = withToken demanding
              let retry = (retries pair).Head
              let _, source = longHeaderIds retry
              let start = 7 + int retry[5] + source.Length
              let token = retry.Slice(start, retry.Length - start - 16)
              connectWith token pair
              await "it ends" (fun p -> (closeReason Client p).IsSome) pair
              Expect.equal (closeReason Client pair).Value.Code (uint64 TransportErrorCode.InvalidToken) "INVALID_TOKEN"

          testCase "a token that no Initial has room for is not told, and not taken"
          <| fun () ->
              let pair = Unmoved.openDefaultPair ()
              connect pair
              await "a token" (fun p -> not (tokensOf p).IsEmpty) pair

              let newToken length =
                  Array.concat [ varints [ 7UL; uint64 length ]; Array.create length 1uy ]

              let before = (tokensOf pair).Length
              strike Client (seal EncryptionLevel.OneRtt Client (newToken 901) pair) pair
              Expect.hasLength (tokensOf pair) before "nothing"
              Expect.isNone (closeReason Client pair) "and no error"

              let mutable handle = ConnectionHandle.None
              let input = OpenConnection(Token = bytesOf (Array.zeroCreate<byte> 901))
              let result = pair.Client.OpenConnection(pair.Now, input, &handle)
              Expect.equal (nonNull result.LocalError).Code LocalErrorCode.UnsupportedOperation "refused" ]
