namespace CoQuic.Perf

open System
open CoQuic.FSharp

/// The counters of a run at instants about equally far apart, in bounded space however long the run is.
type Timeline =
    private
        {
            Interval: TimeSpan
            /// The newest first.
            Points: (TimeUs * Counters) list
        }

[<RequireQualifiedAccess>]
module Timeline =
    /// Beyond it, every second point is given up and the interval doubles.
    let private maximumPoints = 400

    let empty =
        { Interval = TimeSpan.FromMilliseconds 50.0
          Points = [] }

    let private thin timeline =
        if List.length timeline.Points <= maximumPoints then
            timeline
        else
            { Interval = timeline.Interval + timeline.Interval
              Points =
                timeline.Points
                |> List.indexed
                |> List.filter (fun (index, _) -> index % 2 = 0)
                |> List.map snd }

    let private moved counters =
        counters.BytesSent + counters.BytesReceived

    let private isBefore earlier later =
        moved earlier <= moved later
        && earlier.RequestsCompleted <= later.RequestsCompleted

    /// What a run has counted at this instant. Counters that fall begin anew: the warm-up is over.
    let see (now: TimeUs) (counters: Counters) (timeline: Timeline) : Timeline =
        match timeline.Points with
        | (_, last) :: _ when not (isBefore last counters) ->
            { timeline with
                Points = [ now, counters ] }
        | (at, _) :: _ when now - at < timeline.Interval -> timeline
        | points ->
            thin
                { timeline with
                    Points = (now, counters) :: points }

    /// Rates over time: seconds since the first point, and the difference of `amount` a second up to there.
    let rates (amount: Counters -> float) (timeline: Timeline) : (float * float) list =
        match List.rev timeline.Points with
        | [] -> []
        | (start, _) :: _ as points ->
            [ for (from, before), (until, after) in List.pairwise points do
                  let seconds = (until - from).TotalSeconds

                  if seconds > 0.0 then
                      (until - start).TotalSeconds, (amount after - amount before) / seconds ]
