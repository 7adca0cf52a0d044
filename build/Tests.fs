/// Runs the test programs one after the other and adds up what they say.
module CoQuic.Build.Tests

open System
open System.IO
open CoQuic.Build.Counts
open CoQuic.Build.Shell

/// What a test program needs to know.
type Run =
    { Configuration: string
      IsFull: bool
      Require: string
      Filter: string }

/// A program that hangs is a failure, not a wait.
let private deadline isFull =
    if isFull then
        TimeSpan.FromMinutes 60.0
    else
        TimeSpan.FromMinutes 15.0

let private environment run =
    [ "COQUIC_TEST_FULL", (if run.IsFull then "1" else "0")
      "COQUIC_TEST_REQUIRE", run.Require
      "COQUIC_TEST_FILTER", run.Filter ]

let private runProgram run (title: string) engine (name: string) =
    heading title
    let program = inRoot $"tests/{name}/bin/{run.Configuration}/net10.0/{name}.dll"
    let mutable counts = None

    let see line =
        counts <- tryReadSummary line |> Option.orElse counts

    let ending =
        match watch (environment run @ engine) (deadline run.IsFull) "dotnet" [ program ] see with
        | Some status -> Exited status
        | None -> Hung

    let judged, remark = judge (run.Filter <> "") ending counts

    remark
    |> Option.iter (fun sentence -> Console.Error.WriteLine $"{name} {sentence}")

    judged

/// The names of the test projects.
let private projects () =
    Directory.GetDirectories(inRoot "tests", "*.Tests")
    |> Array.map (fun folder -> Path.GetFileName folder)
    |> Array.sort
    |> List.ofArray

/// The tests of the functional layer again, over the native library.
let private overNativeLibrary run =
    let name = "CoQuic.FSharp.Tests"
    let engine = [ "COQUIC_ENGINE", "native"; "COQUIC_LIB_PATH", Native.library ]

    if File.Exists Native.library then
        runProgram run $"{name}, over the native library" engine name
    else
        printfn "SKIP native: there is no artifacts/native; `dotnet fsi build.fsx native` makes it."
        { none with Skipped = 1 }

/// Runs all test programs.
let run run =
    let counts =
        [ for name in projects () do
              runProgram run name [] name
          overNativeLibrary run ]
        |> List.fold add none

    if counts = none then
        Console.Error.WriteLine $"No test has '{run.Filter}' in its name."
        { none with Failed = 1 }
    else
        counts
