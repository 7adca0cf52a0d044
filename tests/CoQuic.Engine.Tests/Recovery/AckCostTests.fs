module CoQuic.Engine.Tests.Recovery.AckCostTests

open CoQuic.Benchmarks
open Expecto

let private few = 10_000

/// More than this is not chance: what grows with the square would be ten times as much.
let private tolerance = 1.1

[<Tests>]
let tests =
    testList
        "Recovery.AckCost"
        [ testCase "with one packet in ten lost, ACKs cost no more by the packet in a long transfer than in a short one"
          <| fun () ->
              let byThePacket packets =
                  AckCost.transfer packets 1_000 |> AckCost.byThePacket

              Expect.isLessThan (byThePacket (10 * few)) (tolerance * byThePacket few) "records and ranges looked at"

          testCase "a record is looked at a few times, however many packets are on their way"
          <| fun () ->
              for roundTrip in [ 10; 100; 1_000; 5_000 ] do
                  let cost = AckCost.transfer few roundTrip
                  Expect.isGreaterThan cost.Acks (few / 20) "ACKs keep coming"
                  Expect.isLessThan cost.Visits (4UL * uint64 few + uint64 cost.Ranges) $"{roundTrip} on their way" ]
