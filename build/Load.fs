/// What the runtime has to bear: many idle connections, readers that pause, long transfers, and hours of use. tests/CoQuic.Load has
/// the programs.
module CoQuic.Build.Load

open System
open System.Diagnostics
open System.Threading
open CoQuic.Build.Shell
open CoQuic.Build.Talk

let private project = "tests/CoQuic.Load/CoQuic.Load.fsproj"

let private program = inRoot "tests/CoQuic.Load/bin/Release/net10.0/coquic-load.dll"

let private load (words: string list) = Talk.start "dotnet" (program :: words)

/// Builds the programs.
let compile () = Product.compile project "Release"

let private expect holds sentence =
    if not holds then
        stop sentence

let private rounded (value: float) = Math.Round(value, 2)

/// A server on loopback, the port it says, and its end.
let private withServer words (work: Process -> string -> 'result) : 'result =
    let server = load words

    try
        work server (hear server "port")
    finally
        kill server

/// Ten thousand connections from one client process that do nothing: what each costs the server.
let idle () =
    let count = 10_000
    /// What DESIGN asks for, in bytes a connection.
    let target = 20.0 * 1024.0
    compile ()

    withServer [ "idle-server" ] (fun server port ->
        let heapBefore, memoryBefore = ask server "heap", residentMemory server
        let client = load [ "idle-client"; port; string count ]

        try
            hear client "ready" |> ignore
            // The last handshakes are done there a little later; acknowledgements and connection IDs settle as well.
            Thread.Sleep(TimeSpan.FromSeconds 5.0)
            let held = ask server "count"
            let heap = (ask server "heap" - heapBefore) / float count
            let memory = (residentMemory server - memoryBefore) * 1024.0 * 1024.0 / float count
            let share = processorShare (TimeSpan.FromSeconds 20.0) server

            printfn
                $"%.0f{heap} bytes of heap and %.0f{memory} of memory a connection, %.2f{100.0 * share} %% of a processor"

            expect (held = float count) $"The server holds {held} connections instead of {count}."

            if heap >= target then
                printfn $"MISSED: a connection is to cost the server less than %.0f{target} bytes."

            expect (share < 0.02) $"Idle connections take %.1f{100.0 * share} %% of a processor."

            [ "connections", held
              "server_heap_bytes_per_connection", rounded heap
              "server_heap_bytes_per_connection_target", target
              "server_resident_bytes_per_connection", rounded memory
              "server_idle_processor_percent", rounded (100.0 * share) ]
        finally
            kill client)

/// A reader that stops for ten seconds in the middle of an upload of 1 GiB: the server's memory stays where it was.
let pausedUpload () =
    let total, before, pause = 1L <<< 30, 64L <<< 20, 10
    compile ()

    withServer [ "upload-server"; string before; string pause ] (fun server port ->
        let client = load [ "upload-client"; port; string total ]

        try
            hear server "paused" |> ignore
            // The windows fill.
            Thread.Sleep(TimeSpan.FromSeconds 2.0)
            let atFirst = residentMemory server
            Thread.Sleep(TimeSpan.FromSeconds(float pause - 4.0))
            let atLast = residentMemory server
            hear server "resumed" |> ignore
            let read = float (hear server "total")
            expect (read = float total) $"The server read {read} bytes instead of {total}."
            expect (finish client = 0) "The upload failed."
            printfn $"%.0f{atFirst} MiB when the windows were full, %.0f{atLast} MiB at the end of the pause"
            expect (atLast < atFirst * 1.1) "Memory grew while nobody read."

            [ "bytes", read
              "server_mib_early_in_pause", rounded atFirst
              "server_mib_late_in_pause", rounded atLast ]
        finally
            kill client)

let private perf = inRoot "artifacts/perf/coquic-fsharp-perf"

/// Looks at the resident memory of a server and its client for as long as the client lives.
let private memoryOf (server: Process) (client: Process) =
    let watch = Stopwatch.StartNew()
    let serving, asking = Growth.Samples(), Growth.Samples()

    while not (client.WaitForExit 100) do
        try
            asking.Add(watch.Elapsed, residentMemory client)
            serving.Add(watch.Elapsed, residentMemory server)
        with :? IO.IOException ->
            () // The client ended in between.

    watch.Elapsed, serving, asking

let private flatTransfer (bytes: int64) direction =
    let server = Talk.start perf [ "server"; "--port"; "0"; "--mode"; "bulk" ]

    try
        let port = (hear server "listening on ").Split(':') |> Array.last

        let client =
            Talk.start
                perf
                [ "client"
                  "--port"
                  port
                  "--mode"
                  "bulk"
                  "--direction"
                  direction
                  "--total-bytes"
                  string bytes ]

        try
            let length, serving, asking = memoryOf server client
            expect (client.ExitCode = 0) $"The {direction} ended with exit status {client.ExitCode}."

            let figures =
                Growth.none length $"{direction}_server_mib" serving
                @ Growth.none length $"{direction}_client_mib" asking

            printfn $"{direction} of {bytes >>> 20} MiB in %.1f{length.TotalSeconds} s: {figures}"
            ($"{direction}_seconds", rounded length.TotalSeconds) :: figures
        finally
            kill client
    finally
        kill server

/// A transfer of so many MiB each way: the memory of both processes stays what it was a fifth of the way.
let longTransfer (mebibytes: int64) () =
    Product.build "Release"

    ("mebibytes", float mebibytes)
    :: ([ "download"; "upload" ] |> List.collect (flatTransfer (mebibytes <<< 20)))
