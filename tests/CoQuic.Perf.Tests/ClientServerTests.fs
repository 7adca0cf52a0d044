module CoQuic.Perf.Tests.ClientServerTests

open System
open Expecto
open CoQuic.FSharp
open CoQuic.Perf
open CoQuic.Tests

let private mebibyte = 1024UL * 1024UL

let private bulk direction total =
    { Config.standard with
        Direction = direction
        TotalBytes = Some total }

let private requests mode count =
    { Config.standard with
        Mode = mode
        RequestBytes = 32UL
        ResponseBytes = 48UL
        Requests = Some count }

let private timed (config: Config) =
    { config with
        TotalBytes = None
        Requests = None
        Duration = TimeSpan.FromSeconds 1.0 }

let private measure config =
    let outcome = Wire.run config
    Expect.isSome outcome.StoppedAt "the client ends"
    outcome, Client.report outcome.Client

let private succeed config =
    let _, report = measure config
    Expect.isNone report.Failure "the run is ok"
    report

let private isSilent (outcome: Wire.Outcome) =
    outcome.ServerCommands
    |> List.forall (function
        | Command.Send data -> data.Stream = ServerSession.controlStream
        | _ -> true)

let private closes (outcome: Wire.Outcome) =
    outcome.ClientCommands
    |> List.choose (function
        | Command.Close close -> Some close.Reason
        | _ -> None)

let private boundedBulk =
    testList
        "bounded bulk"
        [ testCase "a download brings exactly its bytes, and the server says so"
          <| fun () ->
              let report = succeed (bulk Direction.Download (100UL * mebibyte))
              Expect.equal report.Counted.BytesReceived (100UL * mebibyte) "received"
              Expect.equal report.Counted.BytesSent 0UL "sent"
              Expect.equal report.ServerCounters.BytesSent (100UL * mebibyte) "what the server sent"
              Expect.equal report.Counted.RequestsCompleted 1UL "the server's requests"

          testCase "an upload takes exactly its bytes, and the server says so"
          <| fun () ->
              let report = succeed (bulk Direction.Upload (100UL * mebibyte))
              Expect.equal report.Counted.BytesSent (100UL * mebibyte) "sent"
              Expect.equal report.ServerCounters.BytesReceived (100UL * mebibyte) "what the server received"

          testCase "the server answers an upload on the control stream alone"
          <| fun () ->
              let outcome, _ = measure (bulk Direction.Upload mebibyte)
              Expect.isTrue (isSilent outcome) "nothing on the data streams"

          testCase "every connection transfers the total"
          <| fun () ->
              for direction in [ Direction.Download; Direction.Upload ] do
                  let report =
                      succeed
                          { bulk direction 1_000_003UL with
                              Streams = 4UL
                              Connections = 3UL }

                  let moved = report.Counted.BytesReceived + report.Counted.BytesSent
                  Expect.equal moved 3_000_009UL $"{direction}"

          testCase "any number of connections and streams is opened, a few at a time"
          <| fun () ->
              let report =
                  succeed
                      { bulk Direction.Download 5000UL with
                          Streams = 20UL
                          Connections = 600UL }

              Expect.equal report.Counted.BytesReceived 3_000_000UL "received"

          testCase "no bytes at all are a run of empty streams"
          <| fun () ->
              for direction in [ Direction.Download; Direction.Upload ] do
                  let report =
                      succeed
                          { bulk direction 0UL with
                              Streams = 2UL }

                  Expect.equal (report.Counted.BytesReceived + report.Counted.BytesSent) 0UL $"{direction}"

          testCase "it takes from the beginning to the completion"
          <| fun () ->
              let report = succeed (bulk Direction.Download 1UL)
              // A handshake and two answers, each there and back.
              Expect.equal report.Elapsed (6.0 * Wire.delay) "the time"

          testCase "no more is handed over than the high-water mark before the peer acknowledges"
          <| fun () ->
              let _, commands =
                  Outgoing.fill (ConnectionHandle.create 1UL) ServerSession.controlStream (Outgoing.whole (1UL <<< 40))

              let bytes =
                  commands
                  |> List.sumBy (function
                      | Command.Send data -> uint64 data.Bytes.Length
                      | _ -> 0UL)

              Expect.equal bytes Outgoing.highWaterMark "handed over"

          Properties.rareProperty 10 "shares add up to the total and differ by one at most"
          <| fun (total: uint32) (streams: uint8) ->
              let streams = uint64 streams + 1UL

              let shares =
                  [ for index in 0UL .. streams - 1UL -> Protocol.share (uint64 total) streams index ]

              Expect.equal (List.sum shares) (uint64 total) "the sum"
              Expect.isLessThanOrEqual (List.max shares - List.min shares) 1UL "the difference"
              Expect.equal (List.sortDescending shares) shares "larger ones come first" ]

