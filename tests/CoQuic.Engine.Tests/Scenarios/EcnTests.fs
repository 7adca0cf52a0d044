module CoQuic.Engine.Tests.Scenarios.EcnTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Paths
open CoQuic.Tests

/// A network that does this to the mark of each datagram.
let private marking change pair =
    pair.Network <-
        fun side passage ->
            Some
                { passage with
                    Ecn = change side passage.Ecn }

let private isMarked ecn =
    ecn = EcnCodepoint.Ect0 || ecn = EcnCodepoint.Ect1

let private state side pair = (currentPath side pair).Ecn

let private marks side pair =
    told<SendDatagramEffect> side pair |> List.map _.Ecn

[<Tests>]
let tests =
    testList
        "scenario: ECN (RFC 9000 §13.4)"
        [ testCase "a network that leaves marks alone is found capable, and all is marked"
          <| fun () ->
              let pair = connected 1 ideal
              transferring Client 100_000 ignore pair
              Expect.equal (state Client pair) EcnState.Capable "the client's path"
              Expect.equal (state Server pair) EcnState.Capable "the server's path"
              Expect.equal (List.last (marks Client pair)) EcnCodepoint.Ect0 "marked"
              Expect.equal (List.head (marks Client pair)) EcnCodepoint.NotEct "but for the first flight"

          testCase "bleaching is noticed, and marking ends"
          <| fun () ->
              let pair = create 1 ideal
              marking (fun _ _ -> EcnCodepoint.NotEct) pair
              connect pair
              await "confirmed" confirmed pair
              transferring Client 50_000 ignore pair
              Expect.equal (state Client pair) EcnState.Failed "the client's path"
              Expect.equal (List.last (marks Client pair)) EcnCodepoint.NotEct "unmarked"

          testCase "so is remarking, to the other codepoint or of all as congestion's"
          <| fun () ->
              for mark in [ EcnCodepoint.Ect1; EcnCodepoint.NotEct ] do
                  let pair = create 1 ideal
                  marking (fun _ ecn -> if isMarked ecn then mark else ecn) pair
                  connect pair
                  await "confirmed" confirmed pair
                  transferring Client 50_000 ignore pair
                  Expect.equal (state Client pair) EcnState.Failed $"{mark}"

          testCase "a host that cannot tell marks reports none, and none are sent any more"
          <| fun () ->
              let pair = create 1 ideal
              marking (fun _ _ -> EcnCodepoint.Unavailable) pair
              connect pair
              await "confirmed" confirmed pair
              transferring Client 50_000 ignore pair
              Expect.equal (state Client pair) EcnState.Failed "the client's path"

          testCase "acknowledgments that overtake each other fail nothing (RFC 9000 §13.4.2.1)"
          <| fun () ->
              let pair =
                  connected
                      1
                      { ideal with
                          Jitter = TimeSpan.FromMilliseconds 15.0 }

              transferring Client 300_000 ignore pair
              Expect.equal (state Client pair) EcnState.Capable "the client's path"

          testCase "marks that stop getting through in the middle end as well"
          <| fun () ->
              let pair = connected 1 ideal
              transferring Client 50_000 ignore pair
              Expect.equal (state Client pair) EcnState.Capable "at first"
              marking (fun _ _ -> EcnCodepoint.NotEct) pair
              send Client stream4 (pattern 50_000) true pair |> ignore
              await "arrived" (fun p -> snd (received Server stream4 p)) pair
              Expect.equal (state Client pair) EcnState.Failed "later"

          testCase "a network that loses what is marked does not prevent a connection"
          <| fun () ->
              let pair = create 1 ideal
              pair.Network <- fun _ passage -> if isMarked passage.Ecn then None else Some passage
              connect pair
              await "confirmed" confirmed pair
              transferring Client 50_000 ignore pair
              transferringOn stream4 Server 10_000 ignore pair

          testCase "congestion that is marked reduces the window, and nothing is lost"
          <| fun () ->
              let windowAfter change =
                  let pair = connected 1 ideal
                  marking change pair
                  transferring Client 1_000_000 ignore pair
                  Expect.equal (statistics Client pair).PacketsLost 0UL "nothing was lost"
                  (currentPath Client pair).CongestionWindow

              let mutable sent = 0

              let everyHundredth side ecn =
                  sent <- sent + 1

                  if side = Client && sent % 100 = 0 && isMarked ecn then
                      EcnCodepoint.Ce
                  else
                      ecn

              Expect.isLessThan (windowAfter everyHundredth) (windowAfter (fun _ ecn -> ecn)) "the sender slows down"

          testCase "the other policy marks with ECT(1)"
          <| fun () ->
              let transport = TransportConfig(EcnPolicy = EcnPolicy.Rfc8311Ect1)

              let pair =
                  connectedWith (clientWith transport 1UL) (serverConfig "test" 1UL) 1 ideal

              transferring Client 50_000 ignore pair
              Expect.equal (List.last (marks Client pair)) EcnCodepoint.Ect1 "the mark"
              Expect.equal (state Client pair) EcnState.Capable "it is counted as such"

          for seed in 1 .. Scale.current.Seeds do
              testCase $"marks, bleaching and losses at random: all bytes arrive (seed {seed})"
              <| fun () ->
                  let pair = connected seed { ideal with Loss = 0.02 }
                  let random = Random seed

                  marking
                      (fun _ ecn ->
                          match random.Next 20 with
                          | 0 when isMarked ecn -> EcnCodepoint.Ce
                          | 1 -> EcnCodepoint.NotEct
                          | _ -> ecn)
                      pair

                  transferring Client 200_000 ignore pair
                  transferringOn stream4 Server 10_000 ignore pair

          testCase "a new path is tested anew"
          <| fun () ->
              let pair = connected 1 ideal
              transferring Client 50_000 ignore pair

              pair.Network <-
                  fun _ passage ->
                      Some(
                          if passage.Route = route 2UL then
                              { passage with
                                  Ecn = EcnCodepoint.NotEct }
                          else
                              passage
                      )

              migrateTo 2UL MigrationReason.Active pair |> ignore
              await "moved" (fun p -> (currentPath Client p).Route = Nullable(route 2UL)) pair
              send Client stream4 (pattern 50_000) true pair |> ignore
              await "arrived" (fun p -> snd (received Server stream4 p)) pair
              Expect.equal (currentPath Client pair).Route (Nullable(route 2UL)) "moved"
              Expect.equal (state Client pair) EcnState.Failed "the new path bleaches" ]

