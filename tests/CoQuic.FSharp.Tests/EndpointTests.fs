/// Endpoints stepped by hand.
module CoQuic.FSharp.Tests.EndpointTests

open System
open Expecto
open CoQuic.FSharp
open CoQuic.FSharp.Tests.TransferProgram

let private create () =
    match Pair.create 1UL clientConfig serverConfig with
    | Ok pair -> pair
    | Error error -> failtest $"{error}"

let private connected () =
    match Pair.connect "server" (create ()) with
    | Some connection, _, pair ->
        let results, pair = Pair.exchange 20 pair
        connection, results, pair
    | None, result, _ -> failtest $"%A{result}"

let private effects results =
    results
    |> List.collect (fun (role, result: QueryResult) -> result.Effects |> List.map (fun effect -> role, effect))

let private tells change (role, effect) =
    match effect with
    | StateEvent event when event.Change = change -> Some role
    | _ -> None

let private send stream text fin connection =
    Input.SendStreamData
        { Connection = connection
          Stream = stream
          Bytes = Bytes.ofString text
          Fin = fin
          Priority = 0 }

let private received role results =
    effects results
    |> List.choose (function
        | at, ReceiveStreamData data when at = role -> Some data.Bytes
        | _ -> None)
    |> Bytes.concat
    |> Bytes.toString

[<Tests>]
let tests =
    testList
        "endpoints by hand"
        [ testCase "a handshake is a few steps"
          <| fun () ->
              let _, results, pair = connected ()
              let ready = effects results |> List.choose (tells StateChange.HandshakeReady)

              let confirmed =
                  effects results |> List.choose (tells StateChange.HandshakeConfirmed)

              Expect.equal (List.sort ready) [ Role.Client; Role.Server ] "ready at both ends"
              Expect.equal (List.sort confirmed) [ Role.Client; Role.Server ] "confirmed at both ends"
              Expect.equal (Endpoint.connectionCount pair.Server) 1 "one connection"
              Pair.dispose pair

          testCase "bytes that go in come out, with the end of their stream"
          <| fun () ->
              let connection, _, pair = connected ()
              let stream = StreamId.clientBidirectional 0UL
              let _, pair = Pair.feed Role.Client (send stream "hello" true connection) pair
              let results, pair = Pair.exchange 20 pair
              Expect.equal (received Role.Server results) "hello" "the bytes"
              Pair.dispose pair

          testCase "what is lost is sent again once its time has come"
          <| fun () ->
              let connection, _, pair = connected ()
              let stream = StreamId.clientBidirectional 0UL
              let _, pair = Pair.feed Role.Client (send stream "again" true connection) pair
              Expect.isNonEmpty pair.ToServer "under way"
              let pair = { pair with ToServer = [] }

              let rec waitFor tries pair =
                  let _, pair = Pair.wake pair
                  let results, pair = Pair.exchange 20 pair

                  match received Role.Server results with
                  | "" when tries > 0 -> waitFor (tries - 1) pair
                  | text -> text, pair

              let text, pair = waitFor 10 pair
              Expect.equal text "again" "it arrives after all"
              Pair.dispose pair

          testCase "a duplicated datagram tells nothing twice"
          <| fun () ->
              let connection, _, pair = connected ()
              let stream = StreamId.clientBidirectional 0UL
              let _, pair = Pair.feed Role.Client (send stream "once" true connection) pair

              let results, pair =
                  Pair.exchange
                      20
                      { pair with
                          ToServer = pair.ToServer @ pair.ToServer }

              Expect.equal (received Role.Server results) "once" "once"
              Pair.dispose pair

          testCase "an operation that the protocol forbids is a local error, and changes nothing"
          <| fun () ->
              let connection, _, pair = connected ()
              let foreign = StreamId.serverUnidirectional 0UL
              let result, pair = Pair.feed Role.Client (send foreign "no" false connection) pair

              match result.LocalError with
              | Some error ->
                  Expect.equal error.Connection (Some connection) "the connection"
                  Expect.equal error.Stream (Some foreign) "the stream"
              | None -> failtest "it was accepted"

              let unknown, pair =
                  Pair.feed Role.Client (Input.RequestKeyUpdate(ConnectionHandle.create 99UL)) pair

              Expect.equal
                  (unknown.LocalError |> Option.map _.Code)
                  (Some LocalErrorCode.UnsupportedOperation)
                  "a connection that is not there"

              Pair.dispose pair

          testCase "a server opens nothing"
          <| fun () ->
              let pair = create ()
              let input = OpenConnection.create "server" Pair.route
              let handle, result = Endpoint.connect TimeUs.zero input pair.Server
              Expect.isNone handle "no handle"
              Expect.isSome result.LocalError "but a reason"
              Pair.dispose pair

          testCase "received bytes are left as they are"
          <| fun () ->
              let _, _, pair = Pair.connect "server" (create ())

              let before =
                  pair.ToServer |> List.map (fun run -> Bytes.copyOf (run.Bytes.ToArray()))

              let runs = pair.ToServer
              let _, pair = Pair.exchange 20 pair
              Expect.equal (runs |> List.map _.Bytes) before "a value can be fed again"
              Pair.dispose pair

          Engines.needing Capabilities.CloseReasons "what a closed connection heard is its reason, at both ends"
          <| fun () ->
              let connection, _, pair = connected ()

              let close =
                  Input.CloseConnection
                      { Connection = connection
                        ApplicationErrorCode = 7UL
                        Reason = "enough" }

              let result, pair = Pair.feed Role.Client close pair
              let results, pair = Pair.exchange 20 pair

              let reasons =
                  (Role.Client, result) :: results
                  |> effects
                  |> List.choose (function
                      | role, ConnectionClosed closed -> Some(role, closed.Reason)
                      | _ -> None)

              let reason origin =
                  { Origin = origin
                    Code = CloseCode.Application 7UL
                    Reason = "enough" }

              Expect.equal
                  reasons
                  [ Role.Client, reason CloseOrigin.Local; Role.Server, reason CloseOrigin.Peer ]
                  "once each"

              Pair.dispose pair

          Engines.needing Capabilities.Statistics "statistics tell of a connection while it is held"
          <| fun () ->
              let connection, _, pair = connected ()
              let statistics = Endpoint.statistics connection pair.Client |> Option.get
              Expect.isGreaterThan statistics.SmoothedRtt TimeSpan.Zero "a round trip was measured"

              Expect.isNone
                  (Endpoint.statistics (ConnectionHandle.create 9UL) pair.Client)
                  "none of one that is not there"

              Pair.dispose pair

          testCase "a use after disposal raises, and disposing again does not"
          <| fun () ->
              let pair = create ()
              Pair.dispose pair
              Pair.dispose pair

              Expect.throwsT<ObjectDisposedException>
                  (fun () -> Endpoint.timerExpired TimeUs.zero pair.Client |> ignore)
                  "a programmer's mistake" ]
