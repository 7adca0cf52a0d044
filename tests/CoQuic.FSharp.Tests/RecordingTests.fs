/// What was recorded is replayed byte for byte, and a replay that goes another way says where.
module CoQuic.FSharp.Tests.RecordingTests

open System
open System.Collections.Generic
open Expecto
open CoQuic
open CoQuic.FSharp
open CoQuic.FSharp.Tests.TransferProgram

let private ok result =
    result |> Result.defaultWith (fun error -> failtest $"{error}")

let private send text fin connection stream =
    Input.SendStreamData
        { Connection = connection
          Stream = stream
          Bytes = Bytes.ofString text
          Fin = fin
          Priority = 0 }

/// A handshake, a stream each way and a close, recorded at both ends.
let private recordWith client server =
    let entries =
        dict [ Role.Client, List<RecordingEntry>(); Role.Server, List<RecordingEntry>() ]

    let pair =
        Pair.recorded (fun role entry -> entries[role].Add entry) 3UL client server
        |> ok

    let handle, _, pair = Pair.connect "server" pair
    let connection = Option.get handle
    let _, pair = Pair.exchange 20 pair

    let _, pair =
        Pair.feed Role.Client (send "question" true connection (StreamId.clientBidirectional 0UL)) pair

    let _, pair = Pair.exchange 20 pair

    let _, pair =
        Pair.feed
            Role.Server
            (send "answer" true (ConnectionHandle.create 1UL) (StreamId.serverUnidirectional 0UL))
            pair

    let _, pair = Pair.exchange 20 pair

    let close =
        Input.CloseConnection
            { Connection = connection
              ApplicationErrorCode = 7UL
              Reason = "enough" }

    let _, pair = Pair.feed Role.Client close pair
    let _, pair = Pair.exchange 20 pair
    Pair.dispose pair

    fun role -> Recording.ofEntries entries[role] |> Option.get

let private recordings = lazy (recordWith clientConfig serverConfig)
let private recording role = recordings.Value role
let private roles = [ Role.Client; Role.Server ]

let private divergence recording =
    match Replay.run recording with
    | Ok replayed -> replayed.Divergence
    | Error error -> failtest $"{error}"

let private mapStep index change (recording: Recording) =
    { recording with
        Steps =
            recording.Steps
            |> List.mapi (fun at step -> if at = index then change step else step) }

/// The first step that fulfils a condition.
let private find condition (recording: Recording) =
    recording.Steps |> List.findIndex condition

let private flip at (bytes: Bytes) =
    let changed = Bytes.toArray bytes
    changed[at] <- changed[at] ^^^ 1uy
    Bytes.ofArray changed

let private isReady step =
    step.Result
    |> Option.exists (fun result ->
        result.Effects
        |> List.exists (function
            | StateEvent event -> event.Change = StateChange.HandshakeReady
            | _ -> false))

let private hasEntropy step =
    step.Answers
    |> List.exists (function
        | Answer.Entropy _ -> true
        | _ -> false)

let private changeEntropy answer =
    match answer with
    | Answer.Entropy bytes -> Answer.Entropy(Secret.ofBytes (flip 0 (Secret.reveal bytes)))
    | other -> other

/// The fields of a record that hold an interface.
let private injected (record: Type) =
    let isInterface (kind: Type) =
        kind.IsInterface
        || kind.IsGenericType
           && kind.GenericTypeArguments[0].IsInterface
           && not (typeof<System.Collections.IEnumerable>.IsAssignableFrom kind)

    Microsoft.FSharp.Reflection.FSharpType.GetRecordFields record
    |> Array.filter (fun field -> isInterface field.PropertyType)

