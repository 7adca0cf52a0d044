/// Two processes at work: a server and a client, what the client's rate is, and what both cost.
module CoQuic.Build.BenchRun

open System
open System.Diagnostics
open System.Globalization
open System.IO
open System.Threading
open CoQuic.Build.Shell

/// What a pair of programs did.
type Outcome =
    {
        Rate: float
        /// Processor seconds of both, from their start to their end.
        CpuSeconds: float
        /// The larger of both peaks, in MiB.
        PeakMib: float
        /// Bytes that the client's and the server's heap gave out; none where they do not tell.
        Allocated: (float * float) option
    }

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

let private ask (serving: Quiet) (client: Side) (rate: Quiet -> Quiet -> float) =
    let port = portOf serving
    let arguments = client.Arguments |> List.map _.Replace("{port}", port)
    let asking = startQuiet environment client.Program arguments

    try
        let clientCost = follow asking.Child

        if asking.Child.ExitCode <> 0 then
            stop $"A client of the benchmark failed: {List.ofSeq asking.Lines}"

        let serverCost = look serving.Child |> Option.defaultValue (0.0, 0.0)
        asking, rate serving asking, [ clientCost; serverCost ]
    finally
        endQuiet asking

/// Runs a client against a server; the rate is what `rate` finds in what either printed.
let measure (server: Side) (client: Side) (rate: Quiet -> Quiet -> float) : Outcome =
    let serving = startQuiet environment server.Program server.Arguments

    let asking, rate, costs =
        try
            ask serving client rate
        finally
            endServer serving

    { Rate = rate
      CpuSeconds = List.sumBy fst costs
      PeakMib = costs |> List.map snd |> List.max
      Allocated =
        match found "allocated_bytes=" asking, found "allocated_bytes=" serving with
        | Some client, Some server -> Some(number client, number server)
        | _ -> None }

/// The rate that a client prints itself.
let printedByClient (_: Quiet) (client: Quiet) =
    match found "rate " client with
    | Some text -> number text
    | None -> stop $"A client of the benchmark told no rate: {List.ofSeq client.Lines}"

/// The rate that a receiver prints once there is silence.
let printedByServer (server: Quiet) (_: Quiet) =
    server.Child.WaitForExit deadline |> ignore

    match found "rate " server with
    | Some text -> number text
    | None -> stop $"A receiver of the benchmark told no rate: {List.ofSeq server.Lines}"
