module CoQuic.Packages.Tests.BuildScriptTests

open CoQuic.Build.Counts
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

let private reported passed ignored failed errored =
    tryReadSummary
        $"[01:02:03 INF] EXPECTO! 9 tests run in 00:00:01.5 for a – {passed} passed, {ignored} ignored, {failed} failed, {errored} errored. "

let private isJudged name mayBeEmpty ending counts expected =
    testCase name
    <| fun () -> Expect.equal (describe (fst (judge mayBeEmpty ending counts))) expected "the counts"

[<Tests>]
let counting =
    testList
        "the test runner"
        [ isJudged "takes what a program reports" false (Exited 0) (reported 3 0 0 0) "3 passed, 0 failed"
          isJudged "counts ignored tests as skipped" false (Exited 0) (reported 3 2 0 0) "3 passed, 0 failed, 2 skipped"
          isJudged "counts errors as failures" false (Exited 1) (reported 3 0 1 1) "3 passed, 2 failed"
          isJudged "counts a crash as a failure" false (Exited 134) None "0 passed, 1 failed"
          isJudged "counts a silent success as a failure" false (Exited 0) None "0 passed, 1 failed"
          isJudged "counts a bad ending after the summary" false (Exited 139) (reported 3 0 0 0) "3 passed, 1 failed"
          isJudged "counts a hang as a failure" false Hung (reported 3 0 0 0) "0 passed, 1 failed"
          isJudged "counts a program without a test" false (Exited 0) (reported 0 0 0 0) "0 passed, 1 failed"
          isJudged
              "lets a filter leave a program without a test"
              true
              (Exited 0)
              (reported 0 0 0 0)
              "0 passed, 0 failed"

          testCase "takes no other line for a summary"
          <| fun () -> Expect.isNone (tryReadSummary "3 passed, 0 ignored, 0 failed, 0 errored") "no summary"

          testCase "the commas of a thousand are read"
          <| fun () ->
              let line =
                  "EXPECTO! 1,535 tests run in 00:03:16.5 for a – 1,535 passed, 0 ignored, 0 failed, 0 errored."

              Expect.equal
                  (tryReadSummary line)
                  (Some
                      { Passed = 1535
                        Failed = 0
                        Skipped = 0 })
                  "all of them" ]
