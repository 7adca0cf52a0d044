/// Measures everything, and writes it down: figures by name, and the tables of docs/congestion.md.
module CoQuic.Congestion.Tests.Report

open System
open System.Diagnostics
open System.Globalization
open System.IO
open System.Text.Json
open CoQuic.Engine
open CoQuic.Congestion.Tests.Figures

/// A table, and the figures that it was made from.
type private Section =
    { Title: string
      Header: string list
      Rows: string list list
      Figures: (string * float) list }

let private decimals (digits: int) (value: float) =
    value.ToString("F" + string digits, CultureInfo.InvariantCulture)

let private percent (value: float) = decimals 1 (100.0 * value) + " %"

let private keyOf (name: string) =
    name.ToLowerInvariant().Replace(' ', '_')

let private measure (label: string) scenario =
    let watch = Stopwatch.StartNew()
    let seen = Dumbbell.run scenario
    printfn $"{label}: utilisation {percent (utilisation seen)}, %.1f{watch.Elapsed.TotalSeconds} s"
    seen

let private lossShare (seen: Observation) = float seen.Dropped / float seen.Sent

let private alone () =
    let seen =
        [ for name, controller in algorithms do
              for milliseconds in [ 10.0; 40.0; 200.0 ] do
                  name, milliseconds, measure $"{name} alone, {milliseconds} ms" (single milliseconds controller) ]

    { Title = "One flow: the share of the link used, the mean time in the queue, and the packets dropped"
      Header = [ "controller"; "round trip"; "used"; "queue"; "dropped" ]
      Rows =
        [ for name, milliseconds, observation in seen ->
              [ name
                decimals 0 milliseconds + " ms"
                percent (utilisation observation)
                decimals 1 (queueDelay observation) + " ms"
                decimals 2 (100.0 * lossShare observation) + " %" ] ]
      Figures =
        [ for name, milliseconds, observation in seen do
              let key = $"{keyOf name}_{decimals 0 milliseconds}_ms"
              $"{key}_utilisation", utilisation observation
              $"{key}_queue_ms", queueDelay observation
              $"{key}_dropped", lossShare observation ] }

let private together () =
    let seen =
        [ for name, controller in algorithms -> name, measure $"two of {name}" (pair 40.0 controller controller) ]

    { Title = "Two flows of a kind, the second ten seconds later, 40 ms: what each got in the last thirty seconds"
      Header = [ "controller"; "first"; "second"; "Jain's index"; "used"; "queue" ]
      Rows =
        [ for name, observation in seen ->
              [ name
                percent (share 0 observation)
                percent (share 1 observation)
                decimals 3 (fairness observation)
                percent (utilisation observation)
                decimals 1 (queueDelay observation) + " ms" ] ]
      Figures =
        [ for name, observation in seen do
              $"{keyOf name}_pair_jain", fairness observation
              $"{keyOf name}_pair_utilisation", utilisation observation ] }

let private harsh () =
    let seen =
        [ for name, controller in algorithms ->
              name,
              measure $"{name} with loss" (lossy controller),
              measure $"{name} with aggregated ACKs" (aggregated controller),
              measure $"{name} with reordering" (reordered controller) ]

    { Title = "One flow where the path is not kind, 40 ms: the share of the link used"
      Header =
        [ "controller"
          "1 % random loss"
          "ACKs every 20 ms"
          "up to 8 ms of reordering" ]
      Rows =
        [ for name, loss, aggregation, reordering in seen ->
              name :: List.map (utilisation >> percent) [ loss; aggregation; reordering ] ]
      Figures =
        [ for name, loss, aggregation, reordering in seen do
              $"{keyOf name}_loss_1_percent_utilisation", utilisation loss
              $"{keyOf name}_aggregated_acks_utilisation", utilisation aggregation
              $"{keyOf name}_reordering_utilisation", utilisation reordering ] }

let private mixed () =
    let seen =
        [ for milliseconds in [ 10.0; 40.0; 200.0 ] ->
              milliseconds,
              measure
                  $"CUBIC against NewReno, {milliseconds} ms"
                  (pair milliseconds CongestionControl.NewReno CongestionControl.Cubic) ]

    { Title = "CUBIC, ten seconds later, against NewReno: what each got in the last thirty seconds"
      Header = [ "round trip"; "NewReno"; "CUBIC"; "Jain's index" ]
      Rows =
        [ for milliseconds, observation in seen ->
              [ decimals 0 milliseconds + " ms"
                percent (share 0 observation)
                percent (share 1 observation)
                decimals 3 (fairness observation) ] ]
      Figures =
        [ for milliseconds, observation in seen ->
              $"newreno_cubic_{decimals 0 milliseconds}_ms_jain", fairness observation ] }

let private acknowledged () =
    let seen =
        [ for name, controller in algorithms ->
              name,
              measure $"{name}, every other packet acknowledged" (acknowledgedOften controller),
              measure $"{name}, an eighth of a round trip acknowledged" (single 40.0 controller) ]

    { Title = "A threshold of ACKs that grows to an eighth of a round trip's packets, against one of two, 40 ms"
      Header = [ "controller"; "used, two"; "ACKs, two"; "used, growing"; "ACKs, growing" ]
      Rows =
        [ for name, often, rarely in seen ->
              [ name
                percent (utilisation often)
                string often.Acknowledgments
                percent (utilisation rarely)
                string rarely.Acknowledgments ] ]
      Figures =
        [ for name, often, rarely in seen do
              $"{keyOf name}_acks_of_two_utilisation", utilisation often
              $"{keyOf name}_acks_of_two", float often.Acknowledgments
              $"{keyOf name}_acks_growing", float rarely.Acknowledgments ] }

let private tableOf section =
    let line (cells: string list) = "| " + String.Join(" | ", cells) + " |"

    [ $"**{section.Title}**"
      ""
      line section.Header
      line [ for _ in section.Header -> "---" ]
      yield! List.map line section.Rows
      "" ]

let private first =
    "<!-- figures: written by `dotnet fsi build.fsx evidence 3-congestion` -->"

let private last = "<!-- end of figures -->"

/// Puts the tables between the two marks of a document.
let private writeTables (document: string) sections =
    let lines = List.ofArray (File.ReadAllLines document)
    let before = lines |> List.takeWhile ((<>) first)
    let after = lines |> List.skipWhile ((<>) last)
    File.WriteAllLines(document, before @ [ first; "" ] @ List.collect tableOf sections @ after)

/// Measures everything; the figures go to one file, the tables into another.
let write (json: string) (document: string) =
    let sections = [ alone (); together (); harsh (); mixed (); acknowledged () ]

    let figures =
        sections
        |> List.collect _.Figures
        |> List.map (fun (name, value) -> name, Math.Round(value, 4))

    writeTables document sections
    File.WriteAllText(json, JsonSerializer.Serialize(dict figures))
