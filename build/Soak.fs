/// Mixed use for a long time: benchmark clients in all modes through a network that loses datagrams, some of them killed.
module CoQuic.Build.Soak

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open System.Threading
open CoQuic.Build.Shell
open CoQuic.Build.Talk

let private perf = inRoot "artifacts/perf/coquic-fsharp-perf"
let private load = inRoot "tests/CoQuic.Load/bin/Release/net10.0/coquic-load.dll"

/// Clients at a time.
let private atOnce = 3

let private loss = 0.01

/// One in so many clients is killed.
let private killedOneIn = 4

/// What a client is asked for, and the counter that then has to have a value, unless time is all that bounds the run.
type private Work =
    { Arguments: string list
      Counter: (string * uint64) option }

/// What is small enough to end within seconds, also with losses.
let private works =
    let work (counter: (string * uint64) option) arguments =
        { Arguments = "--mode" :: arguments
          Counter = counter }

    let megabytes = 8UL <<< 20

    [ work (Some("bytes_received", megabytes)) [ "bulk"; "--direction"; "download"; "--total-bytes"; string megabytes ]
      work (Some("bytes_sent", megabytes)) [ "bulk"; "--direction"; "upload"; "--total-bytes"; string megabytes ]
      work (Some("requests_completed", 500UL)) [ "rr"; "--requests"; "500"; "--requests-in-flight"; "8" ]
      work None [ "persistent-rr"; "--duration"; "2s" ]
      work (Some("requests_completed", 30UL)) [ "crr"; "--requests"; "30"; "--connections"; "3" ] ]

let private hooks = "DOTNET_STARTUP_HOOKS"

/// Every program that starts meanwhile ends as soon as a task of its has failed and nobody looked.
let private watchingTasks (work: unit -> 'result) : 'result =
    let before = Environment.GetEnvironmentVariable hooks
    Environment.SetEnvironmentVariable(hooks, load)

    try
        work ()
    finally
        Environment.SetEnvironmentVariable(hooks, before)

/// A program that forgets such a task has to end by it.
let private checkWatch () =
    match runQuiet [] (TimeSpan.FromMinutes 1.0) "dotnet" [ load; "forget" ] with
    | Some 0, _ -> stop "A task that failed unseen was not noticed."
    | Some _, lines when lines |> List.exists (fun line -> line.Contains "nobody looked") -> ()
    | _, lines -> stop $"""The check for failed tasks failed itself: {String.Join("\n", lines)}"""

type private Client =
    {
        Child: Process
        Work: Work
        Report: string
        /// When it is killed; none where it may end.
        Victim: DateTime option
    }

/// What has been seen so far.
type private Tally =
    { mutable Completed: int
      mutable Killed: int
      Memory: Growth.Samples
      Descriptors: Growth.Samples }

let private startClient (random: Random) port =
    let report = Path.GetTempFileName()
    let work = works[random.Next works.Length]

    let info =
        ProcessStartInfo(
            perf,
            [ "client"; "--port"; port ] @ work.Arguments @ [ "--json-out"; report ],
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    match Process.Start info with
    | null -> stop $"{perf} did not start."
    | child ->
        child.BeginOutputReadLine()
        child.BeginErrorReadLine()

        { Child = child
          Work = work
          Report = report
          Victim =
            if random.Next killedOneIn = 0 then
                Some(DateTime.UtcNow.AddMilliseconds(float (random.Next(100, 2000))))
            else
                None }

/// A client that was not killed has done what it was asked, and says so.
let private judge (client: Client) =
    use report = JsonDocument.Parse(File.ReadAllText client.Report)
    let status = report.RootElement.GetProperty("status").GetString()

    if client.Child.ExitCode <> 0 || status <> "ok" then
        stop
            $"A client ended with exit status {client.Child.ExitCode} and status={status}: {report.RootElement.GetRawText()}"

    match client.Work.Counter with
    | Some(counter, value) when report.RootElement.GetProperty(counter).GetUInt64() <> value ->
        stop $"A client's {counter} is not {value}: {report.RootElement.GetRawText()}"
    | _ -> ()

/// Whether the client is still at work.
let private look (tally: Tally) (client: Client) =
    if client.Child.HasExited then
        judge client
        tally.Completed <- tally.Completed + 1
        File.Delete client.Report
        false
    elif client.Victim |> Option.exists (fun at -> at <= DateTime.UtcNow) then
        kill client.Child
        tally.Killed <- tally.Killed + 1
        File.Delete client.Report
        false
    else
        true

let private sample (watch: Stopwatch) (server: Process) tally =
    tally.Memory.Add(watch.Elapsed, residentMemory server)
    tally.Descriptors.Add(watch.Elapsed, float (descriptors server))

let private turn (random: Random) port tally (clients: Client list) =
    let alive = clients |> List.filter (look tally)
    alive @ [ for _ in alive.Length .. atOnce - 1 -> startClient random port ]

let private complaints (server: Process) =
    if server.HasExited then
        stop $"The server ended with exit status {server.ExitCode}."

let private soak (length: TimeSpan) (seed: int) =
    let random = Random seed
    let port = 14439
    let server = Talk.start perf [ "server"; "--port"; string port ]
    hear server "listening" |> ignore

    let network =
        Talk.start "dotnet" [ load; "relay"; string port; string loss; string seed ]

    let watch = Stopwatch.StartNew()

    let tally =
        { Completed = 0
          Killed = 0
          Memory = Growth.Samples()
          Descriptors = Growth.Samples() }

    let mutable clients = []

    try
        let front = hear network "port"

        while watch.Elapsed < length do
            clients <- turn random front tally clients
            complaints server
            sample watch server tally
            Thread.Sleep 200

        if watch.Elapsed < length || tally.Completed = 0 then
            stop "It was over before it had shown anything."

        [ "seconds", Math.Round(watch.Elapsed.TotalSeconds, 1)
          "clients_completed", float tally.Completed
          "clients_killed", float tally.Killed ]
        @ Growth.none length "server_mib" tally.Memory
        @ Growth.none length "server_descriptors" tally.Descriptors
    finally
        clients |> List.iter (fun client -> kill client.Child)
        kill network
        kill server

/// Runs for so long, and fails when anything is lost, leaks or goes wrong, or when it was over too soon.
let run (length: TimeSpan) (seed: int) : (string * float) list =
    watchingTasks (fun () ->
        checkWatch ()
        soak length seed)
