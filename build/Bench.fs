/// The benchmark: rows that are measured interleaved, in rounds; their medians beside what they should reach.
module CoQuic.Build.Bench

open System
open System.IO
open CoQuic.Build.BenchRow
open CoQuic.Build.BenchScenarios
open CoQuic.Build.Shell

type Settings =
    {
        Rounds: int
        /// Of a transfer.
        Mebibytes: int64
    }

let standard = { Rounds = 5; Mebibytes = 4096L }

let private publish (project: string) (folder: string) =
    run "dotnet" [ "publish"; project; "-c"; "Release"; "-nologo"; "-v:quiet"; "-o"; folder ]

let private publishBenchmarks () =
    publish "tests/CoQuic.Benchmarks" "artifacts/benchmarks"

/// Once, for lines of evidence that are shown one after the other.
let private build =
    lazy
        (heading "build"
         publishBenchmarks ()
         publish "src/CoQuic.Perf" "artifacts/perf")

/// One round of a scenario, added to its row. A run that fails is a missed round, not the end of the others.
let private measureOnce (scenario: Scenario) (row: Row) =
    try
        let outcome = scenario.Run()
        printfn $"%-34s{row.Name}%12s{BenchReport.rateText outcome.Rate} {row.Unit}"

        { row with
            Outcomes = row.Outcomes @ [ outcome ] }
    with Stopped sentence ->
        printfn $"%-34s{row.Name}FAILED: {sentence}"

        { row with
            Failures = row.Failures @ [ sentence ] }

/// All scenarios in turn, round after round.
let private measure rounds (scenarios: Scenario list) : Row list =
    build.Force()

    let round rows number =
        heading $"round {number} of {rounds}"
        List.map2 measureOnce scenarios rows

    [ 1..rounds ] |> List.fold round (scenarios |> List.map _.Row)

let private write (name: string) (content: string) =
    let path = Path.Combine("artifacts", "bench", name)
    Directory.CreateDirectory(inRoot "artifacts/bench") |> ignore
    File.WriteAllText(inRoot path, content)
    printfn $"{path}"

/// Prints and writes what was measured; whether it is good enough.
let private report (rows: Row list) =
    let verdicts = BenchTargets.judge (figures rows)
    let table = BenchReport.table rows
    heading "medians"
    table |> List.iter (printfn "%s")
    heading "targets"
    BenchReport.targets verdicts |> List.iter (printfn "%s")
    printfn ""
    write "bench.md" (String.Join("\n", table) + "\n")
    write "bench.json" (BenchReport.json (CoQuic.Tests.Evidence.machine ()) rows verdicts)
    write "bench.svg" (BenchChart.svg rows verdicts)
    BenchTargets.isGoodEnough rows verdicts

let private bytes settings = settings.Mebibytes <<< 20

let private ours settings =
    ceilings
    @ transfers (bytes settings)
    @ requests
    @ scaling (bytes settings)
    @ acknowledgements

let private theirs settings =
    match QuicGoBench.prepare () with
    // A quarter is enough to know the rate of what is slower.
    | Ok program -> quicGo program (bytes settings / 4L)
    | Error reason -> stop $"quic-go cannot be had here: {reason}."

/// Measures the rows that have a text in their name, all by default; whether no run failed and every minimum is reached.
let run settings isAgainstQuicGo (only: string) : bool =
    let scenarios =
        ours settings @ (if isAgainstQuicGo then theirs settings else []) |> having only

    if scenarios.IsEmpty then
        stop $"No row of the benchmark has '{only}' in its name."

    measure settings.Rounds scenarios |> report

/// The hot parts alone, all or those that have a text in their name; whether all could be measured.
let micro (only: string) : bool =
    heading "build"
    publishBenchmarks ()
    heading "hot parts"
    let folder = Directory.CreateDirectory(inRoot "artifacts/bench").FullName
    status [] benchmarks [ "micro"; only; folder ] = 0

let private slug (name: string) =
    name.ToLowerInvariant().Split([| ' '; ','; '-' |], StringSplitOptions.RemoveEmptyEntries)
    |> String.concat "_"

/// Measures, reports, and returns every figure under its row's name. A missed minimum is said, and no reason to keep the figures back.
let private shown settings scenarios =
    let rows = measure settings.Rounds scenarios
    report rows |> ignore

    [ for row in rows do
          if not row.Failures.IsEmpty then
              $"{slug row.Name}_failures", float row.Failures.Length

      for KeyValue((row, figure), value) in figures rows do
          $"{slug row}_{figure}", value ]

/// Everything but quic-go.
let all settings () = shown settings (ours settings)

/// Connections and streams, few and many.
let scales settings () =
    shown settings (scaling (bytes settings) @ acknowledgements)

/// What quic-go does, beside the same of ours.
let againstQuicGo settings () =
    let theirs = theirs settings
    let names = theirs |> List.map _.Row.Name.Replace("quic-go ", "")

    let same =
        transfers (bytes settings) @ requests
        |> List.filter (fun scenario -> List.contains scenario.Row.Name names)

    shown settings (same @ theirs)
