/// What holds after every input to an endpoint, in every scenario: time moves on, closed means silent, the bytes of a stream come once
/// and in order, and no more is in flight than the window allows.
module CoQuic.Engine.Tests.Scenarios.Invariants

open System.Collections.Generic
open CoQuic.Engine

/// Inputs at one instant, one behind the other: beyond this an endpoint is busy with nothing.
let private maximumTurns = 20_000

/// How far a stream has been given out, and whether it is over.
type private Progress = { Next: uint64; IsOver: bool }

/// The window and what filled it, as they were last.
type private Flight = { InFlight: uint64; Probes: uint64 }

/// Watches one endpoint.
type Watch(name: string, endpoint: QuicEndpoint, isInOrder: bool) =
    let streams = Dictionary<struct (ConnectionHandle * StreamId), Progress>()
    let flights = Dictionary<ConnectionHandle, Flight>()
    let ended = HashSet<ConnectionHandle>()
    let mutable last = TimeUs 0L
    let mutable turns = 0

    let demand holds sentence =
        if not holds then
            failwith $"{name}, at {last}: {sentence}"

    let onData (part: ReceiveStreamDataEffect) =
        let key = struct (part.Connection, part.StreamId)

        let before =
            match streams.TryGetValue key with
            | true, progress -> progress
            | _ -> { Next = 0UL; IsOver = false }

        demand (not before.IsOver) $"{part.StreamId} goes on after its end"
        demand (part.Offset = before.Next) $"{part.StreamId} goes on at {part.Offset} instead of {before.Next}"

        streams[key] <-
            { Next = part.Offset + uint64 part.Bytes.Length
              IsOver = part.Fin }

    let onReset (reset: PeerResetStreamEffect) =
        let key = struct (reset.Connection, reset.StreamId)

        match streams.TryGetValue key with
        | true, progress ->
            demand (not progress.IsOver) $"{reset.StreamId} is reset after its end"
            demand (progress.Next <= reset.FinalSize) $"{reset.StreamId} gave out more than its final size"
        | _ -> ()

        streams[key] <-
            { Next = reset.FinalSize
              IsOver = true }

    /// RFC 9001 §4.6.2: streams begin anew where early data was refused.
    let forgetStreams connection =
        for key in List.ofSeq streams.Keys do
            let struct (owner, _) = key

            if owner = connection then
                streams.Remove key |> ignore

    let onEffect (effect: Effect) =
        demand
            (effect.Connection = ConnectionHandle.None
             || not (ended.Contains effect.Connection))
            $"{effect} comes after the end"

        match effect with
        | :? ReceiveStreamDataEffect as part when isInOrder -> onData part
        | :? PeerResetStreamEffect as reset -> onReset reset
        | :? ConnectionClosedEffect as closed -> ended.Add closed.Connection |> ignore
        | :? SendDatagramEffect as run ->
            demand (run.SegmentSize > 0 && run.SegmentSize <= 65_527) $"{run.SegmentSize} bytes are no datagram"
        | :? ZeroRttStatusEventEffect as status when status.HaveStreamsEnded -> forgetStreams status.Connection
        | _ -> ()

    /// RFC 9002 §7: only probes go beyond the window, and nothing when it has shrunk. What waits for no window but counts as in flight is
    /// left out: acknowledgments of a handshake that are padded to 1200 bytes, and challenges while there are several paths.
    let onFlight connection =
        match endpoint.GetStatistics connection with
        | null -> ()
        | statistics when not statistics.ConfirmationDuration.HasValue || statistics.Paths.Count > 1 ->
            flights.Remove connection |> ignore
        | statistics ->
            match flights.TryGetValue connection with
            | true, before when
                statistics.BytesInFlight > before.InFlight
                && statistics.PtoCount = before.Probes
                ->
                demand
                    (statistics.BytesInFlight
                     <= statistics.CongestionWindow + uint64 statistics.DatagramSize)
                    $"{statistics.BytesInFlight} bytes are in flight, after {before.InFlight}, in a window of {statistics.CongestionWindow}"
            | _ -> ()

            flights[connection] <-
                { InFlight = statistics.BytesInFlight
                  Probes = statistics.PtoCount }

    /// Looks at what an input brought about.
    member _.OnResult(now: TimeUs, result: EndpointResult) =
        demand (now >= last) $"time goes back to {now}"
        turns <- if now > last then 0 else turns + 1
        last <- now
        demand (turns < maximumTurns) "it turns without an end"

        for effect in result.Effects do
            onEffect effect

        for connection in result.Effects |> Seq.map _.Connection |> Seq.distinct do
            onFlight connection
