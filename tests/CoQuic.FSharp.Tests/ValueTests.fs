/// Values behave: equality by content, and printing that people can read.
module CoQuic.FSharp.Tests.ValueTests

open System
open System.Net
open Expecto
open CoQuic.FSharp
open CoQuic.FSharp.Tests.Generators

let private c7 = ConnectionHandle.create 7UL
let private stream = StreamId.clientBidirectional 1UL
let private payload = Bytes.ofArray (Array.init 1200 (fun i -> byte (0xc3 + i)))

let private run: SendDatagram =
    { Connection = c7
      Route = Some(RouteHandle 3UL)
      Ecn = EcnCodepoint.Ect0
      IsPmtuProbe = false
      Bytes = Bytes.concat [ payload; payload; Bytes.slice 0 100 payload ]
      SegmentSize = 1200 }

let private received: ReceiveStreamData =
    { Connection = c7
      Stream = stream
      Offset = 1024UL
      Bytes = Bytes.ofString "hello"
      Fin = true
      FinalSize = Some 1029UL }

let private connectionId = ConnectionId(ReadOnlySpan [| 1uy; 2uy; 3uy; 4uy |])

let private packet: PacketInspection =
    { Connection = c7
      Direction = PacketDirection.Inbound
      PacketType = InspectedPacketType.OneRtt
      DatagramId = 1UL
      DatagramLength = 1200
      DatagramOffset = 0
      PacketLength = 1200
      Version = None
      DestinationConnectionId = connectionId
      SourceConnectionId = None
      Token = Bytes.empty
      SpinBit = false
      KeyPhase = false
      PacketNumberLength = 2
      PacketNumber = 77UL
      Ciphertext = payload
      Plaintext = Bytes.ofArray [| 1uy |] }

let private reason =
    { Origin = CloseOrigin.Peer
      Code = CloseCode.Transport(TransportErrorCode.FlowControlError, 0x08UL)
      Reason = "too much" }

