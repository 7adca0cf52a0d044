/// Every way in which a connection ends is told to the application once, with who, what and why.
module CoQuic.Engine.Tests.Scenarios.EndingTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

let private minute = TimeSpan.FromMinutes 1.0

let private confirmedWith client server =
    let pair = withConfigs client server 1 ideal
    connect pair
    Expect.isTrue (runUntil minute confirmed pair) "the handshake is confirmed on both sides"
    pair

let private standard () =
    confirmedWith (clientConfig 1UL) (serverConfig "test" 1UL)

/// The reason of a side's end, which must be its last effect, preceded by the failed state and the end of its life.
let private ending side pair =
    Expect.isTrue (runUntil minute (fun pair -> Option.isSome (closeReason side pair)) pair) $"{side} hears of an end"
    runUntil (TimeSpan.FromMinutes 10.0) (fun _ -> false) pair |> ignore
    let closed = told<ConnectionClosedEffect> side pair |> List.exactlyOne

    let own =
        effects side pair
        |> Seq.map snd
        |> Seq.filter (fun effect -> effect.Connection = closed.Connection)
        |> List.ofSeq

    Expect.equal (List.last own) (closed :> Effect) $"{side}: it is the last effect"

    Expect.equal
        (told<StateEventEffect> side pair
         |> List.filter (fun event -> event.Change = StateChange.Failed)
         |> List.length)
        1
        $"{side}: failed once"

    Expect.equal
        (told<ConnectionLifecycleEventEffect> side pair
         |> List.filter (fun event -> event.Event = Lifecycle.Closed)
         |> List.length)
        1
        $"{side}: closed once"

    Expect.equal (endpoint side pair).ConnectionCount 0 $"{side}: nothing is kept in the end"
    closed.Reason

let private close side code reason pair =
    let handle =
        match side with
        | Client -> pair.ClientConnection
        | Server -> pair.ServerConnection

    absorb side ((endpoint side pair).CloseConnection(pair.Now, handle, code, reason)) pair

[<Tests>]
let tests =
    testList
        "how a connection ended"
        [ testCase "by our application, and for the peer by its peer, with code and reason"
          <| fun () ->
              let pair = standard ()
              close Client 77UL "done" pair
              close Client 78UL "twice" pair

              Expect.equal
                  (ending Client pair)
                  (CloseReason(CloseOrigin.Local, true, 77UL, 0UL, "done"))
                  "the closing side; a second close changes nothing"

              Expect.equal
                  (ending Server pair)
                  (CloseReason(CloseOrigin.Peer, true, 77UL, 0UL, "done"))
                  "the other side"

          testCase "both applications close at once, and each is told its own"
          <| fun () ->
              let pair = standard ()
              close Client 1UL "client" pair
              close Server 2UL "server" pair
              Expect.equal (ending Client pair).Code 1UL "the client"
              Expect.equal (ending Client pair).Origin CloseOrigin.Local "by itself"
              Expect.equal (ending Server pair).Code 2UL "the server"

          testCase "an application's close before the handshake shows neither code nor reason (RFC 9000 §10.2.3)"
          <| fun () ->
              let pair = create 1 ideal
              connect pair
              close Client 77UL "secret" pair
              let reason = ending Client pair
              Expect.equal (reason.Origin, reason.Code) (CloseOrigin.Local, 77UL) "our side knows"

              for closed in told<ConnectionClosedEffect> Server pair do
                  Expect.equal
                      closed.Reason
                      (CloseReason(CloseOrigin.Peer, false, uint64 TransportErrorCode.ApplicationError, 0UL, ""))
                      "the peer is told no more than that"

          testCase "by silence: the idle timeout, on both sides"
          <| fun () ->
              let pair = standard ()
              pair.Tamper <- fun _ _ _ -> Bytes.Empty

              for side in [ Client; Server ] do
                  let reason = ending side pair
                  Expect.equal (reason.Origin, reason.Code) (CloseOrigin.IdleTimeout, 0UL) $"{side}"
                  Expect.isNonEmpty reason.Reason $"{side}: with a sentence"

          testCase "by a handshake that takes too long"
          <| fun () ->
              let transport =
                  TransportConfig(
                      HandshakeTimeout = TimeSpan.FromSeconds 3.0,
                      MaxIdleTimeout = TimeSpan.FromMinutes 2.0
                  )

              let pair = withConfigs (clientWith transport 1UL) (serverConfig "test" 1UL) 1 ideal
              pair.Tamper <- fun _ _ _ -> Bytes.Empty
              connect pair
              Expect.equal (ending Client pair).Origin CloseOrigin.HandshakeTimeout "the client gives up"

          testCase "by a peer that forgot: a stateless reset, for the client alone"
          <| fun () ->
              let key = Bytes.CopyOf(ReadOnlySpan(Array.create 32 7uy))

              let server =
                  EndpointConfig(
                      Role = Role.Server,
                      Entropy = TestEntropy 9UL,
                      Calendar = CalendarAnchor(DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), origin),
                      ApplicationProtocols = [| "test" |],
                      StatelessResetKey = key,
                      ServerIdentities = SingleServerIdentity(SimulationIdentity.Create(TestEntropy 7UL, "localhost"))
                  )

              let pair = confirmedWith (clientConfig 1UL) server
              Expect.isNone (send Client (StreamId 0UL) [| 1uy |] true pair) "something that the server acknowledges"

              // What the server would send after a restart: unpredictable bytes behind the connection ID that it answers, and the
              // token of the ID that the client sends to, which its last datagram shows (RFC 9000 §10.3).
              let idIn side =
                  let datagram = (told<SendDatagramEffect> side pair |> List.last).Bytes
                  ConnectionId(datagram.Span.Slice(1, 8))

              Expect.isTrue (runUntil minute (fun pair -> snd (received Server (StreamId 0UL) pair)) pair) "it arrives"
              let token = StatelessResetTokens(key).Of(idIn Client)
              let datagram = Array.create 43 0x55uy
              (idIn Server).Span.CopyTo(datagram.AsSpan 1)
              token.Span.CopyTo(datagram.AsSpan(43 - StatelessResetToken.Length))

              let input =
                  InboundDatagram(
                      Bytes.CopyOf(ReadOnlySpan datagram),
                      0,
                      Nullable(RouteHandle 1UL),
                      EcnCodepoint.Unavailable,
                      Bytes.Empty
                  )

              for _ in 1..3 do
                  absorb Client (pair.Client.ReceiveDatagram(pair.Now, &input)) pair

              Expect.equal (ending Client pair).Origin CloseOrigin.StatelessReset "the client knows"


          testCase "data that came before the end is given out before it"
          <| fun () ->
              let pair = standard ()
              Expect.isNone (send Client (StreamId 0UL) (Array.create 3000 1uy) true pair) "data"
              close Client 5UL "bye" pair
              ending Server pair |> ignore
              let own = effects Server pair |> Seq.map snd |> List.ofSeq
              let isData (effect: Effect) = effect :? ReceiveStreamDataEffect
              let isEnd (effect: Effect) = effect :? ConnectionClosedEffect

              match List.tryFindIndexBack isData own, List.tryFindIndex isEnd own with
              | Some data, Some last -> Expect.isLessThan data last "data first"
              | _ -> () ]
