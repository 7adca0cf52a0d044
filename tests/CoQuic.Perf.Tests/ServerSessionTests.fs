module CoQuic.Perf.Tests.ServerSessionTests

open Expecto
open CoQuic.FSharp
open CoQuic.Perf

let private connection = ConnectionHandle.create 1UL
let private data = StreamId.clientBidirectional

let private arrives (stream: StreamId) (bytes: Bytes) fin session =
    let signal: ReceiveStreamData =
        { Connection = connection
          Stream = stream
          Offset = 0UL
          Bytes = bytes
          Fin = fin
          FinalSize = None }

    ServerSession.onStreamData connection signal session

let private start =
    Config.sessionStart
        None
        { Config.standard with
            TotalBytes = Some 10UL
            Streams = 4UL }

let private startOf start =
    ControlCodec.encode (SessionStart start)

/// What was said on the control stream, with whether it ended there.
let private said commands =
    commands
    |> List.choose (function
        | Command.Send data when data.Stream = ServerSession.controlStream ->
            ControlCodec.tryDecode data.Bytes
            |> Option.map (fun message -> message, data.Fin)
        | _ -> None)

let private sizes commands =
    commands
    |> List.choose (function
        | Command.Send data when data.Stream <> ServerSession.controlStream -> Some(data.Bytes.Length, data.Fin)
        | _ -> None)

let private answer bytes =
    ServerSession.start
    |> arrives ServerSession.controlStream bytes true
    |> snd
    |> said

let private serving start =
    ServerSession.start
    |> arrives ServerSession.controlStream (startOf start) true
    |> fst

let private payload length = Bytes.ofArray (Array.zeroCreate length)

let private refusals =
    [ "a start of version 2",
      startOf
          { start with
              Version = ProtocolVersion.Milliseconds },
      "unsupported protocol version"
      "no streams", startOf { start with Streams = 0UL }, "streams must be greater than zero"
      "no connections", startOf { start with Connections = 0UL }, "connections must be greater than zero"
      "nothing in flight", startOf { start with RequestsInFlight = 0UL }, "requests_in_flight must be greater than zero"
      "persistent-rr without sizes",
      startOf
          { start with
              Mode = Mode.PersistentRequestResponse
              ResponseBytes = 0UL },
      "persistent-rr requires nonzero request and response bytes"
      "no message", payload 7, "invalid control message"
      "no bytes", Bytes.empty, "invalid control message"
      "another message", ControlCodec.encode (SessionReady 3u), "expected session_start"
      "the first fault of several",
      startOf
          { start with
              Streams = 0UL
              Connections = 0UL },
      "streams must be greater than zero" ]

