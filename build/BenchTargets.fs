/// What the benchmark's rows should reach: a minimum, whose miss is a failure, or an aim.
module CoQuic.Build.BenchTargets

open CoQuic.Build.BenchRow

type Weight =
    | Minimum
    | Aim

type private Bound =
    | AtLeast
    | AtMost

type private Target =
    {
        Weight: Weight
        Row: string
        Figure: string
        Bound: Bound
        /// In words, with its unit.
        Says: string
        /// The number; none where what it depends on was not measured, or where the machine does not allow it.
        Wanted: Figures -> float option
    }

/// A target beside what was measured.
type Verdict =
    { Weight: Weight
      Row: string
      Figure: string
      Says: string
      Wanted: float
      Measured: float
      IsReached: bool }

let private target weight row figure bound says wanted : Target =
    { Weight = weight
      Row = row
      Figure = figure
      Bound = bound
      Says = says
      Wanted = wanted }

let private atLeast weight row (wanted: float) unit =
    target weight row "rate" AtLeast $"at least {wanted} {unit}" (fun _ -> Some wanted)

let private scaled (factor: float) other (figures: Figures) =
    figures |> Map.tryFind (other, "rate") |> Option.map (fun rate -> factor * rate)

let private times weight row (factor: float) other =
    target weight row "rate" AtLeast $"at least {factor} times {other}" (scaled factor other)

let private noMoreThan row (factor: float) other =
    target Minimum row "rate" AtMost $"at most {factor} times {other}" (scaled factor other)

let private ofCeiling weight row (percent: float) =
    target weight row "of_ceiling_percent" AtLeast $"at least {percent} %% of its ceiling" (fun _ -> Some percent)

/// A rate that is asked for where the machine could do more than that at most.
let private whereAllowed row (wanted: float) unit ceiling =
    target Minimum row "rate" AtLeast $"at least {wanted} {unit}, where the ceiling allows" (fun figures ->
        figures
        |> Map.tryFind (ceiling, "rate")
        |> Option.filter (fun rate -> rate > wanted)
        |> Option.map (fun _ -> wanted))

let private atMost row figure (wanted: float) says =
    target Minimum row figure AtMost $"at most {wanted} {says}" (fun _ -> Some wanted)

let private bulk =
    [ for direction in [ "download"; "upload" ] do
          let row = $"bulk {direction}"
          let large = $"{row}, 60 KB"
          atLeast Minimum row 3.5 "Gbit/s"
          times Minimum row 4.0 $"quic-go {row}"
          ofCeiling Aim row 40.0
          times Aim row 8.0 $"quic-go {row}"
          whereAllowed large 10.0 "Gbit/s" "ceiling, both, 60 KB"

          for side in [ "server"; "client" ] do
              atMost
                  row
                  $"bytes_per_datagram_{side}"
                  100.0
                  $"bytes allocated by the {side} for a datagram beyond its own" ]

let private requests =
    [ ofCeiling Minimum "rr, 1 in flight" 45.0
      atLeast Minimum "rr, 8 in flight" 60_000.0 "/s"
      for row in [ "rr, 1 in flight"; "rr, 8 in flight" ] do
          atMost row "p99_by_p50" 5.0 "times the median for the 99th percentile"
      atLeast Minimum "crr, 1 connection" 500.0 "/s"
      atLeast Minimum "crr, 8 connections" 800.0 "/s"
      times Minimum "crr, 8 connections" 4.0 "quic-go crr, 8 connections"
      atLeast Aim "crr, 8 connections" 1_200.0 "/s"
      atLeast Minimum "crr, 8 connections, resumed" 1_500.0 "/s" ]

let private scaling =
    [ for count in [ 100; 1_000 ] do
          times Minimum $"bulk, {count} connections" 0.7 "bulk, 1 connection"
      times Minimum "bulk, 10000 streams" 0.7 "bulk, 10 streams"
      for packets in [ 100_000; 1_000_000 ] do
          noMoreThan $"ACKs, {packets} packets" 1.1 "ACKs, 10000 packets" ]

let private verdict (figures: Figures) (target: Target) =
    match figures.TryFind(target.Row, target.Figure), target.Wanted figures with
    | Some measured, Some wanted ->
        Some
            { Weight = target.Weight
              Row = target.Row
              Figure = target.Figure
              Says = target.Says
              Wanted = wanted
              Measured = measured
              IsReached =
                match target.Bound with
                | AtLeast -> measured >= wanted
                | AtMost -> measured <= wanted }
    | _ -> None

/// The targets of what was measured, minimums first.
let judge (figures: Figures) : Verdict list =
    bulk @ requests @ scaling
    |> List.choose (verdict figures)
    |> List.sortBy _.Weight

/// Whether no run failed and every minimum is reached.
let isGoodEnough (rows: Row list) (verdicts: Verdict list) : bool =
    rows |> List.forall _.Failures.IsEmpty
    && verdicts
       |> List.forall (fun verdict -> verdict.IsReached || verdict.Weight = Aim)
