module CoQuic.Engine.Tests.Scenarios.QlogTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Qlog
open CoQuic.Engine.Tests.Scenarios.Pair

let private minute = TimeSpan.FromMinutes 1.0
let private stream0 = StreamId 0UL

let private traced (config: EndpointConfig) =
    EndpointConfig(
        Role = config.Role,
        Entropy = config.Entropy,
        Calendar = config.Calendar,
        ApplicationProtocols = config.ApplicationProtocols,
        VerifyPeer = config.VerifyPeer,
        ServerIdentities = config.ServerIdentities,
        Transport = TransportConfig(MaxDatagramFrameSize = 1000UL),
        EnableQlog = true
    )

/// A connection with a transfer over a link that loses, a DATAGRAM, a key update and an end.
let private wholeLife link =
    let pair =
        withConfigs (traced (clientConfig 1UL)) (traced (serverConfig "test" 1UL)) 1 link

    connect pair
    Expect.isTrue (runUntil minute confirmed pair) "confirmed"
    Expect.isNone (send Client stream0 (Array.create 100_000 7uy) true pair) "data"
    let datagram = SendDatagramData(Bytes.CopyOf(ReadOnlySpan(Array.create 10 1uy)), 0)
    absorb Client (pair.Client.SendDatagram(pair.Now, pair.ClientConnection, &datagram)) pair
    absorb Client (pair.Client.RequestKeyUpdate(pair.Now, pair.ClientConnection)) pair
    Expect.isTrue (runUntil minute (fun pair -> snd (received Server stream0 pair)) pair) "arrived"
    absorb Client (pair.Client.CloseConnection(pair.Now, pair.ClientConnection, 3UL, "done")) pair
    Expect.isTrue (runUntil minute (fun pair -> Option.isSome (closeReason Server pair)) pair) "closed"
    pair

let private events side pair =
    told<TraceEffect> side pair
    |> List.choose (fun trace ->
        match trace.Record with
        | :? QlogRecord as record -> Some(record.Time, record.Event)
        | _ -> None)

let private lossy = { ideal with Loss = 0.03 }

