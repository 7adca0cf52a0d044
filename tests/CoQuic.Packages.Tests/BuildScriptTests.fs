module CoQuic.Packages.Tests.BuildScriptTests

open Expecto

let private dotnet arguments =
    Programs.run Repository.root [] "dotnet" arguments

[<Tests>]
let tests =
    testSequenced
    <| testList
        "the build script"
        [ testCase "lists the targets it knows when asked for one that it does not"
          <| fun () ->
              let outcome = dotnet [ "fsi"; "build.fsx"; "tset" ]
              Expect.equal outcome.Status 1 "it fails"
              Expect.stringContains outcome.Output "There is no target 'tset'. The targets are: build, " "the list"

          testCase "names an option that a target does not know"
          <| fun () ->
              let outcome = dotnet [ "fsi"; "build.fsx"; "format"; "--chekc" ]
              Expect.equal outcome.Status 1 "it fails"
              Expect.stringContains outcome.Output "format does not know '--chekc'" "the option"

          testCase "is what `dotnet test` points to, on the solution as on a project"
          <| fun () ->
              for path in [ "CoQuic.FSharp.sln"; "tests/CoQuic.Engine.Tests" ] do
                  let outcome = dotnet [ "test"; path; "--no-build" ]
                  Expect.equal outcome.Status 1 $"dotnet test {path} fails"
                  Expect.stringContains outcome.Output "run them with `dotnet fsi build.fsx test`" "the right command" ]
