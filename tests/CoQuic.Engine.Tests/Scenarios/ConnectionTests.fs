module CoQuic.Engine.Tests.Scenarios.ConnectionTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Tests

let private pattern length =
    Array.init length (fun i -> byte (i * 31 + i / 251))

let private ms (value: float) = TimeSpan.FromMilliseconds value
let private minute = TimeSpan.FromMinutes 1.0
let private stream0 = StreamId 0UL

let private connected link =
    let pair = Pair.create 1 link
    connect pair
    Expect.isTrue (runUntil minute confirmed pair) "the handshake is confirmed on both sides"
    pair

[<Tests>]
let handshake =
    testList
        "connection: handshake"
        [ testCase "both sides hear of every step, once and in order"
          <| fun () ->
              let pair = connected ideal

              for side in [ Client; Server ] do
                  Expect.equal
                      (told<StateEventEffect> side pair |> List.map _.Change)
                      [ StateChange.HandshakeReady; StateChange.HandshakeConfirmed ]
                      $"{side}"

              Expect.equal
                  (told<ConnectionLifecycleEventEffect> Client pair |> List.map _.Event)
                  [ Lifecycle.Created ]
                  "the client"

              Expect.equal
                  (told<ConnectionLifecycleEventEffect> Server pair |> List.map _.Event)
                  [ Lifecycle.Accepted ]
                  "the server"

          testCase "it takes one round trip until the client is ready"
          <| fun () ->
              let pair = connected ideal

              let ready =
                  pair.ClientEffects
                  |> Seq.pick (fun (at, effect) ->
                      match effect with
                      | :? StateEventEffect as event when event.Change = StateChange.HandshakeReady -> Some at
                      | _ -> None)

              Expect.equal (ready - origin) (ms 20.0) "one round trip"

          testCase "what it settled is told"
          <| fun () ->
              let pair = connected ideal
              let information = told<HandshakeInformationEffect> Client pair |> List.exactlyOne
              Expect.equal information.ApplicationProtocol "test" "the application protocol"
              Expect.equal information.Version QuicVersion.V1 "the version"
              Expect.isFalse information.PeerCertificate.IsEmpty "the server's certificate"

          testCase "every client datagram with an Initial has 1200 bytes (RFC 9000 §14.1)"
          <| fun () ->
              let pair = connected ideal

              let first =
                  told<SendDatagramEffect> Client pair
                  |> List.collect datagrams
                  |> List.filter (fun d -> d[0] &&& 0xf0uy = 0xc0uy)

              Expect.isNonEmpty first "there are some"
              Expect.all first (fun datagram -> datagram.Length >= 1200) "all are expanded"

          for drop in 0..4 do
              testCase $"the loss of datagram {drop} of each side is repaired"
              <| fun () ->
                  let pair = connected { ideal with Drop = Set.singleton drop }
                  Expect.isTrue (confirmed pair) "confirmed"

          testCase "a client whose server is silent gives up after the handshake timeout"
          <| fun () ->
              let pair = Pair.create 1 { ideal with Loss = 1.0 }
              connect pair
              Expect.isTrue (runUntil minute (fun p -> (closeReason Client p).IsSome) pair) "it ends"
              let reason = (closeReason Client pair).Value
              Expect.equal reason.Origin CloseOrigin.HandshakeTimeout "the reason"
              Expect.isLessThanOrEqual (pair.Now - origin) (TimeSpan.FromSeconds 11.0) "after ten seconds"

          testCase "no common application protocol ends the connection on both sides (RFC 9001 §8.1)"
          <| fun () ->
              let client = Pair.clientConfig 1UL
              let server = Pair.serverConfig "other" 1UL
              let pair = Pair.withConfigs client server 1 ideal
              connect pair
              Expect.isTrue (runUntil minute (fun p -> (closeReason Client p).IsSome) pair) "it ends"
              let reason = (closeReason Client pair).Value
              Expect.equal reason.Origin CloseOrigin.Peer "the server refuses"
              Expect.equal reason.Code 0x178UL "no_application_protocol"

          testCase "an unknown version is negotiated (RFC 9000 §6)"
          <| fun () ->
              let pair = Pair.create 1 ideal

              openConnection
                  (OpenConnection(Route = RouteHandle 1UL, InitialVersion = Nullable(QuicVersion 0x1a2a3a4au)))
                  pair

              Expect.isTrue (runUntil minute confirmed pair) "confirmed"
              Expect.isNotNull (pair.Client.GetStatistics pair.ClientConnection) "the same handle names the connection"

          testCase "the same seed gives the same effects"
          <| fun () ->
              let run () =
                  let pair = Pair.create 5 { ideal with Loss = 0.1 }
                  connect pair
                  runUntil minute confirmed pair |> ignore
                  send Client stream0 (pattern 50_000) true pair |> ignore
                  runUntil minute (fun p -> snd (received Server stream0 p)) pair |> ignore

                  [ for at, effect in pair.ClientEffects -> at, effect ],
                  [ for at, effect in pair.ServerEffects -> at, effect ]

              Expect.isTrue (run () = run ()) "identical" ]

