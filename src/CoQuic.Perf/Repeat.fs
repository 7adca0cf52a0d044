namespace CoQuic.Perf

open System

/// The same benchmark several times.
[<RequireQualifiedAccess>]
module Repeat =
    /// The run in the middle by the rate that its mode is about; of an even number the slower of the two.
    let median (runs: Measurement list) : Measurement =
        let sorted = List.sortBy (Report.rate >> fst) runs
        sorted[(sorted.Length - 1) / 2]

    let private slowestAndFastest runs =
        let rates = runs |> List.map (Report.rate >> fst)
        List.min rates, List.max rates

    /// How far the runs are apart: the difference of fastest and slowest over the median, in percent; 0 where nothing was measured.
    let spread (runs: Measurement list) : float =
        let slowest, fastest = slowestAndFastest runs
        let middle = fst (Report.rate (median runs))

        if middle > 0.0 then
            100.0 * (fastest - slowest) / middle
        else
            0.0

    /// The line that follows the lines of the runs.
    let summaryLine (runs: Measurement list) : string =
        let slowest, fastest = slowestAndFastest runs
        let middle, unit = Report.rate (median runs)

        String.Join(
            " ",
            [ $"repeat={runs.Length}"
              $"median_{unit.ToLowerInvariant()}={Report.decimals middle}"
              $"min={Report.decimals slowest}"
              $"max={Report.decimals fastest}"
              $"spread_percent={Report.decimals (spread runs)}" ]
        )

    /// Of one run its object, as the protocol has it. Of several that of the median run, whose key `runs` has their rates in order.
    let json (runs: Measurement list) : string =
        match runs with
        | [ run ] -> Report.json run
        | runs ->
            let rates = [ for run in runs -> Report.decimals (fst (Report.rate run)) ]
            let rates = String.Join(",", rates)

            let several =
                Report.object
                    [ "unit", $"\"{snd (Report.rate runs.Head)}\""
                      "rates", $"[{rates}]"
                      "spread_percent", Report.decimals (spread runs) ]

            Report.jsonWith [ "runs", several ] (median runs)