let private count<'event when 'event :> QlogEvent> side pair =
    events side pair
    |> List.filter (fun (_, event) -> event :? 'event)
    |> List.length

[<Tests>]
let tests =
    testList
        "qlog"
        [ testCase "all events of a whole connection are as the draft's schema has them"
          <| fun () ->
              let pair = wholeLife lossy

              for side in [ Client; Server ] do
                  let events = events side pair

                  for time, event in events do
                      for record in QlogSchema.records ((QlogWriter.Event(time - origin, event)).ToArray()) do
                          Expect.isEmpty (QlogSchema.eventFaults record) $"{side}: {event}"

                  let started =
                      match events with
                      | (_, (:? QlogConnectionStarted as started)) :: _ -> started
                      | _ -> failtest "the first event begins the trace"

                  let header =
                      QlogSchema.records ((QlogWriter.Header(started, Nullable())).ToArray())
                      |> List.exactlyOne

                  Expect.isEmpty (QlogSchema.headerFaults header) $"{side}: the header"

          testCase "what is known of ECN on the path is told as it changes, from where it was"
          <| fun () ->
              let pair = wholeLife ideal

              let states =
                  events Client pair
                  |> List.choose (fun (_, event) ->
                      match event with
                      | :? QlogEcnStateUpdated as ecn -> Some(ecn.Old.Value, ecn.New)
                      | _ -> None)

              Expect.equal (fst (List.head states)) EcnState.Testing "at first"
              Expect.equal (snd (List.last states)) EcnState.Capable "in the end"

              for (_, last), (first, _) in List.pairwise states do
                  Expect.equal first last "no step is left out"

          testCase "packets that wait for their keys are told"
          <| fun () ->
              let waiting =
                  [ for seed in 1..5 do
                        let overtaking =
                            { ideal with
                                Jitter = TimeSpan.FromMilliseconds 15.0 }

                        let pair =
                            withConfigs
                                (traced (clientConfig (uint64 seed)))
                                (traced (serverConfig "test" (uint64 seed)))
                                seed
                                overtaking

                        connect pair
                        let isReady = hasState Client StateChange.HandshakeReady
                        Expect.isTrue (runUntil minute isReady pair) "the client is ready"
                        send Client stream0 (Array.create 3_000 7uy) true pair |> ignore
                        Expect.isTrue (runUntil minute confirmed pair) "confirmed"
                        count<QlogPacketBuffered> Client pair + count<QlogPacketBuffered> Server pair ]

              Expect.isGreaterThan (List.sum waiting) 0 "some did"

          testCase "events come in the order of their times, the first at the start and the last at the end"
          <| fun () ->
              let pair = wholeLife lossy

              for side in [ Client; Server ] do
                  let events = events side pair

                  for (time, _), (next, _) in List.pairwise events do
                      Expect.isLessThanOrEqual time next $"{side}: ascending"

                  match snd (List.last events) with
                  | :? QlogConnectionClosed as closed -> Expect.equal closed.Reason.Code 3UL $"{side}: how it ended"
                  | other -> failtest $"{side}: {other} is the last"

                  Expect.equal (count<QlogConnectionClosed> side pair) 1 $"{side}: once"

          testCase "every packet is there, on both sides, with its number and frames"
          <| fun () ->
              let pair = wholeLife ideal

              for side, handle in [ Client, pair.ClientConnection; Server, pair.ServerConnection ] do
                  match (endpoint side pair).GetStatistics handle with
                  | null -> failtest "the connection is held"
                  | statistics ->
                      // The CONNECTION_CLOSE is sent, but not tracked by loss detection.
                      let closing = if side = Client then 1 else 0

                      Expect.equal
                          (count<QlogPacketSent> side pair)
                          (int statistics.PacketsSent + closing)
                          $"{side}: sent"

                      Expect.equal
                          (count<QlogPacketReceived> side pair)
                          (int statistics.PacketsReceived)
                          $"{side}: received"

              let sentFrames =
                  events Client pair
                  |> List.collect (fun (_, event) ->
                      match event with
                      | :? QlogPacketSent as packet -> List.ofSeq packet.Frames
                      | _ -> [])

              let bytes =
                  sentFrames
                  |> List.sumBy (fun frame ->
                      match frame with
                      | :? QlogStreamFrame as stream when stream.StreamId = stream0 -> stream.Length
                      | _ -> 0)

              Expect.isGreaterThanOrEqual bytes 100_000 "all stream bytes were seen"
              Expect.isTrue (sentFrames |> List.exists (fun frame -> frame :? QlogDatagramFrame)) "the DATAGRAM too"
              Expect.isTrue (sentFrames |> List.exists (fun frame -> frame :? QlogConnectionCloseFrame)) "and the close"
              Expect.isFalse (sentFrames |> List.exists (fun frame -> frame :? QlogUnknownFrame)) "all could be read"

          for name, server, packetType in
              [ "a Retry", having [ "RetryEnabled", box true ] (serverConfig "test" 1UL), QlogPacketType.Retry
                "a Version Negotiation packet",
                having [ "SupportedVersions", box [| QuicVersion.V2 |] ] (serverConfig "test" 1UL),
                QlogPacketType.VersionNegotiation ] do
              testCase $"{name} that a client obeys is there, once, as the draft's schema has it"
              <| fun () ->
                  let client =
                      having
                          [ "EnableQlog", box true
                            "SupportedVersions", box [| QuicVersion.V1; QuicVersion.V2 |] ]
                          (clientConfig 1UL)

                  let pair = withConfigs client server 1 ideal
                  connect pair
                  Expect.isTrue (runUntil minute confirmed pair) "confirmed"

                  let obeyed =
                      [ for time, event in events Client pair do
                            match event with
                            | :? QlogPacketReceived as packet when packet.Header.Type = packetType ->
                                yield! QlogSchema.records ((QlogWriter.Event(time - origin, event)).ToArray())
                            | _ -> () ]

                  Expect.isEmpty (QlogSchema.eventFaults (List.exactlyOne obeyed)) "well-formed"

          testCase "keys come and go, phases change, states advance, parameters and versions are told"
          <| fun () ->
              let pair = wholeLife ideal
              let all = events Client pair |> List.map snd

              let states =
                  all
                  |> List.choose (fun event ->
                      match event with
                      | :? QlogConnectionStateUpdated as updated -> Some updated.New
                      | _ -> None)

              Expect.equal
                  states
                  [ QlogConnectionState.Attempted
                    QlogConnectionState.HandshakeComplete
                    QlogConnectionState.HandshakeConfirmed
                    QlogConnectionState.Closing ]
                  "the states at the end of each input"

              let has (predicate: QlogEvent -> bool) = List.exists predicate all

              for isServers in [ true; false ] do
                  Expect.isTrue
                      (has (fun event -> event = QlogKeyDiscarded(QlogPacketType.Initial, isServers)))
                      "Initial keys are discarded"

                  Expect.isTrue
                      (has (fun event ->
                          event =
                              QlogKeyUpdated(
                                  QlogPacketType.OneRtt,
                                  isServers,
                                  Nullable 1UL,
                                  QlogKeyTrigger.LocalUpdate
                              )))
                      "the key update that we asked for"

              Expect.equal (count<QlogParametersSet> Client pair) 2 "ours and the server's"
              Expect.equal (count<QlogAlpnInformation> Client pair) 2 "offered and chosen"
              Expect.equal (count<QlogDatagramDataMoved> Client pair) 1 "the DATAGRAM was handed over"
              Expect.equal (count<QlogDatagramDataMoved> Server pair) 1 "and given out"
              Expect.isGreaterThan (count<QlogRecoveryMetricsUpdated> Client pair) 3 "metrics"
              Expect.isGreaterThan (count<QlogTimerUpdated> Client pair) 3 "timers"
              Expect.isTrue (has (fun event -> event = QlogStreamStateUpdated(stream0, true, true))) "the stream opened"

          testCase "a server discards Initial keys with the first Handshake packet that it processes (RFC 9001 §4.9.1)"
          <| fun () ->
              let pair = wholeLife ideal
              let all = events Server pair |> List.map snd

              let isHandshake (event: QlogEvent) =
                  match event with
                  | :? QlogPacketReceived as packet -> packet.Header.Type = QlogPacketType.Handshake
                  | _ -> false

              let first = List.findIndex isHandshake all

              let discarded =
                  all
                  |> List.findIndex (fun event -> event = QlogKeyDiscarded(QlogPacketType.Initial, true))

              Expect.isLessThan first discarded "not before"

              let sentLater =
                  all
                  |> List.skip first
                  |> List.filter (fun event ->
                      match event with
                      | :? QlogPacketSent as packet -> packet.Header.Type = QlogPacketType.Initial
                      | _ -> false)

              Expect.isEmpty sentLater "and no Initial is sent any more"

          testCase "HANDSHAKE_DONE is sent when the handshake is complete, and not before (RFC 9000 §19.20)"
          <| fun () ->
              let pair = wholeLife ideal
              let all = events Server pair |> List.map snd

              let isDone (event: QlogEvent) =
                  match event with
                  | :? QlogPacketSent as packet ->
                      packet.Frames |> Seq.exists (fun frame -> frame :? QlogHandshakeDoneFrame)
                  | _ -> false

              let isClientsFinished (event: QlogEvent) =
                  match event with
                  | :? QlogPacketReceived as packet ->
                      packet.Header.Type = QlogPacketType.Handshake
                      && packet.Frames |> Seq.exists (fun frame -> frame :? QlogCryptoFrame)
                  | _ -> false

              Expect.isLessThan
                  (List.findIndex isClientsFinished all)
                  (List.findIndex isDone all)
                  "behind the client's Finished"

          testCase "application data is sent in 1-RTT packets alone, and every packet has a frame (RFC 9000 §12.4)"
          <| fun () ->
              let pair = wholeLife ideal

              for side in [ Client; Server ] do
                  for _, event in events side pair do
                      match event with
                      | :? QlogPacketSent as packet ->
                          Expect.isNonEmpty packet.Frames $"{side}: frames"

                          let isData (frame: QlogFrame) =
                              frame :? QlogStreamFrame || frame :? QlogDatagramFrame

                          if Seq.exists isData packet.Frames then
                              Expect.equal packet.Header.Type QlogPacketType.OneRtt $"{side}: protected by 1-RTT keys"
                      | _ -> ()

          testCase "losses are told with the packets' numbers"
          <| fun () ->
              let pair = wholeLife { ideal with Loss = 0.1 }

              Expect.isGreaterThan
                  (count<QlogPacketLost> Client pair + count<QlogPacketLost> Server pair)
                  0
                  "some were lost"

          testCase "tracing changes nothing that is sent"
          <| fun () ->
              let run trace =
                  let pair =
                      withConfigs (trace (clientConfig 1UL)) (trace (serverConfig "test" 1UL)) 1 lossy

                  connect pair
                  Expect.isTrue (runUntil minute confirmed pair) "confirmed"
                  Expect.isNone (send Client stream0 (Array.create 50_000 7uy) true pair) "data"
                  Expect.isTrue (runUntil minute (fun pair -> snd (received Server stream0 pair)) pair) "arrived"

                  effects Client pair
                  |> Seq.filter (fun (_, effect) -> not (effect :? TraceEffect))
                  |> List.ofSeq

              let untraced (config: EndpointConfig) =
                  EndpointConfig(
                      Role = config.Role,
                      Entropy = config.Entropy,
                      Calendar = config.Calendar,
                      ApplicationProtocols = config.ApplicationProtocols,
                      VerifyPeer = config.VerifyPeer,
                      ServerIdentities = config.ServerIdentities,
                      Transport = TransportConfig(MaxDatagramFrameSize = 1000UL)
                  )

              Expect.equal (run traced) (run untraced) "the same effects at the same times" ]
