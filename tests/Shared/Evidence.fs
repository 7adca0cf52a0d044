/// What a line of an issue was shown by: artifacts/evidence/ISSUE-LINE.json, with the command that shows it again.
module CoQuic.Tests.Evidence

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open System.Text.Json
open System.Text.Json.Nodes

/// What was seen, and how to see it again.
type Evidence =
    {
        /// The issue and the line of it, such as `2-demo`.
        Name: string
        Command: string
        Duration: TimeSpan
        Figures: (string * float) list
        Seeds: uint64 list
    }

let rec private repositoryAbove (folder: DirectoryInfo | null) =
    match folder with
    | null -> invalidOp "There is no CoQuic.FSharp.sln in this folder or above it."
    | folder when File.Exists(Path.Combine(folder.FullName, "CoQuic.FSharp.sln")) -> folder.FullName
    | folder -> repositoryAbove folder.Parent

/// The repository's folder, from anywhere inside it.
let repository =
    lazy (repositoryAbove (DirectoryInfo(Directory.GetCurrentDirectory())))

let private git (arguments: string) =
    let start =
        ProcessStartInfo("git", arguments, RedirectStandardOutput = true, WorkingDirectory = repository.Value)

    match Process.Start start with
    | null -> ""
    | git ->
        let text = git.StandardOutput.ReadToEnd().Trim()
        git.WaitForExit()
        text

/// The commit, with `-dirty` where the tree has changed since. Evidence files do not count as a change.
let private commit () =
    let changes = git "status --porcelain -- . :!artifacts/evidence"
    git "rev-parse HEAD" + (if changes = "" then "" else "-dirty")

let private processorName () =
    let path = "/proc/cpuinfo"

    if File.Exists path then
        File.ReadLines path
        |> Seq.tryFind (fun line -> line.StartsWith("model name", StringComparison.Ordinal))
        |> Option.map (fun line -> line.Substring(line.IndexOf ':' + 1).Trim())
        |> Option.defaultValue "unknown"
    else
        "unknown"

/// What it was seen on.
let machine () =
    let memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes

    JsonObject(
        dict
            [ "os", JsonValue.Create RuntimeInformation.OSDescription :> JsonNode
              "architecture", JsonValue.Create(string RuntimeInformation.OSArchitecture)
              "processor", JsonValue.Create(processorName ())
              "cores", JsonValue.Create Environment.ProcessorCount
              "memory_bytes", JsonValue.Create memory
              "runtime", JsonValue.Create RuntimeInformation.FrameworkDescription ]
    )

let private toJson evidence =
    let figures = JsonObject()

    for name, value in evidence.Figures do
        figures.Add(name, JsonValue.Create value)

    JsonObject(
        dict
            [ "name", JsonValue.Create evidence.Name :> JsonNode
              "command", JsonValue.Create evidence.Command
              "commit", JsonValue.Create(commit ())
              "machine", machine ()
              "duration_seconds", JsonValue.Create(Math.Round(evidence.Duration.TotalSeconds, 3))
              "figures", figures
              "seeds", JsonArray [| for seed in evidence.Seeds -> JsonValue.Create seed :> JsonNode |] ]
    )

/// Writes the file, in place of an earlier one of the same name, and returns its path inside the repository.
let write evidence =
    let path = Path.Combine("artifacts", "evidence", evidence.Name + ".json")
    let file = Path.Combine(repository.Value, path)

    Directory.CreateDirectory(Path.Combine(repository.Value, "artifacts", "evidence"))
    |> ignore

    let options = JsonSerializerOptions(WriteIndented = true)
    File.WriteAllText(file, (toJson evidence).ToJsonString options + "\n")
    path
