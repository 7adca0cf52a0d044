module CoQuic.Engine.Tests.Congestion.HyStartTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender
open CoQuic.Engine.Tests.Congestion.Feed

/// HyStart++ fed with round trips of ten acknowledgments each.
type private Search() =
    let search = HyStartPlusPlus()
    let mutable delivered = 0UL

    member _.Search = search

    /// One round trip in which every sample is so many milliseconds; whether slow start ended in it.
    member _.Round(milliseconds: float) =
        let atStart = delivered

        [ for index in 1UL .. 10UL do
              delivered <- delivered + uint64 size

              let sample =
                  DeliverySample(
                      TotalDelivered = delivered,
                      PriorDelivered = (if index = 1UL then atStart else atStart - min atStart 1UL),
                      NewlyAcked = uint64 size
                  )

              search.IsOver(Nullable(span milliseconds), &sample) ]
        |> List.contains true

let private thresholds =
    [ for last, enough in
          [ 10.0, 4.0 // MIN_RTT_THRESH
            80.0, 10.0 // an eighth
            400.0, 16.0 ] do // MAX_RTT_THRESH
          testCase $"after round trips of {last} ms, {enough} ms more begin conservative slow start"
          <| fun () ->
              let search = Search()
              search.Round last |> ignore
              search.Round(last + enough - 0.1) |> ignore
              Expect.isFalse search.Search.IsConservative "not enough"
              let search = Search()
              search.Round last |> ignore
              search.Round(last + enough) |> ignore
              Expect.isTrue search.Search.IsConservative "enough" ]

[<Tests>]
let tests =
    testList
        "Congestion.HyStartPlusPlus (RFC 9406 §4)"
        (thresholds
         @ [ testCase "five conservative rounds end slow start"
             <| fun () ->
                 let search = Search()
                 search.Round 40.0 |> ignore
                 search.Round 60.0 |> ignore
                 Expect.equal [ for _ in 1..5 -> search.Round 60.0 ] [ false; false; false; false; true ] "the fifth"

             testCase "in conservative slow start the window grows by a quarter"
             <| fun () ->
                 let search = Search()
                 Expect.equal (search.Search.Growth 1200) 1200 "slow start"
                 search.Round 40.0 |> ignore
                 search.Round 60.0 |> ignore
                 Expect.equal (search.Search.Growth 1200) 300 "CSS_GROWTH_DIVISOR"

             testCase "round trips that become shorter again resume slow start"
             <| fun () ->
                 let search = Search()
                 search.Round 40.0 |> ignore
                 search.Round 60.0 |> ignore
                 search.Round 59.0 |> ignore
                 Expect.isFalse search.Search.IsConservative "it was jitter"
                 search.Round 70.0 |> ignore
                 Expect.isTrue search.Search.IsConservative "and it is looked for anew"

             testCase "seven samples of a round are not believed"
             <| fun () ->
                 let search = HyStartPlusPlus()

                 let first =
                     DeliverySample(TotalDelivered = 1200UL, PriorDelivered = 0UL, NewlyAcked = 1200UL)

                 let within =
                     DeliverySample(TotalDelivered = 2400UL, PriorDelivered = 0UL, NewlyAcked = 1200UL)

                 let second =
                     DeliverySample(TotalDelivered = 9600UL, PriorDelivered = 1200UL, NewlyAcked = 1200UL)

                 search.IsOver(Nullable(span 40.0), &first) |> ignore

                 for _ in 1..9 do
                     search.IsOver(Nullable(span 40.0), &within) |> ignore

                 search.IsOver(Nullable(span 90.0), &second) |> ignore

                 for _ in 1..6 do
                     search.IsOver(Nullable(span 90.0), &within) |> ignore

                 Expect.isFalse search.IsConservative "seven"
                 search.IsOver(Nullable(span 90.0), &within) |> ignore
                 Expect.isTrue search.IsConservative "eight"

             for name, create in
                 [ "NewReno", (fun () -> NewReno(size, true) :> ICongestionController)
                   "CUBIC", (fun () -> Cubic(size, true)) ] do
                 testCase $"{name} leaves slow start where it ended, without a loss"
                 <| fun () ->
                     let controller = create ()
                     let mutable delivered = 0UL

                     let round (milliseconds: float) =
                         let atStart = delivered
                         controller |> ackWindow TimeUs.Zero

                         for index in 1UL .. 8UL do
                             delivered <- delivered + uint64 size

                             let context =
                                 AckContext(rttOf milliseconds, 0UL, false, RttSample = Nullable(span milliseconds))

                             let sample =
                                 DeliverySample(
                                     TotalDelivered = delivered,
                                     PriorDelivered = (if index = 1UL then atStart else atStart - min atStart 1UL),
                                     NewlyAcked = uint64 size
                                 )

                             controller.OnAckProcessed(TimeUs.Zero, &context, &sample)

                     round 40.0
                     Expect.equal controller.CongestionWindow 24_000UL "doubled"
                     round 60.0
                     Expect.equal controller.CongestionWindow 48_000UL "doubled, and longer round trips were seen"
                     round 60.0
                     Expect.equal controller.CongestionWindow 60_000UL "grown by a quarter"

                     for _ in 1..4 do
                         round 60.0

                     Expect.equal controller.SlowStartThreshold controller.CongestionWindow "the threshold is found" ])