[<Tests>]
let tests =
    testList
        "recordings"
        [ testCase "a replay has the same effects, byte for byte, at both ends"
          <| fun () ->
              for role in roles do
                  let recording = recording role
                  let replayed = Replay.run recording |> ok
                  Expect.isNone replayed.Divergence "no divergence"
                  Expect.equal (List.map Some replayed.Results) (recording.Steps |> List.map _.Result) "the results"
                  Expect.isGreaterThan recording.Steps.Length 5 "there was something to replay"

          testCase "lines of JSON are the recording again"
          <| fun () ->
              for role in roles do
                  let lines = Recording.toLines (recording role)
                  let read = Recording.ofLines lines |> ok
                  Expect.equal (Recording.toLines read) lines "the same lines"
                  Expect.isNone (divergence read) "it replays"

          testCase "the first line has the version, and says that the recording decrypts its session"
          <| fun () ->
              let first = List.head (Recording.toLines (recording Role.Client))
              Expect.stringStarts first "{\"coquic_recording\":1,\"is_replayable\":true" "the version first"
              Expect.stringContains first "decrypts its session" "the warning"

          testCase "all that is injected is on the tape"
          <| fun () ->
              let kinds role =
                  let recording = recording role

                  recording.Opening @ (recording.Steps |> List.collect _.Answers)
                  |> List.map (fun answer -> (Json.write answer).Split('"').[3])
                  |> set

              Expect.equal
                  (kinds Role.Client)
                  (set
                      [ "entropy"
                        "key_share"
                        "shared_secret"
                        "verdict"
                        "connection_id"
                        "connection_id_read" ])
                  "a client's"

              Expect.equal
                  (kinds Role.Server)
                  (set
                      [ "entropy"
                        "key_share_answer"
                        "identity"
                        "signature"
                        "connection_id"
                        "connection_id_read" ])
                  "a server's"

          testCase "nothing that is injected is left off the tape"
          <| fun () ->
              let sources, config =
                  Tape().Sources(CalendarAnchor(DateTimeOffset.UnixEpoch, TimeUs.zero), serverConfig)

              let isTaped (record: obj) (before: obj) (field: System.Reflection.PropertyInfo) =
                  obj.ReferenceEquals(field.GetValue record, field.GetValue before) |> not

              for field in injected typeof<EndpointConfig> do
                  Expect.isTrue (isTaped config serverConfig field) $"EndpointConfig.{field.Name}: Answer.fs, Tape.fs"

              let before =
                  Sources.create (SeededEntropy(1UL, "")) TimeUs.zero DateTimeOffset.UnixEpoch

              for field in injected typeof<Sources> do
                  Expect.isTrue (isTaped sources before field) $"Sources.{field.Name}: Answer.fs, Tape.fs"

          testCase "a verdict against the peer is replayed"
          <| fun () ->
              let refusing =
                  { new ICertificateVerifier with
                      member _.Verify _ =
                          Engine.CertificateVerdict.Reject(AlertDescription.BadCertificate, "not today") }

              let recording =
                  recordWith (EndpointConfig.verifiedBy refusing clientConfig) serverConfig Role.Client

              Expect.stringContains (String.Join("", Recording.toLines recording)) "not today" "the verdict"
              Expect.isNone (divergence recording) "the same end"

          testCase "a recording that ends in the middle replays as far as it goes"
          <| fun () ->
              let lines = Recording.toLines (recording Role.Server)
              let last = List.last lines

              let broken =
                  List.take (lines.Length - 1) lines @ [ last.Substring(0, last.Length / 2) ]

              let read = Recording.ofLines broken |> ok
              Expect.isNone (List.last read.Steps).Result "no result at the end"
              Expect.isNone (divergence read) "it replays" ]

[<Tests>]
let divergences =
    testList
        "a divergence"
        [ testCase "of an altered effect is found at its input, its effect and its field"
          <| fun () ->
              let recording = recording Role.Client
              let at = find isReady recording

              let isSending effect =
                  match effect with
                  | SendDatagram _ -> true
                  | _ -> false

              let effects = (Option.get (List.item at recording.Steps).Result).Effects
              let effect = effects |> List.findIndex isSending

              let alter (result: QueryResult) =
                  let change index effect' =
                      match effect' with
                      | SendDatagram run when index = effect -> SendDatagram { run with Bytes = flip 30 run.Bytes }
                      | other -> other

                  { result with
                      Effects = result.Effects |> List.mapi change }

              let altered =
                  recording
                  |> mapStep at (fun step ->
                      { step with
                          Result = Option.map alter step.Result })

              let found = divergence altered |> Option.get
              Expect.equal (found.Input, found.Effect, found.Field) (at, Some effect, "bytes") $"{found}"

          testCase "of a missing effect is found where it should be"
          <| fun () ->
              let recording = recording Role.Server
              let at = find isReady recording

              let shorten (result: QueryResult) =
                  { result with
                      Effects = List.truncate (result.Effects.Length - 1) result.Effects }

              let altered =
                  recording
                  |> mapStep at (fun step ->
                      { step with
                          Result = Option.map shorten step.Result })

              let length = (Option.get (List.item at altered.Steps).Result).Effects.Length
              let found = divergence altered |> Option.get
              Expect.equal (found.Input, found.Effect, found.Recorded) (at, Some length, "nothing") $"{found}"

          testCase "of an altered datagram is found at that input"
          <| fun () ->
              let recording = recording Role.Server

              let altered =
                  recording
                  |> mapStep 0 (fun step ->
                      match step.Input with
                      | Input.InboundDatagram datagram ->
                          { step with
                              Input =
                                  Input.InboundDatagram
                                      { datagram with
                                          Bytes = flip 200 datagram.Bytes } }
                      | _ -> failtest "a server's first input is a datagram")

              Expect.equal (divergence altered |> Option.map _.Input) (Some 0) "the first input"

          testCase "of an altered instant is found"
          <| fun () ->
              let recording = recording Role.Client
              let at = find isReady recording

              let altered =
                  recording
                  |> mapStep at (fun step ->
                      { step with
                          Now = TimeUs.after (TimeSpan.FromMilliseconds 3.0) step.Now })

              Expect.equal (divergence altered |> Option.map _.Input) (Some at) "that input"

          testCase "of altered random bytes is found where they were drawn"
          <| fun () ->
              let recording = recording Role.Client
              let at = find hasEntropy recording

              let altered =
                  recording
                  |> mapStep at (fun step ->
                      { step with
                          Answers = List.map changeEntropy step.Answers })

              Expect.equal (divergence altered |> Option.map _.Input) (Some at) "that input"

          testCase "of a missing answer, and of one too many, is in the answers"
          <| fun () ->
              let recording = recording Role.Client
              let at = find hasEntropy recording

              let field change =
                  recording
                  |> mapStep at (fun step ->
                      { step with
                          Answers = change step.Answers })
                  |> divergence
                  |> Option.map (fun found -> found.Input, found.Effect, found.Field)

              Expect.equal (field List.tail) (Some(at, None, "answers")) "one is missing"

              Expect.equal
                  (field (fun answers -> answers @ [ Answer.Signature Bytes.empty ]))
                  (Some(at, None, "answers"))
                  "one is too many"

          testCase "in the next wake-up is found in the result"
          <| fun () ->
              let recording = recording Role.Client

              let altered =
                  recording
                  |> mapStep 0 (fun step ->
                      { step with
                          Result =
                              step.Result
                              |> Option.map (fun result ->
                                  { result with
                                      NextWakeup = Some TimeUs.zero }) })

              let found = divergence altered |> Option.get
              Expect.equal (found.Input, found.Effect, found.Field) (0, None, "next_wakeup_us") $"{found}"

          testCase "in the configuration is found"
          <| fun () ->
              let recording = recording Role.Client

              let altered =
                  { recording with
                      Configuration.Transport.InitialMaxData = 12345UL }

              Expect.equal (divergence altered |> Option.map _.Input) (Some 0) "the first flight" ]

