namespace CoQuic.Testing

open System
open System.IO
open Expecto
open FsCheck
open CoQuic.FSharp

/// How simulations are tested.
type SimulationTestSettings =
    {
        /// The seeds that are tried, one after the other.
        Seeds: uint64 list
        /// How many lines of the transcript of a failing run are shown, its last ones.
        Lines: int
    }

/// Tests by simulation. The environment variable COQUIC_SEED chooses one seed instead of all; COQUIC_RECORDINGS names a folder in
/// which the nodes of a failing run leave their recordings.
[<RequireQualifiedAccess>]
module SimulationTest =

    /// The seeds 1 to 20, and the last 30 lines.
    let defaults: SimulationTestSettings = { Seeds = [ 1UL .. 20UL ]; Lines = 30 }

    let internal seedVariable = "COQUIC_SEED"
    let internal recordingsVariable = "COQUIC_RECORDINGS"

    let private variable name =
        Environment.GetEnvironmentVariable name
        |> Option.ofObj
        |> Option.filter (String.IsNullOrWhiteSpace >> not)

    let private seeds settings =
        match variable seedVariable with
        | None -> settings.Seeds
        | Some text ->
            match UInt64.TryParse text with
            | true, seed -> [ seed ]
            | false, _ -> failtest $"{seedVariable} should be a number, not '{text}'."

    /// The simulation's report; a simulation that cannot begin fails the test.
    let run (simulation: Simulation) : Report =
        match Simulation.run simulation with
        | Ok report -> report
        | Error error -> failtest $"The simulation cannot begin: {error}"

    /// What is wrong with a run, if anything; and its report, unless there is none.
    let private tryRun (judge: Report -> unit) simulation =
        try
            let report = run simulation

            try
                match report.Outcome with
                | Outcome.Broken violation -> Some report, Some(string violation)
                | _ ->
                    judge report
                    Some report, None
            with problem ->
                Some report, Some problem.Message
        with problem ->
            None, Some problem.Message

    /// The recording of each node, in a folder if one was named.
    let private saveRecordings seed (report: Report) =
        match variable recordingsVariable with
        | None -> [ $"{recordingsVariable}=FOLDER keeps recordings of such a run" ]
        | Some folder ->
            Directory.CreateDirectory folder |> ignore

            [ for KeyValue(node, recording) in report.Recordings do
                  let path = Path.Combine(folder, $"seed-{seed}-{node}.jsonl")
                  File.WriteAllLines(path, Recording.toLines recording)
                  $"recorded: {path}" ]

    /// The run again, with all that it did written down.
    let private explain settings (simulation: Simulation) (first: Report) =
        match simulation |> Simulation.transcribed |> Simulation.recorded |> Simulation.run with
        | Error error -> [ $"run again, it cannot begin: {error}" ]
        | Ok again ->
            let lines = Report.lines again

            [ yield string again
              if again.Digest = first.Digest then
                  yield "run again, it did the same"
              else
                  yield
                      "run again, it did something else: a program uses what is not in the simulation, such as a clock"
              yield! saveRecordings simulation.Seed again
              yield $"its last {min settings.Lines lines.Length} of {lines.Length} lines:"
              for line in List.skip (max 0 (lines.Length - settings.Lines)) lines do
                  yield $"  {line}" ]

    /// Fails the test, with all that helps to find out why, if the judge or an invariant is not content with a run. `again` is how
    /// to run it again.
    let private hold settings (again: string) judge simulation =
        match tryRun judge simulation with
        | _, None -> ()
        | report, Some problem ->
            let explained =
                report |> Option.map (explain settings simulation) |> Option.defaultValue []

            $"{problem}" :: $"the same run again: {again}" :: explained
            |> String.concat "\n"
            |> failtest

    /// A test that runs a simulation for each of the seeds, up to the first failure. `simulate` makes it for a seed, any number; `judge`
    /// fails, as with Expecto's `Expect`, where the report is not as it should be. An invariant that does not hold fails as well.
    let simulationTestWith
        (settings: SimulationTestSettings)
        (name: string)
        (simulate: uint64 -> Simulation)
        (judge: Report -> unit)
        : Test =
        testCase name (fun () ->
            for seed in seeds settings do
                hold settings $"{seedVariable}={seed}" judge { simulate seed with Seed = seed })

    /// A property of a program over links that FsCheck generates and shrinks: `simulate` makes the network, which is then run under the
    /// conditions. The number of cases and the rest is as in `config`.
    let simulationPropertyWith
        (config: FsCheckConfig)
        (name: string)
        (simulation: Simulation)
        (judge: Report -> unit)
        : Test =
        let config =
            { config with
                arbitrary = typeof<Arbitraries> :: config.arbitrary }

        testPropertyWithConfig config name (fun (conditions: Conditions) ->
            hold defaults $"Conditions.apply with {conditions}" judge (Conditions.apply conditions simulation))

/// Tests by simulation, with the usual settings.
[<AutoOpen>]
module SimulationTests =

    /// A test that runs a simulation for each of the seeds 1 to 20, or the one in COQUIC_SEED. A failure says which seed it was, runs it
    /// again, and shows the last of what happened. `simulate` makes the simulation for a seed, any number.
    let simulationTest (name: string) (simulate: uint64 -> Simulation) (judge: Report -> unit) : Test =
        SimulationTest.simulationTestWith SimulationTest.defaults name simulate judge

    /// A property of a program, in a hundred networks that FsCheck generates, and shrinks where it fails.
    let simulationProperty (name: string) (simulation: Simulation) (judge: Report -> unit) : Test =
        SimulationTest.simulationPropertyWith FsCheckConfig.defaultConfig name simulation judge
