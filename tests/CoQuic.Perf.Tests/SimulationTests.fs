module CoQuic.Perf.Tests.SimulationTests

open System
open Expecto
open CoQuic.FSharp
open CoQuic.Perf
open CoQuic.Tests

let private distant = Link.ideal |> Link.delay (TimeSpan.FromMilliseconds 20.0)
let private lossy = distant |> Link.loss 0.01

/// The programs that the tool runs, with the endpoints that it gives them, on a simulated network.
let private measure seed link (config: Config) =
    let identity = ServerIdentity.simulated seed "localhost"
    let config = { config with Host = "server" }

    let server =
        Node.create "server" (PerfDefaults.server identity config) (Server.program Server.neverExit)

    let client =
        Node.create "client" (PerfDefaults.client config) (Client.program config)

    let simulation =
        Simulation.create seed [ server; client ]
        |> Simulation.over link
        |> Simulation.until client (fun run -> run.Phase = RunPhase.Over)

    match Simulation.run simulation with
    | Ok report -> Client.report (Report.model client report)
    | Error error -> failtest $"%A{error}"

let private total = 1_000_003UL

let private bulk direction =
    { Config.standard with
        Direction = direction
        TotalBytes = Some total
        Streams = 3UL
        Connections = 2UL }

let private exchange mode =
    { Config.standard with
        Mode = mode
        Requests = Some 40UL
        Connections = 3UL
        RequestsInFlight = 4UL
        RequestBytes = 300UL
        ResponseBytes = 3000UL }

[<Tests>]
let tests =
    testList
        "on a simulated network"
        [ for direction in [ Direction.Download; Direction.Upload ] do
              testCase $"a bulk {Direction.name direction} is exact over a link that loses"
              <| fun () ->
                  for seed in 1UL .. uint64 (max 3 (Scale.current.Seeds / 10)) do
                      let measured = measure seed lossy (bulk direction)
                      Expect.isNone measured.Failure $"seed {seed}"
                      let moved = measured.Counted.BytesReceived + measured.Counted.BytesSent
                      Expect.equal moved (2UL * total) $"seed {seed}: what the client counted"

                      let served =
                          measured.ServerCounters.BytesReceived + measured.ServerCounters.BytesSent

                      Expect.equal served (2UL * total) $"seed {seed}: what the server counted"

          testCase "connections that are done long before the others are not missed"
          <| fun () ->
              // The client's idle timeout is four seconds.
              let config =
                  { bulk Direction.Download with
                      Connections = 8UL
                      TotalBytes = Some(4UL * total)
                      ConnectTimeout = Some(TimeSpan.FromSeconds 3.0) }

              let measured = measure 1UL (distant |> Link.loss 0.05) config
              Expect.isNone measured.Failure "the run is ok"
              Expect.equal measured.Counted.BytesReceived (32UL * total) "all of it"

          for mode in
              [ Mode.RequestResponse
                Mode.PersistentRequestResponse
                Mode.ConnectRequestResponse ] do
              testCase $"{Mode.name mode} completes each request, none faster than light"
              <| fun () ->
                  let measured = measure 1UL lossy (exchange mode)
                  Expect.isNone measured.Failure "the run is ok"
                  Expect.equal measured.Counted.RequestsCompleted 40UL "completed"
                  Expect.equal measured.Counted.BytesReceived (40UL * 3000UL) "received"
                  Expect.isGreaterThanOrEqual measured.Latency.Minimum 40_000L "there and back"

          testCase "connections of crr resume, where that is asked for"
          <| fun () ->
              let resumptions config =
                  let identity = ServerIdentity.simulated 1UL "localhost"
                  let resumed = ref 0

                  let observed =
                      let program = Client.program { config with Host = "server" }

                      { program with
                          Update =
                              fun now event run ->
                                  match event with
                                  | Network(Signal.HandshakeReady(_, Some information)) when information.WasResumed ->
                                      resumed.Value <- resumed.Value + 1
                                  | Network _
                                  | Message _ -> ()

                                  program.Update now event run }

                  let client = Node.create "client" (PerfDefaults.client config) observed

                  let server =
                      Node.create "server" (PerfDefaults.server identity config) (Server.program Server.neverExit)

                  Simulation.create 1UL [ server; client ]
                  |> Simulation.over distant
                  |> Simulation.until client (fun run -> run.Phase = RunPhase.Over)
                  |> Simulation.run
                  |> Result.map (fun _ -> resumed.Value)

              let config =
                  { exchange Mode.ConnectRequestResponse with
                      Connections = 1UL }

              Expect.equal (resumptions config) (Ok 0) "no session is resumed by itself"
              Expect.equal (resumptions { config with Resume = true }) (Ok 39) "all but the first are resumed"

          testCase "a timed download measures as much as the time and the windows admit"
          <| fun () ->
              let config =
                  { Config.standard with
                      ResponseBytes = 100_000UL
                      Streams = 4UL
                      Warmup = TimeSpan.FromSeconds 1.0
                      Duration = TimeSpan.FromSeconds 2.0 }

              let measured = measure 1UL distant config
              Expect.isNone measured.Failure "the run is ok"
              Expect.equal measured.Elapsed config.Duration "the time"
              // At least a response for each stream in every ten round trips, at most one in each.
              Expect.isGreaterThan measured.Counted.BytesReceived 2_000_000UL "received"
              Expect.isLessThanOrEqual measured.Counted.BytesReceived 20_400_000UL "received"

          testCase "a bounded upload may take its time over a link that is slow"
          <| fun () ->
              let slow = distant |> Link.bottleneck 200_000L 20_000
              let measured = measure 1UL slow (bulk Direction.Upload)
              Expect.isNone measured.Failure "the run is ok"
              Expect.isGreaterThan measured.Elapsed (TimeSpan.FromSeconds 40.0) "longer than the patience with silence"

          testCase "a server that falls silent in the middle is noticed"
          <| fun () ->
              let dying =
                  distant
                  |> Link.bottleneck 5_000_000L 20_000
                  |> Link.blackHole (TimeSpan.FromSeconds 1.0) (TimeSpan.FromHours 1.0)

              let measured = measure 1UL dying (bulk Direction.Download)
              Expect.stringContains (Option.defaultValue "" measured.Failure) "IdleTimeout" "the reason"

          testCase "a server that is not there is noticed within the time to connect"
          <| fun () ->
              let silent = distant |> Link.loss 1.0
              let measured = measure 1UL silent (bulk Direction.Download)

              Expect.equal
                  measured.Failure
                  (Some "open connection failed: server:4433 did not answer within 10 s")
                  "the reason"

          testCase "equal seeds measure the same, to the microsecond"
          <| fun () ->
              let once () =
                  measure 5UL lossy (exchange Mode.RequestResponse)

              Expect.equal (once ()) (once ()) "the measurement" ]
