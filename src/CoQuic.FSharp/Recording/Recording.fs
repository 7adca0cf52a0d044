namespace CoQuic.FSharp

open System
open System.Text.Json
open System.Text.Json.Serialization

/// One input of a recording, with what was answered from outside while it was worked on, and what came of it.
[<StructuredFormatDisplay("{Display}")>]
type RecordedStep =
    {
        /// When.
        Now: TimeUs
        /// What came in.
        Input: Input
        /// What was answered meanwhile, in order.
        Answers: Answer list
        /// What came of it; none when the recording ends in the middle.
        Result: QueryResult option
    }

    member private this.Display =
        let effects =
            match this.Result with
            | Some result -> [ for effect in result.Effects -> $"  {effect}" ]
            | None -> [ "  no result" ]

        String.Join("\n", $"{this.Now} {this.Input}" :: effects)

    override this.ToString() = this.Display

module internal RecordedStep =

    let begun now input : RecordedStep =
        { Now = now
          Input = input
          Answers = []
          Result = None }

/// All that decided what an endpoint did, and what it did. It can be replayed, cut and kept as a test. It decrypts its
/// session: treat it as a key.
[<StructuredFormatDisplay("{Display}")>]
type Recording =
    {
        /// How the endpoint was to behave; what is behind interfaces is on the tape.
        Configuration: EndpointConfig
        /// The calendar at the beginning.
        Calendar: CalendarAnchor
        /// What was answered while the endpoint was made.
        Opening: Answer list
        /// Every input, in order.
        Steps: RecordedStep list
    }

    member private this.Display =
        let count =
            match this.Steps.Length with
            | 1 -> "1 input"
            | count -> $"{count} inputs"

        let span =
            match this.Steps, List.tryLast this.Steps with
            | first :: _, Some last -> $" over {(last.Now - first.Now).TotalMilliseconds} ms"
            | _ -> ""

        $"Recording of a {string(this.Configuration.Role).ToLowerInvariant()}: {count}{span}"

    override this.ToString() = this.Display

/// Why a text is no recording that can be replayed.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type RecordingError =
    /// It does not begin as a recording does.
    | NotARecording
    /// It is of another version of the format.
    | UnknownVersion of version: int
    /// It was redacted: times and sizes are there, contents are not.
    | Redacted
    /// A line, counted from 1, is not what it should be.
    | Malformed of line: int * faults: JsonFault list

    member private this.Display =
        match this with
        | NotARecording -> "the first line is not that of a recording"
        | UnknownVersion version -> $"version {version} of the format is not known"
        | Redacted -> "the recording is redacted: it cannot be replayed"
        | Malformed(line, faults) -> $"""line {line}: {String.Join("; ", faults)}"""

    override this.ToString() = this.Display

/// The first line of a recording.
type internal RecordingHeader =
    {
        /// The version of the format.
        [<JsonPropertyName "coquic_recording">]
        Version: int
        IsReplayable: bool
        Note: string
    }

/// An input as a redacted recording has it.
type internal RedactedStep =
    {
        [<JsonPropertyName "now_us">]
        Now: TimeUs
        Input: string
        /// The datagram bytes that came in.
        BytesReceived: int
        Effects: Effect list
        Refused: LocalError option
    }

