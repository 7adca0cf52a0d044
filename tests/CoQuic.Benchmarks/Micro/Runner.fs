/// Runs the benchmarks of the hot parts, all or those that have a text in their names, and writes what they say as JSON.
module CoQuic.Benchmarks.Micro.Runner

open System
open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open BenchmarkDotNet.Columns
open BenchmarkDotNet.Configs
open BenchmarkDotNet.Diagnosers
open BenchmarkDotNet.Exporters
open BenchmarkDotNet.Filters
open BenchmarkDotNet.Jobs
open BenchmarkDotNet.Loggers
open BenchmarkDotNet.Reports
open BenchmarkDotNet.Running
open BenchmarkDotNet.Toolchains.InProcess.Emit
open BenchmarkDotNet.Validators
open Perfolizer.Horology

let private all =
    [ typeof<PacketProtection>
      typeof<HeaderProtecting>
      typeof<KeyExchanging>
      typeof<KeyDeriving>
      typeof<FrameCodecs>
      typeof<Acknowledging>
      typeof<Reassembling>
      typeof<SendBuffering>
      typeof<InterpreterStep>
      typeof<AgentHop> ]

/// In this process, which is built as the measuring tool is: nothing has to be generated, restored or compiled. The short job has three
/// warm-ups and three measurements; with these it takes two seconds for each benchmark.
let private job =
    Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance).WithIterationTime(TimeInterval.FromMilliseconds 100.0)

let private nameOf (case: BenchmarkCase) =
    $"{case.Descriptor.Type.Name}.{case.Descriptor.WorkloadMethod.Name}"

/// What has a text in its name. Nothing is said before a table.
let private config (text: string) (folder: string) =
    let isChosen case =
        (nameOf case).Contains(text, StringComparison.OrdinalIgnoreCase)

    ManualConfig
        .CreateEmpty()
        .AddJob(job)
        .AddFilter(SimpleFilter isChosen)
        .AddLogger(NullLogger.Instance)
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddColumnProvider(DefaultColumnProviders.Instance)
        .AddValidator(JitOptimizationsValidator.FailOnError)
        .WithOptions(ConfigOptions.DisableLogFile)
        .WithArtifactsPath(folder)

let private node (value: 'value) : JsonNode | null =
    JsonSerializer.SerializeToNode<'value> value

let private toJson (report: BenchmarkReport) : JsonNode =
    let case = report.BenchmarkCase
    let statistics = report.ResultStatistics |> nonNull

    let allocated =
        report.GcStats.GetBytesAllocatedPerOperation case
        |> Option.ofNullable
        |> Option.defaultValue 0L

    let rounded (value: float) = Math.Round(value, 2)

    JsonObject(
        dict
            [ "name", node (nameOf case)
              "parameters", node case.Parameters.DisplayInfo
              "mean_ns", node (rounded statistics.Mean)
              "median_ns", node (rounded statistics.Median)
              "standard_error_ns", node (rounded statistics.StandardError)
              "allocated_bytes", node allocated ]
    )

let private write folder (reports: BenchmarkReport list) =
    let results = JsonArray()

    for report in reports do
        results.Add(toJson report)

    let path = Path.Combine(folder, "micro.json")
    File.WriteAllText(path, results.ToJsonString(JsonSerializerOptions(WriteIndented = true)) + "\n")
    printfn $"{path}"

/// The benchmarks of one class that have a text in their names, and their table.
let private runClass text folder (benchmarks: Type) =
    let chosen = BenchmarkConverter.TypeToBenchmarks(benchmarks, config text folder)

    if chosen.BenchmarksCases.Length = 0 then
        []
    else
        let summary = BenchmarkRunner.Run chosen
        printfn $"\n{benchmarks.Name}"
        MarkdownExporter.Console.ExportToLog(summary, ConsoleLogger.Default)

        for error in summary.ValidationErrors do
            eprintfn $"{error.Message}"

        List.ofSeq summary.Reports

/// Runs what has a text in its name, and writes into a folder; 0 when there was something, and all of it could be measured.
let run (text: string) (folder: string) : int =
    let reports = all |> List.collect (runClass text folder)
    let measured = reports |> List.filter _.Success
    write folder measured

    if reports.IsEmpty then
        eprintfn $"No benchmark has '{text}' in its name."

    if reports.IsEmpty || measured.Length < reports.Length then
        1
    else
        0
