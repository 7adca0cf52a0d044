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

let private matches (names: string list) =
    (String.Join(".", names)).Contains(filter, StringComparison.OrdinalIgnoreCase)

/// Runs all tests of the assembly and returns the exit status.
let run arguments =
    printfn $"{Scale.describe Scale.current}"

    let tests =
        Impl.testFromAssembly (Assembly.GetEntryAssembly() |> nonNull)
        |> Option.defaultValue (testList "" [])

    runTestsWithCLIArgs [ No_Spinner; Colours 0 ] arguments (Test.filter "." matches tests)
