/// Runs the test programs one after the other and adds up what they say.
module CoQuic.Build.Tests

open System
open System.IO
open System.Text.RegularExpressions
open CoQuic.Build.Shell

type Counts =
    { Passed: int
      Failed: int
      Skipped: int }

let none = { Passed = 0; Failed = 0; Skipped = 0 }

let private add first second =
    { Passed = first.Passed + second.Passed
      Failed = first.Failed + second.Failed
      Skipped = first.Skipped + second.Skipped }

/// The last line of a run.
let describe counts =
    let skipped =
        if counts.Skipped > 0 then
            $", {counts.Skipped} skipped"
        else
            ""

    $"{counts.Passed} passed, {counts.Failed} failed{skipped}"

let private summary =
    Regex @"tests run in .* (\d+) passed, (\d+) ignored, (\d+) failed, (\d+) errored"

/// Expecto's closing line, as counts.
let private tryReadSummary line =
    let found = summary.Match line
    let group (index: int) = int found.Groups[index].Value

    if found.Success then
        Some
            { Passed = group 1
              Failed = group 3 + group 4
              Skipped = group 2 }
    else
        None

/// A program that hangs is a failure, not a wait.
let private deadline isFull =
    if isFull then
        TimeSpan.FromMinutes 60.0
    else
        TimeSpan.FromMinutes 15.0

/// What a test program needs to know.
type Run =
    { Configuration: string
      IsFull: bool
      Require: string
      Filter: string }

let private environment run =
    [ "COQUIC_TEST_FULL", (if run.IsFull then "1" else "0")
      "COQUIC_TEST_REQUIRE", run.Require
      "COQUIC_TEST_FILTER", run.Filter ]

let private failed name (sentence: string) =
    Console.Error.WriteLine $"{name}: {sentence}"
    { none with Failed = 1 }

let private runProgram run (name: string) =
    heading name
    let program = inRoot $"tests/{name}/bin/{run.Configuration}/net10.0/{name}.dll"
    let mutable counts = None

    let see line =
        counts <- tryReadSummary line |> Option.orElse counts

    let exitStatus =
        watch (environment run) (deadline run.IsFull) "dotnet" [ program ] see

    match exitStatus, counts with
    | None, _ -> failed name $"still running after {deadline run.IsFull}, and ended."
    | Some code, None -> failed name $"ended with exit status {code} and without a summary."
    | Some code, Some counts when code <> 0 && counts.Failed = 0 ->
        add counts (failed name $"ended with exit status {code}, though it reports no failure.")
    | Some 0, Some counts when counts = none && run.Filter = "" -> failed name "ran no test."
    | Some _, Some counts -> counts

/// The names of the test projects.
let projects () =
    Directory.GetDirectories(inRoot "tests", "*.Tests")
    |> Array.map (fun folder -> Path.GetFileName folder)
    |> Array.sort
    |> List.ofArray

/// Runs all test programs.
let run run =
    let counts = projects () |> List.map (runProgram run) |> List.fold add none

    if counts = none then
        failed "test" $"no test has '{run.Filter}' in its name."
    else
        counts
