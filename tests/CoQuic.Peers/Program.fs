/// `coquic-interop`: the endpoint with which other QUIC stacks are tried, as a server and as a client of HTTP/0.9.
module CoQuic.Peers.Program

open System
open System.IO
open System.Runtime.InteropServices
open System.Threading.Tasks

/// Completes when the process is asked to end.
let private stopping () =
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

let private run invocation =
    match invocation with
    | Serve asked -> HqServer.run asked (stopping ())
    | Fetch asked -> HqClient.run asked
    | Help usage ->
        Console.Out.WriteLine usage
        Task.FromResult 0

[<EntryPoint>]
let main arguments =
    match Arguments.parse arguments with
    | Error faults ->
        for fault in faults do
            Console.Error.WriteLine fault

        1
    | Ok invocation ->
        try
            (run invocation).GetAwaiter().GetResult()
        with
        | :? IOException
        | :? UnauthorizedAccessException as problem ->
            Console.Error.WriteLine problem.Message
            1
