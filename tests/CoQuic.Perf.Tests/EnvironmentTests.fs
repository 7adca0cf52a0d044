module CoQuic.Perf.Tests.EnvironmentTests

open System
open Expecto
open CoQuic.Perf

let private exitOf variables =
    Environment.serverExit (fun name -> List.tryFind (fst >> (=) name) variables |> Option.map snd)

[<Tests>]
let tests =
    testList
        "environment"
        [ testCase "a server without variables never ends"
          <| fun () -> Expect.equal (exitOf []) Server.neverExit "the exit"

          testCase "a switch is on unless it is empty or zero"
          <| fun () ->
              for value, expected in [ "", false; "0", false; "1", true; "no", true ] do
                  let exit =
                      exitOf
                          [ "COQUIC_PERF_SERVER_EXIT_ON_IDLE_EMPTY", value
                            "COQUIC_PERF_SERVER_EXIT_ON_SESSION_COMPLETE", value ]

                  Expect.equal (exit.WhenIdleAndEmpty, exit.WhenSessionsComplete) (expected, expected) value

          testCase "a time is in milliseconds"
          <| fun () ->
              let after text =
                  (exitOf [ "COQUIC_PERF_SERVER_EXIT_AFTER_MS", text ]).After

              Expect.equal (after "1500") (Some(TimeSpan.FromSeconds 1.5)) "a number"
              Expect.isNone (after "soon") "no number"

          testCase "offload is used unless it is switched off"
          <| fun () ->
              Expect.isTrue (Environment.allowsOffload (fun _ -> None)) "unset"
              Expect.isFalse (Environment.allowsOffload (fun _ -> Some "1")) "set" ]