/// One effect of each kind, and how it prints.
let private printedEffects =
    [ SendDatagram run, "SendDatagram c7 to r3: 2500 bytes c3c4c5c6c7c8c9cacbcccdcecfd0d1d2… in datagrams of 1200, Ect0"
      ReceiveStreamData received, "ReceiveStreamData c7 client-bidi 4: 5 bytes 68656c6c6f at 1024, fin"
      ReceiveDatagramData
          { Connection = c7
            Bytes = Bytes.ofString "hi" },
      "ReceiveDatagramData c7: 2 bytes 6869"
      PeerResetStream
          { Connection = c7
            Stream = stream
            ApplicationErrorCode = 9UL
            FinalSize = 100UL },
      "PeerResetStream c7 client-bidi 4: error 9, final size 100"
      PeerStopSending
          { Connection = c7
            Stream = stream
            ApplicationErrorCode = 9UL },
      "PeerStopSending c7 client-bidi 4: error 9"
      StateEvent
          { Connection = c7
            Change = StateChange.HandshakeReady },
      "StateEvent c7: HandshakeReady"
      ConnectionLifecycleEvent
          { Connection = c7
            Event = Lifecycle.Accepted },
      "ConnectionLifecycleEvent c7: Accepted"
      PeerPreferredAddressAvailable
          { Connection = c7
            IPv4 = Some(IPEndPoint(IPAddress.Loopback, 4433))
            IPv6 = Some(IPEndPoint(IPAddress.IPv6Loopback, 4434))
            ConnectionId = connectionId
            StatelessResetToken = Bytes.empty },
      "PeerPreferredAddressAvailable c7: 127.0.0.1:4433, [::1]:4434"
      ResumptionStateAvailable
          { Connection = c7
            Serialized = Secret.ofBytes payload },
      "ResumptionStateAvailable c7: 1200 secret bytes"
      ZeroRttStatusEvent
          { Connection = c7
            Status = ZeroRttStatus.Rejected
            HaveStreamsEnded = true },
      "ZeroRttStatusEvent c7: Rejected, streams have ended"
      PacketInspection packet, "PacketInspection c7: Inbound OneRtt 77, 1 byte 01"
      NewTokenAvailable
          { Connection = c7
            Token = Bytes.ofString "t" },
      "NewTokenAvailable c7: 1 byte 74"
      HandshakeInformation
          { Connection = c7
            Version = QuicVersion.V1
            ApplicationProtocol = "coquic"
            CipherSuite = CipherSuite.Aes128GcmSha256
            Group = NamedGroup.X25519
            PeerCertificate = payload
            WasResumed = false },
      "HandshakeInformation c7: QUIC v1, coquic, Aes128GcmSha256, X25519"
      PathChanged
          { Connection = c7
            OldRoute = Some(RouteHandle 1UL)
            NewRoute = Some(RouteHandle 2UL)
            IsValidated = true },
      "PathChanged c7: r1 to r2, validated"
      SendProgress
          { Connection = c7
            Stream = stream
            Released = 4096UL
            Buffered = 0UL },
      "SendProgress c7 client-bidi 4: 4096 released, 0 buffered"
      StreamsAvailable
          { Connection = c7
            Kind = StreamKind.Bidirectional
            Limit = 100UL },
      "StreamsAvailable c7: 100 Bidirectional"
      Trace
          { Connection = c7
            Record = TraceRecord.KeyLogLine "CLIENT_RANDOM aa bb" },
      "Trace c7: key log line, 19 characters"
      CertificateVerdictNeeded
          { Connection = c7
            QuestionId = 1UL
            Question =
              { Chain = [ payload; payload ]
                ServerName = "server.example"
                Time = DateTimeOffset.UnixEpoch
                PeerRole = Role.Server } },
      "CertificateVerdictNeeded c7: question 1, 'server.example', 2 certificates"
      ServerIdentityNeeded
          { Connection = c7
            QuestionId = 2UL
            ServerName = None
            ApplicationProtocol = "coquic"
            SignatureSchemes = [] },
      "ServerIdentityNeeded c7: question 2, no server name, coquic"
      ConnectionClosed { Connection = c7; Reason = reason },
      "ConnectionClosed c7: Peer, transport error FlowControlError in frame 0x08, \"too much\"" ]

/// The same effect with its payload changed; none for effects without one.
let private mapPayload (change: Bytes -> Bytes) effect =
    match effect with
    | SendDatagram run -> Some(SendDatagram { run with Bytes = change run.Bytes })
    | ReceiveStreamData data -> Some(ReceiveStreamData { data with Bytes = change data.Bytes })
    | ReceiveDatagramData data -> Some(ReceiveDatagramData { data with Bytes = change data.Bytes })
    | ResumptionStateAvailable state ->
        Some(
            ResumptionStateAvailable
                { state with
                    Serialized = state.Serialized |> Secret.reveal |> change |> Secret.ofBytes }
        )
    | PacketInspection packet ->
        Some(
            PacketInspection
                { packet with
                    Ciphertext = change packet.Ciphertext }
        )
    | NewTokenAvailable token ->
        Some(
            NewTokenAvailable
                { token with
                    Token = change token.Token }
        )
    | HandshakeInformation information ->
        Some(
            HandshakeInformation
                { information with
                    PeerCertificate = change information.PeerCertificate }
        )
    | PeerPreferredAddressAvailable address ->
        Some(
            PeerPreferredAddressAvailable
                { address with
                    StatelessResetToken = change address.StatelessResetToken }
        )
    | CertificateVerdictNeeded needed when not needed.Question.Chain.IsEmpty ->
        Some(
            CertificateVerdictNeeded
                { needed with
                    Question =
                        { needed.Question with
                            Chain = List.map change needed.Question.Chain } }
        )
    | CertificateVerdictNeeded _
    | ServerIdentityNeeded _
    | PeerResetStream _
    | PeerStopSending _
    | StateEvent _
    | ConnectionLifecycleEvent _
    | ZeroRttStatusEvent _
    | PathChanged _
    | SendProgress _
    | StreamsAvailable _
    | Trace _
    | ConnectionClosed _ -> None

