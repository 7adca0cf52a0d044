module CoQuic.Engine.Tests.Crypto.ProtectionTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties
open CoQuic.Engine.Tests.Packets.Vectors

let private chaCha = CipherSuite.ChaCha20Poly1305Sha256

let private suites =
    [ CipherSuite.Aes128GcmSha256; CipherSuite.Aes256GcmSha384; chaCha ]

let private span (array: byte[]) = ReadOnlySpan<byte> array

/// Key, IV and header protection key of a secret.
let private keysOf version suite (secret: byte[]) =
    let memory = Array.zeroCreate<byte> PacketProtectionKeys.MaximumSize
    use keys = new PacketProtectionKeys(version, suite, span secret, Span memory)
    hex (keys.Key.ToArray()), hex (keys.Iv.ToArray()), hex (keys.HeaderProtection.ToArray())

let private connectionId (array: byte[]) = ConnectionId(ReadOnlySpan array)

/// Writes an example's packet anew: header fields as its header has them, then payload, then protection.
let private protect (protection: PacketProtection) (example: Example) (numberOffset: int) =
    let numberLength = example.Header.Length - numberOffset

    let packet =
        Array.concat [ example.Header; example.Payload; Array.zeroCreate PacketKey.TagLength ]

    let headerLength = example.Header.Length

    protection.Key.Seal(
        example.PacketNumber,
        span example.Header,
        Span(packet, headerLength, packet.Length - headerLength)
    )

    HeaderProtection.Apply(protection.HeaderKey, Span packet, numberOffset, numberLength)
    packet

let private openPacket (protection: PacketProtection) (packet: byte[]) numberOffset largest =
    let copy = Array.copy packet

    let found, opened =
        PacketOpener.TryOpen(protection, Span copy, numberOffset, largest)

    found, opened, copy

let private expectBothWays (protection: PacketProtection) example numberOffset =
    Expect.equal (hex (protect protection example numberOffset)) (hex example.Packet) "protected"

    let largest = Nullable(example.PacketNumber - 1UL)
    let found, opened, plain = openPacket protection example.Packet numberOffset largest
    Expect.isTrue found "it opens"
    Expect.equal opened.PacketNumber example.PacketNumber "packet number"
    Expect.equal opened.FirstByte example.Header[0] "first byte"

    Expect.equal
        (plain[opened.PayloadOffset .. opened.PayloadOffset + opened.PayloadLength - 1])
        example.Payload
        "payload"

    Expect.isFalse opened.HasReservedBits "reserved bits are zero"

let private appendixTests name rfc (appendix: Appendix) =
    let id = connectionId destinationConnectionId
    let secrets = InitialSecrets.Derive(appendix.Version, &id)

    let keys = keysOf appendix.Version CipherSuite.Aes128GcmSha256

    testList
        name
        [ testCase $"{rfc} §A.1: Initial secrets and keys"
          <| fun () ->
              Expect.equal (hex secrets.Client) appendix.ClientSecret "client secret"
              Expect.equal (hex secrets.Server) appendix.ServerSecret "server secret"

              Expect.equal
                  (keys secrets.Client)
                  (appendix.ClientKey, appendix.ClientIv, appendix.ClientHeaderProtection)
                  "client"

              Expect.equal
                  (keys secrets.Server)
                  (appendix.ServerKey, appendix.ServerIv, appendix.ServerHeaderProtection)
                  "server"

          testCase $"{rfc} §A.2: the client's Initial"
          <| fun () ->
              use protection =
                  PacketProtection.Create(appendix.Version, CipherSuite.Aes128GcmSha256, span secrets.Client)

              expectBothWays protection appendix.ClientInitial 18

          testCase $"{rfc} §A.3: the server's Initial"
          <| fun () ->
              use protection =
                  PacketProtection.Create(appendix.Version, CipherSuite.Aes128GcmSha256, span secrets.Server)

              expectBothWays protection appendix.ServerInitial 18

          testCase $"{rfc} §A.5: a short header packet with ChaCha20-Poly1305"
          <| fun () ->
              use protection =
                  PacketProtection.Create(appendix.Version, chaCha, span chaChaSecret)

              expectBothWays protection appendix.ChaChaShort 1 ]

