module CoQuic.Engine.Tests.Scenarios.AmplificationTests

open System
open System.Collections.Generic
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Attacker
open CoQuic.Engine.Tests.Scenarios.Unmoved
open CoQuic.Tests

let private await what condition pair =
    Expect.isTrue (runUntil (TimeSpan.FromMinutes 1.0) condition pair) what

/// A server whose certificates fill many datagrams.
let private withLargeChain () =
    let own = SimulationIdentity.Create(TestEntropy 7UL, "localhost")

    let chain =
        [ own.CertificateChain[0]
          for seed in 1..4 do
              Bytes.CopyOf(ReadOnlySpan(noise 5_000 seed)) ]

    let server =
        EndpointConfig(
            Role = Role.Server,
            Entropy = TestEntropy 5UL,
            Calendar = CalendarAnchor(DateTimeOffset.UnixEpoch, origin),
            ApplicationProtocols = [| "test" |],
            ServerIdentities = SingleServerIdentity(CertificateIdentity(Array.ofList chain, own.Signer))
        )

    fun link -> Pair.withConfigs (Pair.clientConfig 3UL) server 3 link

/// Steps until nothing happens any more, and checks what the server has sent at every step.
let private runLimited pair =
    let mutable steps = 0

    let received, sent =
        Dictionary<ConnectionHandle, uint64>(), Dictionary<ConnectionHandle, uint64>()

    while steps < 10_000 && (closeReason Server pair).IsNone && step pair do
        steps <- steps + 1

        match pair.Server.GetStatistics pair.ServerConnection with
        | null -> ()
        | statistics ->
            received[pair.ServerConnection] <- statistics.BytesReceived
            sent[pair.ServerConnection] <- statistics.BytesSent

            Expect.isLessThanOrEqual
                statistics.BytesSent
                (AntiAmplification.Factor * statistics.BytesReceived)
                "three times what was received"

    Seq.sum received.Values, Seq.sum sent.Values

[<Tests>]
let tests =
    testList
        "scenario: anti-amplification (RFC 9000 §8.1)"
        [ testCase "a server whose client falls silent sends at most three times what it received"
          <| fun () ->
              let pair = withLargeChain () ideal
              pair.Tamper <- fun side number bytes -> if side = Client && number > 0 then Bytes.Empty else bytes
              connect pair
              let received, sent = runLimited pair
              Expect.equal received 1200UL "one datagram came in"
              Expect.isGreaterThan sent 2400UL "the credit is used"
              Expect.isLessThanOrEqual sent 3600UL "and not exceeded"

          testCase "so does one whose client asks again and again, and never shows that it hears"
          <| fun () ->
              let pair = withLargeChain () ideal
              pair.Tamper <- fun side _ bytes -> if side = Server then Bytes.Empty else bytes
              connect pair
              let received, sent = runLimited pair
              Expect.isGreaterThan received 1200UL "the client goes on asking"
              Expect.isGreaterThan sent 3600UL "the server goes on answering"

          testCase "garbage sent to a connection in somebody else's name is answered with no more either"
          <| fun () ->
              let pair = withLargeChain () ideal
              pair.Tamper <- fun side number bytes -> if side = Client && number > 0 then Bytes.Empty else bytes
              connect pair
              let genuine = (told<SendDatagramEffect> Client pair |> List.head).Bytes.ToArray()
              await "the server has answered" (fun p -> p.ServerConnection <> ConnectionHandle.None) pair

              for seed in 1..30 do
                  strike Server (Array.append (Array.truncate 20 genuine) (noise (37 * seed) seed)) pair

              runLimited pair |> ignore

          for seed in 1 .. Scale.current.Seeds do
              testCase $"the handshake with a large chain completes, though packets are lost (seed {seed})"
              <| fun () ->
                  let pair =
                      withLargeChain
                          ()
                          { ideal with
                              Loss = 0.1
                              Drop = Set.singleton (seed % 5) }

                  connect pair
                  await "confirmed" confirmed pair ]
