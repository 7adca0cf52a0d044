/// A ClientHello that is larger than a datagram: with a share of X25519MLKEM768 it always is.
module CoQuic.Engine.Tests.Scenarios.LargeClientHelloTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Attacker
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Tests

let private groups = [| NamedGroup.X25519MlKem768; NamedGroup.X25519 |]

/// Copies of the configurations with the hybrid group before the usual one.
let private pairOver seed link =
    let client = Pair.clientConfig (uint64 seed)
    let server = Pair.serverConfig "test" (uint64 seed)

    let client =
        EndpointConfig(
            Role = Role.Client,
            Entropy = client.Entropy,
            Calendar = client.Calendar,
            ApplicationProtocols = client.ApplicationProtocols,
            VerifyPeer = false,
            Groups = groups
        )

    let server =
        EndpointConfig(
            Role = Role.Server,
            Entropy = server.Entropy,
            Calendar = server.Calendar,
            ApplicationProtocols = server.ApplicationProtocols,
            ServerIdentities = server.ServerIdentities,
            Groups = groups
        )

    Pair.withConfigs client server seed link

let private await what condition pair =
    Expect.isTrue (runUntil (TimeSpan.FromMinutes 1.0) condition pair) what

let private firstFlight pair =
    told<SendDatagramEffect> Client pair |> List.collect datagrams

[<Tests>]
let tests =
    testList
        "scenario: large ClientHello"
        [ testCase "it takes two datagrams of full size, and the hybrid group is settled"
          <| fun () ->
              let pair = pairOver 1 ideal
              connect pair

              Expect.equal
                  [ for datagram in firstFlight pair -> datagram.Length ]
                  [ 1200; 1200 ]
                  "each is padded (RFC 9000 §14.1)"

              await "confirmed" confirmed pair

              for side in [ Client; Server ] do
                  match told<HandshakeInformationEffect> side pair with
                  | [ information ] -> Expect.equal information.Group NamedGroup.X25519MlKem768 "the group"
                  | other -> failtest $"{other.Length} of them"

          testCase "a server accepts a connection by either half, and acknowledges it before it understands"
          <| fun () ->
              for lost in 0..1 do
                  let pair = pairOver 2 ideal

                  pair.Tamper <-
                      fun side number bytes ->
                          if side = Client && number = lost then
                              Bytes.Empty
                          else
                              bytes

                  connect pair

                  await "accepted" (fun pair -> pair.ServerConnection <> ConnectionHandle.None) pair
                  Expect.isEmpty (told<HandshakeInformationEffect> Server pair) "half is not enough"
                  await "confirmed" confirmed pair

          testCase "a client that falls silent after one half is sent no more than three times as much"
          <| fun () ->
              let pair = pairOver 3 ideal
              pair.Tamper <- fun side number bytes -> if side = Client && number > 0 then Bytes.Empty else bytes
              connect pair
              await "the server gives up" (fun pair -> (closeReason Server pair).IsSome) pair

              let sent = told<SendDatagramEffect> Server pair |> List.sumBy _.Bytes.Length

              Expect.isGreaterThan sent 0 "an acknowledgement"
              Expect.isLessThanOrEqual sent 3600 "three times one datagram"

          testCase "the halves may come in the other order"
          <| fun () ->
              let pair = pairOver 4 ideal
              connect pair
              let halves = firstFlight pair
              pair.Flight.Clear()

              for half in List.rev halves do
                  strike Server (half.ToArray()) pair

              await "confirmed" confirmed pair

          for seed in 1 .. Scale.current.Seeds do
              testCase $"it arrives over a link that loses a fifth (seed {seed})"
              <| fun () ->
                  let pair =
                      pairOver
                          seed
                          { ideal with
                              Loss = 0.2
                              Jitter = TimeSpan.FromMilliseconds 20.0 }

                  connect pair
                  await "confirmed" confirmed pair ]
