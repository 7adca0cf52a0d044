/// Whether something stays as it was once everything had warmed up, over a long time.
module CoQuic.Build.Growth

open System
open System.Collections.Generic
open CoQuic.Build.Shell

/// What was seen, and when.
type Samples = List<TimeSpan * float>

/// More than this is growth.
let private tolerance = 1.1

/// The median of what was seen between two instants.
let private medianBetween (first: TimeSpan) (last: TimeSpan) (samples: Samples) =
    let values =
        [ for at, value in samples do
              if at >= first && at <= last then
                  value ]
        |> List.sort

    values[values.Length / 2]

/// A fifth of the way, and at the end, the medians of what was seen of something; or it stops with what has grown.
let none (length: TimeSpan) (name: string) (samples: Samples) : (string * float) list =
    let early = medianBetween (length * 0.2) (length * 0.35) samples
    let late = medianBetween (length * 0.85) length samples

    if late > early * tolerance then
        stop $"{name} grew from %.0f{early} to %.0f{late}."

    [ $"{name}_early", Math.Round(early, 1); $"{name}_late", Math.Round(late, 1) ]
