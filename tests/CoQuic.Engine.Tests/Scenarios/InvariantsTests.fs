/// The checks of every scenario notice what is wrong.
module CoQuic.Engine.Tests.Scenarios.InvariantsTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Invariants
open CoQuic.Engine.Tests.Scenarios.Pair

let private connection = ConnectionHandle 1UL
let private stream0 = StreamId 0UL

let private watching isInOrder =
    Watch("client", new QuicEndpoint(clientConfig 1UL), isInOrder)

let private told (effects: Effect list) =
    EndpointResult(ResizeArray effects, Nullable(), null, false)

let private part offset length isFin =
    ReceiveStreamDataEffect(
        connection,
        stream0,
        offset,
        bytesOf (Array.zeroCreate length),
        isFin,
        if isFin then
            Nullable(offset + uint64 length)
        else
            Nullable()
    )
    :> Effect

let private closed =
    ConnectionClosedEffect(connection, CloseReason(CloseOrigin.Local, false, 0UL, 0UL, ""))

let private at (ms: float) = TimeUs.FromMilliseconds ms

/// Results, a millisecond apart.
let private see results (watch: Watch) =
    results
    |> List.iteri (fun index effects -> watch.OnResult(at (float index), told effects))

let private wrong name results =
    testCase $"it notices {name}"
    <| fun () -> Expect.throws (fun () -> watching true |> see results) "noticed"

[<Tests>]
let tests =
    testList
        "scenarios: what is watched at every step"
        [ wrong "a gap in a stream" [ [ part 0UL 10 false ]; [ part 11UL 1 true ] ]
          wrong "bytes that come twice" [ [ part 0UL 10 false ]; [ part 5UL 10 false ] ]
          wrong "data after the end" [ [ part 0UL 10 true ]; [ part 10UL 1 false ] ]
          wrong "a reset after the end" [ [ part 0UL 10 true; PeerResetStreamEffect(connection, stream0, 0UL, 10UL) ] ]
          wrong "words after the last ones" [ [ closed ]; [ StateEventEffect(connection, StateChange.Failed) ] ]

          testCase "it notices time that goes back, and an endpoint that turns for ever"
          <| fun () ->
              let watch = watching true
              watch.OnResult(at 2.0, told [])
              Expect.throws (fun () -> watch.OnResult(at 1.0, told [])) "back"

              Expect.throws
                  (fun () ->
                      for _ in 1..100_000 do
                          watch.OnResult(at 2.0, told []))
                  "for ever"

          testCase "it lets pass what is right, and any order where that was asked for"
          <| fun () ->
              watching true
              |> see [ [ part 0UL 10 false ]; [ part 10UL 0 true ]; [ closed ]; [] ]

              watching false |> see [ [ part 10UL 5 true; part 0UL 10 false ] ] ]