let private flip index (bytes: Bytes) =
    let changed = bytes.ToArray()
    changed[index % changed.Length] <- changed[index % changed.Length] ^^^ 1uy
    Bytes.ofArray changed

[<Tests>]
let printing =
    testList
        "printing"
        [ testList
              "an effect prints in one line"
              [ for effect, text in printedEffects ->
                    testCase (text.Split(' ')[0])
                    <| fun () ->
                        Expect.equal (string effect) text "ToString"
                        Expect.equal $"%A{effect}" text "structured"
                        Expect.isLessThanOrEqual text.Length 120 "120 columns" ]

          testCase "identifiers, times and bytes print short"
          <| fun () ->
              let printed =
                  [ string c7
                    string (RouteHandle 3UL)
                    string stream
                    string (StreamId.serverUnidirectional 2UL)
                    string (TimeUs 12_345L)
                    string (Bytes.ofString "abc")
                    string payload
                    string connectionId
                    string QuicVersion.V2 ]

              Expect.equal
                  printed
                  [ "c7"
                    "r3"
                    "client-bidi 4"
                    "server-uni 11"
                    "12.345 ms"
                    "3 bytes 616263"
                    "1200 bytes c3c4c5c6c7c8c9cacbcccdcecfd0d1d2…"
                    "01020304"
                    "v2" ]
                  "as documented"

          testCase "errors and close reasons print as sentences"
          <| fun () ->
              let error =
                  { Connection = Some c7
                    Code = LocalErrorCode.SendSideClosed
                    Stream = Some stream }

              Expect.equal (string error) "LocalError SendSideClosed c7 client-bidi 4" "a local error"
              Expect.equal $"%A{CloseCode.Application 7UL}" "application error 7" "a code"

              Expect.equal
                  (string
                      { reason with
                          Reason = String('x', 500) })
                  $"Peer, transport error FlowControlError in frame 0x08, \"{String('x', 60)}…\""
                  "what the peer wrote is cut short"

              Expect.equal (string (OpenRequest.create "example.org" 443).Remote) "example.org:443" "an address"

          testCase "a result prints its effects a line each"
          <| fun () ->
              let result =
                  { QueryResult.ofEffects
                        [ ReceiveStreamData received
                          StateEvent
                              { Connection = c7
                                Change = StateChange.Failed } ] with
                      NextWakeup = Some(TimeUs 12_345L) }

              Expect.equal
                  $"%A{result}"
                  (String.Join(
                      Environment.NewLine,
                      [ "QueryResult: 2 effects, next wake-up 12.345 ms"
                        "  ReceiveStreamData c7 client-bidi 4: 5 bytes 68656c6c6f at 1024, fin"
                        "  StateEvent c7: Failed" ]
                  ))
                  "structured"

          property "no effect prints wider than 120 columns" (fun (effect: Effect) -> (string effect).Length <= 120)

          testCase "what decrypts a session is not printed"
          <| fun () ->
              let trace =
                  Trace
                      { Connection = c7
                        Record = TraceRecord.KeyLogLine "CLIENT_TRAFFIC_SECRET_0 aa 5ec4e7" }

              Expect.isFalse ((string trace).Contains "5ec4e7") "a key log line"
              Expect.isFalse ($"%A{trace}".Contains "5ec4e7") "a key log line, structured"

              let request =
                  { OpenRequest.create "::1" 443 with
                      ResumptionState = Secret.ofBytes (Bytes.ofArray [| 0x5euy; 0xc4uy; 0xe7uy |]) }

              Expect.isFalse ($"%A{Action.Open(1, request)}".Contains "5ec4e7") "a resumption state"
              Expect.equal (string request.Remote) "[::1]:443" "while the rest is there" ]