[<Tests>]
let spin =
    testList
        "scenario: latency spin bit (RFC 9000 §17.4)"
        [ testCase "one wave a round trip, where both sides spin"
          <| fun () ->
              let spinning = TransportConfig(EnableLatencySpinBit = true)

              let transitions seed =
                  let server = serverConfig "test" (uint64 seed)

                  let config =
                      EndpointConfig(
                          Role = Role.Server,
                          Entropy = server.Entropy,
                          Calendar = server.Calendar,
                          ApplicationProtocols = server.ApplicationProtocols,
                          ServerIdentities = server.ServerIdentities,
                          Transport = spinning
                      )

                  let pair = connectedWith (clientWith spinning (uint64 seed)) config seed ideal
                  let start = pair.Now
                  transferring Client 500_000 ignore pair

                  let bits =
                      sentOn 1UL Client pair
                      |> List.filter (fun datagram -> datagram[0] &&& 0x80uy = 0uy)
                      |> List.map (fun datagram -> datagram[0] &&& 0x20uy)

                  let waves =
                      bits |> List.pairwise |> List.filter (fun (a, b) -> a <> b) |> List.length

                  float waves, (pair.Now - start) / TimeSpan.FromMilliseconds 20.0

              let spun =
                  [ for seed in 1..8 -> transitions seed ]
                  |> List.filter (fun (waves, _) -> waves > 0.0)

              Expect.isGreaterThan spun.Length 3 "most connections spin"

              for waves, roundTrips in spun do
                  Expect.isLessThan (abs (waves - roundTrips)) (0.5 * roundTrips + 2.0) "about one edge a round trip" ]
