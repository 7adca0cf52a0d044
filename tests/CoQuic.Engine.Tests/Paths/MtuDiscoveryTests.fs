module CoQuic.Engine.Tests.Paths.MtuDiscoveryTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

let private wide = UInt64.MaxValue
let private now = TimeUs.FromMilliseconds 1.0

let private probe (mtu: MtuDiscovery) =
    match mtu.TryGetProbe(now, wide) with
    | true, size -> Some size
    | false, _ -> None

/// Probes over a path that carries so much, until the search rests; the sizes probed.
let private search carried (mtu: MtuDiscovery) =
    let rec go sizes =
        match probe mtu with
        | Some size when List.length sizes < 200 ->
            mtu.OnProbeSent()

            if size <= carried then
                mtu.OnProbeAcked(now, size)
            else
                mtu.OnProbeLost now

            go (size :: sizes)
        | _ -> List.rev sizes

    go []

let private found ceiling carried =
    let mtu = MtuDiscovery(1200, ceiling)
    search carried mtu |> ignore
    mtu

/// A packet of the n-th flight is found lost before the next flight is sent.
let private loseOf (flight: int) size (mtu: MtuDiscovery) =
    let sentAt = now + TimeSpan.FromMilliseconds(10.0 * float flight)
    mtu.OnPacketsLost(sentAt + TimeSpan.FromMilliseconds 5.0, size, sentAt)

[<Tests>]
let searching =
    testList
        "Paths.MtuDiscovery: search (RFC 8899 §5)"
        [ testCase "it begins at the base, with the most that may be sent"
          <| fun () ->
              let mtu = MtuDiscovery(1200, 1472)
              Expect.equal mtu.MaximumDatagramSize 1200 "before any probe"
              Expect.equal (probe mtu) (Some 1472) "the ceiling"
              mtu.OnProbeSent()
              Expect.isNone (probe mtu) "one at a time"
              mtu.OnProbeAcked(now, 1472)
              Expect.equal mtu.MaximumDatagramSize 1472 "it got through"
              Expect.equal mtu.State MtuState.SearchComplete "nothing is left to search"
              Expect.isNone (probe mtu) "and no more is sent"

          testCase "a size is given up after three lost probes, not before"
          <| fun () ->
              let mtu = MtuDiscovery(1200, 1472)
              Expect.equal (search 1300 mtu |> List.truncate 4) [ 1472; 1472; 1472; 1452 ] "Ethernet over IPv6 next"

          for carried in [ 1200; 1280; 1400; 1452; 1500; 4352; 9000; 16384; 65507; 65527 ] do
              testCase $"a path that carries {carried} bytes is found to, nearly"
              <| fun () ->
                  let mtu = found 65527 carried
                  Expect.isLessThanOrEqual mtu.MaximumDatagramSize (max 1200 carried) "never more"

                  Expect.isGreaterThan
                      (mtu.MaximumDatagramSize + MtuSearch.SmallestStep)
                      (min carried 65527)
                      "nor much less"

                  Expect.equal mtu.State MtuState.SearchComplete "it ends"

          testCase "a search costs few bytes in vain: none but the first is above twice what is known"
          <| fun () ->
              let mtu = MtuDiscovery(1200, 65527)
              let wasted = search 1472 mtu |> List.filter (fun size -> size > 2944)
              Expect.equal wasted [ 65527; 65527; 65527 ] "the ceiling"

          testCase "a probe waits for a window that admits it, and smaller ones do instead"
          <| fun () ->
              let mtu = MtuDiscovery(1200, 65527)
              Expect.equal (mtu.TryGetProbe(now, 12_000UL)) (true, 1472) "not the ceiling"
              Expect.isFalse (fst (mtu.TryGetProbe(now, 1_000UL))) "nothing"

          testCase "no size is probed for where the ceiling is the base"
          <| fun () -> Expect.isNone (probe (MtuDiscovery(1200, 1200))) "none"

          testCase "the peer's max_udp_payload_size is a ceiling (RFC 9000 §18.2)"
          <| fun () ->
              let mtu = MtuDiscovery(1200, 1472)
              mtu.OnPeerLimit 1300UL
              Expect.equal (probe mtu) (Some 1300) "no more than the peer takes"
              let high = MtuDiscovery(1400, 1472)
              high.OnPeerLimit 1250UL
              Expect.equal high.MaximumDatagramSize 1250 "not even the base"

          testCase "after ten minutes it looks whether the path carries more (PMTU_RAISE_TIMER)"
          <| fun () ->
              let mtu = found 1472 1300
              let later = now + MtuDiscovery.RaiseInterval
              Expect.isFalse (fst (mtu.TryGetProbe(later - TimeSpan.FromSeconds 1.0, wide))) "not yet"
              Expect.equal (mtu.TryGetProbe(later, wide)) (true, 1472) "the ceiling again"

          property "whatever the path carries, the size found gets through"
          <| fun (carried: uint16) (ceiling: uint16) ->
              let ceiling = max 1200 (int ceiling)
              let mtu = found ceiling (int carried)
              Expect.isLessThanOrEqual mtu.MaximumDatagramSize (max 1200 (min ceiling (int carried))) "never more" ]

