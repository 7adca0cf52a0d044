namespace CoQuic.FSharp

open System

/// Something that happened in a simulation.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type TranscriptEvent =
    /// The node's endpoint was given an input.
    | Input of input: Input
    /// An effect of it.
    | Effect of effect: Effect
    /// The endpoint refused it.
    | Declined of error: LocalError
    /// Something happened to a datagram of the node on its way: how many bytes it has, and to whom it goes.
    | Underway of bytes: int * destination: HostAddress * fate: Fate

    member private this.Display =
        match this with
        | Input input -> $"> {input}"
        | Effect effect -> string effect
        | Declined error -> string error
        | Underway(bytes, destination, fate) -> $"~ {bytes} bytes to {destination} {fate}"

    override this.ToString() = this.Display

/// Something that happened to one simulated node.
[<StructuredFormatDisplay("{Display}")>]
type TranscriptEntry =
    {
        /// When.
        At: TimeUs
        /// The node's name.
        Node: string
        /// What.
        Event: TranscriptEvent
    }

    member private this.Display = $"{this.At} {this.Node}: {this.Event}"
    override this.ToString() = this.Display

/// What happened in a simulation.
module Transcript =

    /// A line an entry, with the time since the first one. `>` stands before inputs, `~` before what happened to a datagram on its way.
    let lines (entries: TranscriptEntry list) : string list =
        match entries with
        | [] -> []
        | first :: _ ->
            [ for entry in entries -> $"+{TimeUs.zero + (entry.At - first.At)} {entry.Node}: {entry.Event}" ]

    /// The effects alone, with their instants and nodes.
    let effects (entries: TranscriptEntry list) : (TimeUs * string * Effect) list =
        entries
        |> List.choose (fun entry ->
            match entry.Event with
            | TranscriptEvent.Effect effect -> Some(entry.At, entry.Node, effect)
            | TranscriptEvent.Input _
            | TranscriptEvent.Declined _
            | TranscriptEvent.Underway _ -> None)
