module CoQuic.Engine.Tests.Packets.PacketTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties
open CoQuic.Engine.Tests.Packets.Vectors

/// What the parser found, as a value.
type private Parsed =
    { Type: PacketType
      Version: QuicVersion
      HasFixedBit: bool
      Destination: ConnectionId
      Source: ConnectionId
      Token: byte[]
      NumberOffset: int
      Length: int }

let private parse (datagram: byte[]) idLength =
    let mutable packet = ProtectedPacket()

    if PacketParser.TryReadNext(ReadOnlySpan datagram, idLength, &packet) then
        Some
            { Type = packet.Type
              Version = packet.Version
              HasFixedBit = packet.HasFixedBit
              Destination = packet.DestinationConnectionId
              Source = packet.SourceConnectionId
              Token = packet.Token.ToArray()
              NumberOffset = packet.PacketNumberOffset
              Length = packet.Length }
    else
        None

let private expectParsed datagram idLength =
    match parse datagram idLength with
    | Some parsed -> parsed
    | None -> failtest "this is a packet"

let private protection =
    PacketProtection.Create(QuicVersion.V1, CipherSuite.Aes128GcmSha256, ReadOnlySpan(Array.zeroCreate<byte> 32))

let private connectionId (random: Random) length =
    let bytes = Array.zeroCreate<byte> length
    random.NextBytes bytes
    ConnectionId(ReadOnlySpan bytes)

/// Seals a long header packet with some payload, in a buffer full of other bytes.
let private long (header: LongHeader) (token: byte[]) (payload: byte[]) padTo =
    let buffer = Array.create 4000 0xeeuy
    let mutable builder = PacketBuilder.Begin(Span buffer, &header, ReadOnlySpan token)
    builder.Payload.WriteBytes(ReadOnlySpan payload)
    builder.PadTo padTo
    let expected = builder.Length
    let length = builder.Seal protection
    Array.truncate length buffer, expected

let private short (header: ShortHeader) (payload: byte[]) =
    let buffer = Array.create 4000 0xeeuy
    let mutable builder = PacketBuilder.Begin(Span buffer, &header)
    builder.Payload.WriteBytes(ReadOnlySpan payload)
    Array.truncate (builder.Seal protection) buffer

let private openIt (packet: byte[]) numberOffset (largest: Nullable<uint64>) =
    let copy = Array.copy packet

    let found, opened =
        PacketOpener.TryOpen(protection, Span copy, numberOffset, largest)

    Expect.isTrue found "it opens"
    opened, Array.sub copy opened.PayloadOffset opened.PayloadLength

let private longTypes =
    [ PacketType.Initial; PacketType.ZeroRtt; PacketType.Handshake ]

