module CoQuic.Engine.Tests.Endpoints.IntervalLimitTests

open System
open Expecto
open CoQuic.Engine

[<Tests>]
let tests =
    testList
        "interval limit"
        [ testCase "so often in an interval, and again in the next"
          <| fun () ->
              let limit = IntervalLimit(3, TimeSpan.FromSeconds 1.0)
              let at milliseconds = TimeUs.FromMilliseconds milliseconds

              let uses =
                  [ for time in [ 0.0; 10.0; 20.0; 30.0; 999.0; 1000.0; 1500.0; 1600.0; 1999.0; 5000.0 ] ->
                        limit.TryUse(at time) ]

              Expect.equal uses [ true; true; true; false; false; true; true; true; false; true ] "three a second" ]
