/// The benchmark's results as text and as JSON.
module CoQuic.Build.BenchReport

open System
open System.Globalization
open System.Text.Json
open System.Text.Json.Nodes
open CoQuic.Build.BenchRow
open CoQuic.Build.BenchTargets

let private decimals count (value: float) =
    value.ToString($"F{count}", CultureInfo.InvariantCulture)

/// Rates differ by orders of magnitude.
let rateText (value: float) =
    decimals (if value < 1000.0 then 2 else 0) value

/// Headings, and the figure that stands below with its decimals.
let private columns =
    [ "spread %", "spread_percent", decimals 0
      "of ceiling %", "of_ceiling_percent", decimals 0
      "CPU s/GB server", "cpu_s_per_gb_server", decimals 2
      "client", "cpu_s_per_gb_client", decimals 2
      "B/datagram server", "bytes_per_datagram_server", decimals 0
      "client", "bytes_per_datagram_client", decimals 0
      "peak MiB server", "peak_mib_server", decimals 0
      "client", "peak_mib_client", decimals 0
      "p50 µs", "p50_us", decimals 0
      "p99 µs", "p99_us", decimals 0 ]

let private cells (figures: Figures) row =
    let figure name text =
        figures.TryFind(row.Name, name) |> Option.map text |> Option.defaultValue ""

    let middle =
        match row.Failures.Length with
        | 0 -> $"""{figure "rate" rateText} {row.Unit}"""
        | failed -> $"""{figure "rate" rateText} {row.Unit}, {failed} failed"""

    row.Name
    :: middle.Trim()
    :: [ for _, name, text in columns -> figure name text ]

/// Rows of cells as Markdown, all columns but the first to the right.
let private markdown (lines: string list list) =
    let widths =
        List.transpose lines
        |> List.map (fun column -> column |> List.map _.Length |> List.max)

    let line cells =
        let padded =
            List.zip cells widths
            |> List.mapi (fun index (cell: string, width) ->
                if index = 0 then
                    cell.PadRight width
                else
                    cell.PadLeft width)

        "| " + String.Join(" | ", padded) + " |"

    let rule =
        widths
        |> List.mapi (fun index width ->
            if index = 0 then
                String('-', width)
            else
                String('-', width - 1) + ":")

    line lines.Head :: line rule :: List.map line lines.Tail

/// A table in Markdown, which reads well in a terminal too: a line a row, medians over the rounds.
let table (rows: Row list) : string list =
    let figures = figures rows
    let headings = "row" :: "median" :: [ for heading, _, _ in columns -> heading ]
    markdown (headings :: [ for row in rows -> cells figures row ])

let private weightText weight =
    match weight with
    | Minimum -> "minimum"
    | Aim -> "aim"

/// A line for each target, and one that counts.
let targets (verdicts: Verdict list) : string list =
    let word verdict =
        match verdict.IsReached, verdict.Weight with
        | true, _ -> "reached"
        | false, Minimum -> "MISSED"
        | false, Aim -> "not yet"

    let count weight =
        let ofWeight = verdicts |> List.filter (fun verdict -> verdict.Weight = weight)
        let reached = ofWeight |> List.filter _.IsReached
        $"{reached.Length} of {ofWeight.Length}"

    [ for verdict in verdicts do
          let measured, wanted = rateText verdict.Measured, rateText verdict.Wanted
          $"%-8s{weightText verdict.Weight}%-8s{word verdict}  {verdict.Row}: {verdict.Says}: {measured}, asked {wanted}"
      $"{count Minimum} minimums and {count Aim} aims are reached." ]

let private node (value: 'value) : JsonNode | null =
    JsonSerializer.SerializeToNode<'value> value

let private arrayOf (toNode: 'value -> JsonNode | null) (values: 'value list) =
    let array = JsonArray()

    for value in values do
        array.Add(toNode value)

    array

let private rowJson (figures: Figures) row : JsonNode | null =
    let own = JsonObject()

    for KeyValue((name, figure), value) in figures do
        if name = row.Name then
            own.Add(figure, node value)

    JsonObject(
        dict
            [ "name", node row.Name
              "unit", node row.Unit
              "rates", arrayOf (fun outcome -> node outcome.Rate) row.Outcomes
              "failures", arrayOf node row.Failures
              "figures", own ]
    )

let private verdictJson verdict : JsonNode | null =
    JsonObject(
        dict
            [ "weight", node (weightText verdict.Weight)
              "row", node verdict.Row
              "figure", node verdict.Figure
              "says", node verdict.Says
              "wanted", node verdict.Wanted
              "measured", node verdict.Measured
              "reached", node verdict.IsReached ]
    )

/// Everything that was measured, with the machine that it was measured on.
let json (machine: JsonNode | null) (rows: Row list) (verdicts: Verdict list) : string =
    let figures = figures rows

    let all =
        JsonObject(
            dict
                [ "machine", machine
                  "rows", arrayOf (rowJson figures) rows
                  "targets", arrayOf verdictJson verdicts ]
        )

    all.ToJsonString(JsonSerializerOptions(WriteIndented = true)) + "\n"
