/// What the functional layer is to show: its examples, its laws, one chat in simulation and on sockets, and its cost.
module CoQuic.Build.Functional

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open CoQuic.Build.Shell

let private expect holds sentence =
    if not holds then
        stop sentence

/// Lines shown one after the other need the product once.
let private product = lazy Product.build "Release"

/// A script's lines and seconds. It has to succeed within a minute, and to say what it does.
let private runExample (script: string) =
    let name = Path.GetFileName script
    let watch = Stopwatch.StartNew()

    let status, lines =
        runQuiet [] (TimeSpan.FromSeconds 60.0) "dotnet" [ "fsi"; "--quiet"; script ]

    let seconds = Math.Round(watch.Elapsed.TotalSeconds, 1)
    expect (status = Some 0) $"""{name} did not succeed within 60 s: {String.Join("\n", lines)}"""
    expect (not lines.IsEmpty) $"{name} says nothing."
    printfn $"{name}: {seconds} s"
    name, lines, seconds

let private scripts () =
    Directory.GetFiles(inRoot "examples", "*.fsx") |> Array.sort |> List.ofArray

/// Every example runs as it stands, after a build, in under a minute.
let examples () =
    product.Force()

    [ for script in scripts () do
          let name, _, seconds = runExample script
          $"{Path.GetFileNameWithoutExtension name}_seconds", seconds ]

let private testProgram () =
    let project = "tests/CoQuic.FSharp.Tests/CoQuic.FSharp.Tests.fsproj"
    run "dotnet" [ "build"; project; "-c"; "Release"; "-nologo"; "-v:quiet" ]
    inRoot "tests/CoQuic.FSharp.Tests/bin/Release/net10.0/CoQuic.FSharp.Tests.dll"

/// The properties of the interpreter's laws, with ten thousand cases each.
let laws () =
    let program = testProgram ()

    let environment =
        [ "COQUIC_TEST_FULL", "1"; "COQUIC_TEST_FILTER", "interpreter laws" ]

    let mutable counts = None

    let see line =
        counts <- Counts.tryReadSummary line |> Option.orElse counts

    let status = watch environment (TimeSpan.FromMinutes 30.0) "dotnet" [ program ] see

    match status, counts with
    | Some 0, Some counts ->
        [ "laws", float counts.Passed
          "cases_each", float CoQuic.Tests.Scale.full.PropertyCases ]
    | _ -> stop "Not all laws hold."

/// One chat, unchanged, in a network that loses a tenth of all datagrams, and on sockets.
let chat () =
    product.Force()
    let _, lines, seconds = runExample (inRoot "examples/05-chat.fsx")
    let text = String.Join("\n", lines)
    let lost = Regex.Match(text, @"(\d+) of (\d+) datagrams did not arrive")
    expect lost.Success "The chat does not say how many datagrams were lost."
    expect (text.Contains "On sockets at") "The chat did not run on sockets."
    printfn $"{text}"

    [ "datagrams_lost", float lost.Groups[1].Value
      "datagrams_sent", float lost.Groups[2].Value
      "seconds", seconds ]

/// A bug found by FsCheck, shrunk, recorded, replayed and explained.
let failure () =
    product.Force()

    let _, lines, seconds =
        runExample (inRoot "examples/08-property-about-a-protocol.fsx")

    let text = String.Join("\n", lines)
    let shrinks = Regex.Match(text, @"after (\d+) tests? \((\d+) shrinks?\)")
    expect shrinks.Success "FsCheck found nothing."
    expect (text.Contains "the same byte for byte") "The recording did not replay."
    printfn $"{text}"

    [ "tests", float shrinks.Groups[1].Value
      "shrinks", float shrinks.Groups[2].Value
      "seconds", seconds ]

let private mostFoldMicroseconds = 10.0
let private mostFoldPercent = 10.0
let private mostHandshakeSeconds = 20.0

/// What folding 64 effects costs, its share of a bulk transfer, and what a thousand simulated handshakes with an exchange of 10 KB each cost.
let cost () =
    match runQuiet [] (TimeSpan.FromMinutes 5.0) "dotnet" [ testProgram (); "--cost" ] with
    | Some 0, lines ->
        use figures = JsonDocument.Parse(List.last lines)

        let figure (name: string) =
            figures.RootElement.GetProperty(name).GetDouble()

        let fold = figure "fold_of_64_effects_us"
        let share = figure "bulk_fold_percent"
        let handshakes = figure "thousand_handshakes_seconds"
        printfn $"64 effects folded: {fold} µs (at most {mostFoldMicroseconds})"
        printfn $"share of a bulk transfer: {share} %% (at most {mostFoldPercent})"
        printfn $"1000 handshakes simulated: {handshakes} s (at most {mostHandshakeSeconds})"
        expect (fold <= mostFoldMicroseconds) "Folding takes too long."
        expect (share <= mostFoldPercent) "Folding takes too much of a transfer."
        expect (handshakes <= mostHandshakeSeconds) "Handshakes take too long."

        [ "fold_of_64_effects_us", fold
          "bulk_fold_percent", share
          "thousand_handshakes_seconds", handshakes ]
    | _, lines -> stop $"""The figures could not be made: {String.Join("\n", lines)}"""