[<Tests>]
let shrinking =
    testList
        "Paths.MtuDiscovery: paths that carry less"
        [ testCase "large packets lost in three flights in a row, and none acknowledged, make a black hole"
          <| fun () ->
              let mtu = found 1472 1472
              loseOf 1 1472 mtu
              loseOf 2 1470 mtu
              Expect.equal mtu.MaximumDatagramSize 1472 "not yet"
              loseOf 3 1472 mtu
              Expect.equal mtu.MaximumDatagramSize 1200 "back to the base"
              Expect.equal (probe mtu) (Some 1452) "and the search goes on below"

          testCase "the end of one flight, found lost packet by packet, is the work of a full queue"
          <| fun () ->
              let mtu = found 1472 1472

              for packet in 1..10 do
                  let sentAt = now + TimeSpan.FromMilliseconds(0.1 * float packet)
                  mtu.OnPacketsLost(sentAt + TimeSpan.FromMilliseconds 5.0, 1472, sentAt)

              Expect.equal mtu.MaximumDatagramSize 1472 "it stays"

          testCase "one acknowledged large packet in between shows that it is congestion"
          <| fun () ->
              let mtu = found 1472 1472

              for flight in 1..3..30 do
                  loseOf flight 1472 mtu
                  loseOf (flight + 1) 1472 mtu
                  mtu.OnPacketAcked 1472

              Expect.equal mtu.MaximumDatagramSize 1472 "it stays"

          testCase "small packets prove nothing, lost or acknowledged"
          <| fun () ->
              let mtu = found 1472 1472

              for flight in 1..10 do
                  loseOf flight 1200 mtu

              Expect.equal mtu.MaximumDatagramSize 1472 "lost"

              for flight in 11..13 do
                  loseOf flight 1472 mtu
                  mtu.OnPacketAcked 1200

              Expect.equal mtu.MaximumDatagramSize 1200 "acknowledged"

          testCase "three probe timeouts in a row make large packets the suspects"
          <| fun () ->
              let mtu = found 1472 1472
              mtu.OnProbeTimeout(now, 2)
              Expect.equal mtu.MaximumDatagramSize 1472 "two are common"
              mtu.OnProbeTimeout(now, 3)
              Expect.equal mtu.MaximumDatagramSize 1200 "three are not"
              Expect.equal (probe mtu) (Some 1472) "nothing was shown against the size"

          testCase "a base that is too large falls to what every path carries"
          <| fun () ->
              let mtu = MtuDiscovery(1400, 1400)
              mtu.OnProbeTimeout(now, 3)
              Expect.equal mtu.MaximumDatagramSize 1200 "RFC 9000 §14"

          testCase "a notice that is not provisional is believed once a larger packet is lost"
          <| fun () ->
              let mtu = found 1472 1472
              mtu.OnNotice(now, 1300, isProvisional = false)
              Expect.equal mtu.MaximumDatagramSize 1472 "only heard"
              loseOf 1 1472 mtu
              Expect.equal mtu.MaximumDatagramSize 1300 "confirmed"

          testCase "a provisional one is believed until a larger packet arrives after all (RFC 9000 §14.2.1)"
          <| fun () ->
              let mtu = found 1472 1472
              mtu.OnNotice(now, 1300, isProvisional = true)
              Expect.equal mtu.MaximumDatagramSize 1300 "at once"
              mtu.OnPacketAcked 1472
              Expect.equal mtu.MaximumDatagramSize 1472 "it was a lie"

          testCase "no notice raises the size, or takes it below 1200 bytes (RFC 9000 §14.2.1)"
          <| fun () ->
              let mtu = found 1472 1300
              let before = mtu.MaximumDatagramSize

              for flight, size in List.indexed [ 0; 576; 1199; before; 1400; 65000 ] do
                  mtu.OnNotice(now, size, isProvisional = true)
                  loseOf flight before mtu
                  Expect.equal mtu.MaximumDatagramSize before $"{size}"
                  mtu.OnPacketAcked before

          testCase "the fate of a probe from before a fall changes nothing"
          <| fun () ->
              let mtu = found 65527 9000
              let later = now + MtuDiscovery.RaiseInterval
              mtu.TryGetProbe(later, wide) |> ignore
              mtu.OnProbeSent()
              mtu.OnProbeTimeout(later, 3)
              mtu.OnProbeLost later
              Expect.equal mtu.MaximumDatagramSize 1200 "the base"
              Expect.equal (mtu.TryGetProbe(later, wide)) (true, 65527) "the search begins anew" ]
