module CoQuic.Engine.Tests.Recovery.PacketNumberSkipperTests

open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender

let private counting () =
    let mutable next = 0uy

    { new IEntropy with
        member _.Fill destination =
            for index in 0 .. destination.Length - 1 do
                next <- next * 37uy + 11uy
                destination[index] <- next }

let private skipped count =
    let skipper = PacketNumberSkipper(counting ())

    [ for number in 0UL .. count - 1UL do
          if skipper.ShouldSkip number then
              number ]

[<Tests>]
let tests =
    testList
        "Recovery.PacketNumberSkipper (RFC 9000 §21.4)"
        [ testCase "numbers are left out, more and more rarely"
          <| fun () ->
              let gaps =
                  0UL :: skipped 3_000_000UL
                  |> List.pairwise
                  |> List.map (fun (earlier, later) -> later - earlier)

              let periods =
                  [ for index in 0 .. gaps.Length - 1 -> min (128UL <<< index) 65_536UL ]

              for gap, period in List.zip gaps periods do
                  Expect.isGreaterThanOrEqual gap period "a period at least"
                  Expect.isLessThan gap (2UL * period) "and less than two"

              Expect.isGreaterThan gaps.Length 20 "again and again"

          testCase "no two are so near that loss detection would count both"
          <| fun () ->
              for earlier, later in List.pairwise (skipped 1_000_000UL) do
                  Expect.isGreaterThan (later - earlier) (uint64 PacketReordering.MaximumThreshold) "one gap at a time"

          testCase "who acknowledges a number that was left out violates the protocol"
          <| fun () ->
              let sender = withRtt 100.0
              let first = sender.Send(ms 200.0)
              sender.Detector.SkipPacketNumber sender.Space |> ignore
              let last = sender.Send(ms 200.0)

              match sender.AckDelayed (ms 300.0) 0UL [ first..last ] with
              | null -> failtest "accepted"
              | error -> Expect.equal error.Code TransportErrorCode.ProtocolViolation "PROTOCOL_VIOLATION" ]
