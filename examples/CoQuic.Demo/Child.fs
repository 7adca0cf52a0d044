namespace CoQuic.Demo

open System
open System.Diagnostics
open System.IO
open System.Reflection
open System.Threading
open System.Threading.Tasks

/// What the demo cannot go on after, with the sentence that says why.
exception DemoFailed of string

/// A process of this same program. It ends with us, and what it complains of is shown under its name.
[<Sealed>]
type Child(name: string, arguments: string list) =
    /// Started as `dotnet coquic-demo.dll` we are dotnet.
    let commandLine () =
        let program = Environment.ProcessPath |> nonNull

        if Path.GetFileNameWithoutExtension program = "dotnet" then
            program, (Assembly.GetEntryAssembly() |> nonNull).Location :: arguments
        else
            program, arguments

    let start () =
        let program, arguments = commandLine ()

        let info =
            ProcessStartInfo(program, arguments, RedirectStandardOutput = true, RedirectStandardError = true)

        let child = Process.Start info |> nonNull

        child.ErrorDataReceived.Add(fun received ->
            match received.Data with
            | null -> ()
            | line -> Console.Error.WriteLine $"{name}: {line}")

        child.BeginErrorReadLine()
        child

    let child = start ()

    let ended () =
        DemoFailed $"The {name} ended with exit status {child.ExitCode}."

    /// The next line that it writes; a child that ends instead is a failure.
    member _.ReadLine(cancellation: CancellationToken) : Task<string> =
        task {
            match! child.StandardOutput.ReadLineAsync cancellation with
            | null ->
                do! child.WaitForExitAsync cancellation
                return raise (ended ())
            | line -> return line
        }

    /// The lines that it still writes until its end, which has to be a good one.
    member _.Finish(cancellation: CancellationToken) : Task<string list> =
        task {
            let! text = child.StandardOutput.ReadToEndAsync cancellation
            do! child.WaitForExitAsync cancellation

            return
                if child.ExitCode = 0 then
                    text.Split('\n', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray
                else
                    raise (ended ())
        }

    interface IDisposable with
        member _.Dispose() =
            if not child.HasExited then
                child.Kill true

            child.Dispose()
