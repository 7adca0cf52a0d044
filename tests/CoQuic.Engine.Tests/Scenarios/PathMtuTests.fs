module CoQuic.Engine.Tests.Scenarios.PathMtuTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Paths
open CoQuic.Tests

/// A link that carries so much.
let private carrying (bytes: int) pair =
    pair.Network <- fun _ passage -> if passage.Length > bytes then None else Some passage

let private configs ceiling (transport: TransportConfig) seed =
    let calendar = CalendarAnchor(DateTimeOffset.UnixEpoch, origin)

    EndpointConfig(
        Role = Role.Client,
        Entropy = TestEntropy(uint64 seed),
        Calendar = calendar,
        ApplicationProtocols = [| "test" |],
        VerifyPeer = false,
        MaxOutboundDatagramSize = ceiling,
        Transport = transport
    ),
    EndpointConfig(
        Role = Role.Server,
        Entropy = TestEntropy(uint64 seed + 99UL),
        Calendar = calendar,
        ApplicationProtocols = [| "test" |],
        ServerIdentities = SingleServerIdentity(SimulationIdentity.Create(TestEntropy 7UL, "localhost")),
        MaxOutboundDatagramSize = ceiling,
        Transport = transport
    )

let private between ceiling (transport: TransportConfig) seed link =
    let client, server = configs ceiling transport seed
    connectedWith client server seed link

let private jumbo =
    TransportConfig(PmtudMaxDatagramSize = 65527, MaxDatagramFrameSize = 65535UL)

let private size side pair = (currentPath side pair).DatagramSize

let private isFound side pair =
    (currentPath side pair).Mtu = MtuState.SearchComplete

let private fast =
    { ideal with
        Delay = TimeSpan.FromMilliseconds 1.0 }

let private quoted pair =
    let datagram = sentOn 1UL Client pair |> List.last
    datagram.Slice(0, min 64 datagram.Length)

let private notify size (packet: Bytes) pair =
    let update = PathMtuUpdate(route 1UL, size, packet)
    absorb Client (pair.Client.UpdatePathMtu(pair.Now, &update)) pair

