module CoQuic.FSharp.Tests.LinkTests

open System
open Expecto
open CoQuic.FSharp

let private ms (milliseconds: float) = TimeSpan.FromMilliseconds milliseconds
let private at milliseconds = TimeUs.ofMilliseconds milliseconds

let private flightOf size time : Flight =
    { At = time
      Bytes = Bytes.ofArray (Array.zeroCreate size)
      Ecn = EcnCodepoint.Ect0
      From = { Host = "here"; Port = 1 }
      To = { Host = "there"; Port = 2 } }

let private runOf stage =
    LinkRun(1UL, "link", { Stages = [ stage ] })

/// What becomes of each of so many datagrams of 1000 bytes, one a millisecond.
let private passAll count stage =
    let run = runOf stage
    [ for number in 1..count -> run.Pass(0, flightOf 1000 (at (float number))) ]

let private numbersLost passages =
    [ for index, (passage: Passage) in List.indexed passages do
          if passage.Leaving.IsEmpty then
              index + 1 ]

let private single (passage: Passage) =
    match passage.Leaving with
    | [ flight ] -> flight
    | other -> failtest $"{other.Length} datagrams leave"

let private rateLost passages =
    float (numbersLost passages).Length / float (List.length passages)

[<Tests>]
let stages =
    testList
        "links"
        [ testCase "a delay is the same for all"
          <| fun () ->
              for passage in passAll 3 (Stage.Delay(ms 25.0)) |> List.indexed do
                  Expect.equal (single (snd passage)).At (at (float (fst passage) + 26.0)) "25 ms later"

          testCase "jitter stays within its bounds, and datagrams overtake each other"
          <| fun () ->
              let arrivals =
                  passAll 200 (Stage.Jitter(ms 10.0))
                  |> List.map (fun passage -> (single passage).At)

              for index, arrival in List.indexed arrivals do
                  let sent = at (float (index + 1))
                  Expect.isTrue (arrival >= sent && arrival - sent <= ms 10.0) "up to 10 ms later"

              Expect.notEqual arrivals (List.sort arrivals) "not in order"

          testCase "as many are lost as the probability says"
          <| fun () ->
              let rate = passAll 10_000 (Stage.Loss(Which.Chance 0.2)) |> rateLost
              Expect.isTrue (rate > 0.18 && rate < 0.22) $"a fifth, about: {rate}"
              Expect.equal (passAll 100 (Stage.Loss(Which.Chance 0.0)) |> rateLost) 0.0 "none"
              Expect.equal (passAll 100 (Stage.Loss(Which.Chance 1.0)) |> rateLost) 1.0 "all"

          testCase "those that are named by their numbers are lost, and no others"
          <| fun () ->
              let lost = passAll 50 (Stage.Loss(Which.Numbers(set [ 1; 40 ]))) |> numbersLost
              Expect.equal lost [ 1; 40 ] "the first and the 40th"

          testCase "bursts are as long as they are to be, on average"
          <| fun () ->
              let lost =
                  passAll 20_000 (Stage.BurstLoss { Beginning = 0.01; Length = 5.0 })
                  |> numbersLost

              let isContinued = Set.ofList lost

              let bursts =
                  lost |> List.filter (fun number -> not (isContinued.Contains(number - 1)))

              let average = float lost.Length / float bursts.Length
              Expect.isTrue (average > 4.0 && average < 6.0) $"about 5 in a row: {average}"
              Expect.isTrue (bursts.Length > 100 && bursts.Length < 300) $"about 190 bursts: {bursts.Length}"

          testCase "held back, a datagram comes later than the next"
          <| fun () ->
              match passAll 2 (Stage.Reordering(Which.Numbers(set [ 1 ]), ms 5.0)) with
              | [ first; second ] ->
                  Expect.isGreaterThan (single first).At (single second).At "overtaken"
                  Expect.equal first.Fate (ValueSome(Fate.HeldBack(ms 5.0))) "and it is told"
              | other -> failtest $"%A{other}"

          testCase "a duplicate is the same datagram again"
          <| fun () ->
              match passAll 2 (Stage.Duplication(Which.Numbers(set [ 2 ]))) with
              | [ once; twice ] ->
                  Expect.hasLength once.Leaving 1 "once"
                  let second = flightOf 1000 (at 2.0)
                  Expect.equal twice.Leaving [ second; second ] "twice"
              | other -> failtest $"%A{other}"

          testCase "corruption flips one bit, and leaves the sender's bytes alone"
          <| fun () ->
              let before = flightOf 1000 TimeUs.zero
              let passage = (runOf (Stage.Corruption(Which.Chance 1.0))).Pass(0, before)
              let after = single passage

              let flipped =
                  Seq.zip (before.Bytes.ToArray()) (after.Bytes.ToArray())
                  |> Seq.sumBy (fun (left, right) -> Numerics.BitOperations.PopCount(uint32 (left ^^^ right)))

              Expect.equal flipped 1 "one bit"
              Expect.equal before.Bytes (Bytes.ofArray (Array.zeroCreate 1000)) "the original"

              match passage.Fate with
              | ValueSome(Fate.Corrupted bit) ->
                  Expect.equal after.Bytes[bit / 8] (0x80uy >>> (bit % 8)) "it is the bit that is told"
              | other -> failtest $"%A{other}"

          testCase "what allows it is marked, and nothing else"
          <| fun () ->
              let mark = runOf (Stage.EcnMarking(Which.Chance 1.0))

              let after ecn =
                  (single (
                      mark.Pass(
                          0,
                          { flightOf 10 TimeUs.zero with
                              Ecn = ecn }
                      )
                  ))
                      .Ecn

              Expect.equal (after EcnCodepoint.Ect0) EcnCodepoint.Ce "ECT(0)"
              Expect.equal (after EcnCodepoint.Ect1) EcnCodepoint.Ce "ECT(1)"
              Expect.equal (after EcnCodepoint.NotEct) EcnCodepoint.NotEct "not ECT"

          testCase "bleaching clears every mark"
          <| fun () ->
              let bleach = runOf Stage.EcnBleaching

              for ecn in [ EcnCodepoint.Ect0; EcnCodepoint.Ect1; EcnCodepoint.Ce ] do
                  let flight =
                      single (
                          bleach.Pass(
                              0,
                              { flightOf 10 TimeUs.zero with
                                  Ecn = ecn }
                          )
                      )

                  Expect.equal flight.Ecn EcnCodepoint.NotEct $"{ecn}"

          testCase "the MTU is the largest size that passes"
          <| fun () ->
              let run = runOf (Stage.Mtu 1200)
              Expect.hasLength (run.Pass(0, flightOf 1200 TimeUs.zero)).Leaving 1 "as large"
              Expect.hasLength (run.Pass(0, flightOf 1201 TimeUs.zero)).Leaving 0 "larger"

          testCase "a black hole begins and ends when it is to"
          <| fun () ->
              let lost = passAll 10 (Stage.BlackHole(ms 3.0, ms 6.0)) |> numbersLost
              Expect.equal lost [ 3; 4; 5 ] "from 3 ms on, and up to 6 ms"

          testCase "a stage's chance does not depend on the other stages"
          <| fun () ->
              let lostWith stages =
                  let run = LinkRun(1UL, "link", { Stages = Stage.Loss(Which.Chance 0.5) :: stages })
                  [ for _ in 1..100 -> run.Pass(0, flightOf 100 TimeUs.zero) ] |> numbersLost

              Expect.equal (lostWith []) (lostWith [ Stage.Jitter(ms 1.0) ]) "the same ones are lost" ]

