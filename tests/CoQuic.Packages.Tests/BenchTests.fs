module CoQuic.Packages.Tests.BenchTests

open System
open System.Text.Json
open System.Text.Json.Nodes
open System.Xml.Linq
open CoQuic.Build
open CoQuic.Build.BenchRow
open CoQuic.Build.BenchTargets
open Expecto

let private nothing =
    { CpuSeconds = 0.0
      PeakMib = 0.0
      Allocated = None }

let private at rate =
    { Rate = rate
      Client = nothing
      Server = nothing
      Latency = None }

let private row name unit outcomes =
    { Name = name
      Unit = unit
      Ceiling = None
      Transfer = None
      Outcomes = outcomes
      Failures = [] }

let private rates name rates = row name "/s" (List.map at rates)

/// A million datagrams of 1,472 bytes, and what one side of it costs.
let private costing cost =
    { row "bulk download" "Gbit/s" [ { at 4.0 with Server = cost } ] with
        Transfer =
            Some
                { Bytes = 1_434_000_000L
                  DatagramSize = 1_472 } }

let private figure name figure rows = (figures rows).TryFind(name, figure)

let private verdicts rows = judge (figures rows)

let private verdict weight name rows =
    verdicts rows
    |> List.filter (fun verdict -> verdict.Weight = weight && verdict.Row = name && verdict.Figure = "rate")
    |> List.map _.IsReached

let private statistics =
    testList
        "figures"
        [ testCase "a row's rate is the median of its rounds, of an even number the middle"
          <| fun () ->
              Expect.equal (figure "a" "rate" [ rates "a" [ 9.0; 1.0; 2.0 ] ]) (Some 2.0) "of three"
              Expect.equal (figure "a" "rate" [ rates "a" [ 9.0; 1.0; 2.0; 4.0 ] ]) (Some 3.0) "of four"

          testCase "the spread is the range in percent of the median"
          <| fun () ->
              Expect.equal (figure "a" "spread_percent" [ rates "a" [ 8.0; 10.0; 12.0 ] ]) (Some 40.0) "4 of 10"

          testCase "a row is compared with its ceiling, where that was measured"
          <| fun () ->
              let bulk =
                  { rates "bulk" [ 4.0 ] with
                      Ceiling = Some "ceiling" }

              Expect.equal
                  (figure "bulk" "of_ceiling_percent" [ bulk; rates "ceiling" [ 16.0 ] ])
                  (Some 25.0)
                  "a quarter"

              Expect.isNone (figure "bulk" "of_ceiling_percent" [ bulk ]) "nothing to compare with"

          testCase "allocation is counted by the datagram, beyond the datagram's own bytes"
          <| fun () ->
              let cost =
                  { nothing with
                      Allocated = Some 1_500_000_000.0 }

              Expect.equal
                  (figure "bulk download" "bytes_per_datagram_server" [ costing cost ])
                  (Some 28.0)
                  "1,500 - 1,472"

              Expect.isNone
                  (figure "bulk download" "bytes_per_datagram_client" [ costing cost ])
                  "the client tells nothing"

          testCase "processor time is counted by the gigabyte, for each side"
          <| fun () ->
              let cost = { nothing with CpuSeconds = 2.868 }
              Expect.equal (figure "bulk download" "cpu_s_per_gb_server" [ costing cost ]) (Some 2.0) "the server's"
              Expect.equal (figure "bulk download" "cpu_s_per_gb_client" [ costing cost ]) (Some 0.0) "the client's"

          testCase "a percentile is compared with the median of its own round"
          <| fun () ->
              let taking p50 p99 =
                  { at 1.0 with
                      Latency = Some { P50 = p50; P99 = p99 } }

              let rows =
                  [ row "rr" "/s" [ taking 10.0 20.0; taking 100.0 300.0; taking 1.0 9.0 ] ]

              Expect.equal (figure "rr" "p99_by_p50" rows) (Some 3.0) "2, 3 and 9 times"

          testCase "a row whose rounds have all failed has no figures"
          <| fun () ->
              let failed =
                  { rates "a" [] with
                      Failures = [ "it ended" ] }

              Expect.isEmpty (figures [ failed ]) "none" ]

