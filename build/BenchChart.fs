/// The benchmark's rates as a picture.
module CoQuic.Build.BenchChart

open System
open System.Globalization
open System.Security
open CoQuic.Build.BenchRow
open CoQuic.Build.BenchTargets

let private lineHeight = 22.0
let private left = 260.0
let private longest = 420.0
let private width = 840.0

let private number (value: float) =
    value.ToString("0.#", CultureInfo.InvariantCulture)

let private escape (text: string) = SecurityElement.Escape text

/// Who a row is about.
let private colour row =
    if row.Name.StartsWith("quic-go", StringComparison.Ordinal) then
        "#d08a2e"
    elif
        row.Name.StartsWith("ceiling", StringComparison.Ordinal)
        || row.Name.StartsWith("UDP", StringComparison.Ordinal)
    then
        "#9a9a9a"
    else
        "#4a7ebb"

let private mark verdict =
    match verdict.Weight with
    | Minimum -> "#c0392b"
    | Aim -> "#2e8b57"

let private box x y width height fill =
    $"<rect x='{number x}' y='{number y}' width='{number width}' height='{number height}' fill='{fill}'/>"

let private text x y anchor content =
    $"<text x='{number x}' y='{number y}' text-anchor='{anchor}'>{escape content}</text>"

/// A bar for the median, a line from the slowest round to the fastest, and a stroke for each target of the rate.
let private bar (verdicts: Verdict list) scale y row =
    let along value = longest * value / scale
    let rates = row.Outcomes |> List.map _.Rate
    let slowest, fastest, middle = List.min rates, List.max rates, median rates

    [ text (left - 10.0) (y + 15.0) "end" row.Name
      box left (y + 4.0) (along middle) 13.0 (colour row)
      box (left + along slowest) (y + 10.0) (max 1.0 (along (fastest - slowest))) 1.0 "#000"
      for verdict in verdicts do
          if verdict.Row = row.Name && verdict.Figure = "rate" && verdict.Wanted <= scale then
              box (left + along verdict.Wanted) (y + 2.0) 2.0 17.0 (mark verdict)
      text (left + along fastest + 8.0) (y + 15.0) "start" $"{BenchReport.rateText middle} {row.Unit}" ]

/// The rows of one unit, to one scale, from some height on.
let private section verdicts y (rows: Row list) =
    let scale =
        rows |> List.collect (fun row -> row.Outcomes |> List.map _.Rate) |> List.max

    rows
    |> List.mapi (fun index row -> bar verdicts scale (y + float index * lineHeight) row)
    |> List.concat

/// Median, range and targets of every row, each unit to its own scale, as SVG.
let svg (rows: Row list) (verdicts: Verdict list) : string =
    let measured = rows |> List.filter (fun row -> not row.Outcomes.IsEmpty)
    let sections = measured |> List.groupBy _.Unit |> List.map snd

    let drawn, height =
        ((([], 8.0), sections))
        ||> List.fold (fun (drawn, y) rows ->
            drawn @ section verdicts y rows, y + float rows.Length * lineHeight + lineHeight / 2.0)

    let legend =
        text
            left
            (height + 15.0)
            "start"
            "bar: median; line: slowest to fastest round; red stroke: minimum; green stroke: aim"

    let elements = String.Join("\n", drawn @ [ legend ])

    $"<svg xmlns='http://www.w3.org/2000/svg' width='{number width}' height='{number (height + lineHeight)}' \
      font-family='sans-serif' font-size='12'>\n\
      <rect width='100%%' height='100%%' fill='#fff'/>\n{elements}\n</svg>\n"
