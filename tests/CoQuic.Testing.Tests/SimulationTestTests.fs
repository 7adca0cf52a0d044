module CoQuic.Testing.Tests.SimulationTestTests

open System
open System.IO
open Expecto
open CoQuic.FSharp
open CoQuic.Testing
open CoQuic.Testing.Tests.Orders

/// Runs a test that is no part of this program's tests. None: it passed.
let private outcome test =
    match Impl.evalTestsSilent test |> Async.RunSynchronously with
    | [ _, summary ] ->
        match summary.result with
        | Impl.TestResult.Passed -> None
        | Impl.TestResult.Failed message -> Some message
        | other -> Some $"%A{other}"
    | other -> failtest $"{other.Length} tests ran"

let private withVariable name (value: string) action =
    let before = Environment.GetEnvironmentVariable name
    Environment.SetEnvironmentVariable(name, value)

    try
        action ()
    finally
        Environment.SetEnvironmentVariable(name, before)

let private lossy = network |> Simulation.over (Link.ideal |> Link.loss 0.02)

let private judge report =
    Expect.isTrue (areInOrder report) "the orders come in order"

let private failing = simulationTest "orders" (fun _ -> lossy) judge

let private messageOf test =
    match outcome test with
    | Some message -> message
    | None -> failtest "it passed"

/// The seed that a failure names.
let private seedOf (message: string) =
    let marker = "COQUIC_SEED="
    let start = message.IndexOf(marker, StringComparison.Ordinal) + marker.Length
    message.Substring(start).Split('\n').[0]

// The variables are this process's: no two of these tests run at a time.
[<Tests>]
let tests =
    testSequenced
    <| testList
        "simulation tests"
        [ testCase "a program that is right passes with every seed"
          <| fun () ->
              simulationTest "orders" (fun _ -> lossy) (fun report -> Expect.isTrue (areAll report) "all are there")
              |> outcome
              |> fun outcome -> Expect.equal outcome None "it passes"

          testCase "each seed is tried, and decides the run"
          <| fun () ->
              let digests = ResizeArray<string>()
              let note (report: Report) = digests.Add report.Digest
              Expect.equal (outcome (simulationTest "digests" (fun _ -> lossy) note)) None "it passes"
              Expect.equal digests.Count 20 "twenty"
              Expect.hasLength (Seq.distinct digests |> List.ofSeq) 20 "all different"

          testCase "a bug is found, and the failure says which seed, what happened, and that it does so again"
          <| fun () ->
              let message = messageOf failing

              for part in
                  [ "the orders come in order"
                    "the same run again: COQUIC_SEED="
                    "run again, it did the same"
                    "lost: loss 2 %"
                    "shop: ReceiveStreamData" ] do
                  Expect.stringContains message part part

          testCase "the seed of a failure repeats it, and no other is tried"
          <| fun () ->
              let message = messageOf failing

              let again =
                  withVariable SimulationTest.seedVariable (seedOf message) (fun () -> messageOf failing)

              Expect.equal again message "word for word"

          testCase "a seed that is no number is refused"
          <| fun () ->
              let message =
                  withVariable SimulationTest.seedVariable "seven" (fun () -> messageOf failing)

              Expect.stringContains message "COQUIC_SEED should be a number" "the message"

          testCase "recordings of a failing run are kept where they are wanted, and replay it"
          <| fun () ->
              let folder = Directory.CreateTempSubdirectory("coquic-testing-").FullName

              try
                  withVariable SimulationTest.recordingsVariable folder (fun () -> messageOf failing |> ignore)
                  let files = Directory.GetFiles folder
                  Expect.hasLength files 2 "one a node"

                  for file in files do
                      match File.ReadAllLines file |> Recording.ofLines |> Result.map Replay.run with
                      | Ok(Ok replayed) -> Expect.equal replayed.Divergence None "it replays"
                      | other -> failtest $"%A{other}"
              finally
                  Directory.Delete(folder, true)

          testCase "an invariant that breaks is a failure"
          <| fun () ->
              let watched =
                  lossy
                  |> Simulation.always "few orders" shopNode (fun shop -> shop.Orders.Length < 5)

              let message = messageOf (simulationTest "invariant" (fun _ -> watched) ignore)
              Expect.stringContains message "\"few orders\" did not hold" "its name"

          testCase "a program that looks at what is not in the simulation is found out"
          <| fun () ->
              let mutable runs = 0

              let forgetful: Program<int, unit> =
                  { customer with
                      Update =
                          fun now event sent ->
                              match event with
                              | Network(Signal.HandshakeReady _) -> runs <- runs + 1
                              | _ -> ()

                              if runs > 1 then
                                  sent, [ Command.Stop ]
                              else
                                  customer.Update now event sent }

              let network =
                  Simulation.create 1UL [ shopNode; Node.create "customer" customerConfig forgetful ]

              let message =
                  messageOf (simulationTest "forgetful" (fun _ -> network) (fun _ -> failtest "look again"))

              Expect.stringContains message "it did something else" "the digests differ"

          testCase "a simulation that cannot begin is a failure that says why"
          <| fun () ->
              let message =
                  messageOf (simulationTest "twice" (fun _ -> Simulation.create 1UL [ shopNode; shopNode ]) ignore)

              Expect.stringContains message "two nodes are called 'shop'" "the reason"

          testCase "a program that throws is a failure that says what it threw"
          <| fun () ->
              let bad =
                  { shop with
                      Update = fun _ _ _ -> raise (InvalidOperationException "the shop is closed") }

              let network =
                  Simulation.create 1UL [ Node.create "shop" shopConfig bad; customerNode ]

              let message = messageOf (simulationTest "bad" (fun _ -> network) ignore)
              Expect.stringContains message "the shop is closed" "its message"

          testCase "a property finds the bug by itself, and shrinks the link to what it takes"
          <| fun () ->
              let config =
                  { FsCheckConfig.defaultConfig with
                      replay = Some(1UL, 3UL, None) }

              let test = SimulationTest.simulationPropertyWith config "orders" network judge
              let message = messageOf test
              Expect.stringContains message "the orders come in order" "the judge"
              let shrunk = message.Substring(message.IndexOf("Shrunk", StringComparison.Ordinal))

              Expect.stringContains
                  shrunk
                  "seed 0, Link: reordering number 24, back by 1 ms\n"
                  "one datagram, 1 ms late"

          testCase "a property that holds passes"
          <| fun () ->
              let config =
                  { FsCheckConfig.defaultConfig with
                      maxTest = 20 }

              SimulationTest.simulationPropertyWith config "orders" network (fun report ->
                  Expect.isTrue (areAll report) "all are there")
              |> outcome
              |> fun outcome -> Expect.equal outcome None "it passes" ]