[<Tests>]
let tests =
    testList
        "scenario: path MTU discovery (RFC 9000 §14.3)"
        [ testCase "a path of Ethernet's size is found in a few round trips, by probes that say so"
          <| fun () ->
              let pair = connected 1 fast
              await "found" (fun p -> isFound Client p && isFound Server p) pair
              Expect.equal (size Client pair) 1452 "an address of unknown family"

              let probes = told<SendDatagramEffect> Client pair |> List.filter _.IsPmtuProbe

              Expect.equal (probes |> List.map _.Bytes.Length) [ 1452 ] "one probe"

              Expect.all
                  (told<SendDatagramEffect> Client pair)
                  (fun run -> run.IsPmtuProbe || run.SegmentSize <= 1452)
                  "nothing else is large"

          testCase "over IPv4 twenty bytes more fit"
          <| fun () ->
              let pair = create 1 fast

              openConnection (OpenConnection(Route = route 1UL, AddressValidationIdentity = identity 1uy 1uy)) pair

              await "found" (fun p -> confirmed p && isFound Client p) pair
              Expect.equal (size Client pair) 1472 "1500 - 20 - 8"

          testCase "where it is off, no datagram exceeds 1200 bytes"
          <| fun () ->
              let pair = between 65527 (TransportConfig(PmtudEnabled = false)) 1 fast
              transferring Client 100_000 ignore pair
              Expect.all (told<SendDatagramEffect> Client pair) (fun run -> run.SegmentSize <= 1200) "all are small"

          testCase "on a path like loopback datagrams grow to 65,527 bytes where that is configured"
          <| fun () ->
              let pair = between 65527 jumbo 1 fast
              transferring Client 3_000_000 ignore pair
              await "found" (isFound Client) pair
              Expect.equal (size Client pair) 65527 "the most that a datagram holds"
              transferringOn stream4 Client 200_000 ignore pair

              Expect.exists
                  (told<SendDatagramEffect> Client pair)
                  (fun run -> not run.IsPmtuProbe && run.SegmentSize > 65_000)
                  "and data is sent in such"

          testCase "the peer's max_udp_payload_size bounds them (RFC 9000 §18.2)"
          <| fun () ->
              let client, _ = configs 65527 jumbo 1
              let _, server = configs 65527 (TransportConfig(MaxUdpPayloadSize = 5000)) 1
              let pair = connectedWith client server 1 fast
              transferring Client 300_000 ignore pair
              await "found" (isFound Client) pair
              Expect.equal (size Client pair) 5000 "no more than the server takes"

          for seed in 1 .. Scale.current.Seeds do
              testCase $"a path that carries less while a transfer is under way is survived (seed {seed})"
              <| fun () ->
                  let pair =
                      between
                          65527
                          jumbo
                          seed
                          { fast with
                              Loss = 0.01
                              Jitter = TimeSpan.FromMilliseconds 0.2 }

                  pair
                  |> transferring Client 3_000_000 (fun pair ->
                      await "grown" (fun p -> size Client p > 20_000) pair
                      carrying (if seed % 2 = 0 then 1400 else 9000) pair)

                  transferringOn stream4 Client 500_000 ignore pair

                  Expect.isLessThanOrEqual
                      (size Client pair)
                      (if seed % 2 = 0 then 1400 else 9000)
                      "and the size follows"

          testCase "a black hole for large packets alone is found, and what gets through is found as well"
          <| fun () ->
              let pair = connected 1 fast
              await "found" (fun p -> isFound Client p && isFound Server p) pair
              carrying 1300 pair
              transferring Client 300_000 ignore pair
              await "found anew" (isFound Client) pair
              Expect.isLessThanOrEqual (size Client pair) 1300 "no more than the path carries"
              Expect.isGreaterThan (size Client pair) (1300 - MtuSearch.SmallestStep) "nor much less"

          testCase "a lost probe is no sign of congestion (RFC 9000 §14.4)"
          <| fun () ->
              let client, server = configs 65527 (TransportConfig(PmtudMaxDatagramSize = 1400)) 1
              let pair = withConfigs client server 1 fast
              carrying 1399 pair
              connect pair
              await "confirmed" confirmed pair
              let window = (currentPath Client pair).CongestionWindow
              await "refuted" (isFound Client) pair
              Expect.isGreaterThan (statistics Client pair).PacketsLost 2UL "probes were lost"
              Expect.isGreaterThanOrEqual (currentPath Client pair).CongestionWindow window "the window stays"

          testCase "a DATAGRAM may be as large as the path carries, and no larger"
          <| fun () ->
              let transport =
                  TransportConfig(MaxDatagramFrameSize = 65535UL, PmtudMaxDatagramSize = 9000)

              let pair = between 9000 transport 1 fast

              let trySend length =
                  let data = SendDatagramData(Bytes.CopyOf(ReadOnlySpan(pattern length)), 0)

                  let result = pair.Client.SendDatagram(pair.Now, pair.ClientConnection, &data)

                  absorb Client result pair
                  isNull result.LocalError

              Expect.isFalse (trySend 1300) "not before it is found"
              transferring Client 100_000 ignore pair
              await "found" (isFound Client) pair
              Expect.isTrue (trySend 8_900) "the path carries it"
              Expect.isFalse (trySend 9_000) "but no header beside it"
              await "it arrives" (fun p -> not (List.isEmpty (told<ReceiveDatagramDataEffect> Server p))) pair

          testCase "a notice of the host counts when it quotes a packet of ours (RFC 9000 §14.2.1)"
          <| fun () ->
              let provisional = TransportConfig(PmtudProvisionalIcmpReductions = true)
              let pair = between 1472 provisional 1 fast
              await "found" (isFound Client) pair
              notify 1300 (Bytes.CopyOf(ReadOnlySpan(pattern 64))) pair
              Expect.equal (size Client pair) 1452 "not ours"
              notify 1100 (quoted pair) pair
              Expect.equal (size Client pair) 1452 "no path carries so little"
              notify 9000 (quoted pair) pair
              Expect.equal (size Client pair) 1452 "no notice raises it"
              notify 1300 (quoted pair) pair
              Expect.equal (size Client pair) 1300 "ours"

          testCase "one that is not provisional waits for a loss"
          <| fun () ->
              let pair = connected 1 fast
              await "found" (isFound Client) pair
              notify 1300 (quoted pair) pair
              Expect.equal (size Client pair) 1452 "only heard"
              carrying 1300 pair
              transferring Client 30_000 ignore pair
              Expect.isLessThanOrEqual (size Client pair) 1300 "and believed"

          testCase "a notice for a route that is not ours changes nothing"
          <| fun () ->
              let pair = connected 1 fast
              await "found" (isFound Client) pair
              let update = PathMtuUpdate(route 8UL, 1300, Bytes.Empty)
              absorb Client (pair.Client.UpdatePathMtu(pair.Now, &update)) pair
              carrying 1452 pair
              transferring Client 30_000 ignore pair
              Expect.equal (size Client pair) 1452 "as it was" ]
