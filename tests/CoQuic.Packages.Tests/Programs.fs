/// Running other programs from a test, with all that they print.
module CoQuic.Packages.Tests.Programs

open System
open System.Diagnostics
open System.Threading.Tasks

type Outcome = { Status: int; Output: string }

/// Runs a program in a folder. One that is still running after five minutes is ended, which is a failure.
let run (folder: string) (environment: (string * string) list) (program: string) (arguments: string list) =
    let info =
        ProcessStartInfo(
            program,
            arguments,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    for name, value in ("MSBUILDDISABLENODEREUSE", "1") :: environment do
        info.Environment[name] <- value

    use child = Process.Start info |> nonNull
    let output = child.StandardOutput.ReadToEndAsync()
    let errors = child.StandardError.ReadToEndAsync()

    if child.WaitForExit(TimeSpan.FromMinutes 5.0) then
        Task.WaitAll(output, errors)

        { Status = child.ExitCode
          Output = output.Result + errors.Result }
    else
        child.Kill true

        { Status = -1
          Output = $"{program} was still running after five minutes." }
