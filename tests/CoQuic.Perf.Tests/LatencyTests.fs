module CoQuic.Perf.Tests.LatencyTests

open System
open Expecto
open FsCheck
open CoQuic.Perf
open CoQuic.Tests

let private summaryOf (samples: int64 list) =
    samples
    |> List.fold
        (fun latencies sample -> Latencies.add (TimeSpan.FromTicks(sample * TimeSpan.TicksPerMicrosecond)) latencies)
        Latencies.empty
    |> Latencies.summary

[<Tests>]
let tests =
    testList
        "latencies"
        [ testCase "without samples all figures are zero"
          <| fun () ->
              let zero =
                  { Minimum = 0L
                    Average = 0L
                    P50 = 0L
                    P90 = 0L
                    P99 = 0L
                    Maximum = 0L }

              Expect.equal (summaryOf []) zero "the summary"

          testCase "a percentile is a sample, and the average is cut off"
          <| fun () ->
              let expected =
                  { Minimum = 10L
                    Average = 27L
                    P50 = 20L
                    P90 = 60L
                    P99 = 60L
                    Maximum = 60L }

              Expect.equal (summaryOf [ 60L; 10L; 20L; 20L ]) expected "the summary"

          testCase "of a hundred samples the percentile is the sample of that number"
          <| fun () ->
              let summary = summaryOf [ 1L .. 100L ]
              Expect.equal (summary.P50, summary.P90, summary.P99) (50L, 90L, 99L) "the percentiles"

          testCase "many samples are counted like few"
          <| fun () ->
              let summary = summaryOf [ for sample in 1L .. 1_000L -> (sample * 7L) % 1_000L ]
              Expect.equal (summary.Minimum, summary.Maximum) (0L, 999L) "the extremes"
              Expect.equal (summary.P50, summary.P90, summary.P99) (499L, 899L, 989L) "the percentiles"

          Properties.property "the figures are those of the sorted list"
          <| fun (samples: NonEmptyArray<uint16>) ->
              let sorted = samples.Get |> Array.map int64 |> Array.sort
              let count = int64 sorted.Length

              let percentile percent =
                  sorted[int ((percent * count + 99L) / 100L) - 1]

              let expected =
                  { Minimum = sorted[0]
                    Average = Array.sum sorted / count
                    P50 = percentile 50L
                    P90 = percentile 90L
                    P99 = percentile 99L
                    Maximum = sorted[sorted.Length - 1] }

              Expect.equal (summaryOf (List.ofArray sorted)) expected "the summary" ]