/// Packets as a client might send them: a packet number offset in the header, some payload.
let private arbitraryPacket (suite: CipherSuite) (random: Random) =
    let secret = Array.zeroCreate<byte>(CipherSuites.Traits(suite).HashLength)
    random.NextBytes secret
    let header = Array.zeroCreate<byte>(1 + random.Next 21 + 1 + random.Next 4)
    random.NextBytes header
    let payload = Array.zeroCreate<byte>(4 + random.Next 1500)
    random.NextBytes payload
    PacketProtection.Create(QuicVersion.V1, suite, span secret), header, payload

let private sealedPacket (protection: PacketProtection) (header: byte[]) (payload: byte[]) packetNumber =
    let packet = Array.concat [ header; payload; Array.zeroCreate PacketKey.TagLength ]
    protection.Key.Seal(packetNumber, span header, Span(packet, header.Length, packet.Length - header.Length))
    packet

[<Tests>]
let tests =
    testList
        "packet protection"
        [ appendixTests "version 1" "RFC 9001" version1
          appendixTests "version 2" "RFC 9369" version2

          testCase "RFC 9001 §A.5: keys and the secret of the next generation"
          <| fun () ->
              Expect.equal
                  (keysOf QuicVersion.V1 chaCha chaChaSecret)
                  ("c6d98ff3441c3fe1b2182094f69caa2ed4b716b65488960a7a984979fb23e1c8",
                   "e0459b3474bdd0e44a41c144",
                   "25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4")
                  "key, iv and hp"

              let next =
                  PacketProtectionKeys.NextGeneration(QuicVersion.V1, chaCha, span chaChaSecret)

              Expect.equal (hex next) "1223504755036d556342ee9361d253421a826c9ecdf3c7148684b36b714881f9" "ku"

          for suite in suites do
              property $"{suite}: what is sealed opens to the same bytes"
              <| fun (seed: int) (packetNumber: uint32) ->
                  let protection, header, payload = arbitraryPacket suite (Random seed)
                  let number = uint64 packetNumber
                  let packet = sealedPacket protection header payload number

                  let opened =
                      protection.Key.TryOpen(
                          number,
                          span header,
                          Span(packet, header.Length, packet.Length - header.Length)
                      )

                  opened && packet[header.Length .. header.Length + payload.Length - 1] = payload

              property $"{suite}: a packet with one bit changed does not open, and stays as it was"
              <| fun (seed: int) (bit: uint32) ->
                  let protection, header, payload = arbitraryPacket suite (Random seed)
                  let packet = sealedPacket protection header payload 7UL
                  let bit = int (bit % uint32 (8 * packet.Length))
                  packet[bit / 8] <- packet[bit / 8] ^^^ (1uy <<< (bit % 8))
                  let before = Array.copy packet
                  let headerSpan = ReadOnlySpan(packet, 0, header.Length)

                  let opened =
                      protection.Key.TryOpen(
                          7UL,
                          headerSpan,
                          Span(packet, header.Length, packet.Length - header.Length)
                      )

                  not opened && packet = before

              property $"{suite}: random bytes do not open, and stay as they were"
              <| fun (bytes: byte[]) (offset: byte) ->
                  use protection =
                      PacketProtection.Create(
                          QuicVersion.V1,
                          suite,
                          span (Array.zeroCreate (CipherSuites.Traits(suite).HashLength))
                      )

                  let offset = 1 + int offset % 40
                  let found, _, after = openPacket protection bytes offset (Nullable())
                  not found && after = bytes

              testCase $"{suite}: a packet too short for a tag does not open"
              <| fun () ->
                  use protection =
                      PacketProtection.Create(
                          QuicVersion.V1,
                          suite,
                          span (Array.zeroCreate (CipherSuites.Traits(suite).HashLength))
                      )

                  for length in 0..15 do
                      let bytes = Array.create length 1uy
                      Expect.isFalse (protection.Key.TryOpen(0UL, span [||], Span bytes)) $"{length} bytes"
                      Expect.equal bytes (Array.create length 1uy) "untouched"

          testCase "the limits of RFC 9001 §6.6"
          <| fun () ->
              let limits (suite: CipherSuite) =
                  CipherSuites.Traits(suite).ConfidentialityLimit, CipherSuites.Traits(suite).IntegrityLimit

              Expect.equal (limits CipherSuite.Aes128GcmSha256) (1UL <<< 23, 1UL <<< 52) "AEAD_AES_128_GCM"
              Expect.equal (limits CipherSuite.Aes256GcmSha384) (1UL <<< 23, 1UL <<< 52) "AEAD_AES_256_GCM"
              Expect.equal (snd (limits chaCha)) (1UL <<< 36) "AEAD_CHACHA20_POLY1305" ]