/// Recordings: lines of JSON, a version first.
[<RequireQualifiedAccess>]
module Recording =

    /// The version of the format.
    let private version = 1

    let private header: RecordingHeader =
        { Version = version
          IsReplayable = true
          Note = "This recording decrypts its session: keep it as secret as a key." }

    let private redactedHeader: RecordingHeader =
        { header with
            IsReplayable = false
            Note = "Times and sizes only: this recording cannot be replayed." }

    /// The line that a recording begins with. It says that the recording decrypts its session.
    let firstLine: string = Json.write header

    /// An entry as a line. The lines of all entries, in order and behind `firstLine`, are a recording.
    let line (entry: RecordingEntry) : string = Json.write entry

    let private addAnswer answer recording =
        match recording.Steps with
        | [] ->
            { recording with
                Opening = answer :: recording.Opening }
        | step :: earlier ->
            { recording with
                Steps =
                    { step with
                        Answers = answer :: step.Answers }
                    :: earlier }

    let private addEntry recording entry =
        match entry with
        | RecordingEntry.Configuration(config, calendar) ->
            { recording with
                Configuration = config
                Calendar = calendar }
        | RecordingEntry.Answer answer -> addAnswer answer recording
        | RecordingEntry.Input(now, input) ->
            { recording with
                Steps = RecordedStep.begun now input :: recording.Steps }
        | RecordingEntry.Result result ->
            match recording.Steps with
            | [] -> recording
            | step :: earlier ->
                { recording with
                    Steps = { step with Result = Some result } :: earlier }

    /// Lists were built from their ends.
    let private inOrder recording =
        { recording with
            Opening = List.rev recording.Opening
            Steps =
                recording.Steps
                |> List.rev
                |> List.map (fun (step: RecordedStep) ->
                    { step with
                        Answers = List.rev step.Answers }) }

    let private nothing config calendar =
        { Configuration = config
          Calendar = calendar
          Opening = []
          Steps = [] }

    /// The recording that entries make, in order; the first one is the configuration.
    let ofEntries (entries: RecordingEntry seq) : Recording option =
        match List.ofSeq entries with
        | RecordingEntry.Configuration(config, calendar) :: entries ->
            entries |> List.fold addEntry (nothing config calendar) |> inOrder |> Some
        | _ -> None

    let private stepEntries (step: RecordedStep) =
        [ RecordingEntry.Input(step.Now, step.Input)
          for answer in step.Answers do
              RecordingEntry.Answer answer
          for result in Option.toList step.Result do
              RecordingEntry.Result result ]

    /// The entries of a recording, in order.
    let entries (recording: Recording) : RecordingEntry list =
        [ RecordingEntry.Configuration(recording.Configuration, recording.Calendar)
          for answer in recording.Opening do
              RecordingEntry.Answer answer
          for step in recording.Steps do
              yield! stepEntries step ]

    /// The lines of a recording. Whoever has them can decrypt its session.
    let toLines (recording: Recording) : string list =
        firstLine :: List.map line (entries recording)

    let private readHeader line =
        match JsonDecoder.read<RecordingHeader> line with
        | Error _ -> Error RecordingError.NotARecording
        | Ok header when header.Version <> version -> Error(RecordingError.UnknownVersion header.Version)
        | Ok header when not header.IsReplayable -> Error RecordingError.Redacted
        | Ok _ -> Ok()

    let private readEntries lines =
        let read (number, text) =
            JsonDecoder.read<RecordingEntry> text
            |> Result.mapError (fun faults -> RecordingError.Malformed(number, faults))

        (Ok [], lines)
        ||> Seq.fold (fun entries line ->
            entries
            |> Result.bind (fun entries -> read line |> Result.map (fun entry -> entry :: entries)))
        |> Result.map List.rev

    /// Reads the lines of a recording. A last line that was cut off, as by a crash, is left out.
    let ofLines (lines: string seq) : Result<Recording, RecordingError> =
        match lines |> Seq.filter (String.IsNullOrWhiteSpace >> not) |> List.ofSeq with
        | [] -> Error RecordingError.NotARecording
        | first :: rest ->
            let isWhole (line: string) = line.EndsWith '}'

            let rest =
                match List.tryLast rest with
                | Some last when not (isWhole last) -> List.take (rest.Length - 1) rest
                | _ -> rest

            readHeader first
            |> Result.bind (fun () -> rest |> List.mapi (fun index line -> index + 2, line) |> readEntries)
            |> Result.bind (
                ofEntries
                >> Option.map Ok
                >> Option.defaultValue (Error RecordingError.NotARecording)
            )

    /// The first `count` inputs, with their answers and results: what came later cannot matter to them.
    let cut (count: int) (recording: Recording) : Recording =
        { recording with
            Steps = List.truncate count recording.Steps }

    /// The shortest beginning that still `fails`, by bisection; none when the whole does not. A failure that has come about has
    /// to stay with every longer beginning.
    let bisect (fails: Recording -> bool) (recording: Recording) : Recording option =
        // `low` inputs do not fail, `high` do.
        let rec narrow low high =
            if high - low <= 1 then
                cut high recording
            else
                let middle = low + (high - low) / 2

                if fails (cut middle recording) then
                    narrow low middle
                else
                    narrow middle high

        if fails recording then
            Some(narrow -1 recording.Steps.Length)
        else
            None

    /// Each input and its effects, a line each, with the time since the first one.
    let transcript (recording: Recording) : string list =
        match recording.Steps with
        | [] -> []
        | first :: _ ->
            recording.Steps
            |> List.collect (fun step ->
                let since =
                    { step with
                        Now = TimeUs.zero + (step.Now - first.Now) }

                List.ofArray ($"+{since}".Split '\n'))

    let private received input =
        match input with
        | Input.InboundDatagram datagram -> datagram.Bytes.Length
        | _ -> 0

    let private isTrace effect =
        match effect with
        | Trace _ -> true
        | _ -> false

    let private redactStep (step: RecordedStep) : RedactedStep =
        let result = step.Result |> Option.defaultValue QueryResult.empty

        { Now = step.Now
          Input = Input.name step.Input
          BytesReceived = received step.Input
          Effects = result.Effects |> List.filter (isTrace >> not)
          Refused = result.LocalError }

    /// The lines of a recording without any content: effects, times and sizes, for showing around. They cannot be replayed.
    let redact (recording: Recording) : string list =
        Json.write redactedHeader
        :: [ for step in recording.Steps -> JsonSerializer.Serialize(redactStep step, Json.redacted) ]
