module CoQuic.Engine.Tests.Packets.StatelessPacketTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties
open CoQuic.Engine.Tests.Packets.Vectors

let private id (bytes: byte[]) = ConnectionId(ReadOnlySpan bytes)

let private originalDestination = id destinationConnectionId

let private retryIsValid (bytes: byte[]) (original: ConnectionId) =
    let mutable packet = RetryPacket()

    RetryPacket.TryRead(ReadOnlySpan bytes, &packet)
    && packet.HasValidIntegrityTag &original

let private writeRetry version destination source original (token: byte[]) =
    let buffer =
        Array.zeroCreate<byte>(RetryPacket.Size(&destination, &source, token.Length))

    let mutable writer = QuicWriter(Span buffer)
    RetryPacket.Write(version, &destination, &source, &original, ReadOnlySpan token, &writer)
    Array.truncate writer.Position buffer

[<Tests>]
let retryTests =
    testList
        "Retry (RFC 9000 §17.2.5, RFC 9001 §5.8)"
        [ for appendix in [ version1; version2 ] do
              testCase $"the example of {appendix.Version} has its fields and a valid tag"
              <| fun () ->
                  let mutable packet = RetryPacket()
                  Expect.isTrue (RetryPacket.TryRead(ReadOnlySpan appendix.Retry, &packet)) "read"
                  Expect.equal packet.Version appendix.Version "version"
                  Expect.equal packet.SourceConnectionId (id (bytes "f067a5502a4262b5")) "source"
                  Expect.equal (packet.Token.ToArray()) "token"B "token"
                  let original = originalDestination
                  Expect.isTrue (packet.HasValidIntegrityTag &original) "tag"

              testCase $"the example of {appendix.Version} is written but for its unused bits, which decide the tag"
              <| fun () ->
                  let written =
                      writeRetry
                          appendix.Version
                          ConnectionId.Empty
                          (id (bytes "f067a5502a4262b5"))
                          originalDestination
                          "token"B

                  Expect.equal (Array.sub written 1 19) (Array.sub appendix.Retry 1 19) "all between first byte and tag"
                  Expect.equal (written[0] &&& 0xf0uy) (appendix.Retry[0] &&& 0xf0uy) "form and type"
                  Expect.isTrue (retryIsValid written originalDestination) "tag"

          property "a Retry with one bit changed is not valid"
          <| fun (bit: uint16) ->
              let changed = Array.copy version1.Retry
              let bit = int bit % (8 * changed.Length)
              changed[bit / 8] <- changed[bit / 8] ^^^ (1uy <<< (bit % 8))
              not (retryIsValid changed originalDestination)

          testCase "a Retry for another Initial is not valid"
          <| fun () -> Expect.isFalse (retryIsValid version1.Retry (id [| 1uy |])) "another connection ID"

          testCase "a Retry with an empty token is none"
          <| fun () ->
              let written =
                  writeRetry QuicVersion.V1 ConnectionId.Empty ConnectionId.Empty originalDestination [||]

              let mutable packet = RetryPacket()
              Expect.isFalse (RetryPacket.TryRead(ReadOnlySpan written, &packet)) "RFC 9000 §17.2.5.2"

          property "random bytes are no Retry, or have no valid tag"
          <| fun (random: byte[]) ->
              not (retryIsValid random originalDestination)
              && not (retryIsValid (Array.append [| 0xf0uy; 0uy; 0uy; 0uy; 1uy |] random) originalDestination) ]

[<Tests>]
let versionNegotiationTests =
    testList
        "Version Negotiation (RFC 9000 §17.2.1)"
        [ property "an answer echoes connection IDs of any length and lists what we speak"
          <| fun (seed: int) ->
              let random = Random seed

              let randomBytes length =
                  let bytes = Array.zeroCreate<byte> length
                  random.NextBytes bytes
                  bytes

              let destination, source =
                  randomBytes (random.Next 256), randomBytes (random.Next 256)

              let received =
                  Array.concat
                      [ [| 0xc0uy; 0x0auy; 0x1auy; 0x2auy; 0x3auy; byte destination.Length |]
                        destination
                        [| byte source.Length |]
                        source ]

              let mutable header = InvariantHeader()
              Expect.isTrue (InvariantHeader.TryRead(ReadOnlySpan received, 0, &header)) "long connection IDs are read"
              let versions = [| QuicVersion.V1; QuicVersion.V2 |]
              let answer = Array.zeroCreate<byte>(VersionNegotiationPacket.Size(&header, 2))
              Expect.equal (VersionNegotiationPacket.Write(Span answer, &header, versions)) answer.Length "size"

              let mutable packet = VersionNegotiationPacket()
              Expect.isTrue (VersionNegotiationPacket.TryRead(ReadOnlySpan answer, &packet)) "read"
              Expect.equal (packet.DestinationConnectionId.ToArray()) source "the sender's ID"
              Expect.equal (packet.SourceConnectionId.ToArray()) destination "the ID that it chose"
              Expect.equal [| packet[0]; packet[1] |] versions "versions"
              Expect.isTrue (packet.Offers QuicVersion.V2) "offered"
              Expect.isFalse (packet.Offers(QuicVersion 0x0a1a2a3au)) "not offered"

          testCase "a list of versions that is empty or cut short is no Version Negotiation"
          <| fun () ->
              let prefix = [| 0x80uy; 0uy; 0uy; 0uy; 0uy; 0uy; 0uy |]

              for versions in [ [||]; [| 0uy; 0uy; 0uy |]; Array.zeroCreate 5 ] do
                  let mutable packet = VersionNegotiationPacket()

                  Expect.isFalse
                      (VersionNegotiationPacket.TryRead(ReadOnlySpan(Array.append prefix versions), &packet))
                      $"{versions.Length} bytes" ]

type private Counting() =
    interface IEntropy with
        member _.Fill destination = destination.Fill 0xffuy

[<Tests>]
let statelessResetTests =
    testList
        "Stateless Reset (RFC 9000 §10.3)"
        [ testCase "it looks like a short header packet and ends in its token"
          <| fun () ->
              let token = StatelessResetToken(ReadOnlySpan(Array.init 16 byte))
              let datagram = Array.zeroCreate<byte> 30
              StatelessReset.Write(Counting(), &token, Span datagram)
              Expect.equal (datagram[0] &&& 0xc0uy) 0x40uy "short header, fixed bit"
              let found, read = StatelessReset.TryReadToken(ReadOnlySpan datagram)
              Expect.isTrue found "long enough"
              Expect.equal read token "token"

          testCase "it is shorter than what it answers, and nothing answers the shortest"
          <| fun () ->
              Expect.equal (StatelessReset.LengthFor 21) 0 "21 bytes would need a reset of 20"
              Expect.equal (StatelessReset.LengthFor 22) 21 "one byte less"
              Expect.equal (StatelessReset.LengthFor 43) 42 "one byte less"
              Expect.isLessThan (StatelessReset.LengthFor 1200) 43 "no amplification"

          testCase "fewer than 21 bytes are none"
          <| fun () ->
              Expect.isFalse (fst (StatelessReset.TryReadToken(ReadOnlySpan(Array.zeroCreate<byte> 20)))) "20 bytes" ]
