/// Whole connections over links that no one would want. Each scenario runs over as many seeds as the scale says (20, or 200 at full
/// scale), and after every input `Invariants` holds: time moves on, closed means silent, bytes come once and in order, and no more is in
/// flight than the window allows.
///
/// | scenario | test list |
/// | --- | --- |
/// | handshake with 30 % loss in both directions | here, "rough links" |
/// | 2 % loss, bursts, reordering, duplication and corruption during a transfer | here, "rough links" |
/// | 750 ms of round trip | here, "rough links" |
/// | a black hole of 2 seconds every 5 seconds | here, "rough links" |
/// | two streams of which one reader stalls while the other runs on | here, "rough links" |
/// | 10,000 connections (quick: 1,000) whose timers are due in one instant | here, "one instant" |
/// | NAT rebinding in mid-transfer | `MigrationTests`, "NAT rebinding" |
/// | preferred address | `MigrationTests`, "preferred address" |
/// | 0-RTT accepted, refused and lost | `ZeroRttTests`, "0-RTT: bad links" |
/// | key updates under reordering | `KeyUpdateTests`, "key updates" |
/// | ECN marks and bleaching | `EcnTests`, "ECN" |
/// | MTU shrinking under way | `PathMtuTests`, "path MTU discovery" |
module CoQuic.Engine.Tests.Scenarios.RoughLinkTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Paths
open CoQuic.Engine.Tests.Scenarios.Traces
open CoQuic.Tests

let private ms (value: float) = TimeSpan.FromMilliseconds value
let private seconds (value: float) = TimeSpan.FromSeconds value

/// Endpoints that wait longer than people would.
let private patient =
    TransportConfig(HandshakeTimeout = TimeSpan.FromMinutes 2.0, MaxIdleTimeout = TimeSpan.FromMinutes 2.0)

let private patientPair (seed: int) link =
    let settings: (string * objnull) list = [ "Transport", box patient ]

    withConfigs
        (clientConfig (uint64 seed) |> having settings)
        (serverConfig "test" (uint64 seed) |> having settings)
        seed
        link

/// Loses datagrams in bursts: while one lasts, all but a few are lost (Gilbert and Elliott's model).
let private losingInBursts (seed: int) pair =
    let random = Random(seed + 1_000)
    let mutable isBurst = false

    pair.Network <-
        fun _ passage ->
            isBurst <- if isBurst then random.Next 4 <> 0 else random.Next 150 = 0
            if isBurst && random.Next 8 <> 0 then None else Some passage

/// Flips one bit of every fiftieth datagram, or so.
let private corrupting (seed: int) pair =
    let random = Random(seed + 2_000)

    pair.Tamper <-
        fun _ _ bytes ->
            if random.Next 50 <> 0 then
                bytes
            else
                let damaged = bytes.ToArray()
                let at = random.Next damaged.Length
                damaged[at] <- damaged[at] ^^^ (1uy <<< random.Next 8)
                bytesOf damaged

/// Nothing passes in the last two of every five seconds.
let private withBlackHoles pair =
    pair.Network <-
        fun _ passage ->
            let second = (pair.Now - origin).TotalSeconds % 5.0
            if second >= 3.0 then None else Some passage

/// Both sides send at the same time; all arrives once and in order.
let private exchanging length pair =
    let data = pattern length
    let stream1 = StreamId 1UL
    Expect.isNone (send Client stream0 data true pair) "taken"
    Expect.isNone (send Server stream1 data true pair) "taken"

    let isDone pair =
        snd (received Server stream0 pair) && snd (received Client stream1 pair)

    Expect.isTrue (runUntil (TimeSpan.FromMinutes 5.0) isDone pair) "both ends arrive"
    Expect.isTrue (fst (received Server stream0 pair) = data) "what the server received"
    Expect.isTrue (fst (received Client stream1 pair) = data) "what the client received"

let private confirmedIn limit pair =
    connect pair
    Expect.isTrue (runUntil limit confirmed pair) "the handshake is confirmed"

let private handshakeThroughLoss seed =
    let pair = patientPair seed { ideal with Loss = 0.3 }
    confirmedIn (TimeSpan.FromMinutes 2.0) pair
    exchanging 2_000 pair

let private everythingAtOnce seed =
    let pair =
        patientPair
            seed
            { ideal with
                Loss = 0.02
                Jitter = ms 5.0
                Duplication = 0.02 }

    confirmedIn minute pair
    losingInBursts seed pair
    corrupting seed pair
    exchanging 200_000 pair

let private farAway seed =
    let pair =
        patientPair
            seed
            { ideal with
                Delay = ms 375.0
                Loss = 0.01 }

    confirmedIn minute pair
    exchanging 200_000 pair