[<Tests>]
let tests =
    testList
        "packets (RFC 9000 §17)"
        [ for appendix in [ version1; version2 ] do
              testCase $"the client's Initial of {appendix.Version} has its fields"
              <| fun () ->
                  let parsed = expectParsed appendix.ClientInitial.Packet 8
                  Expect.equal parsed.Type PacketType.Initial "type"
                  Expect.equal parsed.Version appendix.Version "version"
                  Expect.equal parsed.Destination (ConnectionId(ReadOnlySpan destinationConnectionId)) "destination"
                  Expect.isTrue parsed.Source.IsEmpty "source"
                  Expect.isEmpty parsed.Token "token"
                  Expect.equal (parsed.NumberOffset, parsed.Length) (18, 1200) "offsets"

              testCase $"Retry of {appendix.Version} is told by its type"
              <| fun () -> Expect.equal (expectParsed appendix.Retry 8).Type PacketType.Retry "type"

          property "a long header packet that was built is parsed and opened again"
          <| fun (seed: int) ->
              let random = Random seed
              let packetType = longTypes[random.Next 3]
              let version = if random.Next 2 = 0 then QuicVersion.V1 else QuicVersion.V2

              let destination, source =
                  connectionId random (random.Next 21), connectionId random (random.Next 21)

              let number = uint64 (random.Next 1_000_000)

              let header =
                  LongHeader(packetType, version, destination, source, number, 1 + random.Next 4)

              let token =
                  if packetType = PacketType.Initial then
                      Array.create (random.Next 100) 7uy
                  else
                      [||]

              let payload = Array.create (random.Next 1000) 1uy
              let packet, _ = long header token payload 0
              let parsed = expectParsed (Array.append packet [| 1uy; 2uy |]) 8

              Expect.equal
                  parsed
                  { Type = packetType
                    Version = version
                    HasFixedBit = true
                    Destination = destination
                    Source = source
                    Token = token
                    NumberOffset =
                      PacketBuilder.LongHeaderSize(
                          packetType,
                          &destination,
                          &source,
                          token.Length,
                          header.PacketNumberLength
                      )
                      - header.PacketNumberLength
                    Length = packet.Length }
                  "the fields"

              let opened, frames =
                  openIt packet parsed.NumberOffset (if number = 0UL then Nullable() else Nullable(number - 1UL))

              Expect.equal opened.PacketNumber number "number"
              Expect.equal (Array.truncate payload.Length frames) payload "payload"
              Expect.all (Array.skip payload.Length frames) ((=) 0uy) "only PADDING follows"

          property "a 1-RTT packet that was built is parsed and opened again"
          <| fun (seed: int) (spin: bool) (keyPhase: bool) ->
              let random = Random seed
              let destination = connectionId random (random.Next 21)
              let number = uint64 (random.Next 1_000_000)
              let header = ShortHeader(destination, spin, keyPhase, number, 4)
              let packet = short header [| 1uy |]
              let parsed = expectParsed packet destination.Length
              Expect.equal parsed.Type PacketType.OneRtt "type"
              Expect.equal parsed.Destination destination "destination"
              Expect.equal parsed.Length packet.Length "length"

              Expect.equal
                  packet.Length
                  (PacketBuilder.ShortHeaderSize(&destination, 4) + 1 + 16)
                  "no padding is needed"

              let opened, frames = openIt packet parsed.NumberOffset (Nullable())
              Expect.equal (opened.Spin, opened.KeyPhase, opened.PacketNumber) (spin, keyPhase, number) "bits"
              Expect.equal frames [| 1uy |] "payload"

          testCase "the smallest packet has room for a sample"
          <| fun () ->
              let packet = short (ShortHeader(ConnectionId.Empty, false, false, 0UL, 1)) [| 1uy |]
              Expect.equal packet.Length 21 "RFC 9000 §10.3: at least 21 bytes"

          testCase "padding reaches the length that was asked for"
          <| fun () ->
              let header =
                  LongHeader(PacketType.Initial, QuicVersion.V1, ConnectionId.Empty, ConnectionId.Empty, 0UL, 1)

              let packet, announced = long header [||] [| 1uy |] 1200
              Expect.equal (packet.Length, announced) (1200, 1200) "length"

          testCase "coalesced packets come out one by one (RFC 9000 §12.2)"
          <| fun () ->
              let id = ConnectionId(ReadOnlySpan destinationConnectionId)

              let header packetType =
                  LongHeader(packetType, QuicVersion.V1, id, ConnectionId.Empty, 0UL, 1)

              let initial, _ = long (header PacketType.Initial) [||] [| 1uy |] 0
              let handshake, _ = long (header PacketType.Handshake) [||] [| 1uy |] 0
              let oneRtt = short (ShortHeader(id, false, false, 0UL, 1)) [| 1uy |]

              let rec all datagram =
                  if Array.isEmpty datagram then
                      []
                  else
                      let parsed = expectParsed datagram 8
                      (parsed.Type, parsed.Length) :: all (Array.skip parsed.Length datagram)

              Expect.equal
                  (all (Array.concat [ initial; handshake; oneRtt ]))
                  [ PacketType.Initial, initial.Length
                    PacketType.Handshake, handshake.Length
                    PacketType.OneRtt, oneRtt.Length ]
                  "three packets"

          testCase "a cleared fixed bit is seen"
          <| fun () ->
              let packet = Array.copy version1.ClientInitial.Packet
              packet[0] <- packet[0] &&& 0xbfuy
              Expect.isFalse (expectParsed packet 8).HasFixedBit "long"
              Expect.isFalse (expectParsed (Array.zeroCreate 30) 8).HasFixedBit "short"

          testCase "an unknown version, a connection ID of 21 bytes and a Length beyond the datagram are no packets"
          <| fun () ->
              let changed index value =
                  let packet = Array.copy version1.ClientInitial.Packet
                  packet[index] <- value
                  packet

              Expect.isNone (parse (changed 1 0x7fuy) 8) "version"
              Expect.isNone (parse (changed 5 21uy) 8) "connection ID"
              Expect.isNone (parse (Array.truncate 1199 version1.ClientInitial.Packet) 8) "length"

          property "random bytes and truncated packets never throw, and stay within the datagram"
          <| fun (bytes: byte[]) (cut: uint16) ->
              let truncated = Array.truncate (int cut % 1200) version1.ClientInitial.Packet

              for datagram in [ bytes; Array.append [| 0xc0uy; 0uy; 0uy; 0uy; 1uy |] bytes; truncated ] do
                  match parse datagram 8 with
                  | None -> ()
                  | Some parsed ->
                      Expect.isLessThanOrEqual parsed.Length datagram.Length "length"
                      Expect.isLessThanOrEqual parsed.NumberOffset parsed.Length "offset"

          property "the invariant fields of any version are read, or the datagram is refused"
          <| fun (bytes: byte[]) ->
              let mutable header = InvariantHeader()

              if InvariantHeader.TryRead(ReadOnlySpan bytes, 8, &header) then
                  Expect.equal header.IsLong (bytes[0] >= 0x80uy) "form"

                  if not header.IsLong then
                      Expect.equal (header.DestinationConnectionId.ToArray()) (Array.sub bytes 1 8) "destination" ]
