/// The figures that must hold, each from a minute of virtual time.
module CoQuic.Congestion.Tests.FigureTests

open Expecto
open CoQuic.Engine
open CoQuic.Congestion.Tests.Figures

let private asked =
    [ for name, scenario, figure, least in requirements ->
          testCase $"{name}: at least {least}"
          <| fun () -> Expect.isGreaterThanOrEqual (figure (Dumbbell.run scenario)) least name ]

let private checks =
    testList
        "the measurement"
        [ testCase "the same scenario shows the same, another seed something else"
          <| fun () ->
              let short seed =
                  { lossy CongestionControl.Cubic with
                      Duration = System.TimeSpan.FromSeconds 3.0
                      Seed = seed }

              let first = Dumbbell.run (short 1UL)
              Expect.equal (Dumbbell.run (short 1UL)).Passed first.Passed "repeated"
              Expect.notEqual (Dumbbell.run (short 2UL)).Passed first.Passed "another"

          testCase "a sender that is kept short is seen not to use the link"
          <| fun () ->
              // NewReno cannot bear one per cent of loss: a checker that always found the link full would find it here too.
              let seen =
                  Dumbbell.run
                      { lossy CongestionControl.NewReno with
                          Duration = System.TimeSpan.FromSeconds 10.0 }

              Expect.isLessThan (Observation.utilisation 5 10 seen) 0.5 "most of it is idle"

          testCase "one flow that has all is seen to be unfair"
          <| fun () ->
              let seen =
                  { Dumbbell.run
                        { single 40.0 CongestionControl.Cubic with
                            Duration = System.TimeSpan.FromSeconds 3.0 } with
                      Delivered = [| [| 9.0; 9.0 |]; [| 0.0; 0.0 |] |] }

              Expect.floatClose Accuracy.medium (Observation.jain 0 2 seen) 0.5 "one of two" ]

[<Tests>]
let tests = testList "Congestion in simulation" (asked @ [ checks ])
