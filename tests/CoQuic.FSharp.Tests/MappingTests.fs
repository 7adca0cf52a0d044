/// The engine's effects become ours, kind by kind.
module CoQuic.FSharp.Tests.MappingTests

open System
open System.Net
open Expecto
open CoQuic
open CoQuic.FSharp

let private c1 = ConnectionHandle.create 1UL
let private stream = StreamId.clientBidirectional 1UL
let private bytes = Bytes.ofString "payload"
let private id = ConnectionId(ReadOnlySpan [| 1uy; 2uy |])
let private reason = Engine.CloseReason(CloseOrigin.Peer, true, 7UL, 0UL, "enough")

let private address =
    Engine.PreferredAddress(IPEndPoint(IPAddress.Loopback, 1), null, id, bytes)

let private packet =
    Engine.PacketInspectionEffect(
        c1,
        Direction = PacketDirection.Inbound,
        PacketType = InspectedPacketType.Initial,
        DatagramId = 1UL,
        DatagramLength = 2,
        DatagramOffset = 3,
        PacketLength = 4,
        Version = Nullable QuicVersion.V1,
        DestinationConnectionId = id,
        SourceConnectionId = Nullable id,
        Token = bytes,
        SpinBit = true,
        KeyPhase = true,
        PacketNumberLength = 2,
        PacketNumber = 5UL,
        Ciphertext = bytes,
        Plaintext = Bytes.empty
    )

let private pairs: (Engine.Effect * Effect) list =
    [ Engine.SendDatagramEffect(c1, Nullable(RouteHandle 2UL), EcnCodepoint.Ect0, true, bytes, 7),
      SendDatagram
          { Connection = c1
            Route = Some(RouteHandle 2UL)
            Ecn = EcnCodepoint.Ect0
            IsPmtuProbe = true
            Bytes = bytes
            SegmentSize = 7 }
      Engine.ReceiveStreamDataEffect(c1, stream, 3UL, bytes, true, Nullable 10UL),
      ReceiveStreamData
          { Connection = c1
            Stream = stream
            Offset = 3UL
            Bytes = bytes
            Fin = true
            FinalSize = Some 10UL }
      Engine.ReceiveDatagramDataEffect(c1, bytes), ReceiveDatagramData { Connection = c1; Bytes = bytes }
      Engine.PeerResetStreamEffect(c1, stream, 4UL, 5UL),
      PeerResetStream
          { Connection = c1
            Stream = stream
            ApplicationErrorCode = 4UL
            FinalSize = 5UL }
      Engine.PeerStopSendingEffect(c1, stream, 4UL),
      PeerStopSending
          { Connection = c1
            Stream = stream
            ApplicationErrorCode = 4UL }
      Engine.StateEventEffect(c1, StateChange.HandshakeConfirmed),
      StateEvent
          { Connection = c1
            Change = StateChange.HandshakeConfirmed }
      Engine.ConnectionLifecycleEventEffect(c1, Lifecycle.Accepted),
      ConnectionLifecycleEvent
          { Connection = c1
            Event = Lifecycle.Accepted }
      Engine.PeerPreferredAddressAvailableEffect(c1, address),
      PeerPreferredAddressAvailable
          { Connection = c1
            IPv4 = Some(IPEndPoint(IPAddress.Loopback, 1))
            IPv6 = None
            ConnectionId = id
            StatelessResetToken = bytes }
      Engine.ResumptionStateAvailableEffect(c1, bytes),
      ResumptionStateAvailable
          { Connection = c1
            Serialized = Secret.ofBytes bytes }
      Engine.ZeroRttStatusEventEffect(c1, ZeroRttStatus.Rejected, true),
      ZeroRttStatusEvent
          { Connection = c1
            Status = ZeroRttStatus.Rejected
            HaveStreamsEnded = true }
      packet,
      PacketInspection
          { Connection = c1
            Direction = PacketDirection.Inbound
            PacketType = InspectedPacketType.Initial
            DatagramId = 1UL
            DatagramLength = 2
            DatagramOffset = 3
            PacketLength = 4
            Version = Some QuicVersion.V1
            DestinationConnectionId = id
            SourceConnectionId = Some id
            Token = bytes
            SpinBit = true
            KeyPhase = true
            PacketNumberLength = 2
            PacketNumber = 5UL
            Ciphertext = bytes
            Plaintext = Bytes.empty }
      Engine.NewTokenAvailableEffect(c1, bytes), NewTokenAvailable { Connection = c1; Token = bytes }
      Engine.HandshakeInformationEffect(
          c1,
          QuicVersion.V1,
          "h3",
          CipherSuite.Aes128GcmSha256,
          NamedGroup.X25519,
          bytes,
          true
      ),
      HandshakeInformation
          { Connection = c1
            Version = QuicVersion.V1
            ApplicationProtocol = "h3"
            CipherSuite = CipherSuite.Aes128GcmSha256
            Group = NamedGroup.X25519
            PeerCertificate = bytes
            WasResumed = true }
      Engine.PathChangedEffect(c1, Nullable(), Nullable(RouteHandle 2UL), true),
      PathChanged
          { Connection = c1
            OldRoute = None
            NewRoute = Some(RouteHandle 2UL)
            IsValidated = true }
      Engine.SendProgressEffect(c1, stream, 8UL, 9UL),
      SendProgress
          { Connection = c1
            Stream = stream
            Released = 8UL
            Buffered = 9UL }
      Engine.StreamsAvailableEffect(c1, StreamKind.Unidirectional, 6UL),
      StreamsAvailable
          { Connection = c1
            Kind = StreamKind.Unidirectional
            Limit = 6UL }
      Engine.TraceEffect(c1, Engine.KeyLogLine "line"),
      Trace
          { Connection = c1
            Record = TraceRecord.KeyLogLine "line" }
      Engine.CertificateVerdictNeededEffect(
          c1,
          3UL,
          Engine.CertificateQuestion([| bytes |], "server.example", DateTimeOffset.UnixEpoch, Role.Server)
      ),
      CertificateVerdictNeeded
          { Connection = c1
            QuestionId = 3UL
            Question =
              { Chain = [ bytes ]
                ServerName = "server.example"
                Time = DateTimeOffset.UnixEpoch
                PeerRole = Role.Server } }
      Engine.ServerIdentityNeededEffect(
          c1,
          4UL,
          Engine.ServerIdentityQuestion(null, "h3", [| SignatureScheme.EcdsaSecp256r1Sha256 |])
      ),
      ServerIdentityNeeded
          { Connection = c1
            QuestionId = 4UL
            ServerName = None
            ApplicationProtocol = "h3"
            SignatureSchemes = [ SignatureScheme.EcdsaSecp256r1Sha256 ] }
      Engine.ConnectionClosedEffect(c1, reason),
      ConnectionClosed
          { Connection = c1
            Reason =
              { Origin = CloseOrigin.Peer
                Code = CloseCode.Application 7UL
                Reason = "enough" } } ]

