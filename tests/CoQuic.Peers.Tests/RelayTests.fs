module CoQuic.Peers.Tests.RelayTests

open Expecto
open CoQuic.Peers

/// What leaves a link of these conditions when a hundred numbered datagrams enter it.
let private passing conditions =
    let link = LinkDirection(conditions, 1)

    [ for number in 1..100 do
          yield! link.Pass [| byte number; 0uy |] ]

[<Tests>]
let tests =
    testList
        "bad link"
        [ testCase "an ideal one changes nothing"
          <| fun () ->
              Expect.equal (passing LinkConditions.ideal) [ for number in 1..100 -> [| byte number; 0uy |] ] "all of it"

          testCase "one that drops everything passes nothing"
          <| fun () -> Expect.isEmpty (passing { LinkConditions.ideal with Drop = 1.0 }) "nothing"

          testCase "the same seed loses the same datagrams, another one others"
          <| fun () ->
              let some = { LinkConditions.ideal with Drop = 0.5 }

              let lossy seed =
                  [ let link = LinkDirection(some, seed) in

                    for number in 1..100 do
                        yield! link.Pass [| byte number |] ]

              Expect.equal (lossy 1) (lossy 1) "the same"
              Expect.notEqual (lossy 1) (lossy 2) "others"

          testCase "corruption turns one bit of a datagram"
          <| fun () ->
              let bits (datagram: byte array) number =
                  System.Numerics.BitOperations.PopCount(
                      uint32 (datagram[0] ^^^ byte number) ||| (uint32 datagram[1] <<< 8)
                  )

              let corrupted =
                  passing
                      { LinkConditions.ideal with
                          Corrupt = 1.0 }

              Expect.allEqual (List.mapi (fun index datagram -> bits datagram (index + 1)) corrupted) 1 "one bit each"

          testCase "reordering loses nothing but the last, and duplication doubles"
          <| fun () ->
              let reordered =
                  passing
                      { LinkConditions.ideal with
                          Reorder = 1.0 }

              Expect.equal (List.take 4 reordered |> List.map Array.head) [ 2uy; 1uy; 4uy; 3uy ] "in pairs"

              Expect.hasLength
                  (passing
                      { LinkConditions.ideal with
                          Duplicate = 1.0 })
                  200
                  "twice" ]
