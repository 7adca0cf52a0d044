module CoQuic.Perf.Tests.ClientTests

open System
open Expecto
open CoQuic.FSharp
open CoQuic.Perf

let private connection = ConnectionHandle.create 7UL
let private control = ServerSession.controlStream

let private config =
    { Config.standard with
        TotalBytes = Some 100UL }

let private exchange =
    { Config.standard with
        Requests = Some 2UL }

let private stream id (bytes: Bytes) fin =
    Signal.StreamData
        { Connection = connection
          Stream = id
          Offset = 0UL
          Bytes = bytes
          Fin = fin
          FinalSize = None }

let private closed origin code reason =
    Signal.Closed
        { Connection = connection
          Reason =
            { Origin = origin
              Code = code
              Reason = reason } }

/// The client after these events, a second each, with all of its commands.
let private after config events =
    let program = Client.program config
    let now index = TimeUs.ofSeconds (float index)

    events
    |> List.indexed
    |> List.fold
        (fun (client, commands) (index, event) ->
            let client, more = program.Update (now index) event client
            client, commands @ more)
        program.Init

let private signals = List.map Network

let private untilReady =
    Message ClientMessage.Begin
    :: signals
        [ Signal.Opened(0, connection)
          Signal.HandshakeReady(connection, None)
          Signal.StreamOpened(ClientTurn.controlTag, connection, control) ]

let private failureOf config events =
    let client, commands = after config events
    Expect.equal client.Phase RunPhase.Over "the run is over"
    Expect.equal (List.last commands) Command.Stop "and the program ends"
    client.Failure

let private says message = ControlCodec.encode message