/// A client that writes for a quarter of a minute, whatever becomes of it.
let private throughBlackHoles (seed: int) =
    let pair = patientPair seed { ideal with Delay = ms 25.0 }
    withBlackHoles pair
    confirmedIn minute pair
    let data = pattern 300_000

    for piece in Array.chunkBySize 10_000 data do
        Expect.isNone (send Client stream0 piece false pair) "taken"
        pass (ms (450.0 + float (seed % 10) * 10.0)) pair

    Expect.isNone (send Client stream0 [||] true pair) "the end"
    await "the end arrives" (fun pair -> snd (received Server stream0 pair)) pair
    Expect.isTrue (fst (received Server stream0 pair) = data) "all bytes"

let private consume stream length pair =
    absorb Server (pair.Server.ConsumeStreamData(pair.Now, pair.ServerConnection, stream, uint64 length)) pair

let private lengthOf stream pair =
    told<ReceiveStreamDataEffect> Server pair
    |> List.filter (fun part -> part.StreamId = stream)
    |> List.sumBy _.Bytes.Length

/// The server's application reads one stream as it comes, and does not look at the other.
let private oneReaderStalls (seed: int) =
    let explicitCredit =
        TransportConfig(
            ReceiveCredit = ReceiveCredit.Explicit,
            InitialMaxStreamDataBidiRemote = 20_000UL,
            MaxStreamWindow = 0UL
        )

    let pair =
        connectedWith
            (clientConfig (uint64 seed))
            (serverConfig "test" (uint64 seed) |> having [ "Transport", explicitCredit ])
            seed
            { ideal with
                Loss = 0.01
                Jitter = ms 2.0 }

    let data = pattern 100_000
    Expect.isNone (send Client stream0 data true pair) "taken"
    Expect.isNone (send Client stream4 data true pair) "taken"

    /// Reads a stream to its end.
    let rec read stream consumed =
        if not (snd (received Server stream pair)) then
            let reaches pair =
                lengthOf stream pair > consumed || snd (received Server stream pair)

            await $"{stream} goes on behind {consumed}" reaches pair
            let length = lengthOf stream pair
            consume stream (length - consumed) pair
            read stream length

    read stream4 0
    Expect.equal (lengthOf stream0 pair) 20_000 "the other has filled its window"
    Expect.isTrue (fst (received Server stream4 pair) = data) "all of the one that is read"
    consume stream0 20_000 pair
    read stream0 20_000
    Expect.isTrue (fst (received Server stream0 pair) = data) "all of the other in the end"

let private overSeeds name scenario =
    [ for seed in 1 .. Scale.current.Seeds do
          testCase $"{name} (seed {seed})" <| fun () -> scenario seed ]

/// A client that receives for a while, and has nothing to say but what has come.
let private downloading loss =
    let pair =
        withConfigs (clientConfig 1UL |> tracing) (serverConfig "test" 1UL) 1 { ideal with Loss = loss }

    connect pair
    await "confirmed" confirmed pair
    Expect.isNone (send Client stream0 [| 1uy |] true pair) "the request"
    await "the request arrives" (fun pair -> snd (received Server stream0 pair)) pair
    Expect.isNone (send Server stream0 (pattern 1_500_000) true pair) "the answer"
    await "the answer arrives" (fun pair -> snd (received Client stream0 pair)) pair

    packetsOf QlogPacketType.OneRtt Client pair
    |> List.filter (fun packet -> not packet.IsMtuProbe)