let private targets =
    testList
        "targets"
        [ testCase "a minimum and an aim of one row are told apart"
          <| fun () ->
              let rows = [ rates "crr, 8 connections" [ 1_000.0 ] ]
              Expect.equal (verdict Minimum "crr, 8 connections" rows) [ true ] "800 are reached"
              Expect.equal (verdict Aim "crr, 8 connections" rows) [ false ] "1,200 are not"
              Expect.isTrue (isGoodEnough rows (verdicts rows)) "an aim may be missed"

          testCase "a missed minimum is not good enough"
          <| fun () ->
              let rows = [ rates "crr, 8 connections" [ 799.0 ] ]
              Expect.isFalse (isGoodEnough rows (verdicts rows)) "799 of 800"

          testCase "a failed round is not good enough, whatever the others reach"
          <| fun () ->
              let rows =
                  [ { rates "crr, 8 connections" [ 2_000.0 ] with
                        Failures = [ "it ended" ] } ]

              Expect.isFalse (isGoodEnough rows (verdicts rows)) "one failed"

          testCase "a target beside another row is one only where that row was measured"
          <| fun () ->
              let ours = rates "bulk, 100 connections" [ 2.0 ]
              Expect.isEmpty (verdict Minimum ours.Name [ ours ]) "nothing to compare with"
              Expect.equal (verdict Minimum ours.Name [ ours; rates "bulk, 1 connection" [ 2.5 ] ]) [ true ] "80 %"
              Expect.equal (verdict Minimum ours.Name [ ours; rates "bulk, 1 connection" [ 3.0 ] ]) [ false ] "67 %"

          testCase "what the machine cannot do is not asked for"
          <| fun () ->
              let ours = rates "bulk download, 60 KB" [ 8.0 ]
              Expect.isEmpty (verdict Minimum ours.Name [ ours; rates "ceiling, both, 60 KB" [ 9.0 ] ]) "9 at most"

              Expect.equal
                  (verdict Minimum ours.Name [ ours; rates "ceiling, both, 60 KB" [ 30.0 ] ])
                  [ false ]
                  "30 at most"

          testCase "cost that grows is a miss"
          <| fun () ->
              let few = rates "ACKs, 10000 packets" [ 5.0 ]
              let many count = rates "ACKs, 100000 packets" [ count ]
              Expect.equal (verdict Minimum (many 5.2).Name [ few; many 5.2 ]) [ true ] "the same"
              Expect.equal (verdict Minimum (many 50.0).Name [ few; many 50.0 ]) [ false ] "ten times as much" ]

let private cellsOf (line: string) =
    line.Split('|', StringSplitOptions.TrimEntries) |> List.ofArray

let private report =
    testList
        "the report"
        [ testCase "a table has a line for each row, its cells under their headings"
          <| fun () ->
              let rows = [ costing { nothing with PeakMib = 80.4 }; rates "crr" [ 1_234.4 ] ]
              let lines = BenchReport.table rows |> List.map cellsOf
              Expect.hasLength lines 4 "headings, a rule, two rows"
              Expect.allEqual (List.map List.length lines) lines.Head.Length "as many cells in each"

              let cell heading line =
                  List.item (List.findIndex ((=) heading) lines.Head) (List.item line lines)

              Expect.equal (cell "median" 2) "4.00 Gbit/s" "a rate"
              Expect.equal (cell "peak MiB server" 2) "80" "memory"
              Expect.equal (cell "median" 3) "1234 /s" "another rate"
              Expect.equal (cell "peak MiB server" 3) "" "nothing known"

          testCase "failed rounds are said in the table"
          <| fun () ->
              let rows =
                  [ { rates "crr" [ 10.0 ] with
                        Failures = [ "it ended"; "it ended" ] } ]

              Expect.stringContains (List.last (BenchReport.table rows)) "10.00 /s, 2 failed" "two"

          testCase "reached, missed and not yet are different words, and are counted"
          <| fun () ->
              let lines =
                  BenchReport.targets (
                      verdicts [ rates "crr, 8 connections" [ 1_000.0 ]; rates "crr, 1 connection" [ 10.0 ] ]
                  )

              let has (parts: string list) =
                  lines
                  |> List.exists (fun line ->
                      parts |> List.forall (fun part -> line.Contains(part, StringComparison.Ordinal)))

              Expect.isTrue (has [ "minimum"; "reached"; "at least 800 /s"; "1000" ]) "the minimum"
              Expect.isTrue (has [ "aim"; "not yet"; "at least 1200 /s" ]) "the aim"
              Expect.isTrue (has [ "minimum"; "MISSED"; "at least 500 /s"; "10.00" ]) "the other minimum"
              Expect.equal (List.last lines) "1 of 2 minimums and 0 of 1 aims are reached." "the counts"

          testCase "JSON has the rounds, the figures and the verdicts"
          <| fun () ->
              let rows = [ rates "crr, 8 connections" [ 900.0; 1_000.0; 1_300.0 ] ]
              let text = BenchReport.json (JsonObject()) rows (verdicts rows)
              use json = JsonDocument.Parse text
              let row = json.RootElement.GetProperty("rows")[0]
              Expect.equal (row.GetProperty("rates").GetArrayLength()) 3 "three rounds"
              Expect.equal (row.GetProperty("figures").GetProperty("rate").GetDouble()) 1_000.0 "their median"
              let first = json.RootElement.GetProperty("targets")[0]
              Expect.equal (first.GetProperty("weight").GetString()) "minimum" "a minimum"
              Expect.isTrue (first.GetProperty("reached").GetBoolean()) "reached"

          testCase "the chart is XML, with a bar for each row that was measured, and a stroke for each target"
          <| fun () ->
              let rows =
                  [ rates "crr, 8 connections" [ 900.0; 1_300.0 ]
                    rates "quic-go <crr> & more" [ 100.0 ]
                    rates "nothing" [] ]

              let svg = XDocument.Parse(BenchChart.svg rows (verdicts rows))

              let attributes name =
                  [ for element in svg.Descendants() do
                        for found in element.Attributes(XName.Get name) -> found.Value ]

              let fills = attributes "fill"
              Expect.contains fills "#c0392b" "the minimum"
              Expect.contains fills "#2e8b57" "the aim"
              let texts = [ for element in svg.Descendants() -> element.Value ]
              Expect.contains texts "quic-go <crr> & more" "any name"
              Expect.isFalse (List.contains "nothing" texts) "what failed has no bar" ]

[<Tests>]
let tests = testList "the benchmark" [ statistics; targets; report ]