let private timedBulk =
    testList
        "timed bulk"
        [ testCase "a download counts what comes in while measuring"
          <| fun () ->
              let report =
                  succeed
                      { timed (bulk Direction.Download 0UL) with
                          ResponseBytes = 65536UL
                          Streams = 4UL }

              // A stream lasts 10 ms, so that in a second four at a time bring 400 responses, give or take the ends.
              Expect.isGreaterThan report.Counted.BytesReceived (390UL * 65536UL) "received"
              Expect.isLessThanOrEqual report.Counted.BytesReceived (400UL * 65536UL) "received"
              Expect.equal report.Elapsed (TimeSpan.FromSeconds 1.0) "exactly the duration"
              Expect.equal report.Counted.RequestsCompleted 0UL "no requests are counted"
              Expect.equal report.ServerCounters Counters.zero "the server reports nothing"

          testCase "what the warm-up brings is not counted"
          <| fun () ->
              let config =
                  { timed (bulk Direction.Download 0UL) with
                      ResponseBytes = 65536UL }

              let cold = succeed config

              let warm =
                  succeed
                      { config with
                          Warmup = TimeSpan.FromSeconds 3.0 }

              let difference = int64 warm.Counted.BytesReceived - int64 cold.Counted.BytesReceived
              Expect.isLessThanOrEqual (abs difference) 65536L "as much as without"

          testCase "an upload sends each stream once, as the server ends none"
          <| fun () ->
              let outcome, report =
                  measure
                      { timed (bulk Direction.Upload 0UL) with
                          RequestBytes = 1000UL
                          Streams = 3UL
                          Connections = 2UL }

              Expect.isNone report.Failure "the run is ok"
              Expect.equal report.Counted.BytesSent 6000UL "three streams on two connections"
              Expect.equal (closes outcome) [ "timed bulk drain complete"; "timed bulk drain complete" ] "the closes"

          testCase "an upload behind a warm-up counts nothing"
          <| fun () ->
              let report =
                  succeed
                      { timed (bulk Direction.Upload 0UL) with
                          Warmup = TimeSpan.FromMilliseconds 100.0 }

              Expect.equal report.Counted.BytesSent 0UL "sent"

          testCase "a download that measured no byte has failed"
          <| fun () ->
              let _, report =
                  measure
                      { timed (bulk Direction.Download 0UL) with
                          Duration = TimeSpan.FromMilliseconds 1.0 }

              Expect.equal report.Failure (Some "timed bulk download measured zero bytes") "the reason"

          testCase "a download of empty responses may measure no byte"
          <| fun () ->
              let report =
                  succeed
                      { timed (bulk Direction.Download 0UL) with
                          ResponseBytes = 0UL }

              Expect.equal report.Counted.BytesReceived 0UL "received"

          testCase "a connection is closed when its last stream finishes"
          <| fun () ->
              let outcome, _ = measure (timed (bulk Direction.Download 0UL))
              Expect.equal (closes outcome) [ "timed bulk drain complete" ] "the close" ]

