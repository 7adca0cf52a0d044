module CoQuic.Engine.Tests.Scenarios.InspectionTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

let private minute = TimeSpan.FromMinutes 1.0
let private stream0 = StreamId 0UL

let private inspecting () =
    let inspect (config: EndpointConfig) =
        EndpointConfig(
            Role = config.Role,
            Entropy = config.Entropy,
            Calendar = config.Calendar,
            ApplicationProtocols = config.ApplicationProtocols,
            VerifyPeer = config.VerifyPeer,
            ServerIdentities = config.ServerIdentities,
            EnablePacketInspection = true
        )

    let pair =
        withConfigs (inspect (clientConfig 1UL)) (inspect (serverConfig "test" 1UL)) 1 ideal

    connect pair
    Expect.isTrue (runUntil minute confirmed pair) "confirmed"
    Expect.isNone (send Client stream0 (Array.create 5000 7uy) true pair) "data"
    Expect.isTrue (runUntil minute (fun pair -> snd (received Server stream0 pair)) pair) "arrived"
    pair

let private packets side direction pair =
    told<PacketInspectionEffect> side pair
    |> List.filter (fun packet -> packet.Direction = direction)

let private sentDatagrams side pair =
    told<SendDatagramEffect> side pair |> List.collect datagrams

[<Tests>]
let tests =
    testList
        "packet inspection"
        [ testCase "every byte that is sent belongs to one packet that is shown"
          <| fun () ->
              let pair = inspecting ()

              for side in [ Client; Server ] do
                  let shown =
                      packets side PacketDirection.Outbound pair
                      |> List.groupBy _.DatagramId
                      |> List.map (fun (_, packets) ->
                          for packet in packets do
                              Expect.equal packet.PacketLength packet.Ciphertext.Length "the length"

                              Expect.equal
                                  packet.DatagramLength
                                  (packets |> List.sumBy _.PacketLength)
                                  "the datagram's"

                          for packet, next in List.pairwise packets do
                              Expect.equal (packet.DatagramOffset + packet.PacketLength) next.DatagramOffset "in a row"

                          Bytes.CopyOf(
                              ReadOnlySpan(Array.concat [ for packet in packets -> packet.Ciphertext.ToArray() ])
                          ))

                  Expect.equal shown (sentDatagrams side pair) $"{side}: all datagrams, as sent"

          testCase "what one side sends the other receives, the same in the clear"
          <| fun () ->
              let pair = inspecting ()

              let view (packet: PacketInspectionEffect) =
                  packet.PacketType, packet.PacketNumber, packet.Plaintext, packet.Ciphertext, packet.DatagramOffset

              for side in [ Client; Server ] do
                  let sent = packets side PacketDirection.Outbound pair |> List.map view |> Set

                  let received =
                      packets (other side) PacketDirection.Inbound pair |> List.map view |> Set

                  Expect.isEmpty (received - sent) $"{side}"
                  Expect.isGreaterThanOrEqual received.Count 3 $"{side}: several arrived"

          testCase "fields of long headers are shown for long headers alone, those of short ones for 1-RTT"
          <| fun () ->
              let pair = inspecting ()
              let all = told<PacketInspectionEffect> Client pair

              let long, short =
                  all
                  |> List.partition (fun packet -> packet.PacketType <> InspectedPacketType.OneRtt)

              Expect.isNonEmpty long "handshake packets"
              Expect.isNonEmpty short "1-RTT packets"
              Expect.all long (fun packet -> packet.Version = Nullable QuicVersion.V1) "the version"
              Expect.all long (fun packet -> packet.SourceConnectionId.HasValue) "the source"
              Expect.all short (fun packet -> not packet.Version.HasValue) "no version"
              Expect.all short (fun packet -> not packet.SourceConnectionId.HasValue) "no source"

              Expect.all
                  all
                  (fun packet -> packet.PacketNumberLength >= 1 && packet.PacketNumberLength <= 4)
                  "number length"

              // The first Initial carries CRYPTO from offset 0 (frame type 6) with a ClientHello (1).
              let first = List.head (packets Client PacketDirection.Outbound pair)
              Expect.equal first.PacketType InspectedPacketType.Initial "an Initial"
              Expect.equal (first.Plaintext[0], first.Plaintext[1]) (6uy, 0uy) "CRYPTO at 0"

          testCase "until the server answers a client sends to one ID, and a server to the client's (RFC 9000 §7.2)"
          <| fun () ->
              let pair = inspecting ()
              let opening = packets Client PacketDirection.Outbound pair |> List.head
              let answer = packets Client PacketDirection.Inbound pair |> List.head

              let initials =
                  packets Client PacketDirection.Outbound pair
                  |> List.takeWhile (fun packet -> packet.PacketType = InspectedPacketType.Initial)

              for packet in packets Server PacketDirection.Outbound pair do
                  if packet.PacketType <> InspectedPacketType.OneRtt then
                      Expect.equal
                          (Nullable packet.DestinationConnectionId)
                          opening.SourceConnectionId
                          "the server sends to the client's ID"

              let silent = create 1 ideal
              silent.Tamper <- fun _ _ _ -> Bytes.Empty
              connect silent
              runUntil (TimeSpan.FromSeconds 5.0) (fun _ -> false) silent |> ignore
              let sent = told<SendDatagramEffect> Client silent |> List.collect datagrams
              Expect.isGreaterThan sent.Length 2 "the client asks again"

              for datagram in sent do
                  Expect.equal
                      (datagram.Span.Slice(6, 8).ToArray())
                      (sent.Head.Span.Slice(6, 8).ToArray())
                      "one destination"

              let last = (List.last initials).DestinationConnectionId
              Expect.equal (Nullable last) answer.SourceConnectionId "then to the server's"

          testCase "a server's datagrams with an Initial that elicits an ACK have 1200 bytes (RFC 9000 §14.1)"
          <| fun () ->
              let pair = inspecting ()

              // What begins with ACK (2 or 3) and has nothing but PADDING behind it elicits none: the server's first has CRYPTO.
              let first =
                  packets Server PacketDirection.Outbound pair
                  |> List.find (fun packet -> packet.PacketType = InspectedPacketType.Initial)

              Expect.isTrue (first.Plaintext.ToArray() |> Array.contains 6uy) "it has CRYPTO"

              for packet in packets Server PacketDirection.Outbound pair do
                  if packet.PacketType = InspectedPacketType.Initial then
                      Expect.isGreaterThanOrEqual packet.DatagramLength 1200 "expanded"

          testCase "a client that hears nothing probes with Initials in datagrams of 1200 bytes (RFC 9000 §8.1)"
          <| fun () ->
              let pair = create 1 ideal
              pair.Tamper <- fun _ _ _ -> Bytes.Empty
              connect pair
              runUntil (TimeSpan.FromSeconds 5.0) (fun _ -> false) pair |> ignore
              let sent = told<SendDatagramEffect> Client pair |> List.collect datagrams
              Expect.isGreaterThan sent.Length 2 "it probes"

              for datagram in sent do
                  Expect.equal (datagram[0] &&& 0xf0uy) 0xc0uy "an Initial"
                  Expect.isGreaterThanOrEqual datagram.Length 1200 "of full size"

          testCase "nothing is shown unless it is asked for"
          <| fun () ->
              let pair = Pair.create 1 ideal
              connect pair
              Expect.isTrue (runUntil minute confirmed pair) "confirmed"
              Expect.isEmpty (told<PacketInspectionEffect> Client pair) "no inspection"
              Expect.isEmpty (told<TraceEffect> Client pair) "no trace" ]
