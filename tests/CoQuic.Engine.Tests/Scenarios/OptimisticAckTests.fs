module CoQuic.Engine.Tests.Scenarios.OptimisticAckTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

[<Tests>]
let tests =
    testList
        "scenario: optimistic acknowledgments (RFC 9000 §21.4)"
        [ testCase "a transfer with skipped packet numbers arrives whole"
          <| fun () ->
              let client = clientWith (TransportConfig(EnableOptimisticAckMitigation = true)) 1UL
              let pair = withConfigs client (serverConfig "test" 1UL) 1 { ideal with Loss = 0.02 }
              connect pair
              Expect.isTrue (runUntil (TimeSpan.FromSeconds 10.0) confirmed pair) "confirmed"
              let bytes = Array.init 600_000 byte
              let stream = StreamId 0UL
              Expect.isNone (send Client stream bytes true pair) "taken"

              let isWhole pair = snd (received Server stream pair)
              Expect.isTrue (runUntil (TimeSpan.FromSeconds 30.0) isWhole pair) "ends"
              Expect.equal (fst (received Server stream pair)) bytes "byte for byte"
              Expect.isNone (closeReason Client pair) "nobody objects" ]
