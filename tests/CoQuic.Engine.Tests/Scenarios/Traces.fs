/// What endpoints tell of their packets by qlog, for tests that look inside.
module CoQuic.Engine.Tests.Scenarios.Traces

open System
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

/// A configuration that traces.
let tracing (config: EndpointConfig) =
    config |> having [ "EnableQlog", box true ]

/// The events of a side, with their instants.
let timedEvents side pair =
    told<TraceEffect> side pair
    |> List.choose (fun trace ->
        match trace.Record with
        | :? QlogRecord as record -> Some(record.Time, record.Event)
        | _ -> None)

let events side pair = timedEvents side pair |> List.map snd

/// The packets that a side sealed, in their order.
let packetsSent side pair =
    events side pair
    |> List.choose (fun event ->
        match event with
        | :? QlogPacketSent as packet -> Some packet
        | _ -> None)

/// Those of one type.
let packetsOf (packetType: QlogPacketType) side pair =
    packetsSent side pair
    |> List.filter (fun packet -> packet.Header.Type = packetType)

/// The frames of one kind in packets.
let framesOf<'frame when 'frame :> QlogFrame> (packets: QlogPacketSent list) =
    packets
    |> List.collect (fun packet -> List.ofSeq packet.Frames)
    |> List.choose (fun frame ->
        match box frame with
        | :? 'frame as found -> Some found
        | _ -> None)