[<Tests>]
let equality =
    testList
        "equality"
        [ property "a copy of an effect equals it, and has its hash" (fun effect ->
              match mapPayload (fun bytes -> Bytes.copyOf (bytes.ToArray())) effect with
              | Some copy -> copy = effect && hash copy = hash effect
              | None -> effect = effect)

          property "one flipped bit of a payload makes another effect" (fun (effect: Effect) (index: uint16) ->
              let mutable isEmpty = false

              let flipped =
                  effect
                  |> mapPayload (fun bytes ->
                      if bytes.IsEmpty then
                          isEmpty <- true
                          bytes
                      else
                          flip (int index) bytes)

              match flipped with
              | Some flipped when not isEmpty ->
                  flipped <> effect
                  && QueryResult.ofEffects [ flipped ] <> QueryResult.ofEffects [ effect ]
              | Some _
              | None -> true)

          testCase "every kind of effect that carries bytes differs by one bit of them"
          <| fun () ->
              let withPayload =
                  printedEffects
                  |> List.choose (fun (effect, _) ->
                      mapPayload (fun _ -> payload) effect
                      |> Option.map (fun effect -> effect, mapPayload (flip 1199) effect))

              Expect.hasLength withPayload 9 "nine kinds carry bytes"

              for effect, flipped in withPayload do
                  Expect.notEqual (Some effect) flipped $"{effect}"

          testCase "identifiers and bytes order"
          <| fun () ->
              Expect.isLessThan c7 (ConnectionHandle.create 8UL) "connection handles"
              Expect.isLessThan (StreamId 3UL) (StreamId 4UL) "streams"
              Expect.isLessThan (TimeUs 3L) (TimeUs 4L) "times"
              Expect.isLessThan (Bytes.ofString "a") (Bytes.ofString "ab") "bytes"
              Expect.equal (TimeUs 1_500L - TimeUs 500L) (TimeSpan.FromMilliseconds 1.0) "a difference is a duration" ]

[<Tests>]
let bytes =
    testList
        "bytes"
        [ property "concatenating slices gives the whole" (fun (bytes: Bytes) (at: uint8) ->
              let at = int at % (bytes.Length + 1)
              Bytes.concat [ Bytes.slice 0 at bytes; Bytes.slice at (bytes.Length - at) bytes ] = bytes)

          property "hexadecimal digits and back" (fun (bytes: Bytes) -> Bytes.tryOfHex (Bytes.toHex bytes) = Some bytes)

          testCase "what is not hexadecimal is none"
          <| fun () -> Expect.allEqual [ Bytes.tryOfHex "0"; Bytes.tryOfHex "0g"; Bytes.tryOfHex "é0" ] None "none"

          testCase "a copy is untouched by later changes of the array"
          <| fun () ->
              let array = [| 1uy; 2uy |]
              let copy = Bytes.copyOf array
              array[0] <- 9uy
              Expect.equal copy (Bytes.ofArray [| 1uy; 2uy |]) "as it was"

          testCase "text and back"
          <| fun () -> Expect.equal (Bytes.ofString "grüezi" |> Bytes.toString) "grüezi" "UTF-8" ]

[<Tests>]
let runs =
    testList
        "runs of datagrams"
        [ testCase "a run splits into its datagrams, the last one shorter"
          <| fun () ->
              Expect.equal (SendDatagram.count run) 3 "three"

              Expect.equal
                  (SendDatagram.datagrams run)
                  [ payload; payload; Bytes.slice 0 100 payload ]
                  "in order, whole"

          testCase "one datagram is a run of one, whatever its segment size"
          <| fun () ->
              for size in [ 0; 1200; 1500 ] do
                  let single =
                      { run with
                          Bytes = payload
                          SegmentSize = size }

                  Expect.equal (SendDatagram.datagrams single) [ payload ] $"segment size {size}"

          property "the datagrams of a run are its bytes" (fun (run: SendDatagram) ->
              let datagrams = SendDatagram.datagrams run

              Bytes.concat datagrams = run.Bytes
              && List.length datagrams = SendDatagram.count run) ]