[<Tests>]
let parts =
    testList
        "a recording"
        [ testCase "can be cut, and the rest replays"
          <| fun () ->
              let recording = recording Role.Server

              for count in 0 .. recording.Steps.Length do
                  let part = Recording.cut count recording
                  Expect.hasLength part.Steps count "so many inputs"
                  Expect.isNone (divergence part) "it replays"

          testCase "is cut by bisection to the shortest beginning that fails"
          <| fun () ->
              let recording = recording Role.Client
              let at = find isReady recording
              let tries = ref 0

              let fails (part: Recording) =
                  tries.Value <- tries.Value + 1
                  part.Steps |> List.exists isReady

              let part = Recording.bisect fails recording |> Option.get
              Expect.hasLength part.Steps (at + 1) "up to the step that is looked for"
              Expect.isLessThan tries.Value 9 "few tries"
              Expect.isNone (Recording.bisect (fun _ -> false) recording) "nothing fails"

          testCase "says what is wrong with its lines"
          <| fun () ->
              let lines = Recording.toLines (recording Role.Client)

              let read lines =
                  Recording.ofLines lines |> Result.map ignore

              Expect.equal (read []) (Error RecordingError.NotARecording) "nothing"
              Expect.equal (read [ "{}" ]) (Error RecordingError.NotARecording) "no header"
              Expect.equal (read [ lines.Head ]) (Error RecordingError.NotARecording) "no configuration"

              let newer = lines.Head.Replace("\"coquic_recording\":1", "\"coquic_recording\":2")
              Expect.equal (read (newer :: lines.Tail)) (Error(RecordingError.UnknownVersion 2)) "another version"

              let broken =
                  lines
                  |> List.mapi (fun index line ->
                      if index = 4 then
                          line.Replace("\"type\"", "\"tpye\"")
                      else
                          line)

              match read broken with
              | Error(RecordingError.Malformed(line, fault :: _)) ->
                  Expect.equal (line, fault.Path) (5, "$.type") "the line and the field"
              | other -> failtest $"%A{other}"

          testCase "that is redacted has no content, says that it cannot be replayed, and refuses"
          <| fun () ->
              let recording = recording Role.Server
              let lines = Recording.redact recording
              Expect.stringContains lines.Head "cannot be replayed" "it says so"
              Expect.equal (Recording.ofLines lines) (Error RecordingError.Redacted) "it refuses"
              Expect.hasLength lines (recording.Steps.Length + 1) "a line an input"
              let text = String.Join("\n", lines)

              for step in recording.Steps do
                  for answer in step.Answers do
                      match answer with
                      | Answer.SharedSecret(Some secret) ->
                          let hidden = Json.write secret
                          Expect.isFalse (text.Contains(hidden.Trim '"')) "no secret"
                      | _ -> ()

              Expect.isFalse
                  (text.Contains "question"
                   || text.Contains(Json.write (Bytes.ofString "question")))
                  "no payload"

              Expect.isLessThan text.Length (String.Join("\n", Recording.toLines recording).Length / 4) "it is short" ]
