module CoQuic.Engine.Tests.Scenarios.CompatibleVersionTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Attacker
open CoQuic.Engine.Tests.Scenarios.Initials
open CoQuic.Tests

let private minute = TimeSpan.FromMinutes 1.0
let private v1, v2 = QuicVersion.V1, QuicVersion.V2

let private await what condition pair =
    Expect.isTrue (runUntil minute condition pair) what

let private versions (list: QuicVersion list) : (string * objnull) =
    "SupportedVersions", box (List.toArray list)

let private pairSeeded seed (client: (string * objnull) list) (server: (string * objnull) list) link =
    Pair.withConfigs
        (having client (clientConfig (uint64 seed)))
        (having server (serverConfig "test" (uint64 seed)))
        seed
        link

let private pairOf client server = pairSeeded 1 client server ideal

let private beginIn (version: QuicVersion) pair =
    openConnection (OpenConnection(Route = RouteHandle 1UL, InitialVersion = Nullable version)) pair

/// The version that both sides say they have settled on.
let private settled pair =
    [ for side in [ Client; Server ] ->
          match told<HandshakeInformationEffect> side pair with
          | [ information ] -> Some information.Version
          | _ -> None ]

/// The versions of the long headers at the front of a side's datagrams, in order, without repetition.
let private versionsOnWire side pair =
    sentBy side pair
    |> List.filter (fun datagram -> datagram[0] >= 0x80uy)
    |> List.map (fun datagram ->
        QuicVersion(Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(datagram.Slice(1, 4).Span)))
    |> List.distinct

let private transfer pair =
    let stream = StreamId 0UL
    let sent = Array.init 50_000 byte
    send Client stream sent true pair |> ignore
    await "the bytes arrive" (fun p -> snd (received Server stream p)) pair
    Expect.isTrue (fst (received Server stream pair) = sent) "the same bytes"

