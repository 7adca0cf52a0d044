namespace CoQuic.Perf

open System
open System.Globalization
open System.Net

/// A run as a chart needs it.
type ChartedRun =
    { Measurement: Measurement
      Timeline: Timeline
      Latencies: Latencies }

/// A page with throughput over time and the latency distribution, which needs nothing but itself.
[<RequireQualifiedAccess>]
module Chart =
    let private width, height = 800.0, 260.0
    let private left, right, top, bottom = 70.0, 15.0, 15.0, 40.0

    let private colours =
        [| "#2563eb"; "#d97706"; "#059669"; "#db2777"; "#7c3aed"; "#4b5563" |]

    let private colour index = colours[index % colours.Length]

    let private number (value: float) =
        value.ToString("0.##", CultureInfo.InvariantCulture)

    let private text (value: string) : string =
        WebUtility.HtmlEncode value |> Option.ofObj |> Option.defaultValue ""

    /// Where values lie between two ends: 0 to 1.
    type private Axis =
        { Title: string
          Place: float -> float
          Ticks: float list }

    /// 1, 2 or 5 times a power of ten, such that about five of them reach the end.
    let private step (largest: float) =
        let raw = largest / 5.0
        let power = Math.Pow(10.0, Math.Floor(Math.Log10 raw))

        [ 1.0; 2.0; 5.0; 10.0 ]
        |> List.map (fun factor -> factor * power)
        |> List.find (fun step -> step >= raw)

    let private linear title (values: float list) =
        let largest = Math.Max(List.max (0.001 :: values), 0.001)
        let step = step largest
        let finish = Math.Ceiling(largest / step) * step

        { Title = title
          Place = fun value -> value / finish
          Ticks = [ 0.0 .. step .. finish ] }

    let private logarithmic title (values: float list) =
        let logarithm (value: float) = Math.Log10(Math.Max(value, 1.0))
        let start = Math.Floor(logarithm (List.min values))
        let finish = Math.Max(Math.Ceiling(logarithm (List.max values)), start + 1.0)

        { Title = title
          Place = fun value -> (logarithm value - start) / (finish - start)
          Ticks = [ for exponent in start..finish -> Math.Pow(10.0, exponent) ] }

    let private across axis value =
        left + axis.Place value * (width - left - right)

    let private up axis value =
        height - bottom - axis.Place value * (height - top - bottom)

    let private horizontalTick axis value =
        let x = number (across axis value)

        $"""<line x1="{x}" x2="{x}" y1="{number top}" y2="{number (height - bottom)}"/>
<text x="{x}" y="{number (height - bottom + 16.0)}" text-anchor="middle">{number value}</text>"""

    let private verticalTick axis value =
        let y = number (up axis value)

        $"""<line x1="{number left}" x2="{number (width - right)}" y1="{y}" y2="{y}"/>
<text x="{number (left - 6.0)}" y="{y}" dy="4" text-anchor="end">{number value}</text>"""

    let private line horizontal vertical index points =
        let places =
            [ for x, y in points -> $"{number (across horizontal x)},{number (up vertical y)}" ]

        $"""<polyline points="{String.Join(' ', places)}" stroke="{colour index}"/>"""

    let private figure title horizontal vertical (lines: (float * float) list list) =
        let lines =
            [ yield! List.map (horizontalTick horizontal) horizontal.Ticks
              yield! List.map (verticalTick vertical) vertical.Ticks
              yield! List.mapi (line horizontal vertical) lines
              $"""<text x="{number (width / 2.0)}" y="{number (height - 4.0)}" text-anchor="middle">{text horizontal.Title}</text>""" ]

        $"""<h2>{text title} <small>({text vertical.Title})</small></h2>
<svg viewBox="0 0 {number width} {number height}" role="img" aria-label="{text title}">
{String.Join('\n', lines)}
</svg>"""

    let private throughput (runs: ChartedRun list) =
        let measurement = runs.Head.Measurement

        let amount = Report.amount measurement.Config.Mode >> fst
        let lines = [ for run in runs -> Timeline.rates amount run.Timeline ]
        let horizontal = linear "seconds" (lines |> List.collect (List.map fst))

        let vertical =
            linear (snd (Report.rate measurement)) (lines |> List.collect (List.map snd))

        figure "Throughput over time" horizontal vertical lines

    /// Of each latency, how many percent of the samples are at most that.
    let private cumulative latencies =
        let distribution = Latencies.distribution latencies
        let total = distribution |> List.sumBy snd

        distribution
        |> List.mapFold
            (fun passed (latency, count) ->
                let passed = passed + count
                (float latency, 100.0 * float passed / float total), passed)
            0L
        |> fst

    let private latency (runs: ChartedRun list) =
        match [ for run in runs -> cumulative run.Latencies ] with
        | lines when List.forall List.isEmpty lines -> ""
        | lines ->
            let horizontal = logarithmic "latency in µs" (lines |> List.collect (List.map fst))

            let vertical = linear "percent of requests" [ 100.0 ]
            figure "Latency distribution" horizontal vertical lines

    let private row index (run: ChartedRun) =
        let rate, unit = Report.rate run.Measurement
        let latency = run.Measurement.Latency

        let status = run.Measurement.Failure |> Option.defaultValue "ok"

        let cells =
            [ $"""<span style="color:{colour index}">■</span> {index + 1}"""
              text status
              $"{number rate} {unit}"
              $"{Report.decimals run.Measurement.Elapsed.TotalSeconds} s"
              $"{latency.P50} µs"
              $"{latency.P99} µs" ]

        let cells = [ for cell in cells -> $"<td>{cell}</td>" ]
        $"<tr>{String.Concat cells}</tr>"

    let private style =
        "body{font:15px system-ui,sans-serif;max-width:860px;margin:2em auto;padding:0 1em}\
         svg{width:100%}svg line{stroke:#ddd}svg text{font-size:12px;fill:#555}polyline{fill:none;stroke-width:1.5}\
         td,th{padding:.2em 1em .2em 0;text-align:left}small{font-weight:normal}"

    /// The page; at least one run.
    let html (runs: ChartedRun list) : string =
        let config = runs.Head.Measurement.Config

        let title =
            match config.Mode with
            | Mode.Bulk -> $"{Mode.name config.Mode} {Direction.name config.Direction}"
            | Mode.RequestResponse
            | Mode.ConnectRequestResponse
            | Mode.PersistentRequestResponse -> Mode.name config.Mode

        let about =
            $"{config.Host}:{config.Port}, {Config.congestionControlName config.CongestionControl}, \
              {config.Connections} connections, {config.Streams} streams, {config.RequestsInFlight} requests in flight"

        let head =
            "<th>run</th><th>status</th><th>rate</th><th>elapsed</th><th>median latency</th><th>99th percentile</th>"

        $"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>coquic-perf/1 {text title}</title><style>{style}</style></head>
<body><h1>coquic-perf/1 {text title}</h1><p>{text about}</p>
<table><tr>{head}</tr>{String.Concat(List.mapi row runs)}</table>
{throughput runs}
{latency runs}
</body></html>
"""
