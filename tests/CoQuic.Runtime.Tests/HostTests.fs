module CoQuic.Runtime.Tests.HostTests

open System
open System.Net
open Expecto
open CoQuic.Engine
open CoQuic.FSharp
open CoQuic.Runtime

/// What an engine was asked to do.
type private Step =
    | Heard
    | Answered

/// An engine of so many connections that takes so long to hear a run, and has its answers wait until it is entered again. A clock of its
/// own goes by.
type private SlowEngine(connections: int, microsecondsPerRun: int64) =
    let mutable now = 0L
    let steps = ResizeArray<Step>()

    member _.Now() = TimeUs now
    member _.Steps = List.ofSeq steps

    interface IEngine with
        member _.Feed(_, input) =
            if input = Input.TimerExpired then
                steps.Add Answered

            QueryResult.empty

        member _.Receive(_, _) =
            now <- now + microsecondsPerRun
            steps.Add Heard

            { QueryResult.empty with
                SendPending = true }

        member _.Open(_, _) = struct (None, QueryResult.empty)
        member _.ConnectionCount = connections
        member _.Statistics _ = None
        member _.Drops() = Map.empty
        member _.Dispose() = ()

let private run: ReceivedRun =
    let peer = UdpAddress.ofEndPoint (IPEndPoint(IPAddress.Loopback, 2))

    { Buffer = Memory [| 1uy |]
      SegmentSize = 1
      Ecn = EcnCodepoint.NotEct
      Route =
        { Local = UdpAddress.unspecified
          Remote = peer } }

let private silent: Program<unit, unit> =
    { Init = (), []
      Update = fun _ _ () -> (), [] }

/// What a host with so many connections has its engine do while so many runs are there to be read.
let private stepsWith connections runs microsecondsPerRun =
    use engine = new SlowEngine(connections, microsecondsPerRun)
    let socket = new FakeSocket()

    for _ in 1..runs do
        socket.Arrived.Enqueue run

    let services: HostServices =
        { Now = engine.Now
          Utc = fun () -> DateTimeOffset.UnixEpoch
          Resolve = fun _ _ -> ()
          Record = ignore
          Shard = null
          Hooks = HostHooks() }

    use sockets =
        new SocketGroup(socket, fun _ -> raise (NotSupportedException "a second socket"))

    let host = Host(sockets, engine, silent, services)

    while socket.Arrived.Count > 0 do
        host.Turn false

    engine.Steps

let private stepsOf runs microsecondsPerRun = stepsWith 1 runs microsecondsPerRun

[<Tests>]
let tests =
    testList
        "hosts"
        [ testCase "one answer for all that is there, as long as it is heard in no time"
          <| fun () ->
              Expect.equal (stepsOf 5 1L) [ Heard; Heard; Heard; Heard; Heard; Answered ] "hears all, answers once"

          testCase "what takes long to hear is answered before the rest is heard"
          <| fun () ->
              Expect.equal
                  (stepsOf 4 30L)
                  [ Heard; Heard; Answered; Heard; Heard; Answered ]
                  "two of thirty microseconds are enough for an answer"

              Expect.equal (stepsOf 2 1_000L) [ Heard; Answered; Heard; Answered ] "one of a millisecond is"

          testCase "a turn hears sixteen runs, and more when they come from a crowd of connections"
          <| fun () ->
              let together runs =
                  List.replicate runs Heard @ [ Answered ]

              Expect.equal (stepsWith 255 32 1L) (together 16 @ together 16) "sixteen for each answer"
              Expect.equal (stepsWith 256 128 1L) (together 64 @ together 64) "sixty-four for each answer"

          testCase "a crowd's answers wait five milliseconds for one another"
          <| fun () ->
              let together = List.replicate 5 Heard @ [ Answered ]
              Expect.equal (stepsWith 256 10 1_000L) (together @ together) "five of a millisecond" ]
