namespace CoQuic.Perf

open System

/// Latency samples, counted by the microsecond: exact percentiles in space that does not grow with the run.
type Latencies =
    private
        {
            Counts: Map<int64, int64>
            /// Samples that are not in `Counts` yet, the newest first: most of them are of a few values, which are looked up once.
            Recent: int64 list
            Count: int64
            Sum: int64
        }

/// The figures of a report, in microseconds; all 0 without samples.
type LatencySummary =
    { Minimum: int64
      Average: int64
      P50: int64
      P90: int64
      P99: int64
      Maximum: int64 }

[<RequireQualifiedAccess>]
module Latencies =
    /// So many samples are counted together.
    let private batch = 256L

    let empty =
        { Counts = Map.empty
          Recent = []
          Count = 0L
          Sum = 0L }

    let private addMany counts (microseconds, samples) =
        counts
        |> Map.change microseconds (fun count -> Some(Option.defaultValue 0L count + int64 samples))

    let private counts latencies =
        latencies.Recent |> List.countBy id |> List.fold addMany latencies.Counts

    let private countRecent latencies =
        { latencies with
            Counts = counts latencies
            Recent = [] }

    /// Adds a sample; below a microsecond is cut off.
    let add (latency: TimeSpan) latencies =
        let microseconds = latency.Ticks / TimeSpan.TicksPerMicrosecond

        let latencies =
            { latencies with
                Recent = microseconds :: latencies.Recent
                Count = latencies.Count + 1L
                Sum = latencies.Sum + microseconds }

        if latencies.Count % batch = 0L then
            countRecent latencies
        else
            latencies

    /// How many samples there are of each latency in microseconds, in ascending order.
    let distribution latencies : (int64 * int64) list = Map.toList (counts latencies)

    /// The sample number ⌈percent × count / 100⌉, counted from 1 in ascending order.
    let private percentile percent count distribution =
        let rank = (percent * count + 99L) / 100L

        let rec find passed remaining =
            match remaining with
            | [] -> 0L
            | (value, count) :: rest ->
                if passed + count >= rank then
                    value
                else
                    find (passed + count) rest

        find 0L distribution

    let summary latencies =
        if latencies.Count = 0L then
            { Minimum = 0L
              Average = 0L
              P50 = 0L
              P90 = 0L
              P99 = 0L
              Maximum = 0L }
        else
            let distribution = distribution latencies

            let percentile percent =
                percentile percent latencies.Count distribution

            { Minimum = fst (List.head distribution)
              Average = latencies.Sum / latencies.Count
              P50 = percentile 50L
              P90 = percentile 90L
              P99 = percentile 99L
              Maximum = fst (List.last distribution) }
