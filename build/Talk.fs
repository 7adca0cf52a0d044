/// Programs that are asked and answer by lines, and what the system says about them.
module CoQuic.Build.Talk

open System
open System.Diagnostics
open System.IO
open CoQuic.Build.Shell

/// Starts a program whose standard input and output are ours.
let start (program: string) (arguments: string list) : Process =
    let info =
        ProcessStartInfo(program, arguments, RedirectStandardOutput = true, RedirectStandardInput = true)

    match Process.Start info with
    | null -> stop $"{program} did not start."
    | child -> child

/// Waits for a line that begins with a word, and returns what follows; a program that says nothing in time has failed.
let hear (child: Process) (word: string) : string =
    let patience = TimeSpan.FromMinutes 5.0
    let mutable heard = None

    while heard.IsNone do
        let reading = child.StandardOutput.ReadLineAsync()

        if not (reading.Wait patience) then
            stop $"There is no line `{word}`."

        match reading.Result with
        | null -> stop $"It ended before it said `{word}`."
        | line when line.StartsWith(word, StringComparison.Ordinal) -> heard <- Some(line.Substring(word.Length).Trim())
        | _ -> ()

    heard.Value

/// Asks by a line, and returns the number in the next.
let ask (child: Process) (question: string) : float =
    child.StandardInput.WriteLine question
    child.StandardInput.Flush()
    float (hear child "")

/// A program's end; at most a minute is waited for it.
let finish (child: Process) : int =
    child.StandardInput.Close()

    if not (child.WaitForExit(TimeSpan.FromMinutes 1.0)) then
        child.Kill true
        stop "A program did not end."

    child.ExitCode

let kill (child: Process) =
    if not child.HasExited then
        child.Kill true

    child.WaitForExit()
    child.Dispose()

/// A process's resident memory now, in MiB.
let residentMemory (child: Process) : float =
    File.ReadLines $"/proc/{child.Id}/status"
    |> Seq.tryFind (fun line -> line.StartsWith("VmRSS:", StringComparison.Ordinal))
    |> Option.map (fun line -> float (line.Replace("VmRSS:", "").Replace("kB", "").Trim()) / 1024.0)
    |> Option.defaultValue 0.0

/// How many descriptors a process has open.
let descriptors (child: Process) : int =
    Directory.GetFileSystemEntries($"/proc/{child.Id}/fd").Length

/// What share of one processor a process used, over so long.
let processorShare (over: TimeSpan) (child: Process) : float =
    child.Refresh()
    let before = child.TotalProcessorTime
    Threading.Thread.Sleep over
    child.Refresh()
    (child.TotalProcessorTime - before) / over
