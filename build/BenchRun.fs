/// Two processes at work: a server and a client, what the client's rate is, and what both cost.
module CoQuic.Build.BenchRun

open System
open System.Diagnostics
open System.Globalization
open System.IO
open System.Threading
open CoQuic.Build.BenchRow
open CoQuic.Build.Shell

/// A program and its arguments; where the server's port belongs, there is `{port}`.
type Side =
    { Program: string
      Arguments: string list }

let private deadline = TimeSpan.FromMinutes 3.0
let private ticksPerSecond = 100.0

/// User and system time in clock ticks, and the peak of resident memory; none once the process has gone.
let private look (child: Process) =
    try
        let stat = File.ReadAllText $"/proc/{child.Id}/stat"
        let fields = stat.Substring(stat.LastIndexOf ')' + 2).Split ' '
        let cpu = (float fields[11] + float fields[12]) / ticksPerSecond

        let peak =
            File.ReadLines $"/proc/{child.Id}/status"
            |> Seq.tryFind (fun line -> line.StartsWith("VmHWM:", StringComparison.Ordinal))
            |> Option.map (fun line -> float (line.Replace("VmHWM:", "").Replace("kB", "").Trim()) / 1024.0)

        Some(cpu, Option.defaultValue 0.0 peak)
    with
    | :? IOException
    | :? InvalidOperationException -> None

let private after (marker: string) (line: string) =
    match line.LastIndexOf(marker, StringComparison.Ordinal) with
    | -1 -> None
    | index -> Some(line.Substring(index + marker.Length).Split(' ')[0])

let private found marker (quiet: Quiet) =
    quiet.Lines |> Seq.tryPick (after marker)

let private number (text: string) =
    Double.Parse(text, CultureInfo.InvariantCulture)

/// The port that a server tells: ours and the plain ones in their own words.
let private portOf (server: Quiet) =
    let watch = Stopwatch.StartNew()

    let told () =
        found "port " server |> Option.orElse (found "listening on 127.0.0.1:" server)

    while (told ()).IsNone && not server.Child.HasExited && watch.Elapsed < deadline do
        Thread.Sleep 20

    match told () with
    | Some port -> port
    | None -> stop $"A server of the benchmark told no port: {List.ofSeq server.Lines}"

/// Waits for a process, looking at what it costs.
let private follow (child: Process) =
    let watch = Stopwatch.StartNew()
    let mutable last = 0.0, 0.0

    while not (child.WaitForExit 20) do
        look child
        |> Option.iter (fun seen -> last <- max (fst last) (fst seen), max (snd last) (snd seen))

        if watch.Elapsed > deadline then
            child.Kill true

    child.WaitForExit()
    last

/// Ours tell what they have allocated.
let private environment = [ ("COQUIC_SEND_PROFILE", "1") ]

let private endServer (server: Quiet) =
    if not server.Child.HasExited then
        run "kill" [ "-TERM"; string server.Child.Id ]
        server.Child.WaitForExit 2000 |> ignore

    endQuiet server

let private ask (serving: Quiet) (client: Side) (read: Quiet -> Quiet -> float * Latency option) =
    let port = portOf serving
    let arguments = client.Arguments |> List.map _.Replace("{port}", port)
    let asking = startQuiet environment client.Program arguments

    try
        let clientCost = follow asking.Child

        if asking.Child.ExitCode <> 0 then
            stop $"A client of the benchmark failed: {List.ofSeq asking.Lines}"

        let serverCost = look serving.Child |> Option.defaultValue (0.0, 0.0)
        asking, read serving asking, clientCost, serverCost
    finally
        endQuiet asking

let private cost (cpuSeconds, peakMib) program =
    { CpuSeconds = cpuSeconds
      PeakMib = peakMib
      Allocated = found "allocated_bytes=" program |> Option.map number }

/// Runs a client against a server; `read` finds the rate in what server and client printed.
let measure (server: Side) (client: Side) (read: Quiet -> Quiet -> float * Latency option) : Outcome =
    let serving = startQuiet environment server.Program server.Arguments

    let asking, (rate, latency), clientCost, serverCost =
        try
            ask serving client read
        finally
            endServer serving

    if rate <= 0.0 then
        stop "A run of the benchmark measured nothing."

    { Rate = rate
      Client = cost clientCost asking
      Server = cost serverCost serving
      Latency = latency }

let private printedRate who (program: Quiet) =
    match found "rate " program with
    | Some text -> number text, None
    | None -> stop $"A {who} of the benchmark told no rate: {List.ofSeq program.Lines}"

/// The rate that a client prints itself.
let printedByClient (_: Quiet) (client: Quiet) = printedRate "client" client

/// The rate that a receiver prints once there is silence.
let printedByServer (server: Quiet) (_: Quiet) =
    server.Child.WaitForExit deadline |> ignore
    printedRate "receiver" server
