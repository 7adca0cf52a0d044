module CoQuic.Engine.Tests.Paths.PathResponsesTests

open Expecto
open CoQuic.Engine

let private takeAll (responses: PathResponses) =
    let rec loop taken =
        match responses.TryTake() with
        | true, challenge -> loop (challenge :: taken)
        | false, _ -> List.rev taken

    loop []

[<Tests>]
let tests =
    testList
        "Paths.PathResponses (RFC 9000 §8.2.2)"
        [ testCase "every challenge is answered once, in order"
          <| fun () ->
              let responses = PathResponses()
              Expect.isFalse responses.HasPending "none yet"
              responses.Add 3UL
              responses.Add 1UL
              Expect.isTrue responses.HasPending "two wait"
              Expect.equal (takeAll responses) [ 3UL; 1UL ] "in order"
              Expect.isFalse responses.HasPending "none is left"

          testCase "of challenges that come faster than they are answered, those beyond the bound are dropped"
          <| fun () ->
              let responses = PathResponses()
              let bound = uint64 PathResponses.MaximumPending

              for challenge in 1UL .. 10_000UL do
                  responses.Add challenge

              Expect.equal (takeAll responses) [ 1UL .. bound ] "the first ones"
              responses.Add 7UL
              Expect.equal (takeAll responses) [ 7UL ] "there is room again" ]
