/// What the functional layer costs: figures, not tests. `--cost` prints them as JSON.
module CoQuic.FSharp.Tests.Cost

open System
open System.Diagnostics
open System.Text.Json.Nodes
open CoQuic.FSharp
open CoQuic.FSharp.Tests.TransferProgram
open CoQuic.Tests

/// The argument that makes this program print figures.
let argument = "--cost"

let private median (values: float list) =
    List.sort values |> List.item (values.Length / 2)

/// The median time, in microseconds, of folding a result of 64 effects, over rounds of many folds.
let foldMicroseconds () =
    let result = BulkResult.ofEffects 64
    let folds = 2_000

    let round () =
        let watch = Stopwatch.StartNew()
        let mutable state = BulkResult.accepted

        for _ in 1..folds do
            state <- fst (Interpreter.fold TimeUs.zero state result)

        watch.Elapsed.TotalMicroseconds / float folds

    for _ in 1..20 do
        round () |> ignore

    median [ for _ in 1..31 -> round () ]

/// Seconds of one core for so many simulated connections, each with a handshake and 10 KB there and an answer back.
let handshakeSeconds connections =
    let bytes = content 1UL 10_000

    let once seed =
        let node = clientNode bytes

        match
            Simulation.create seed [ node; serverNode ]
            |> Simulation.over lossy
            |> Simulation.run
        with
        | Ok report when (Report.model node report).IsAnswered -> ()
        | Ok report -> invalidOp $"Seed {seed}: {report}"
        | Error error -> invalidOp $"{error}"

    once 0UL
    let watch = Stopwatch.StartNew()

    for seed in 1UL .. connections do
        once seed

    watch.Elapsed.TotalSeconds

let private timed work =
    let watch = Stopwatch.StartNew()
    work ()
    watch.Elapsed.TotalSeconds

/// The steps of one node of a bulk transfer, and a new endpoint that does them again: same seed, same inputs.
let private bulkSteps (simulation: Simulation) (node: Node) =
    match simulation |> Simulation.recorded |> Simulation.run with
    | Error error -> invalidOp $"{error}"
    | Ok report ->
        let recording = Report.recording node report |> Option.get
        let entropy = SeededEntropy(simulation.Seed, $"node {node.Name}")

        match Endpoint.create (Sources.create entropy TimeUs.zero simulation.Epoch) node.Config with
        | Ok endpoint -> endpoint, recording.Steps
        | Error error -> invalidOp $"{error}"

/// Of the time that the engine and the interpreter take for the receiving side of a bulk transfer, the interpreter's share.
let bulkFoldShare () =
    let _, simulation = transfer 1UL Link.ideal (32 <<< 20)

    let share () =
        let endpoint, steps = bulkSteps simulation serverNode
        use endpoint = endpoint

        let engine =
            timed (fun () ->
                for step in steps do
                    Endpoint.apply step.Now step.Input endpoint |> ignore)

        let fold =
            timed (fun () ->
                (Interpreter.empty, steps)
                ||> List.fold (fun state step -> fst (Interpreter.fold step.Now state (Option.get step.Result)))
                |> ignore)

        fold / (engine + fold)

    median [ for _ in 1..5 -> share () ]

/// Prints the figures.
let print () =
    let figures = JsonObject()
    figures.Add("fold_of_64_effects_us", JsonValue.Create(Math.Round(foldMicroseconds (), 3)))
    figures.Add("bulk_fold_percent", JsonValue.Create(Math.Round(100.0 * bulkFoldShare (), 2)))
    figures.Add("thousand_handshakes_seconds", JsonValue.Create(Math.Round(handshakeSeconds 1000UL, 2)))
    printfn $"{figures.ToJsonString()}"
    0