[<Tests>]
let tests =
    testList
        "effects of the engine"
        [ for engine, expected in pairs do
              testCase $"{engine.Kind}" (fun () -> Expect.equal (EffectMapping.ofEngine engine) expected "every field")

          testCase "every kind is among them"
          <| fun () ->
              let kinds = pairs |> List.map (fun (engine, _) -> engine.Kind) |> Set.ofList
              Expect.equal kinds (Set.ofArray (Enum.GetValues<Engine.EffectKind>())) "all"

          testCase "a qlog event keeps its time"
          <| fun () ->
              let event = Engine.QlogMtuUpdated(1200, 1400)

              Expect.equal
                  (EffectMapping.ofEngine (Engine.TraceEffect(c1, Engine.QlogRecord(TimeUs 5L, event))))
                  (Trace
                      { Connection = c1
                        Record = TraceRecord.Qlog(TimeUs 5L, event) })
                  "the same event"

          testCase "a transport error keeps its frame type"
          <| fun () ->
              let reason = Engine.CloseReason(CloseOrigin.Local, false, 3UL, 8UL, "")

              match EffectMapping.ofEngine (Engine.ConnectionClosedEffect(c1, reason)) with
              | ConnectionClosed closed ->
                  Expect.equal
                      closed.Reason.Code
                      (CloseCode.Transport(TransportErrorCode.FlowControlError, 8UL))
                      "code and frame"
              | other -> failtest $"{other}" ]
