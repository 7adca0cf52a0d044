namespace CoQuic.FSharp

open System

/// Where a replay went another way than its recording.
[<StructuredFormatDisplay("{Display}")>]
type Divergence =
    {
        /// The input, counted from 0; -1 stands for the making of the endpoint.
        Input: int
        /// The effect of that input, counted from 0; none when the rest of the result differs, or what was asked from outside.
        Effect: int option
        /// The field, as in JSON, such as `bytes` or `reason.code`; `answers` when something else was asked from outside.
        Field: string
        /// What the recording has there, shortened.
        Recorded: string
        /// What the replay has there, shortened.
        Replayed: string
    }

    member private this.Display =
        let effect =
            match this.Effect with
            | Some effect -> $", effect {effect}"
            | None -> ""

        $"input {this.Input}{effect}, {this.Field}: recorded {this.Recorded}, replayed {this.Replayed}"

    override this.ToString() = this.Display

/// What a replay came to.
[<StructuredFormatDisplay("{Display}")>]
type Replayed =
    {
        /// The results, input by input, up to a divergence.
        Results: QueryResult list
        /// Where it went another way; none when every effect is the same, byte for byte.
        Divergence: Divergence option
    }

    member private this.Display =
        match this.Divergence with
        | None -> $"Replayed {this.Results.Length} inputs, the same byte for byte"
        | Some divergence -> $"Replayed {this.Results.Length} inputs, then diverged: {divergence}"

    override this.ToString() = this.Display

/// Runs recordings again.
[<RequireQualifiedAccess>]
module Replay =

    let private divergence index effect (field, recorded, replayed) : Divergence =
        { Input = index
          Effect = effect
          Field = field
          Recorded = recorded
          Replayed = replayed }

    let private kind (effect: Effect) =
        Json.write effect |> fun json -> json.Substring(0, min 60 json.Length)

    /// The first effect that differs, or that one side lacks.
    let private compareEffects index (recorded: Effect list) (replayed: Effect list) =
        let compareAt at =
            match List.tryItem at recorded, List.tryItem at replayed with
            | Some left, Some right -> JsonDifference.first left right |> Option.map (divergence index (Some at))
            | Some left, None -> Some(divergence index (Some at) ("type", kind left, "nothing"))
            | None, Some right -> Some(divergence index (Some at) ("type", "nothing", kind right))
            | None, None -> None

        if recorded = replayed then
            None
        else
            seq { 0 .. max recorded.Length replayed.Length - 1 } |> Seq.tryPick compareAt

    let private compareResults index (recorded: QueryResult) (replayed: QueryResult) =
        compareEffects index recorded.Effects replayed.Effects
        |> Option.orElseWith (fun () ->
            JsonDifference.first { recorded with Effects = [] } { replayed with Effects = [] }
            |> Option.map (divergence index None))

    let private offTape index (asked, recorded) =
        divergence index None ("answers", recorded, asked)

    /// One input again; what it comes to, and where that differs.
    let private replayStep (tape: Tape) endpoint index (step: RecordedStep) =
        tape.Load step.Answers

        try
            let result = Endpoint.apply step.Now step.Input endpoint

            let difference =
                step.Result
                |> Option.bind (fun recorded -> compareResults index recorded result)
                |> Option.orElseWith (fun () ->
                    tape.Unasked |> Option.map (fun answer -> offTape index ("nothing", answer)))

            Some result, difference
        with OffTape(asked, recorded) ->
            None, Some(offTape index (asked, recorded))

    let private replaySteps tape endpoint (steps: RecordedStep list) =
        let rec go index results steps =
            match steps with
            | [] -> results, None
            | step :: steps ->
                match replayStep tape endpoint index step with
                | Some result, None -> go (index + 1) (result :: results) steps
                | _, difference -> results, difference

        let results, difference = go 0 [] steps

        { Results = List.rev results
          Divergence = difference }

    let private makeEndpoint (tape: Tape) (recording: Recording) =
        tape.Load recording.Opening
        let sources, config = tape.Sources(recording.Calendar, recording.Configuration)

        try
            Endpoint.createOn EngineSource.Embedded sources config |> Result.map Ok
        with OffTape(asked, recorded) ->
            Ok(Error(offTape -1 (asked, recorded)))

    /// Gives the recorded inputs to a new endpoint, with the recorded answers, and compares every effect, byte for byte, up to
    /// the first difference.
    let run (recording: Recording) : Result<Replayed, EndpointError> =
        let tape = Tape()

        makeEndpoint tape recording
        |> Result.map (fun made ->
            match made with
            | Error difference ->
                { Results = []
                  Divergence = Some difference }
            | Ok endpoint ->
                use endpoint = endpoint
                replaySteps tape endpoint recording.Steps)