[<Tests>]
let tests =
    testList
        "client"
        [ testCase "the session begins with its description, and with the end of that stream"
          <| fun () ->
              let _, commands = after config untilReady
              let start = says (SessionStart(Config.sessionStart None config))
              Expect.contains commands (Command.sendLast connection control start) "the start"

          testCase "each connection is told its share of the requests"
          <| fun () ->
              let config =
                  { Config.standard with
                      Mode = Mode.RequestResponse
                      Requests = Some 11UL
                      Connections = 4UL }

              let program = Client.program config

              let told tag =
                  let client, _ =
                      program.Update TimeUs.zero (Message ClientMessage.Begin) (fst program.Init)

                  let client, _ =
                      program.Update TimeUs.zero (Network(Signal.Opened(tag, connection))) client

                  client.Sessions[connection.Value].Limit

              Expect.equal (List.map told [ 0..3 ]) [ Some 3UL; Some 3UL; Some 3UL; Some 2UL ] "the shares"

          testCase "the server's objection is the reason"
          <| fun () ->
              let error = stream control (says (SessionError "no")) true
              Expect.equal (failureOf config (untilReady @ signals [ error ])) (Some "no") "the reason"

          testCase "messages that come in pieces, and several at once, are read"
          <| fun () ->
              let bytes =
                  Bytes.concat
                      [ says (SessionReady 9u)
                        says (SessionComplete { Counters.zero with BytesSent = 1UL })
                        says (SessionComplete { Counters.zero with BytesSent = 2UL }) ]

              let pieces =
                  [ for index in 0 .. bytes.Length - 1 -> stream control (bytes.Slice(index, 1)) false ]

              let client, _ = after config (untilReady @ signals pieces)
              Expect.equal client.Totals.Server.BytesSent 1UL "the first summary of a session counts"
              Expect.equal client.ControlComplete 1UL "once"

          for what, config, answer in
              [ "download", config, Some true
                "upload",
                { config with
                    Direction = Direction.Upload },
                None
                "rr",
                { exchange with
                    Mode = Mode.RequestResponse },
                Some true
                "persistent-rr",
                { exchange with
                    Mode = Mode.PersistentRequestResponse },
                Some false ] do
              testCase $"a session of {what} that is done is closed while others go on, and not before"
              <| fun () ->
                  let config = { config with Connections = 2UL }
                  let data = StreamId.clientBidirectional 1UL

                  let begun =
                      untilReady
                      @ signals
                          [ stream control (says (SessionReady Protocol.currentVersion)) false
                            Signal.StreamOpened(ClientTurn.dataTag, connection, data) ]

                  let complete =
                      signals [ stream control (says (SessionComplete Counters.zero)) true ]

                  let isClosed events =
                      let client, commands = after config events
                      Expect.notEqual client.Phase RunPhase.Over "the other session goes on"
                      List.contains (Command.close connection 0UL "session complete") commands

                  let answered =
                      match answer with
                      | Some fin -> signals [ stream data (Bytes.ofArray (Array.zeroCreate 64)) fin ]
                      | None -> []

                  Expect.isFalse (isClosed (begun @ answered)) "the server has not said that it is done"
                  Expect.isTrue (isClosed (begun @ answered @ complete)) "done"

                  if not answered.IsEmpty then
                      Expect.isFalse (isClosed (begun @ complete)) "an answer is under way"
                      Expect.isTrue (isClosed (begun @ complete @ answered)) "done, in the other order"

          testCase "a frame that is no message is dropped"
          <| fun () ->
              let frame = Bytes.ofArray [| 9uy; 0uy; 0uy; 0uy; 1uy; 7uy |]
              let client, _ = after config (untilReady @ signals [ stream control frame false ])
              Expect.isNone client.Failure "no failure"

          for name, bytes, fin in
              [ "half a message at the end", Bytes.ofArray [| 2uy; 0uy |], true
                "an endless message", Bytes.ofArray [| 2uy; 255uy; 255uy; 255uy; 255uy |], false
                "a start from the server", says (SessionStart(Config.sessionStart None config)), false ] do
              testCase $"{name} is a failure"
              <| fun () ->
                  Expect.equal
                      (failureOf config (untilReady @ signals [ stream control bytes fin ]))
                      (Some "client stream handling failed")
                      "the reason"

          testCase "a stream that the server abandons is a failure"
          <| fun () ->
              let reset: PeerResetStream =
                  { Connection = connection
                    Stream = StreamId.clientBidirectional 1UL
                    ApplicationErrorCode = 5UL
                    FinalSize = 0UL }

              Expect.equal
                  (failureOf config (untilReady @ signals [ Signal.PeerReset reset ]))
                  (Some "client stream handling failed")
                  "the reason"

          testCase "a connection that ends without our wish is a failure, with its number and reason"
          <| fun () ->
              let close = closed CloseOrigin.Peer (CloseCode.Application 3UL) "bye"
              let reason = failureOf config (untilReady @ signals [ close ])

              Expect.equal
                  reason
                  (Some "client core state failed connection=7 Peer, application error 3, \"bye\"")
                  "the reason"

          testCase "a server that does not answer is named, with the time"
          <| fun () ->
              let close =
                  closed CloseOrigin.HandshakeTimeout (CloseCode.Transport(TransportErrorCode.NoError, 0UL)) ""

              let events =
                  Message ClientMessage.Begin :: signals [ Signal.Opened(0, connection); close ]

              Expect.equal
                  (failureOf config events)
                  (Some "open connection failed: 127.0.0.1:4433 did not answer within 10 s")
                  "the reason"

          testCase "a host without an address is named"
          <| fun () ->
              let refused = Signal.Refused(0, OpenError.HostNotFound "nowhere.invalid")

              Expect.equal
                  (failureOf config (Message ClientMessage.Begin :: signals [ refused ]))
                  (Some "open connection failed: no address is known for the host 'nowhere.invalid'")
                  "the reason"

          testCase "a refused operation is named by its code and stream"
          <| fun () ->
              let declined: LocalError =
                  { Connection = Some connection
                    Code = LocalErrorCode.SendSideClosed
                    Stream = Some(StreamId.clientBidirectional 2UL) }

              Expect.equal
                  (failureOf config (untilReady @ signals [ Signal.Declined declined ]))
                  (Some "client local error code=3 stream_id=8")
                  "the reason"

          testCase "silence in a bounded run ends it a second after the time to connect"
          <| fun () ->
              let quiet = List.replicate 20 (Message ClientMessage.Tick)
              let client, _ = after config (untilReady @ quiet)
              Expect.equal client.Failure (Some "client timed out waiting for progress") "the reason"
              // The last event from the network came in the third second.
              Expect.equal client.Elapsed (TimeSpan.FromSeconds 14.0) "the time"

          testCase "silence is waited out where no time to connect is set"
          <| fun () ->
              let quiet = List.replicate 1000 (Message ClientMessage.Tick)
              let client, _ = after { config with ConnectTimeout = None } (untilReady @ quiet)
              Expect.isNone client.Failure "no failure"

          testCase "a timed run that fails in its warm-up has measured no time"
          <| fun () ->
              let timed =
                  { Config.standard with
                      Warmup = TimeSpan.FromSeconds 60.0 }

              let ready = stream control (says (SessionReady 3u)) false
              let close = closed CloseOrigin.Peer (CloseCode.Application 0UL) ""
              let client, _ = after timed (untilReady @ signals [ ready; close ])
              Expect.isSome client.Failure "it failed"
              Expect.equal client.Elapsed TimeSpan.Zero "the time" ]
