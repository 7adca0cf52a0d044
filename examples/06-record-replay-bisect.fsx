// What went wrong is recorded, replayed byte for byte, and cut down to the input that did it.
// Once: dotnet fsi build.fsx build. Then: dotnet fsi examples/06-record-replay-bisect.fsx
#load "../artifacts/CoQuic.fsx"

open System.Collections.Generic
open System.IO
open CoQuic.FSharp
open CoQuic.Runtime

let ok result =
    result |> Result.defaultWith (fun error -> failwith $"{error}")

let identity = ServerIdentity.simulated 1UL "server"
let server = EndpointConfig.server "orders" identity

let client =
    EndpointConfig.client "orders"
    |> EndpointConfig.verifiedBy (Trust.only identity)

// 1. A server is recorded while a client sends it orders. One of them, the 23rd, is more than it can take.
let entries = List<RecordingEntry>()

let note role entry =
    if role = Role.Server then
        entries.Add entry

let handle, _, opening =
    Pair.recorded note 7UL client server |> ok |> Pair.connect "server"

let _, ready = Pair.exchange 20 opening

let order pair number =
    let amount = if number = 23 then 1_000_000 else number
    let stream = StreamId.clientUnidirectional (uint64 number - 1UL)
    let bytes = Bytes.ofString $"order {number}: {amount} pieces"
    let _, sent = Pair.send Role.Client (Option.get handle) stream true bytes pair
    Pair.exchange 20 sent |> snd

let finished = List.fold order ready [ 1..40 ]
Pair.dispose finished

// On sockets, `RuntimeOptions.RecordTo` does the same for any program. The file is its owner's alone to read.
let path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".jsonl")
let recorded = Recording.ofEntries entries |> Option.get
Recordings.save path recorded |> ok
printfn $"1. {FileInfo(path).Length / 1024L} KiB written.\n   {File.ReadLines path |> Seq.head}"

// 2. The file is the session: the same inputs and answers give the same effects, byte for byte.
let recording = Recordings.load path |> ok
printfn $"\n2. {recording}.\n   {Replay.run recording |> ok}."

// 3. What would another server have done? A divergence says where it begins.
let smaller =
    { recording with
        Configuration.Transport.InitialMaxStreamsUni = 3UL }

printfn $"\n3. With 3 streams only it would differ at {(Replay.run smaller |> ok).Divergence |> Option.get}"

// 4. Which input did it? The shortest beginning of the recording that still has the fault.
let isTooMuch effect =
    match effect with
    | ReceiveStreamData data -> (Bytes.toString data.Bytes).Contains "1000000"
    | _ -> false

let fails part =
    (Replay.run part |> ok).Results
    |> List.exists (fun result -> List.exists isTooMuch result.Effects)

let part = Recording.bisect fails recording |> Option.get
printfn $"\n4. {part.Steps.Length} of {recording.Steps.Length} inputs are enough. The last ones:"

Recording.transcript part
|> List.rev
|> List.truncate 3
|> List.rev
|> List.iter (printfn "   %s")

// 5. For showing around: times and sizes, no content. It cannot be replayed, and says so.
let redacted = Recording.redact part

match Recording.ofLines redacted with
| Error error -> printfn $"\n5. {redacted.Length} redacted lines; replaying them: {error}."
| Ok _ -> failwith "A redacted recording was taken for a whole one."

File.Delete path
