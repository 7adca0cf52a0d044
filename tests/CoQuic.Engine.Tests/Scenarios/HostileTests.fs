/// What comes from the network and is not the peer's: garbage, damage, repetition. It changes nothing.
module CoQuic.Engine.Tests.Scenarios.HostileTests

open System
open System.Collections.Generic
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Attacker
open CoQuic.Engine.Tests.Scenarios.Unmoved
open CoQuic.Tests
open CoQuic.Tests.Properties

let private minute = TimeSpan.FromMinutes 1.0
let private ms (value: float) = TimeSpan.FromMilliseconds value
let private stream0 = StreamId 0UL
let private stream1 = StreamId 1UL
let private connectionIdLength = RandomConnectionIds.DefaultLength

let private pattern length =
    Array.init length (fun i -> byte (i * 31 + i / 251))

let private await what condition pair =
    Expect.isTrue (runUntil minute condition pair) what

/// What a bad datagram is made of: a genuine one that is changed, or nothing but noise.
type Damage =
    /// Bits are flipped in every packet of a datagram; a packet that stays whole would rightly be processed.
    | Flip of position: uint16 * bit: byte
    /// The datagram ends within its first packet.
    | Truncate of length: uint16
    /// The header stays and noise follows.
    | Overwrite of from: byte * seed: int
    /// Noise of any length.
    | Noise of length: uint16 * seed: int
    /// Noise behind a short header with a connection ID that is in use.
    | ShortHeader of length: uint16 * seed: int
    /// The datagram once more, as it was: only if it has arrived before.
    | Replay
    /// An old datagram with noise behind it.
    | Extend of length: byte * seed: int

/// Where the packets of a datagram begin and end.
let private packetBounds (datagram: byte[]) =
    let rec loop start found =
        let mutable packet = ProtectedPacket()

        if
            start < datagram.Length
            && PacketParser.TryReadNext(ReadOnlySpan(datagram).Slice(start), connectionIdLength, &packet)
        then
            loop (start + packet.Length) ((start, packet.Length) :: found)
        else
            List.rev found

    loop 0 []

let private flip (position: int) (bit: int) (datagram: byte[]) =
    let damaged = Array.copy datagram

    for start, length in packetBounds datagram do
        let at = start + position % length
        damaged[at] <- damaged[at] ^^^ (1uy <<< (bit % 8))

    damaged

/// A datagram as it was launched.
type private Launched = { At: TimeUs; To: Side; Bytes: byte[] }

let private damage (genuine: Launched) hasArrived (id: ConnectionId) damage =
    let bytes = genuine.Bytes
    let first = snd (List.head (packetBounds bytes))

    match damage with
    | Flip(position, bit) -> flip (int position) (int bit) bytes
    | Truncate length -> Array.truncate (int length % first) bytes
    | Overwrite(from, seed) ->
        let kept = int from % first
        Array.append (Array.truncate kept bytes) (noise (bytes.Length - kept) seed)
    | Noise(length, seed) -> noise (int length % 1500) seed
    | ShortHeader(length, seed) ->
        Array.concat
            [ [| 0x40uy ||| byte seed &&& 0x3fuy |]
              id.Span.ToArray()
              noise (int length % 1500) seed ]
    | Replay when hasArrived -> bytes
    | Extend(length, seed) when hasArrived -> Array.append bytes (noise (int length) seed)
    | Replay
    | Extend _ -> flip 20 3 bytes

/// Keeps every datagram that is launched.
let private record pair =
    let launched = List<Launched>()

    pair.Tamper <-
        fun side _ bytes ->
            launched.Add
                { At = pair.Now
                  To = other side
                  Bytes = bytes.ToArray() }

            bytes

    launched

