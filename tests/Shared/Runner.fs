/// The main function of every test program.
module CoQuic.Tests.Runner

open System
open System.Reflection
open Expecto

/// Part of a full test name, as `build.fsx test --filter TEXT` hands it over.
let private filter =
    Environment.GetEnvironmentVariable "COQUIC_TEST_FILTER"
    |> Option.ofObj
    |> Option.defaultValue ""

/// Whether only some of the tests run.
let isFiltered = filter <> ""

let private matches (names: string list) =
    (String.Join(".", names)).Contains(filter, StringComparison.OrdinalIgnoreCase)

/// Runs the tests of the assembly whose names, from the outermost list on, are wanted, and returns the exit status.
let runWanted (isWanted: string list -> bool) arguments =
    printfn $"{Scale.describe Scale.current}"

    let tests =
        Impl.testFromAssembly (Assembly.GetEntryAssembly() |> nonNull)
        |> Option.defaultValue (testList "" [])

    tests
    |> Test.filter "." (fun names -> isWanted names && matches names)
    |> runTestsWithCLIArgs [ No_Spinner; Colours 0 ] arguments

/// Runs all tests of the assembly and returns the exit status.
let run arguments = runWanted (fun _ -> true) arguments
