/// Running other programs for build.fsx: their output is shown, their exit status is respected, and they end with us.
module CoQuic.Build.Shell

open System
open System.Collections.Concurrent
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open System.Threading

/// A target that cannot go on, with the sentence that says why.
exception Stopped of string

let stop sentence = raise (Stopped sentence)

let root = Path.GetFullPath(Path.Combine(__SOURCE_DIRECTORY__, ".."))

let inRoot path = Path.Combine(root, path)

/// Where build.fsx was started: what the paths among its arguments are relative to.
let startedIn = Directory.GetCurrentDirectory()

let isCi = Environment.GetEnvironmentVariable "CI" = "true"

let private children = ConcurrentDictionary<int, Process>()

/// Folders that do not outlive us.
let private temporaryFolders = ConcurrentDictionary<string, unit>()

let private removeFolder (folder: string) =
    if temporaryFolders.TryRemove folder |> fst then
        try
            Directory.Delete(folder, true)
        with :? IOException ->
            () // It is gone, or still written to by a program that is ending.

/// Set once we have been asked to end.
let mutable private isEnding = false

/// Ctrl-C reaches the children as well: they have so long to tidy up.
let private tidying = TimeSpan.FromSeconds 3.0

let private endChild (patience: TimeSpan) (child: Process) =
    try
        if not (child.WaitForExit patience) then
            child.Kill true
    with :? InvalidOperationException ->
        () // It ended by itself in between.

/// Ctrl-C or a request to end: the children go first.
let private endWithChildren =
    [ for signal, status in [ PosixSignal.SIGINT, 130; PosixSignal.SIGTERM, 143 ] ->
          PosixSignalRegistration.Create(
              signal,
              fun context ->
                  context.Cancel <- true
                  isEnding <- true

                  let patience =
                      if signal = PosixSignal.SIGINT then
                          tidying
                      else
                          TimeSpan.Zero

                  children.Values |> Seq.iter (endChild patience)
                  temporaryFolders.Keys |> Seq.iter removeFolder
                  exit status
          ) ]

/// What happens to a program's output.
type private Output =
    | Shown
    | LinesRead
    | AllRead

let private start (environment: (string * string) list) output (program: string) (arguments: string list) =
    let info =
        ProcessStartInfo(
            program,
            arguments,
            WorkingDirectory = root,
            RedirectStandardOutput = (output <> Shown),
            RedirectStandardError = (output = AllRead)
        )

    for name, value in ("MSBUILDDISABLENODEREUSE", "1") :: environment do
        info.Environment[name] <- value

    try
        match Process.Start info with
        | null -> stop $"{program} did not start."
        | child ->
            children[child.Id] <- child
            child
    with :? System.ComponentModel.Win32Exception ->
        stop $"There is no program '{program}' on this machine's search path."

let private finish (child: Process) =
    children.TryRemove child.Id |> ignore

    if isEnding then
        Thread.Sleep Timeout.Infinite // The handler ends this process, and there is nothing more to say.

    child.ExitCode

/// Whether a program of that name is on the search path.
let hasProgram name =
    match Environment.GetEnvironmentVariable "PATH" with
    | null -> false
    | folders ->
        folders.Split Path.PathSeparator
        |> Array.exists (fun folder -> File.Exists(Path.Combine(folder, name)))

/// Runs a program with its output going where ours goes, and returns its exit status.
let status environment program arguments =
    use child = start environment Shown program arguments
    child.WaitForExit()
    finish child

/// Runs a program that has to succeed.
let run program arguments =
    match status [] program arguments with
    | 0 -> ()
    | code ->
        let command = String.Join(" ", program :: arguments)
        stop $"`{command}` failed with exit status {code}."

/// Runs a program, shows each line of its standard output as it comes, and gives it to `see` as well. A program that is
/// still running at the deadline is ended: None then, and otherwise its exit status.
let watch environment (deadline: TimeSpan) program arguments (see: string -> unit) =
    use child = start environment LinesRead program arguments

    child.OutputDataReceived.Add(fun received ->
        match received.Data with
        | null -> ()
        | line ->
            Console.Out.WriteLine line
            see line)

    child.BeginOutputReadLine()

    if child.WaitForExit deadline then
        child.WaitForExit() // Until the last line has been seen.
        Some(finish child)
    else
        child.Kill true
        child.WaitForExit()
        finish child |> ignore
        None

/// A program whose output is kept instead of shown.
type Quiet =
    { Child: Process
      Lines: ConcurrentQueue<string> }

/// Starts a program beside us; `endQuiet` ends it.
let startQuiet environment program arguments =
    let child = start environment AllRead program arguments
    let lines = ConcurrentQueue<string>()

    let keep (received: DataReceivedEventArgs) =
        match received.Data with
        | null -> ()
        | line -> lines.Enqueue line

    child.OutputDataReceived.Add keep
    child.ErrorDataReceived.Add keep
    child.BeginOutputReadLine()
    child.BeginErrorReadLine()
    { Child = child; Lines = lines }

let endQuiet quiet =
    if not quiet.Child.HasExited then
        quiet.Child.Kill true

    quiet.Child.WaitForExit()
    finish quiet.Child |> ignore
    quiet.Child.Dispose()

/// Runs a program to its end. Its exit status, none when it was ended at the deadline, and what it wrote.
let runQuiet environment (deadline: TimeSpan) program arguments =
    let quiet = startQuiet environment program arguments

    if quiet.Child.WaitForExit deadline then
        quiet.Child.WaitForExit() // Until the last line has been kept.
        Some(finish quiet.Child), List.ofSeq quiet.Lines
    else
        endQuiet quiet
        None, List.ofSeq quiet.Lines

/// Works in a folder of its own, which is removed afterwards, whatever happens.
let withTemporaryFolder (prefix: string) (work: string -> 'result) : 'result =
    let folder = Directory.CreateTempSubdirectory(prefix).FullName
    temporaryFolders[folder] <- ()

    try
        work folder
    finally
        removeFolder folder

let heading (text: string) = printfn $"\n== {text}"