/// Runs a whole connection, and feeds it bad datagrams all the while.
let private survive (seed: int) (damages: (Damage * uint16) list) =
    let pair = openDefaultPair ()
    let launched = record pair
    connect pair
    let mutable waiting = damages
    let mutable sent = false

    let strikeNext () =
        match waiting with
        | (bad, pick) :: rest ->
            waiting <- rest
            let genuine = launched[int pick % launched.Count]
            let hasArrived = genuine.At + pair.Link.Delay < pair.Now

            let id =
                if genuine.To = Server && pair.ServerConnection = ConnectionHandle.None then
                    originalDestination pair
                else
                    idOf genuine.To pair

            expectNothing genuine.To (damage genuine hasArrived id bad) $"{bad}" pair
        | [] -> ()

    let pauses = Random seed

    let finished p =
        snd (received Server stream0 p) && snd (received Client stream1 p)

    let mutable steps = 0

    while not (finished pair) && steps < 10_000 && step pair do
        steps <- steps + 1

        if confirmed pair && not sent then
            sent <- true
            Expect.isNone (send Client stream0 (pattern 20_000) true pair) "taken"
            Expect.isNone (send Server stream1 (pattern 30_000) true pair) "taken"

        if pauses.Next 3 = 0 then
            strikeNext ()

    while not waiting.IsEmpty do
        strikeNext ()

    Expect.equal (received Server stream0 pair) (pattern 20_000, true) "the server has everything"
    Expect.equal (received Client stream1 pair) (pattern 30_000, true) "the client has everything"

