/// `coquic-interop`: the endpoint with which other QUIC stacks are tried, as a server and as a client of HTTP/0.9.
module CoQuic.Peers.Program

open System
open System.IO
open System.Net
open System.Runtime.InteropServices
open System.Threading.Tasks

/// Completes when the process is asked to end.
let private stopping () : Task =
    let asked = TaskCompletionSource()

    let registrations =
        [ for signal in [ PosixSignal.SIGINT; PosixSignal.SIGTERM ] ->
              PosixSignalRegistration.Create(
                  signal,
                  fun context ->
                      context.Cancel <- true
                      asked.TrySetResult() |> ignore
              ) ]

    task {
        do! asked.Task
        registrations |> List.iter _.Dispose()
    }

let private complain (faults: string list) =
    for fault in faults do
        Console.Error.WriteLine fault

    1

/// A command line's exit status.
let private run arguments =
    match Arguments.parse (List.toArray arguments) with
    | Error faults -> complain faults
    | Ok invocation -> (Performance.perform stopping invocation).GetAwaiter().GetResult()

/// One command line after the other, until one fails.
let rec private runEach (commandLines: string list list) =
    match commandLines with
    | [] -> 0
    | arguments :: others ->
        let line = String.Join(" ", arguments)
        Console.Out.WriteLine $"coquic-interop {line}"

        match run arguments with
        | 0 -> runEach others
        | status -> status

let private variable name =
    Environment.GetEnvironmentVariable name
    |> Option.ofObj
    |> Option.filter (fun value -> value <> "")

/// What the interop runner's variables ask for.
let private obey () =
    let folder = (Directory.CreateTempSubdirectory "coquic-interop-").FullName

    try
        match Runner.demand variable (Path.Combine(folder, "session")) with
        | Runner.CommandLines lines -> runEach lines
        | Runner.Unclear faults -> complain faults
        | Runner.Unsupported testCase ->
            complain [ $"The test case '{testCase}' is not supported." ] |> ignore
            Runner.unsupported
    finally
        Directory.Delete(folder, true)

[<EntryPoint>]
let main arguments =
    try
        match arguments, variable "ROLE" with
        | [||], Some _ -> obey ()
        | _ -> run (List.ofArray arguments)
    with
    | :? IOException
    | :? Sockets.SocketException
    | :? UnauthorizedAccessException as problem -> complain [ problem.Message ]
