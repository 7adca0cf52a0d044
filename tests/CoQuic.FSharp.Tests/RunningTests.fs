module CoQuic.FSharp.Tests.RunningTests

open System
open Expecto
open CoQuic.FSharp

let private ms = TimeUs.ofMilliseconds

let private delay milliseconds =
    TimeSpan.FromMilliseconds(float milliseconds)

let private c1 = ConnectionHandle.create 1UL

/// A program that keeps what it hears, newest first, and answers by a function.
let private listener init answer : Program<Event<string> list, string> =
    { Init = [], init
      Update = fun _ event heard -> event :: heard, answer event }

let private silent _ = []

let private accepted =
    Occurrence.Result(
        QueryResult.ofEffects
            [ ConnectionLifecycleEvent
                  { Connection = c1
                    Event = Lifecycle.Accepted } ]
    )

let private heard (running: Running<Event<string> list, string>) = List.rev running.Model

[<Tests>]
let tests =
    testList
        "running"
        [ testCase "the first commands are performed at the start"
          <| fun () ->
              let program = listener [ Command.connect 1 "server" 443 ] silent
              let running, actions = Running.start TimeUs.zero program
              Expect.equal actions [ Action.Open(1, OpenRequest.create "server" 443) ] "the host opens"
              Expect.equal running.Interpreter.Opening (Set.singleton 1) "and the interpreter knows"

          testCase "a posted message reaches the program, and its commands become actions in order"
          <| fun () ->
              let stream = StreamId.clientBidirectional 0UL

              let commands =
                  [ Command.send c1 stream (Bytes.ofString "a")
                    Command.sendLast c1 stream Bytes.empty
                    Command.close c1 0UL "done" ]

              let running, _ = Running.start TimeUs.zero (listener [] (fun _ -> commands))
              let running, actions = Running.deliver TimeUs.zero (Occurrence.Posted "go") running
              Expect.equal (heard running) [ Message "go" ] "heard"

              let send bytes fin =
                  Input.SendStreamData
                      { Connection = c1
                        Stream = stream
                        Bytes = bytes
                        Fin = fin
                        Priority = 0 }

              Expect.equal
                  actions
                  [ Action.Feed(send (Bytes.ofString "a") false)
                    Action.Feed(send Bytes.empty true)
                    Action.Feed(
                        Input.CloseConnection
                            { Connection = c1
                              ApplicationErrorCode = 0UL
                              Reason = "done" }
                    ) ]
                  "in order"

          testCase "signals of a result and the actions they cause keep the order of its effects"
          <| fun () ->
              let data text : ReceiveStreamData =
                  { Connection = c1
                    Stream = StreamId.clientBidirectional 0UL
                    Offset = 0UL
                    Bytes = Bytes.ofString text
                    Fin = false
                    FinalSize = None }

              let run: SendDatagram =
                  { Connection = c1
                    Route = Some(RouteHandle 1UL)
                    Ecn = EcnCodepoint.NotEct
                    IsPmtuProbe = false
                    Bytes = Bytes.ofString "packet"
                    SegmentSize = 6 }

              let answer event =
                  match event with
                  | Network(Signal.StreamData data) -> [ Command.consume data ]
                  | _ -> []

              let running, _ = Running.start TimeUs.zero (listener [] answer)
              let running, _ = Running.deliver TimeUs.zero accepted running

              let effects =
                  [ ReceiveStreamData(data "one")
                    SendDatagram run
                    ReceiveStreamData(data "three") ]

              let _, actions =
                  Running.deliver TimeUs.zero (Occurrence.Result(QueryResult.ofEffects effects)) running

              let consume count =
                  Action.Feed(
                      Input.ConsumeStreamData
                          { Connection = c1
                            Stream = StreamId.clientBidirectional 0UL
                            Count = count }
                  )

              Expect.equal actions [ consume 3UL; Action.Transmit run; consume 5UL ] "in order"

          testCase "a stream that may open at once is answered in the same turn"
          <| fun () ->
              let answer event =
                  match event with
                  | Network(Signal.Accepted connection) ->
                      [ Command.OpenStream(connection, StreamKind.Unidirectional, 4) ]
                  | _ -> []

              let running, _ = Running.start TimeUs.zero (listener [] answer)
              let running, _ = Running.deliver TimeUs.zero accepted running
              Expect.equal (heard running) [ Network(Signal.Accepted c1) ] "not before the peer allows it"

              let allowed =
                  QueryResult.ofEffects
                      [ StreamsAvailable
                            { Connection = c1
                              Kind = StreamKind.Unidirectional
                              Limit = 1UL } ]

              let running, _ = Running.deliver TimeUs.zero (Occurrence.Result allowed) running

              Expect.equal
                  (List.head running.Model)
                  (Network(Signal.StreamOpened(4, c1, StreamId.serverUnidirectional 0UL)))
                  "with the first number"

          testCase "after a delay, and not before, a program hears its message"
          <| fun () ->
              let program = listener [ Command.After(delay 10, "tick") ] silent
              let running, actions = Running.start (ms 5.0) program
              Expect.equal actions [ Action.SetTimer(ms 15.0) ] "the host's timer"
              let running, actions = Running.deliver (ms 14.0) Occurrence.Elapsed running

              Expect.equal
                  (heard running, actions)
                  ([], [ Action.SetTimer(ms 15.0) ])
                  "early: nothing but the timer again"

              let running, actions = Running.deliver (ms 15.0) Occurrence.Elapsed running
              Expect.equal (heard running, actions) ([ Message "tick" ], []) "due"

          testCase "messages due at the same instant come in the order they were asked for"
          <| fun () ->
              let program =
                  listener [ for message in [ "a"; "b"; "c" ] -> Command.After(delay 1, message) ] silent

              let running, _ = Running.start TimeUs.zero program
              let running, _ = Running.deliver (ms 1.0) Occurrence.Elapsed running
              Expect.equal (heard running) [ Message "a"; Message "b"; Message "c" ] "in order"

          testCase "a cancelled message is never heard"
          <| fun () ->
              let program =
                  listener [ Command.After(delay 1, "a"); Command.After(delay 2, "b"); Command.Cancel "a" ] silent

              let running, actions = Running.start TimeUs.zero program
              Expect.equal actions [ Action.SetTimer(ms 2.0) ] "only the other is waited for"
              let running, _ = Running.deliver (ms 2.0) Occurrence.Elapsed running
              Expect.equal (heard running) [ Message "b" ] "only the other is heard"

          testCase "the host has one timer: the earlier of the endpoint's and the program's"
          <| fun () ->
              let wakeup at =
                  Occurrence.Result
                      { QueryResult.empty with
                          NextWakeup = at }

              let program = listener [ Command.After(delay 10, "tick") ] silent
              let running, _ = Running.start TimeUs.zero program
              let running, actions = Running.deliver TimeUs.zero (wakeup (Some(ms 20.0))) running
              Expect.equal actions [] "a later wake-up changes nothing"
              let running, actions = Running.deliver TimeUs.zero (wakeup (Some(ms 3.0))) running
              Expect.equal actions [ Action.SetTimer(ms 3.0) ] "an earlier one does"
              let running, actions = Running.deliver (ms 3.0) Occurrence.Elapsed running

              Expect.equal
                  actions
                  [ Action.Reenter; Action.SetTimer(ms 10.0) ]
                  "the endpoint is due; the program's is next"

              let running, actions = Running.deliver (ms 3.0) (wakeup None) running
              Expect.equal actions [] "the endpoint wants nothing more"
              let _, actions = Running.deliver (ms 10.0) Occurrence.Elapsed running
              Expect.equal actions [] "nothing is left"

          testCase "stopping closes what is open, and nothing is heard afterwards"
          <| fun () ->
              let answer event =
                  match event with
                  | Message "stop" -> [ Command.Stop; Command.After(delay 1, "never") ]
                  | _ -> []

              let running, _ = Running.start TimeUs.zero (listener [] answer)
              let running, _ = Running.deliver TimeUs.zero accepted running

              let running, actions =
                  Running.deliver TimeUs.zero (Occurrence.Posted "stop") running

              Expect.equal
                  actions
                  [ Action.Feed(
                        Input.CloseConnection
                            { Connection = c1
                              ApplicationErrorCode = 0UL
                              Reason = "" }
                    )
                    Action.Stop ]
                  "closed, then ended"

              let after, actions = Running.deliver TimeUs.zero (Occurrence.Posted "more") running
              Expect.equal (after.Model, actions) (running.Model, []) "silent"

          testCase "a connection that opens after the stop is closed again"
          <| fun () ->
              let answer event =
                  match event with
                  | Message "stop" -> [ Command.Stop ]
                  | _ -> []

              let running, _ =
                  Running.start TimeUs.zero (listener [ Command.connect 1 "server" 443 ] answer)

              let running, _ = Running.deliver TimeUs.zero (Occurrence.Posted "stop") running

              let _, actions =
                  Running.deliver TimeUs.zero (Occurrence.Opened(1, Some c1, QueryResult.empty)) running

              match actions with
              | [ Action.Feed(Input.CloseConnection close) ] -> Expect.equal close.Connection c1 "this one"
              | other -> failtest $"%A{other}"

          testCase "what a host cannot open is refused under its tag"
          <| fun () ->
              let program = listener [ Command.connect 3 "nowhere" 443 ] silent
              let running, _ = Running.start TimeUs.zero program
              let error = OpenError.HostNotFound "nowhere"

              let running, _ =
                  Running.deliver TimeUs.zero (Occurrence.OpenFailed(3, error)) running

              Expect.equal (heard running) [ Network(Signal.Refused(3, error)) ] "refused" ]