[<Tests>]
let garbage =
    testList
        "scenario: bad datagrams"
        [ rareProperty 5 "whatever is fed at whatever time changes nothing, and the transfer completes"
          <| fun (seed: int) (damages: (Damage * uint16) list) -> survive seed damages

          testCase "the check itself notices a datagram that does change something"
          <| fun () ->
              let pair = openDefaultPair ()
              let launched = record pair
              connect pair
              let genuine = launched[0].Bytes
              Expect.throws (fun () -> expectNothing Server genuine "a genuine datagram" pair) "it is processed"

          testCase "every bit of every datagram of a handshake counts"
          <| fun () ->
              let pair = openDefaultPair ()
              let launched = record pair
              connect pair
              let mutable struck = 0

              while not (confirmed pair) && step pair do
                  while struck < launched.Count do
                      let genuine = launched[struck]
                      struck <- struck + 1

                      for position in 0 .. genuine.Bytes.Length - 1 do
                          expectNothing genuine.To (flip position position genuine.Bytes) $"byte {position}" pair

              Expect.isTrue (confirmed pair) "confirmed"

          testCase "noise behind the packets of a handshake is ignored"
          <| fun () ->
              let pair = openDefaultPair ()

              pair.Tamper <-
                  fun _ number bytes ->
                      let isLong = bytes[0] &&& 0x80uy <> 0uy

                      let hasShort =
                          packetBounds (bytes.ToArray())
                          |> List.exists (fun (start, _) -> bytes[start] < 0x80uy)

                      if isLong && not hasShort then
                          Bytes.CopyOf(ReadOnlySpan(Array.append (bytes.ToArray()) (noise 100 number)))
                      else
                          bytes

              connect pair
              await "confirmed" confirmed pair

          testCase "a thousand garbage Initials make no state, no event and no timer"
          <| fun () ->
              let pair = openDefaultPair ()
              connect pair
              let genuine = (told<SendDatagramEffect> Client pair |> List.head).Bytes.ToArray()

              for seed in 1..1000 do
                  let bytes = noise 1200 seed
                  // First byte, version and the lengths of both connection IDs are an Initial's.
                  Array.blit genuine 0 bytes 0 6
                  bytes[14] <- 8uy
                  let result = feed Server bytes pair
                  Expect.isEmpty result.Effects "no effect"
                  Expect.isFalse result.NextWakeup.HasValue "no timer"

              Expect.equal pair.Server.ConnectionCount 0 "no connection"
              await "a genuine client is served" confirmed pair

          testCase "garbage is counted once, by its reason"
          <| fun () ->
              let pair = openDefaultPair ()
              connect pair
              let genuine = (told<SendDatagramEffect> Client pair |> List.head).Bytes.ToArray()
              feed Server (flip 700 0 genuine) pair |> ignore
              Expect.equal (pair.Server.CountDropped DropReason.NotAuthentic) 1UL "not authentic"

          testCase "an Initial in a small datagram is dropped, by a server's connection too (RFC 9000 §14.1)"
          <| fun () ->
              let pair = openDefaultPair ()
              connect pair
              await "the server has answered" (fun p -> p.ServerConnection <> ConnectionHandle.None) pair
              let small = Array.truncate 100 (seal EncryptionLevel.Initial Server [| 1uy |] pair)
              expectNothing Server small "a small Initial" pair
              Expect.equal (pair.Server.CountDropped DropReason.TooSmall) 1UL "counted"

          testCase "a client drops an Initial with a token (RFC 9000 §17.2.2)"
          <| fun () ->
              let strike token =
                  let pair = openDefaultPair ()
                  connect pair
                  await "the server has answered" (fun p -> p.ServerConnection <> ConnectionHandle.None) pair
                  let forged = sealWith 0uy token EncryptionLevel.Initial Client [| 1uy |] pair
                  expectNothing Client forged "an Initial" pair
                  await "confirmed" confirmed pair

              strike [| 1uy |]
              Expect.throws (fun () -> strike [||]) "without a token it is taken"

          testCase "an Initial in a small datagram makes no connection (RFC 9000 §14.1)"
          <| fun () ->
              let pair = openDefaultPair ()
              connect pair
              let genuine = (told<SendDatagramEffect> Client pair |> List.head).Bytes.ToArray()
              let id = originalDestination pair
              let secrets = InitialSecrets.Derive(QuicVersion.V1, &id)

              use protection =
                  PacketProtection.Create(QuicVersion.V1, CipherSuite.Aes128GcmSha256, ReadOnlySpan secrets.Client)

              let header =
                  LongHeader(
                      PacketType.Initial,
                      QuicVersion.V1,
                      id,
                      snd (longHeaderIds (Bytes.CopyOf(ReadOnlySpan genuine))),
                      0UL,
                      1
                  )

              let buffer = Array.zeroCreate<byte> 1199
              let mutable builder = PacketBuilder.Begin(Span buffer, &header)
              builder.Payload.WriteByte 1uy
              builder.PadTo 1199
              builder.Seal protection |> ignore
              Expect.isEmpty (feed Server buffer pair).Effects "no effect"
              Expect.equal (pair.Server.CountDropped DropReason.TooSmall) 1UL "counted"
              Expect.equal pair.Server.ConnectionCount 0 "no connection" ]

[<Tests>]
let order =
    testList
        "scenario: replay and reordering"
        [ for seed in 1 .. Scale.current.Seeds do
              testCase $"datagrams that overtake each other change nothing (seed {seed})"
              <| fun () ->
                  let pair = Pair.create seed { ideal with Jitter = ms 30.0 }

                  connect pair
                  await "confirmed" confirmed pair
                  send Client stream0 (pattern 200_000) true pair |> ignore
                  await "the end arrives" (fun p -> snd (received Server stream0 p)) pair
                  Expect.isTrue (fst (received Server stream0 pair) = pattern 200_000) "the bytes are the same"

          testCase "a whole connection replayed to both sides changes nothing"
          <| fun () ->
              let pair = openDefaultPair ()
              let launched = record pair
              connect pair
              await "confirmed" confirmed pair
              send Client stream0 (pattern 50_000) true pair |> ignore
              await "the end arrives" (fun p -> snd (received Server stream0 p)) pair
              await "nothing is under way" (fun p -> p.Flight.Count = 0) pair

              for genuine in List.ofSeq launched do
                  expectNothing genuine.To genuine.Bytes "a replay" pair ]
