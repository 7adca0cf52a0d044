/// `coquic-load`: programs that put load on the runtime, for `build.fsx evidence` and `build.fsx soak`.
module CoQuic.Load.Program

open System

let private usage =
    "coquic-load idle-server | idle-client PORT CONNECTIONS | upload-server BYTES_BEFORE SECONDS_OF_PAUSE | upload-client PORT BYTES | relay PORT LOSS SEED | forget"

/// Leaves a task that has failed to the garbage collector, for the check that somebody notices.
let private forget () =
    let rec leave attempts =
        Threading.Tasks.Task.FromException(InvalidOperationException "forgotten")
        |> ignore

        GC.Collect()
        GC.WaitForPendingFinalizers()

        if attempts > 0 then
            leave (attempts - 1)

    leave 10
    0

[<EntryPoint>]
let main arguments =
    match List.ofArray arguments with
    | [ "idle-server" ] -> IdleConnections.serve ()
    | [ "idle-client"; port; count ] -> IdleConnections.connect (int port) (int count)
    | [ "upload-server"; before; pause ] -> Uploads.serve (int64 before) (TimeSpan.FromSeconds(float pause))
    | [ "upload-client"; port; count ] -> Uploads.send (int port) (int64 count)
    | [ "relay"; port; loss; seed ] -> Relay.run (int port) (float loss) (int seed)
    | [ "forget" ] -> forget ()
    | _ ->
        Console.Error.WriteLine usage
        1