[<Tests>]
let tests =
    testList
        "scenario: compatible version negotiation (RFC 9368 §2.3, RFC 9369 §4)"
        [ for name, client, first, server, expected in
              [ "a server that prefers version 2 takes a first flight in version 1 there",
                [ v1; v2 ],
                v1,
                [ v2; v1 ],
                v2
                "a server that prefers version 1 takes a first flight in version 2 there",
                [ v2; v1 ],
                v2,
                [ v1; v2 ],
                v1
                "a server that speaks only version 1 stays", [ v2; v1 ], v1, [ v1 ], v1
                "a client that speaks only version 1 keeps the server there", [ v1 ], v1, [ v2; v1 ], v1
                "both may speak version 2 alone", [ v2 ], v2, [ v2 ], v2
                "version 2 from the first packet on", [ v2; v1 ], v2, [ v2; v1 ], v2 ] do
              testCase $"{name}"
              <| fun () ->
                  let pair = pairOf [ versions client ] [ versions server ]
                  beginIn first pair
                  await "confirmed" confirmed pair
                  Expect.equal (settled pair) [ Some expected; Some expected ] "both agree"
                  Expect.equal (versionsOnWire Server pair) [ expected ] "the server sends in nothing else"
                  transfer pair
                  Expect.isNone (closeReason Client pair) "nobody objects"

          testCase "the change costs no round trip, and the client's next packets are in the new version"
          <| fun () ->
              let pair = pairOf [ versions [ v1; v2 ] ] [ versions [ v2; v1 ] ]
              beginIn v1 pair
              await "confirmed" confirmed pair
              Expect.equal (versionsOnWire Client pair) [ v1; v2 ] "first one, then the other"
              Expect.isLessThan (pair.Now - origin) (TimeSpan.FromMilliseconds 55.0) "two round trips"

          testCase "keys are updated with the labels of the negotiated version (RFC 9369 §3.3.2)"
          <| fun () ->
              let pair = pairOf [ versions [ v1; v2 ] ] [ versions [ v2; v1 ] ]
              beginIn v1 pair
              await "confirmed" confirmed pair
              absorb Client (pair.Client.RequestKeyUpdate(pair.Now, pair.ClientConnection)) pair
              transfer pair
              Expect.isNone (closeReason Server pair) "both have the same keys"

          testCase "with loss in both directions too"
          <| fun () ->
              for seed in 1 .. Scale.current.Seeds do
                  let link =
                      { ideal with
                          Loss = 0.2
                          Jitter = TimeSpan.FromMilliseconds 15.0 }

                  let patient = "Transport", box (TransportConfig(HandshakeTimeout = minute))

                  let pair =
                      pairSeeded seed [ versions [ v1; v2 ]; patient ] [ versions [ v2; v1 ]; patient ] link

                  beginIn v1 pair
                  Expect.isTrue (runUntil minute confirmed pair) $"seed {seed}"
                  Expect.equal (settled pair) [ Some v2; Some v2 ] $"seed {seed}: version 2"

          testCase "a ClientHello in two datagrams: what comes first is acknowledged in the version that it came in"
          <| fun () ->
              let groups = "Groups", box [| NamedGroup.X25519MlKem768; NamedGroup.X25519 |]
              let pair = pairOf [ versions [ v1; v2 ]; groups ] [ versions [ v2; v1 ]; groups ]
              let mutable held = Bytes.Empty

              pair.Tamper <-
                  fun side number bytes ->
                      if side = Client && number = 1 then
                          held <- bytes
                          Bytes.Empty
                      else
                          bytes

              beginIn v1 pair
              await "confirmed" confirmed pair
              Expect.equal (settled pair) [ Some v2; Some v2 ] "both agree"
              Expect.isFalse held.IsEmpty "there were two"

          testCase "a Retry is sent in the original version, and the change comes after it (RFC 9369 §4.1)"
          <| fun () ->
              let pair =
                  pairOf [ versions [ v1; v2 ] ] [ versions [ v2; v1 ]; "RetryEnabled", box true ]

              beginIn v1 pair
              await "confirmed" confirmed pair
              Expect.hasLength (retries pair) 1 "a Retry of version 1"
              Expect.equal (settled pair) [ Some v2; Some v2 ] "then version 2"

          testCase "a Retry of version 2 is obeyed in version 2"
          <| fun () ->
              let pair = pairOf [ versions [ v2 ] ] [ versions [ v2 ]; "RetryEnabled", box true ]
              connect pair
              await "confirmed" confirmed pair
              Expect.equal (versionsOnWire Server pair) [ v2 ] "nothing else"

          testCase "a token belongs to the negotiated version (RFC 9369 §5)"
          <| fun () ->
              let tokens count = "NewTokensPerConnection", box count

              let pair =
                  pairOf [ versions [ v1; v2 ] ] [ versions [ v2; v1 ]; tokens 2; "RetryEnabled", box true ]

              beginIn v1 pair
              let given p = told<NewTokenAvailableEffect> Client p
              await "tokens" (fun p -> (given p).Length = 2) pair

              let token index = (List.item index (given pair)).Token

              let isAsked version index =
                  let count () =
                      sentBy Server pair
                      |> List.filter (fun d ->
                          isRetry d
                          || (d[0] &&& 0xf0uy = 0xc0uy && d.Slice(1, 4) = Bytes.FromHex "6b3343cf"))
                      |> List.length

                  let before = count ()

                  openConnection
                      (OpenConnection(Route = RouteHandle 1UL, InitialVersion = Nullable version, Token = token index))
                      pair

                  let done' = told<HandshakeInformationEffect> Client pair |> List.length
                  await "served" (fun p -> (told<HandshakeInformationEffect> Client p).Length > done') pair
                  count () > before

              Expect.isTrue (isAsked v1 0) "not good in version 1"
              Expect.isFalse (isAsked v2 1) "good in version 2" ]

[<Tests>]
let downgrades =
    testList
        "scenario: version downgrade (RFC 9368 §4)"
        [ let versionNegotiation pair (offered: string) =
              let client, server = idOf Client pair, originalDestination pair

              let withLength (id: ConnectionId) =
                  Array.append [| byte id.Length |] (id.Span.ToArray())

              Array.concat
                  [ Convert.FromHexString "c000000000"
                    withLength client
                    withLength server
                    Convert.FromHexString offered ]

          let attacked client server =
              let pair = pairOf [ versions client ] [ versions server ]
              connect pair
              pair.Flight.Clear()
              pair

          for name, server in [ "prefers it", [ v2; v1 ]; "speaks it", [ v1; v2 ] ] do
              testCase $"Version Negotiation that conceals the best version is found out when the server {name}"
              <| fun () ->
                  let pair = attacked [ v2; v1 ] server
                  strike Client (versionNegotiation pair "00000001") pair
                  await "the client finds out" (fun p -> (closeReason Client p).IsSome) pair
                  let reason = (closeReason Client pair).Value

                  Expect.equal
                      reason.Code
                      (uint64 TransportErrorCode.VersionNegotiationError)
                      "VERSION_NEGOTIATION_ERROR"

          testCase "Version Negotiation of a server that speaks only version 1 is genuine"
          <| fun () ->
              let pair = pairOf [ versions [ v2; v1 ] ] [ versions [ v1 ] ]
              beginIn v2 pair
              await "confirmed" confirmed pair
              Expect.equal (settled pair) [ Some v1; Some v1 ] "version 1"

          testCase "an Initial of another version that only an observer sent is found out"
          <| fun () ->
              let pair = pairOf [ versions [ v1; v2 ] ] [ versions [ v1 ] ]
              beginIn v1 pair

              let forged =
                  sealInitial
                      Server
                      (originalDestination pair)
                      { Version = v2
                        Destination = idOf Client pair
                        Source = ConnectionId(ReadOnlySpan(Array.create 8 9uy))
                        Token = [||]
                        Number = 9UL
                        Frames = [| 1uy |] }

              strike Client forged pair
              Expect.isNone (closeReason Client pair) "the client follows"
              // The server's own packets come from another ID: the client does not know them, and gives up in time.
              await "it comes to nothing" (fun p -> (closeReason Client p).IsSome) pair

          testCase "CRYPTO data in two versions is a violation (RFC 9369 §4.1)"
          <| fun () ->
              let pair = pairOf [ versions [ v1; v2 ] ] [ versions [ v1 ] ]
              beginIn v1 pair
              let source = ConnectionId(ReadOnlySpan(Array.create 8 9uy))

              let forged version frames =
                  sealInitial
                      Server
                      (originalDestination pair)
                      { Version = version
                        Destination = idOf Client pair
                        Source = source
                        Token = [||]
                        Number = if version = v2 then 9UL else 10UL
                        Frames = frames }

              strike Client (forged v2 [| 1uy |]) pair
              strike Client (forged v1 [| 6uy; 0uy; 1uy; 2uy |]) pair
              let reason = (closeReason Client pair).Value
              Expect.equal reason.Code (uint64 TransportErrorCode.ProtocolViolation) "PROTOCOL_VIOLATION" ]

[<Tests>]
let greasing =
    testList
        "scenario: greasing (RFC 9000 §6.3, §18.1, RFC 9287)"
        [ let grease = "Transport", box (TransportConfig(GreaseReservedVersions = true))
          let greaseBit = "Transport", box (TransportConfig(GreaseQuicBit = true))

          /// The QUIC bits of what a side sent after its first datagrams.
          let bits side pair =
              sentBy side pair |> List.map (fun datagram -> datagram[0] &&& 0x40uy <> 0uy)

          testCase "a client that probes begins in a reserved version, and is led to a real one within its handle"
          <| fun () ->
              let pair = pairOf [ "EnableReservedVersionProbe", box true ] []
              connect pair
              let handle = pair.ClientConnection
              await "confirmed" confirmed pair
              Expect.equal pair.ClientConnection handle "the same connection"
              let first = (versionsOnWire Client pair).Head
              Expect.isTrue first.IsReserved "reserved"
              Expect.equal (settled pair) [ Some v1; Some v1 ] "version 1"

          testCase "reserved versions and a reserved parameter change nothing"
          <| fun () ->
              let pair = pairOf [ versions [ v1; v2 ]; grease ] [ versions [ v2; v1 ]; grease ]
              beginIn v1 pair
              await "confirmed" confirmed pair
              Expect.equal (settled pair) [ Some v2; Some v2 ] "negotiated all the same"

          testCase "Version Negotiation lists a reserved version too"
          <| fun () ->
              let pair = pairOf [] [ grease ]

              let unknown =
                  Array.append
                      (Convert.FromHexString "c0999999990811111111111111110822222222222222220000")
                      (Array.zeroCreate 1200)

              let answer = ((feed Server unknown pair).Effects[0] :?> SendDatagramEffect).Bytes
              let offered = answer.Slice(answer.Length - 8)
              Expect.equal (offered.Slice(0, 4)) (Bytes.FromHex "00000001") "version 1"

              let last =
                  Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(offered.Slice(4).Span)

              Expect.isTrue (QuicVersion last).IsReserved "and a reserved one"

          testCase "our reserved parameters are of the form 31 × N + 27, and readers ignore them"
          <| fun () ->
              for seed in 1UL .. 100UL do
                  let parameter = ReservedParameter.Draw(TestEntropy seed)
                  Expect.equal (parameter.Id % 31UL) 27UL "reserved"

                  let parameters =
                      TransportParameters(InitialMaxData = 7UL, Reserved = Nullable parameter)

                  let encoded = TransportParameterCodec.Write parameters
                  let mutable read = null
                  let mutable error = null

                  Expect.isTrue
                      (TransportParameterCodec.TryRead(ReadOnlySpan encoded, Role.Client, &read, &error))
                      "read"

                  Expect.equal (nonNull read).InitialMaxData 7UL "the rest is there"

          testCase "the QUIC bit becomes unpredictable once both have agreed, and not before"
          <| fun () ->
              let pair = pairOf [ greaseBit ] [ greaseBit ]
              connect pair
              await "confirmed" confirmed pair
              transfer pair
              Expect.isTrue (bits Client pair).Head "the client's first packet has it"

              for side in [ Client; Server ] do
                  let clear = bits side pair |> List.filter not |> List.length
                  let all = (bits side pair).Length
                  Expect.isGreaterThan clear (all / 5) $"{side}: often 0"
                  Expect.isLessThan clear (4 * all / 5) $"{side}: not always"

          for who, client, server in [ "the client", [ greaseBit ], []; "the server", [], [ greaseBit ] ] do
              testCase $"the QUIC bit stays 1 when only {who} takes anything"
              <| fun () ->
                  let pair = pairOf client server
                  connect pair
                  await "confirmed" confirmed pair
                  transfer pair

                  for side in [ Client; Server ] do
                      Expect.all (bits side pair) id $"{side}"

          testCase "who takes anything takes a first packet without the QUIC bit, others drop it"
          <| fun () ->
              let clear pair =
                  connect pair
                  let datagram = (sentBy Client pair).Head
                  let initial = (openInitial Client (fst (longHeaderIds datagram)) datagram).Value
                  sealInitialWith (fun first -> first &&& 0xbfuy) Client initial.Destination initial

              let willing, other = pairOf [] [ greaseBit ], pairOf [] []
              Expect.isNonEmpty (feed Server (clear willing) willing).Effects "accepted"
              Expect.isEmpty (feed Server (clear other) other).Effects "dropped" ]