let private line bottleneck = runOf (Stage.Bottleneck bottleneck)

/// One Mbit/s: 1000 bytes take 8 ms.
let private slow queue : Bottleneck =
    { BitsPerSecond = 1_000_000L
      QueueBytes = queue
      MarkingBytes = None }

[<Tests>]
let bottlenecks =
    testList
        "bottlenecks"
        [ testCase "datagrams pass one after the other, at the line's rate"
          <| fun () ->
              let run = line (slow 10_000)

              let arrivals =
                  [ for _ in 1..3 -> (single (run.Pass(0, flightOf 1000 TimeUs.zero))).At ]

              Expect.equal arrivals [ at 8.0; at 16.0; at 24.0 ] "8 ms each"

          testCase "a datagram that finds no room is lost, and the line recovers"
          <| fun () ->
              let run = line (slow 2_500)
              let sent = [ for _ in 1..4 -> run.Pass(0, flightOf 1000 TimeUs.zero) ]
              Expect.equal (numbersLost sent) [ 3; 4 ] "two fit"
              Expect.hasLength (run.Pass(0, flightOf 1000 (at 8.0))).Leaving 1 "when one has left there is room"

          testCase "a datagram larger than the queue passes an idle line"
          <| fun () -> Expect.hasLength ((line (slow 0)).Pass(0, flightOf 1000 TimeUs.zero)).Leaving 1 "it passes"

          testCase "datagrams are marked once so many bytes wait"
          <| fun () ->
              let run =
                  line
                      { slow 10_000 with
                          MarkingBytes = Some 1_500 }

              let marks =
                  [ for _ in 1..4 -> (single (run.Pass(0, flightOf 1000 TimeUs.zero))).Ecn ]

              let ect, ce = EcnCodepoint.Ect0, EcnCodepoint.Ce
              Expect.equal marks [ ect; ect; ce; ce ] "from 2000 waiting bytes on"

          testCase "a fast line keeps its rate, though its datagrams take less than a microsecond"
          <| fun () ->
              let run =
                  line
                      { BitsPerSecond = 10_000_000_000L
                        QueueBytes = 10_000_000
                        MarkingBytes = None }

              let last =
                  [ for _ in 1..1000 -> (single (run.Pass(0, flightOf 1000 TimeUs.zero))).At ]
                  |> List.last

              Expect.equal last (TimeUs 800L) "1 MB at 10 Gbit/s" ]

[<Tests>]
let faults =
    testList
        "link faults"
        [ testCase "everything that is wrong is told at once, with its stage"
          <| fun () ->
              let link =
                  Link.ideal
                  |> Link.delay (ms -1.0)
                  |> Link.loss 0.5
                  |> Link.loss nan
                  |> Link.burstLoss 1.5 0.5
                  |> Link.losing [ 0 ]
                  |> Link.mtu -1
                  |> Link.bottleneck 0L -1
                  |> Link.blackHole (ms 2.0) (ms 1.0)

              let paths = Link.faults link |> List.map _.Path

              Expect.equal
                  paths
                  [ for stage in [ 0; 2; 3; 3; 4; 5; 6; 6; 7 ] -> $"Stages[{stage}]" ]
                  "each stage but the good one"

          testCase "a link says what it does"
          <| fun () ->
              let link =
                  Link.ideal
                  |> Link.delay (ms 25.0)
                  |> Link.loss 0.01
                  |> Link.bottleneck 10_000_000L 64_000

              Expect.equal
                  (string link)
                  "Link: delay 25 ms; loss 1 %; bottleneck 10 Mbit/s, queue 64000 bytes"
                  "in a line" ]