let private exchange =
    testList
        "requests and responses"
        [ for mode in
              [ Mode.RequestResponse
                Mode.PersistentRequestResponse
                Mode.ConnectRequestResponse ] do
              testCase $"a bounded {Mode.name mode} run completes each request once"
              <| fun () ->
                  let report =
                      succeed
                          { requests mode 101UL with
                              Connections = 4UL
                              RequestsInFlight = 3UL }

                  Expect.equal report.Counted.RequestsCompleted 101UL "completed"
                  Expect.equal report.Counted.BytesSent (101UL * 32UL) "sent"
                  Expect.equal report.Counted.BytesReceived (101UL * 48UL) "received"
                  Expect.equal report.Latency.Minimum 10_000L "there and back"
                  Expect.equal report.Latency.Maximum 10_000L "there and back"

              testCase $"a timed {Mode.name mode} run measures its duration and reports the mirror of its figures"
              <| fun () ->
                  let report = succeed (timed (requests mode 0UL))
                  Expect.equal report.Elapsed (TimeSpan.FromSeconds 1.0) "the duration"
                  Expect.isGreaterThan report.Counted.RequestsCompleted 20UL "completed"
                  Expect.equal report.ServerCounters.BytesSent report.Counted.BytesReceived "the mirror"
                  Expect.equal report.ServerCounters.RequestsCompleted report.Counted.RequestsCompleted "the mirror"

              testCase $"a timed {Mode.name mode} run forgets its warm-up"
              <| fun () ->
                  let cold = succeed (timed (requests mode 0UL))

                  let warm =
                      succeed
                          { timed (requests mode 0UL) with
                              Warmup = TimeSpan.FromSeconds 2.0 }

                  let difference =
                      int64 warm.Counted.RequestsCompleted - int64 cold.Counted.RequestsCompleted

                  Expect.isLessThanOrEqual (abs difference) 2L "as many as without"

          testCase "the server counts requests in bounded rr and persistent-rr, and is silent in crr"
          <| fun () ->
              for mode, counted in
                  [ Mode.RequestResponse, 10UL
                    Mode.PersistentRequestResponse, 10UL
                    Mode.ConnectRequestResponse, 0UL ] do
                  let report = succeed (requests mode 10UL)
                  Expect.equal report.ServerCounters.RequestsCompleted counted (Mode.name mode)

          testCase "there are no more connections than requests"
          <| fun () ->
              for mode in [ Mode.RequestResponse; Mode.PersistentRequestResponse ] do
                  let outcome, report =
                      measure
                          { requests mode 3UL with
                              Connections = 10UL }

                  Expect.isNone report.Failure "the run is ok"
                  Expect.equal outcome.Client.Opened 3UL (Mode.name mode)

          testCase "crr keeps its number of connections active and opens one for each request"
          <| fun () ->
              let outcome, _ =
                  measure
                      { requests Mode.ConnectRequestResponse 50UL with
                          Connections = 4UL }

              Expect.equal outcome.Client.Opened 50UL "opened"
              Expect.equal (closes outcome) (List.replicate 50 "done") "the closes"

          testCase "empty requests and responses are answered"
          <| fun () ->
              let report =
                  succeed
                      { requests Mode.RequestResponse 5UL with
                          RequestBytes = 0UL
                          ResponseBytes = 0UL }

              Expect.equal report.Counted.RequestsCompleted 5UL "completed"

          testCase "timed connections are closed for their reason"
          <| fun () ->
              for mode, reason in
                  [ Mode.RequestResponse, "timed rr drain complete"
                    Mode.PersistentRequestResponse, "persistent rr drain complete" ] do
                  let outcome, _ = measure (timed (requests mode 0UL))
                  Expect.equal (closes outcome) [ reason ] (Mode.name mode)

          testCase "zero requests fail after a second, except in crr"
          <| fun () ->
              for mode in [ Mode.RequestResponse; Mode.PersistentRequestResponse ] do
                  let _, report = measure (requests mode 0UL)
                  Expect.equal report.Failure (Some "client timed out waiting for progress") (Mode.name mode)

              let _, report = measure (requests Mode.ConnectRequestResponse 0UL)
              Expect.isNone report.Failure "crr" ]

let private exits =
    testList
        "the server ends"
        [ testCase "by itself never"
          <| fun () ->
              let outcome = Wire.run (bulk Direction.Download 1UL)
              Expect.isFalse outcome.ServerStopped "it stays"

          testCase "after a time"
          <| fun () ->
              let outcome =
                  Wire.runWith
                      { Server.neverExit with
                          After = Some(TimeSpan.FromSeconds 60.0) }
                      (bulk Direction.Download 1UL)

              Expect.isTrue outcome.ServerStopped "it ends"

          testCase "once its connections are gone and a second is silent"
          <| fun () ->
              let exit =
                  { Server.neverExit with
                      WhenIdleAndEmpty = true }

              let outcome = Wire.runWith exit (timed (requests Mode.RequestResponse 0UL))
              Expect.isTrue outcome.ServerStopped "it ends"

          testCase "once its sessions are complete"
          <| fun () ->
              let exit =
                  { Server.neverExit with
                      WhenSessionsComplete = true }

              let outcome =
                  Wire.runWith
                      exit
                      { bulk Direction.Download mebibyte with
                          Connections = 2UL }

              Expect.isTrue outcome.ServerStopped "it ends"
              Expect.isNone (Client.report outcome.Client).Failure "the run is ok"

          testCase "when the client of the completed session leaves before it has acknowledged everything"
          <| fun () ->
              let connection = ConnectionHandle.create 1UL

              let data stream bytes =
                  Signal.StreamData
                      { Connection = connection
                        Stream = stream
                        Offset = 0UL
                        Bytes = bytes
                        Fin = true
                        FinalSize = None }

              let start =
                  ControlCodec.encode (SessionStart(Config.sessionStart None (bulk Direction.Download mebibyte)))

              let closed =
                  Signal.Closed
                      { Connection = connection
                        Reason =
                          { Origin = CloseOrigin.Peer
                            Code = CloseCode.Application 0UL
                            Reason = "" } }

              let program =
                  Server.program
                      { Server.neverExit with
                          WhenSessionsComplete = true }

              let hear (server, _) signal =
                  program.Update TimeUs.zero (Network signal) server

              let server, commands =
                  [ Signal.Accepted connection
                    data ServerSession.controlStream start
                    data (StreamId.clientBidirectional 1UL) Bytes.empty ]
                  |> List.fold hear program.Init

              Expect.isFalse (List.contains Command.Stop commands) "not before"
              let _, commands = hear (server, []) closed
              Expect.equal commands [ Command.Stop ] "then" ]

[<Tests>]
let tests = testList "client and server" [ boundedBulk; timedBulk; exchange; exits ]
