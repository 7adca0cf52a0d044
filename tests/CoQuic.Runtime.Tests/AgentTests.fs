module CoQuic.Runtime.Tests.AgentTests

open System
open System.Net
open System.Threading
open System.Threading.Tasks
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime

let private inTime (task: Task<'value>) =
    task.WaitAsync(TimeSpan.FromSeconds 10.0)

let private openAt endPoint =
    UdpSockets.openSocket (SocketOptions.bind endPoint)

let private openSockets () =
    match openAt (IPEndPoint(IPAddress.Loopback, 0)) with
    | Ok socket -> new SocketGroup(socket, openAt)
    | Error error -> failtest $"{error}"

let private startWith (engine: FakeEngine) program =
    let agent =
        Agent("test agent", openSockets (), engine, program, HostHooks(), Traces.None, null)

    agent.Start()
    agent

let private start program = startWith (new FakeEngine()) program

/// A program that only listens, and whose model is what it heard, newest first.
let private listener init stopOn : Program<Event<'message> list, 'message> =
    { Init = [], init
      Update =
        fun _ event heard ->
            let heard = event :: heard
            heard, (if stopOn event then [ Command.Stop ] else []) }

let private datagram (text: string) : SendDatagramData =
    { Connection = ConnectionHandle.create 1UL
      Bytes = Bytes.ofString text
      Priority = 0 }

let private text (event: Event<'message>) =
    match event with
    | Network(Signal.Datagram received) -> Some(Bytes.toString received.Bytes)
    | _ -> None

/// Answers each datagram.
let private echo: Program<unit, unit> =
    { Init = (), []
      Update =
        fun _ event () ->
            match text event with
            | Some text -> (), [ Command.SendDatagram(datagram ("echo of " + text)) ]
            | None -> (), [] }

/// Says hello to a port on loopback, and stops with what comes back.
let private greeter port : Program<string, unit> =
    { Init = "", [ Command.connect 1 "127.0.0.1" port ]
      Update =
        fun _ event model ->
            match event with
            | Network(Signal.Opened _) -> model, [ Command.SendDatagram(datagram "hello") ]
            | _ ->
                match text event with
                | Some text -> text, [ Command.Stop ]
                | None -> model, [] }

exception private Crash

[<Tests>]
let tests =
    testList
        "agents"
        [ testCaseTask "two programs talk over sockets"
          <| fun () ->
              task {
                  let server = start echo
                  let client = start (greeter server.LocalEndPoint.Port)
                  let! answer = inTime client.Completion
                  Expect.equal answer "echo of hello" "what came back"
                  do! inTime (server.Stop())
              }

          testCaseTask "everything happens on one thread that is not the pool's"
          <| fun () ->
              task {
                  let program: Program<(int * bool) list, int> =
                      { Init = [], [ Command.After(TimeSpan.FromMilliseconds 1.0, -1) ]
                        Update =
                          fun _ event threads ->
                              let thread =
                                  Environment.CurrentManagedThreadId, Thread.CurrentThread.IsThreadPoolThread

                              thread :: threads,
                              match event with
                              | Message 1000 -> [ Command.Stop ]
                              | _ -> [] }

                  let agent = start program

                  for i in 1..1000 do
                      agent.Post i

                      // Let it fall asleep now and then.
                      if i % 100 = 0 then
                          do! Task.Yield()

                  let! threads = inTime agent.Completion
                  Expect.hasLength (List.distinct threads) 1 "one thread"
                  Expect.isFalse (snd threads.Head) "of its own"
              }

          testCaseTask "no post is lost, and those of one thread stay in order"
          <| fun () ->
              task {
                  let agent = start (listener [] (fun _ -> false))
                  let perThread = 2_000

                  let posting =
                      [| for poster in 0..3 ->
                             Task.Run(fun () ->
                                 for i in 1..perThread do
                                     agent.Post(poster, i)) |]

                  do! Task.WhenAll posting
                  let! heard = inTime (agent.Stop())

                  for poster in 0..3 do
                      let numbers =
                          [ for event in List.rev heard do
                                match event with
                                | Message(from, i) when from = poster -> i
                                | _ -> () ]

                      Expect.equal numbers [ 1..perThread ] $"the posts of thread {poster}"
              }

          testCaseTask "each of many posts, one at a time, wakes an agent that waits"
          <| fun () ->
              task {
                  // A lost wake-up would leave the agent asleep: it has no other reason to go on.
                  let mutable seen = new SemaphoreSlim(0)

                  let program: Program<unit, int> =
                      { Init = (), []
                        Update =
                          fun _ _ () ->
                              seen.Release() |> ignore
                              (), [] }

                  let agent = start program

                  for i in 1..2_000 do
                      agent.Post i
                      let! isSeen = seen.WaitAsync(TimeSpan.FromSeconds 10.0)
                      Expect.isTrue isSeen $"post {i}"

                  do! inTime (agent.Stop())
              }

          testCaseTask "what was posted before a stop is heard"
          <| fun () ->
              task {
                  let agent = start (listener [] (fun _ -> false))

                  for i in 1..5_000 do
                      agent.Post i

                  let! heard = inTime (agent.Stop())
                  Expect.hasLength heard 5_000 "all of it"
              }

          testCaseTask "after its end the port is free, and posts do no harm"
          <| fun () ->
              task {
                  let agent = start (listener [] (fun _ -> false))
                  let! _ = inTime (agent.Stop())

                  match UdpSockets.openSocket (SocketOptions.bind agent.LocalEndPoint) with
                  | Ok socket -> socket.Dispose()
                  | Error error -> failtest $"{error}"

                  agent.Post 1
                  let! heard = inTime (agent.Stop())
                  Expect.isEmpty heard "nobody heard it"
              }

          testCaseTask "stopping closes what is open, and the peer hears it"
          <| fun () ->
              task {
                  let server = start (listener [] (text >> Option.contains "closed"))

                  let client =
                      start (listener [ Command.connect 1 "127.0.0.1" server.LocalEndPoint.Port ] (fun _ -> false))

                  client.Post()
                  let! _ = inTime (client.Stop())
                  let! heard = inTime server.Completion
                  Expect.contains (List.choose text heard) "closed" "the server hears of it"
              }

          testCaseTask "a crash of the program is its owner's to see, and its connections are closed"
          <| fun () ->
              task {
                  let server = start (listener [] (text >> Option.contains "closed"))

                  let program: Program<unit, unit> =
                      { Init = (), [ Command.connect 1 "127.0.0.1" server.LocalEndPoint.Port ]
                        Update =
                          fun _ event () ->
                              match event with
                              | Network(Signal.Opened _) -> (), [ Command.After(TimeSpan.Zero, ()) ]
                              | Message() -> raise Crash
                              | _ -> (), [] }

                  let client = start program

                  try
                      do! inTime client.Completion
                      failtest "it went on"
                  with Crash ->
                      ()

                  let! heard = inTime server.Completion
                  Expect.contains (List.choose text heard) "closed" "the server hears of it"
              }

          testCaseTask "a message comes back after its delay"
          <| fun () ->
              task {
                  let delay = TimeSpan.FromMilliseconds 20.0
                  let begun = Clock.now ()
                  let agent = start (listener [ Command.After(delay, "late") ] ((=) (Message "late")))
                  let! heard = inTime agent.Completion
                  Expect.equal heard [ Message "late" ] "the message"
                  Expect.isGreaterThanOrEqual (Clock.now () - begun) delay "not too early"
              }

          testCaseTask "an unknown host is refused, and the program lives on"
          <| fun () ->
              task {
                  // A name that no resolver may know (RFC 6761 §6.4).
                  let agent =
                      start (
                          listener [ Command.connect 7 "no-such-host.invalid" 443 ] (function
                              | Network(Signal.Refused _) -> true
                              | _ -> false)
                      )

                  let! heard = inTime agent.Completion

                  Expect.equal heard [ Network(Signal.Refused(7, OpenError.HostNotFound "no-such-host.invalid")) ] "why"
              }

          testCaseTask "a port that is none is refused"
          <| fun () ->
              task {
                  let agent =
                      start (
                          listener [ Command.connect 7 "127.0.0.1" 70_000 ] (function
                              | Network(Signal.Refused _) -> true
                              | _ -> false)
                      )

                  let! heard = inTime agent.Completion
                  Expect.hasLength heard 1 "one answer"
              }

          testCaseTask "work that was cut short goes on without waiting"
          <| fun () ->
              task {
                  let engine = new FakeEngine(Continuations = 100)

                  let program: Program<unit, unit> =
                      { Init = (), [ Command.connect 1 "127.0.0.1" 9 ]
                        Update =
                          fun _ event () ->
                              match event with
                              | Network(Signal.Opened _) -> (), [ Command.SendDatagram(datagram "much") ]
                              | _ when text event = Some "done" -> (), [ Command.Stop ]
                              | _ -> (), [] }

                  do! inTime (startWith engine program).Completion
                  let continuations = engine.Fed |> List.filter ((=) Input.TimerExpired)
                  Expect.hasLength continuations 100 "as often as the engine asked"
              }

          testCaseTask "a name is resolved off the agent's thread"
          <| fun () ->
              task {
                  let server = start echo

                  let program =
                      { greeter server.LocalEndPoint.Port with
                          Init = "", [ Command.connect 1 "localhost" server.LocalEndPoint.Port ] }

                  let! answer = inTime (start program).Completion
                  Expect.equal answer "echo of hello" "what came back"
                  do! inTime (server.Stop())
              } ]
