namespace CoQuic.Perf

open System

/// Latency samples, counted by the microsecond: exact percentiles in space that does not grow with the run.
type Latencies =
    private
        { Counts: Map<int64, int64>
          Count: int64
          Sum: int64 }

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
    let empty =
        { Counts = Map.empty
          Count = 0L
          Sum = 0L }

    /// Adds a sample; below a microsecond is cut off.
    let add (latency: TimeSpan) latencies =
        let microseconds = latency.Ticks / TimeSpan.TicksPerMicrosecond

        let counts =
            latencies.Counts
            |> Map.change microseconds (fun count -> Some(Option.defaultValue 0L count + 1L))

        { Counts = counts
          Count = latencies.Count + 1L
          Sum = latencies.Sum + microseconds }

    /// How many samples there are of each latency in microseconds, in ascending order.
    let distribution latencies : (int64 * int64) list = Map.toList latencies.Counts

    /// The sample number ⌈percent × count / 100⌉, counted from 1 in ascending order.
    let private percentile percent latencies =
        let rank = (percent * latencies.Count + 99L) / 100L

        let rec find passed remaining =
            match remaining with
            | [] -> 0L
            | (value, count) :: rest ->
                if passed + count >= rank then
                    value
                else
                    find (passed + count) rest

        find 0L (distribution latencies)

    let summary latencies =
        if latencies.Count = 0L then
            { Minimum = 0L
              Average = 0L
              P50 = 0L
              P90 = 0L
              P99 = 0L
              Maximum = 0L }
        else
            { Minimum = fst (Map.minKeyValue latencies.Counts)
              Average = latencies.Sum / latencies.Count
              P50 = percentile 50L latencies
              P90 = percentile 90L latencies
              P99 = percentile 99L latencies
              Maximum = fst (Map.maxKeyValue latencies.Counts) }