let private has<'frame when 'frame :> QlogFrame> (packet: QlogPacketSent) =
    not (framesOf<'frame> [ packet ]).IsEmpty

[<Tests>]
let silence =
    testList
        "scenario: a receiver that only acknowledges (RFC 9000 §13.2.4)"
        [ testCase "asks for an acknowledgment now and then, so that it can forget what it told"
          <| fun () ->
              let packets = downloading 0.03
              let asking = packets |> List.filter has<QlogPingFrame>

              let silent =
                  packets
                  |> List.filter (fun packet -> packet.Frames.Count = 1 && has<QlogAckFrame> packet)

              Expect.isNonEmpty asking "some ask"
              Expect.all asking has<QlogAckFrame> "with an acknowledgment"

              Expect.isGreaterThan
                  silent.Length
                  (asking.Length * 30)
                  "few, lest acknowledgments answer each other for ever"

          testCase "does not where nothing is lost: there is nothing to forget"
          <| fun () -> Expect.isFalse (downloading 0.0 |> List.exists has<QlogPingFrame>) "none asks" ]

[<Tests>]
let tests =
    testList
        "scenario: rough links"
        [ yield! overSeeds "a handshake through 30 % of loss in both directions" handshakeThroughLoss
          yield! overSeeds "loss, bursts of it, reordering, duplication and corruption at once" everythingAtOnce
          yield! overSeeds "750 ms of round trip" farAway
          yield! overSeeds "a black hole of two seconds, every five seconds" throughBlackHoles
          yield! overSeeds "a stream whose reader stalls does not hold up another" oneReaderStalls

          testCase "a probe timeout repeats both flights of a handshake in one datagram (RFC 9002 §6.2.4)"
          <| fun () ->
              let pair =
                  withConfigs
                      (clientConfig 1UL)
                      (tracing (serverConfig "test" 1UL))
                      1
                      { ideal with
                          Drop = Set.ofList [ 0; 1; 2 ] }
              // The client's first datagrams are lost too, so that it says nothing before the server's timer is due.
              pair.Network <-
                  fun side passage ->
                      if side = Client && pair.Sent[Client] > 4 then
                          None
                      else
                          Some passage

              connect pair
              await "the server has answered" (fun pair -> not (List.isEmpty (packetsSent Server pair))) pair
              let first = packetsSent Server pair |> List.length

              let hasRepeated pair =
                  (packetsSent Server pair).Length > first + 1

              await "it repeats" hasRepeated pair

              let repeated = packetsSent Server pair |> List.skip first

              for level in [ QlogPacketType.Initial; QlogPacketType.Handshake ] do
                  let crypto =
                      repeated
                      |> List.filter (fun packet -> packet.Header.Type = level)
                      |> framesOf<QlogCryptoFrame>

                  Expect.isNonEmpty crypto $"{level}"

          testCase "a probe of nothing but a PING leaves what is coalesced behind it whole"
          <| fun () ->
              let pair =
                  withConfigs (clientConfig 1UL) (tracing (serverConfig "test" 1UL)) 1 ideal

              pair.Network <-
                  fun side passage ->
                      if side = Server && pair.Sent[Server] = 1 then
                          None
                      else
                          Some passage

              confirmedIn minute pair

              let isPingAlone (packet: QlogPacketSent) =
                  not (framesOf<QlogPingFrame> [ packet ]).IsEmpty
                  && (framesOf<QlogCryptoFrame> [ packet ]).IsEmpty

              Expect.exists (packetsOf QlogPacketType.Initial Server pair) isPingAlone "there was one"

              for reason in [ DropReason.NotAuthentic; DropReason.Malformed ] do
                  Expect.equal (pair.Client.CountDropped reason) 0UL $"{reason}"

          testCase "the time that packets waited for their keys is not taken for a round trip (RFC 9000 §13.2.5)"
          <| fun () ->
              let pair = patientPair 1 ideal

              pair.Tamper <-
                  fun side _ bytes ->
                      let isLong = bytes[0] &&& 0x80uy <> 0uy
                      let second = (pair.Now - origin).TotalSeconds

                      if side = Client && isLong && second > 0.01 && second < 2.0 then
                          Bytes.Empty
                      else
                          bytes

              connect pair
              await "the client is ready" (hasState Client StateChange.HandshakeReady) pair
              // These wait at the server for two seconds, until the client's Finished arrives.
              pass (ms 100.0) pair
              Expect.isNone (send Client stream0 (pattern 3_000) true pair) "taken"
              await "all arrives" (fun pair -> snd (received Server stream0 pair)) pair
              await "confirmed" confirmed pair
              pass (seconds 1.0) pair
              Expect.isGreaterThan (pair.Now - origin) (seconds 2.0) "they waited"
              Expect.isLessThan (statistics Client pair).SmoothedRtt (ms 100.0) "a round trip takes 20 ms"

          testCase "a link that duplicates does so, and the copies are known as such"
          <| fun () ->
              let pair = connected 1 { ideal with Duplication = 1.0 }
              transferring Client 10_000 ignore pair
              Expect.isGreaterThan (pair.Server.CountDropped DropReason.Duplicate) 10UL "every packet twice" ]

/// So many clients that nobody answers: the probe timers of all are due in one instant.
let private inOneInstant (count: int) (seed: int) =
    let settings: (string * objnull) list =
        [ "Transport", box (TransportConfig(HandshakeTimeout = TimeSpan.Zero)) ]

    use endpoint = new QuicEndpoint(clientConfig (uint64 seed) |> having settings)
    let mutable handle = ConnectionHandle.None

    for _ in 1..count do
        endpoint.OpenConnection(origin, OpenConnection(Route = route 1UL), &handle)
        |> ignore

    let due = endpoint.NextWakeup.Value
    let probed = Collections.Generic.HashSet<ConnectionHandle>()
    let mutable calls = 0
    let mutable most = 0

    while endpoint.NextWakeup.Value <= due || endpoint.HasSendContinuationPending do
        let result = endpoint.TimerExpired due
        calls <- calls + 1
        let runs = result.Effects |> Seq.filter (fun effect -> effect :? SendDatagramEffect)
        most <- max most (Seq.length runs)

        for run in runs do
            probed.Add run.Connection |> ignore

    Expect.equal probed.Count count "every connection had its turn"
    Expect.isGreaterThan endpoint.NextWakeup.Value due "and waits for the next"
    Expect.isLessThan most (max 2 (count / 2)) $"{calls} calls shared the work"

[<Tests>]
let oneInstant =
    testList
        "scenario: one instant"
        [ let seeds, count =
              if Scale.isFull then
                  min 100 Scale.current.Seeds, 10_000
              else
                  5, 1_000

          for seed in 1..seeds do
              testCase $"{count} connections whose timers are due in one instant (seed {seed})"
              <| fun () -> inOneInstant count seed ]
