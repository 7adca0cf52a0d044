namespace CoQuic.FSharp

open System
open System.Text.Json.Serialization

/// What one input to an endpoint brought about.
[<StructuredFormatDisplay("{Display}")>]
type QueryResult =
    {
        /// What to do and what to know, in order.
        Effects: Effect list
        /// When the timer input is due, for the whole endpoint; none when nothing is.
        [<JsonPropertyName "next_wakeup_us">]
        NextWakeup: TimeUs option
        /// Why the operation was refused, if it was.
        LocalError: LocalError option
        /// Whether the bound on one call's work cut it short: send what there is, then call the timer input without waiting.
        SendPending: bool
    }

    member private this.Display =
        let count =
            match this.Effects.Length with
            | 0 -> "no effect"
            | 1 -> "1 effect"
            | count -> $"{count} effects"

        let wakeup =
            match this.NextWakeup with
            | Some at -> $", next wake-up {at}"
            | None -> ""

        let refusal =
            match this.LocalError with
            | Some error -> $", {error}"
            | None -> ""

        let pending = if this.SendPending then ", more to send" else ""

        String.Join(
            "\n  ",
            $"QueryResult: {count}{wakeup}{refusal}{pending}"
            :: List.map string this.Effects
        )

    override this.ToString() = this.Display

/// Results as values.
module QueryResult =

    /// No effects, nothing due.
    let empty: QueryResult =
        { Effects = []
          NextWakeup = None
          LocalError = None
          SendPending = false }

    /// Effects, and nothing due.
    let ofEffects (effects: Effect list) : QueryResult = { empty with Effects = effects }

    /// Two results of one endpoint as one: the effects of both, and for the rest what the later one says, except that an
    /// earlier error is not forgotten.
    let append (earlier: QueryResult) (later: QueryResult) : QueryResult =
        { Effects = earlier.Effects @ later.Effects
          NextWakeup = later.NextWakeup
          LocalError = later.LocalError |> Option.orElse earlier.LocalError
          SendPending = later.SendPending }
