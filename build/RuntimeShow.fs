/// What the runtime and its measuring tool are to show against one server, and across a router.
module CoQuic.Build.RuntimeShow

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open CoQuic.Build.Shell
open CoQuic.Build.Talk

let private perf = inRoot "artifacts/perf/coquic-fsharp-perf"

let private expect holds sentence =
    if not holds then
        stop sentence

/// A run of the client: what it is called, its options, and the counters that its report has to have, exactly.
type private Case =
    { Name: string
      Arguments: string list
      Counters: (string * uint64) list }

/// What the tool sends for a request, and what comes back, unless told otherwise.
let private messageBytes = 64UL

let private requests mode (count: uint64) (bound: string list) =
    { Name = mode
      Arguments = [ "--mode"; mode ] @ bound
      Counters =
        if count = 0UL then
            []
        else
            [ "requests_completed", count
              "bytes_sent", count * messageBytes
              "bytes_received", count * messageBytes ] }

let private bulkConnections, bulkStreams = 100UL, 10UL
let private bulkBytes = 4UL <<< 20

let private cases =
    [ requests "rr" 100_000UL [ "--requests"; "100000"; "--requests-in-flight"; "8" ]
      requests "crr" 2_000UL [ "--requests"; "2000"; "--connections"; "8" ]
      requests "persistent-rr" 0UL [ "--duration"; "10s" ]
      { Name = "bulk"
        Arguments =
          [ "--mode"; "bulk"; "--total-bytes"; string bulkBytes ]
          @ [ "--connections"; string bulkConnections; "--streams"; string bulkStreams ]
        Counters =
          [ "bytes_received", bulkConnections * bulkBytes
            "requests_completed", bulkConnections * bulkStreams ] } ]

/// What each side has counted on its own agrees.
let private agree (name: string) (report: JsonElement) =
    let counted (element: JsonElement) (counter: string) =
        element.GetProperty(counter).GetUInt64()

    let server = report.GetProperty "server_counters"

    for ours, theirs in [ "bytes_sent", "bytes_received"; "bytes_received", "bytes_sent" ] do
        // In bounded crr the server sends no counters: they are 0.
        if name <> "crr" then
            expect
                (counted report ours = counted server theirs)
                $"{name}: the client's {ours} is {counted report ours}, the server's {theirs} {counted server theirs}."

/// Runs a case: `status=ok`, the counters it should have, and its rate.
let private runCase port (case: Case) : float =
    let json = Path.GetTempFileName()

    try
        let arguments =
            [ "client"; "--port"; string port ] @ case.Arguments @ [ "--json-out"; json ]

        let status, lines = runQuiet [] (TimeSpan.FromMinutes 5.0) perf arguments
        expect (status = Some 0) $"""{case.Name} failed: {String.Join("\n", lines)}"""
        use document = JsonDocument.Parse(File.ReadAllText json)
        let report = document.RootElement
        let said = report.GetProperty("status").GetString()
        expect (said = "ok") $"{case.Name} ended with status={said}."

        for counter, value in case.Counters do
            let seen = report.GetProperty(counter).GetUInt64()
            expect (seen = value) $"{case.Name}: {counter} is {seen} instead of {value}."

        expect (report.GetProperty("requests_completed").GetUInt64() > 0UL) $"{case.Name} completed nothing."
        agree case.Name report

        if case.Name = "bulk" then
            report.GetProperty("throughput_gbit_per_s").GetDouble()
        else
            report.GetProperty("requests_per_s").GetDouble()
    finally
        File.Delete json

let private rounds = 6

/// Memory is allowed to be so much larger after the last round than it was at most in the first half of them.
let private tolerance = 1.1

let private median (values: float list) = (List.sort values)[values.Length / 2]

/// The measuring tool's modes at the issue's sizes against one server, round after round: exact counters, and memory that stays.
let perfModes () =
    let port = 14441
    let server = Talk.start perf [ "server"; "--port"; string port ]

    try
        hear server "listening" |> ignore

        let seen =
            [ for round in 1..rounds do
                  let rates = [ for case in cases -> case.Name, runCase port case ]
                  let memory = residentMemory server

                  let described =
                      String.Join(", ", [ for name, rate in rates -> $"{name} %.1f{rate}" ])

                  printfn $"round {round}: {described}; server %.0f{memory} MiB"
                  rates, memory ]

        let memory = List.map snd seen
        let early = List.max (List.take (rounds / 2) memory)
        let late = List.last memory
        expect (late <= early * tolerance) $"The server's memory grew from %.0f{early} to %.0f{late} MiB."

        [ "rounds", float rounds
          for case in cases do
              let rates = [ for rates, _ in seen -> snd (List.find (fst >> (=) case.Name) rates) ]

              let unit =
                  if case.Name = "bulk" then
                      "gbit_per_s"
                  else
                      "requests_per_s"

              let name = case.Name.Replace('-', '_')
              $"{name}_median_{unit}", Math.Round(median rates, 2)
          for round, memory in List.indexed memory do
              $"server_mib_after_round_{round + 1}", Math.Round(memory, 1) ]
    finally
        kill server

let private tests = "tests/CoQuic.Runtime.Tests"

/// The tests across a router, none skipped, and what they saw.
let namespaces () =
    run "dotnet" [ "build"; tests; "-c"; "Release"; "-nologo"; "-v:quiet" ]

    let environment =
        [ "COQUIC_TEST_FILTER", "across a router"; "COQUIC_TEST_REQUIRE", "netns" ]

    let program = inRoot $"{tests}/bin/Release/net10.0/CoQuic.Runtime.Tests.dll"

    let figures = Collections.Generic.List<string * float>()
    let counts = ref None

    let see (line: string) =
        counts.Value <- Counts.tryReadSummary line |> Option.orElse counts.Value
        let figure = Regex.Match(line, @"FIGURE (\w+) ([\d.]+)\s*$")

        if figure.Success then
            figures.Add(figure.Groups[1].Value, float figure.Groups[2].Value)

    let status = watch environment (TimeSpan.FromMinutes 10.0) "dotnet" [ program ] see

    match status, counts.Value with
    | Some 0, Some counts when counts.Failed = 0 && counts.Skipped = 0 && figures.Count > 0 ->
        ("passed", float counts.Passed) :: List.ofSeq figures
    | _ -> stop "Not all that the router is to show was seen."