[<Tests>]
let transfer =
    testList
        "connection: transfer"
        [ for size in [ 0; 1; 1000; 100_000; 3_000_000 ] do
              testCase $"{size} bytes arrive whole and in order, both ways"
              <| fun () ->
                  let pair = connected ideal
                  let sent = pattern size
                  Expect.isNone (send Client stream0 sent true pair) "accepted"
                  let finished side (p: Pair) = snd (received side stream0 p)
                  Expect.isTrue (runUntil minute (finished Server) pair) "the client's end arrives"
                  Expect.isTrue (fst (received Server stream0 pair) = sent) "what the server received"
                  Expect.isNone (send Server stream0 sent true pair) "accepted"
                  Expect.isTrue (runUntil minute (finished Client) pair) "the server's end arrives"
                  Expect.isTrue (fst (received Client stream0 pair) = sent) "what the client received"

          testCase "more streams than fit at once wait for MAX_STREAMS and all arrive"
          <| fun () ->
              let pair = connected ideal

              for index in 0UL .. 99UL do
                  Expect.isNone (send Client (StreamId(4UL * index)) (pattern 100) true pair) "within the limit"

              Expect.isSome (send Client (StreamId 400UL) (pattern 100) true pair) "beyond the limit"

              let answer (p: Pair) =
                  told<ReceiveStreamDataEffect> Server p |> List.filter _.Fin |> List.length = 100

              Expect.isTrue (runUntil minute answer pair) "all arrive"

              for index in 0UL .. 99UL do
                  send Server (StreamId(4UL * index)) Array.empty true pair |> ignore

              let more (p: Pair) =
                  told<StreamsAvailableEffect> Client p
                  |> List.exists (fun event -> event.Limit > 100UL)

              Expect.isTrue (runUntil minute more pair) "the server allows more"

          for seed in 1 .. Scale.current.Seeds do
              testCase $"a transfer over a lossy link completes (seed {seed})"
              <| fun () ->
                  let pair =
                      Pair.create
                          seed
                          { ideal with
                              Loss = 0.05
                              Delay = ms 50.0 }

                  connect pair
                  Expect.isTrue (runUntil minute confirmed pair) "confirmed"
                  let sent = pattern 300_000
                  send Client stream0 sent true pair |> ignore
                  Expect.isTrue (runUntil minute (fun p -> snd (received Server stream0 p)) pair) "the end arrives"
                  Expect.isTrue (fst (received Server stream0 pair) = sent) "the bytes are the same"

          testCase "a client's close that begins with an Initial fills 1200 bytes (RFC 9000 §14.1)"
          <| fun () ->
              let lastDatagram pair =
                  told<SendDatagramEffect> Client pair |> List.collect datagrams |> List.last

              let early = Pair.create 1 ideal
              connect early
              absorb Client (early.Client.CloseConnection(early.Now, early.ClientConnection, 42UL, "enough")) early
              Expect.equal (lastDatagram early).Length 1200 "an Initial alone"
              Expect.isTrue (runUntil minute (fun p -> (closeReason Server p).IsSome) early) "the server hears it"

              // A certificate that nobody trusts comes when the client has Handshake keys, and has not used them.
              let wary = having [ "VerifyPeer", true ] (clientConfig 1UL)
              let refusing = Pair.withConfigs wary (serverConfig "test" 1UL) 1 ideal
              connect refusing
              Expect.isTrue (runUntil minute (fun p -> (closeReason Client p).IsSome) refusing) "the client refuses"
              let datagram = lastDatagram refusing
              let packetType, length = firstPacket datagram
              Expect.equal packetType PacketType.Initial "first an Initial"
              Expect.isLessThan length 300 "then another packet, which has the padding"
              Expect.equal datagram.Length 1200 "together"
              Expect.isTrue (runUntil minute (fun p -> (closeReason Server p).IsSome) refusing) "the server hears it"

          testCase "an application's close reaches the peer with code and reason"
          <| fun () ->
              let pair = connected ideal

              let result =
                  pair.Client.CloseConnection(pair.Now, pair.ClientConnection, 42UL, "enough")

              absorb Client result pair
              Expect.isTrue (runUntil minute (fun p -> (closeReason Server p).IsSome) pair) "it arrives"

              Expect.equal
                  (closeReason Server pair).Value
                  (CloseReason(CloseOrigin.Peer, true, 42UL, 0UL, "enough"))
                  "what the server hears"

              Expect.isTrue
                  (runUntil minute (fun p -> p.Client.ConnectionCount = 0 && p.Server.ConnectionCount = 0) pair)
                  "both forget the connection"

          testCase "key updates of both sides, one after another, leave a transfer whole (RFC 9001 §6)"
          <| fun () ->
              let pair = Pair.create 3 { ideal with Loss = 0.02 }
              connect pair
              Expect.isTrue (runUntil minute confirmed pair) "confirmed"
              let sent = pattern 1_000_000
              send Client stream0 sent true pair |> ignore
              send Server (StreamId 1UL) sent true pair |> ignore
              let mutable rounds = 0

              let finished (p: Pair) =
                  snd (received Server stream0 p) && snd (received Client (StreamId 1UL) p)

              while not (finished pair) && rounds < 200 do
                  absorb Client (pair.Client.RequestKeyUpdate(pair.Now, pair.ClientConnection)) pair

                  if rounds % 2 = 0 then
                      absorb Server (pair.Server.RequestKeyUpdate(pair.Now, pair.ServerConnection)) pair

                  runUntil (ms 30.0) finished pair |> ignore
                  rounds <- rounds + 1

              Expect.isTrue (fst (received Server stream0 pair) = sent) "what the server received"
              Expect.isTrue (fst (received Client (StreamId 1UL) pair) = sent) "what the client received"
              Expect.isGreaterThan rounds 10 "there was time for several updates"
              Expect.equal (pair.Server.CountDropped DropReason.NotAuthentic) 0UL "every packet could be opened"

          testCase "silence ends a connection after the idle timeout"
          <| fun () ->
              let pair = connected ideal

              Expect.isTrue
                  (runUntil (TimeSpan.FromMinutes 5.0) (fun p -> (closeReason Client p).IsSome) pair)
                  "it ends"

              Expect.equal (closeReason Client pair).Value.Origin CloseOrigin.IdleTimeout "the reason"
              Expect.isGreaterThanOrEqual (pair.Now - origin) (TimeSpan.FromSeconds 30.0) "not before"

          testCase "a keep-alive holds an idle connection, and stops asking a peer that is gone"
          <| fun () ->
              let transport = TransportConfig(KeepAliveInterval = TimeSpan.FromSeconds 10.0)

              let pair =
                  Pair.withConfigs (Pair.clientWith transport 1UL) (Pair.serverConfig "test" 1UL) 1 ideal

              connect pair

              Expect.isFalse
                  (runUntil (TimeSpan.FromMinutes 2.0) (fun p -> (closeReason Client p).IsSome) pair)
                  "it lives"

              let before = told<SendDatagramEffect> Client pair |> List.length
              pair.Tamper <- fun _ _ _ -> Bytes.Empty

              Expect.isTrue
                  (runUntil (TimeSpan.FromMinutes 2.0) (fun p -> (closeReason Client p).IsSome) pair)
                  "it ends"

              let asked = (told<SendDatagramEffect> Client pair |> List.length) - before
              Expect.isLessThan asked 40 "a few pings and probes"

          testCase "a reset and a request to stop are told with their codes"
          <| fun () ->
              let pair = connected ideal
              send Client stream0 (pattern 10) false pair |> ignore

              runUntil minute (fun p -> told<ReceiveStreamDataEffect> Server p <> []) pair
              |> ignore

              absorb Server (pair.Server.StopSending(pair.Now, pair.ServerConnection, stream0, 7UL)) pair

              Expect.isTrue
                  (runUntil minute (fun p -> told<PeerResetStreamEffect> Server p <> []) pair)
                  "a reset answers"

              Expect.equal
                  (told<PeerStopSendingEffect> Client pair |> List.map _.ApplicationErrorCode)
                  [ 7UL ]
                  "the client"

              Expect.equal
                  (told<PeerResetStreamEffect> Server pair
                   |> List.map (fun e -> e.ApplicationErrorCode, e.FinalSize))
                  [ 7UL, 10UL ]
                  "the server" ]