[<Tests>]
let tests =
    testList
        "server session"
        [ testCase "a start is answered once its stream has ended, with the stream left open"
          <| fun () ->
              let bytes = startOf start

              let session, early =
                  ServerSession.start |> arrives ServerSession.controlStream bytes false

              Expect.isEmpty early "nothing before the end"
              let _, commands = session |> arrives ServerSession.controlStream Bytes.empty true
              Expect.equal (said commands) [ SessionReady 3u, false ] "ready"

          testCase "a start of version 1 is answered with version 3"
          <| fun () ->
              let legacy =
                  startOf
                      { start with
                          Version = ProtocolVersion.Legacy }

              Expect.equal (answer legacy) [ SessionReady 3u, false ] "ready"

          for name, bytes, text in refusals do
              testCase $"{name} is refused with the reference's words, and the stream ends"
              <| fun () -> Expect.equal (answer bytes) [ SessionError text, true ] "the answer"

          testCase "a control stream without an end is not kept beyond a message's length"
          <| fun () ->
              let flood session _ =
                  fst (arrives ServerSession.controlStream (payload 60_000) false session)

              match List.fold flood ServerSession.start [ 1..100 ] with
              | ServerSession.Awaiting received ->
                  Expect.isLessThan received.Length (2 * ControlCodec.maximumLength) "what is kept"
              | other -> failtest $"not waiting: {other}"

          testCase "data before the start, or after a refusal, is not counted"
          <| fun () ->
              let session, commands = ServerSession.start |> arrives (data 1UL) (payload 5) true
              Expect.equal (session, commands) (ServerSession.start, []) "before"
              let refused = ServerSession.Refused
              Expect.equal (arrives (data 1UL) (payload 5) true refused) (refused, []) "after"

          testCase "shares go by the order in which requests end, and the last one is followed by the summary"
          <| fun () ->
              let step (session, replies, messages) index =
                  let session, commands = session |> arrives (data index) Bytes.empty true
                  session, replies @ sizes commands, messages @ said commands

              let _, replies, messages =
                  List.fold step (serving start, [], []) [ 4UL; 1UL; 3UL; 2UL ]

              Expect.equal replies [ 3, true; 3, true; 2, true; 2, true ] "ten bytes over four streams"

              let complete =
                  SessionComplete
                      { BytesSent = 10UL
                        BytesReceived = 0UL
                        RequestsCompleted = 4UL }

              Expect.equal messages [ complete, true ] "the summary"

          testCase "an upload is complete when its last stream has ended, and nothing is said on data streams"
          <| fun () ->
              let session =
                  serving
                      { start with
                          Direction = Direction.Upload
                          Streams = 2UL }

              let session, first = session |> arrives (data 1UL) (payload 7) true
              let session, more = session |> arrives (data 2UL) (payload 2) false
              let _, last = session |> arrives (data 2UL) (payload 1) true
              Expect.isEmpty (first @ more) "nothing before the end"

              let complete =
                  SessionComplete
                      { BytesSent = 0UL
                        BytesReceived = 10UL
                        RequestsCompleted = 2UL }

              Expect.equal (said last) [ complete, true ] "the summary"
              Expect.isEmpty (sizes last) "no reply"

          testCase "persistent requests are counted by bytes, however they are split and merged"
          <| fun () ->
              let session =
                  serving
                      { start with
                          Mode = Mode.PersistentRequestResponse
                          RequestBytes = 10UL
                          ResponseBytes = 3UL
                          Requests = Some 5UL }

              let step (session, replies, messages) length =
                  let session, commands = session |> arrives (data 1UL) (payload length) false
                  session, replies @ sizes commands, messages @ said commands

              let _, replies, messages = List.fold step (session, [], []) [ 9; 1; 25; 100 ]
              Expect.equal replies [ 3, false; 6, false; 6, false ] "the fifth is the last, and no stream ends"
              Expect.hasLength messages 1 "the summary"

          testCase "a large response waits for acknowledgments, and the summary for the response"
          <| fun () ->
              let size = 2UL * Outgoing.highWaterMark + 5UL

              let session =
                  serving
                      { start with
                          TotalBytes = Some size
                          Streams = 1UL }

              let session, first = session |> arrives (data 1UL) Bytes.empty true

              let sum commands =
                  sizes commands |> List.sumBy (fst >> uint64)

              Expect.equal (sum first) Outgoing.highWaterMark "the first part"

              let progress released =
                  ServerSession.onSendProgress
                      connection
                      { Connection = connection
                        Stream = data 1UL
                        Released = released
                        Buffered = 0UL }

              let session, second = session |> progress Outgoing.highWaterMark
              Expect.equal (sum second) Outgoing.highWaterMark "the second part"
              Expect.isEmpty (said (first @ second)) "no summary yet"
              let _, third = session |> progress (2UL * Outgoing.highWaterMark)
              Expect.equal (sizes third) [ 5, true ] "the rest"
              Expect.hasLength (said third) 1 "the summary"

          testCase "a stream that the client does not want is forgotten"
          <| fun () ->
              let session =
                  serving
                      { start with
                          TotalBytes = Some(1UL <<< 40)
                          Streams = 1UL }

              let session, _ = session |> arrives (data 1UL) Bytes.empty true

              match ServerSession.onPeerStopSending (data 1UL) session with
              | ServerSession.Serving service -> Expect.isEmpty service.Outgoing "what is sent"
              | other -> failtest $"not serving: {other}" ]
