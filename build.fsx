// The chores of this repository: dotnet fsi build.fsx TARGET. Needs git and the .NET SDK, and no package.
// (`dotnet fsi build.fsx --help` shows the help of F# Interactive; ours is the target `help`.)
#load "build/Shell.fs"
#load "build/Options.fs"
#load "build/Product.fs"
#load "build/Format.fs"
#load "build/Counts.fs"
#load "build/Native.fs"
#load "build/Tests.fs"
#load "build/Demo.fs"
#load "build/Debian.fs"
#load "build/PeerSite.fs"
#load "build/PeerCase.fs"
#load "build/QuicGo.fs"
#load "build/QuicGoCases.fs"
#load "build/Ngtcp2.fs"
#load "build/Ngtcp2Cases.fs"
#load "build/Tshark.fs"
#load "build/Peers.fs"
#load "build/MustShow.fs"
#load "build/Talk.fs"
#load "build/Growth.fs"
#load "build/Load.fs"
#load "build/Soak.fs"
#load "build/RuntimeShow.fs"
#load "build/Mutations.fs"
#load "build/Mutate.fs"
#load "tests/Shared/Scale.fs"
#load "tests/Shared/Evidence.fs"
#load "build/QuicGoBench.fs"
#load "build/BenchRow.fs"
#load "build/BenchTargets.fs"
#load "build/BenchReport.fs"
#load "build/BenchChart.fs"
#load "build/BenchRun.fs"
#load "build/BenchScenarios.fs"
#load "build/Bench.fs"
#load "build/NativeShow.fs"
#load "build/Api.fs"
#load "build/Links.fs"
#load "build/Docs.fs"
#load "build/Functional.fs"

open System
open System.Diagnostics
open System.IO
open CoQuic.Build
open CoQuic.Build.Shell
open CoQuic.Tests

let private configuration (options: Options.Options) =
    options.ValueOr "--configuration" "Release"

let private build arguments =
    Options.parse "build" [ "--configuration=" ] false arguments
    |> configuration
    |> Product.build

/// In CI an unformatted file fails the tests; elsewhere it is only said.
let private formatFailures () =
    if Format.isClean () then
        Counts.none
    elif isCi then
        { Counts.none with Failed = 1 }
    else
        printfn "WARNING: some files are not formatted, which fails in CI: `dotnet fsi build.fsx format` formats them."
        Counts.none

let private mutate arguments =
    Options.parse "mutate" [] false arguments |> ignore
    Mutate.run () |> ignore

/// An argument as a shell takes it.
let private quoted (argument: string) =
    if argument.Contains ' ' then
        $"\"{argument}\""
    else
        argument

let private test arguments =
    let options =
        Options.parse "test" [ "--full"; "--require="; "--filter="; "--evidence=" ] false arguments

    let isFull = options.Has "--full"
    printfn $"{Scale.describe (if isFull then Scale.full else Scale.quick)}"
    let watch = Stopwatch.StartNew()
    Product.build "Release"
    // Checked is Release with the assertions on.
    Product.compile "CoQuic.FSharp.sln" "Checked"

    if Native.canBeMade then
        Native.make []

    let format = formatFailures ()

    let counts =
        Tests.run
            { Configuration = "Checked"
              IsFull = isFull
              Require = options.ValueOr "--require" ""
              Filter = options.ValueOr "--filter" "" }

    let counts =
        { counts with
            Failed = counts.Failed + format.Failed }

    if isFull && options.Value("--filter").IsNone then
        mutate []
        Load.compile ()
        Soak.run (TimeSpan.FromSeconds 60.0) 1 |> ignore

    match options.Value "--evidence" with
    | None -> ()
    | Some name ->
        let evidence: Evidence.Evidence =
            { Name = name
              Command = String.Join(" ", "dotnet fsi build.fsx test" :: List.map quoted arguments)
              Duration = watch.Elapsed
              Figures =
                [ "passed", float counts.Passed
                  "failed", float counts.Failed
                  "skipped", float counts.Skipped ]
              Seeds = [] }

        printfn $"{Evidence.write evidence}"

    printfn $"\n{Counts.describe counts}"
    if counts.Failed > 0 then 1 else 0

let private format arguments =
    let options = Options.parse "format" [ "--check" ] false arguments
    run "dotnet" [ "tool"; "restore" ]

    if options.Has "--check" then
        Format.check ()
    else
        Format.write ()

let private demo arguments =
    match (Options.parse "demo" [] true arguments).Words with
    | [] -> Demo.run None
    | [ file ] -> Demo.run (Some file)
    | _ -> stop "demo takes one file at most."

let private native arguments =
    let options = Options.parse "native" [ "--as="; "--portable" ] false arguments
    Product.restore ()

    (options.ValueOr "--as" "").Split(',', StringSplitOptions.RemoveEmptyEntries ||| StringSplitOptions.TrimEntries)
    |> List.ofArray
    |> Native.makeFor (options.Has "--portable")

let private peers arguments =
    let options = Options.parse "peers" [ "--require="; "--filter=" ] false arguments

    let required =
        (options.ValueOr "--require" "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries ||| StringSplitOptions.TrimEntries)
        |> List.ofArray

    match List.except Peers.names required with
    | [] -> ()
    | unknown :: _ ->
        let known = String.Join(", ", Peers.names)
        stop $"peers knows {known}, not '{unknown}'."

    let counts = Peers.run required (options.ValueOr "--filter" "") |> Peers.total
    printfn $"\n{Counts.describe counts}"
    if counts.Failed > 0 then 1 else 0

/// Builds what a soak runs, and runs it.
let private soakFor length seed =
    Product.build "Release"
    Load.compile ()
    Soak.run length seed

let private soak arguments =
    let options = Options.parse "soak" [ "--seconds="; "--seed=" ] false arguments
    let length = TimeSpan.FromSeconds(float (options.ValueOr "--seconds" "600"))

    for name, value in soakFor length (int (options.ValueOr "--seed" "1")) do
        printfn $"%-28s{name}{value}"

let private above0 target (options: Options.Options) name fallback =
    match Int64.TryParse(options.ValueOr name (string<int64> fallback)) with
    | true, value when value > 0L -> value
    | _ -> stop $"{target}: {name} needs a number above 0."

let private benchSettings target (options: Options.Options) : Bench.Settings =
    { Rounds = int (above0 target options "--rounds" (int64 Bench.standard.Rounds))
      Mebibytes = above0 target options "--mebibytes" Bench.standard.Mebibytes }

let private benchRounds (options: Options.Options) =
    let isAgainstQuicGo =
        match options.Value "--against" with
        | None -> false
        | Some "quic-go" -> true
        | Some other -> stop $"bench knows --against quic-go, not '{other}'."

    let filter = options.ValueOr "--filter" ""
    let isFast = Bench.run (benchSettings "bench" options) isAgainstQuicGo filter

    if filter = "" then
        Functional.cost () |> ignore

    isFast

let private bench arguments =
    let options =
        Options.parse "bench" [ "--rounds="; "--mebibytes="; "--against="; "--micro"; "--filter=" ] false arguments

    let isGoodEnough =
        if options.Has "--micro" then
            Bench.micro (options.ValueOr "--filter" "")
        else
            benchRounds options

    if isGoodEnough then 0 else 1

/// What an issue asks to be shown by running programs; lines that are tests are shown by `test --evidence NAME`.
let private shown (options: Options.Options) =
    let settings = benchSettings "evidence" options

    [ "2-bulk", MustShow.bulk
      "2-peers", MustShow.peers
      "2-fresh-clone", MustShow.freshClone
      "3-congestion", MustShow.congestion
      "3-mutations", Mutate.run
      "5-perf", RuntimeShow.perfModes
      "5-netns", RuntimeShow.namespaces
      "5-idle", Load.idle
      "5-paused-upload", Load.pausedUpload
      "5-soak", (fun () -> soakFor (TimeSpan.FromMinutes 10.0) 1)
      "3-peers", MustShow.peers
      "4-examples", Functional.examples
      "4-laws", Functional.laws
      "4-chat", Functional.chat
      "4-failure", Functional.failure
      "4-cost", Functional.cost
      "6-memory", MustShow.memory
      "6-perf", NativeShow.perfBothWays
      "7-bench", Bench.all settings
      "7-memory", Load.longTransfer (above0 "evidence" options "--mebibytes" 10_240L)
      "7-scaling", Bench.scales settings
      "7-against-quic-go", Bench.againstQuicGo settings ]

let private show arguments =
    let options =
        Options.parse "evidence" [ "--rounds="; "--mebibytes=" ] true arguments

    let shown = shown options

    let chosen =
        match options.Words with
        | [] -> shown
        | names ->
            [ for name in names ->
                  match List.tryFind (fun (known, _) -> known = name) shown with
                  | Some line -> line
                  | None ->
                      let known = String.Join(", ", List.map fst shown)
                      stop $"There is no line '{name}' to show. The lines are: {known}." ]

    for name, figures in chosen do
        let watch = Stopwatch.StartNew()
        let figures = figures ()

        let evidence: Evidence.Evidence =
            { Name = name
              Command = String.Join(" ", "dotnet fsi build.fsx evidence" :: name :: List.except options.Words arguments)
              Duration = watch.Elapsed
              Figures = figures
              Seeds = [] }

        printfn $"{Evidence.write evidence}"

let private api arguments =
    (Options.parse "api" [ "--accept" ] false arguments).Has "--accept" |> Api.check

type Target =
    {
        Name: string
        Arguments: string
        Summary: string
        /// Takes the arguments, returns the exit status.
        Run: string list -> int
    }

/// A target that succeeds unless it stops.
let private chore (action: string list -> unit) arguments =
    action arguments
    0

/// Every target, a line each, in the order of the help.
let private targets =
    let target name arguments summary run =
        { Name = name
          Arguments = arguments
          Summary = summary
          Run = run }

    [ target "build" "[--configuration NAME]" "restore, compile, and pack into artifacts/" (chore build)
      target "demo" "[FILE]" "send a file of 256 MiB, or the one given, between two processes, both ways" demo
      target
          "test"
          "[--full] [--require A,B] [--filter TEXT] [--evidence NAME]"
          "restore, build, and run every test"
          test
      target
          "native"
          "[--as quictls,boringssl] [--portable]"
          "make the shared library with the C ABI for machines like this one, also under the names that bindings link"
          (chore native)
      target
          "peers"
          "[--require quic-go,ngtcp2,tshark] [--filter TEXT]"
          "exchange files with quic-go and ngtcp2, as client and as server, and let tshark decrypt some"
          peers
      target
          "bench"
          "[--rounds N] [--mebibytes N] [--against quic-go] [--filter TEXT] | --micro [--filter TEXT]"
          "measure speed beside what this machine could do at most, or the hot parts alone; a missed minimum fails"
          bench
      target
          "evidence"
          "[LINE]... [--rounds N] [--mebibytes N]"
          "show what an issue asks for, and write the figures down; the options make the benchmark's lines smaller"
          (chore show)
      target
          "soak"
          "[--seconds N] [--seed N]"
          "ten minutes of mixed use through a network that loses datagrams, some clients killed"
          (chore soak)
      target "mutate" "" "break twenty rules of the RFCs, one at a time: their tests have to fail" (chore mutate)
      target "format" "[--check]" "format the sources, or only say whether they are formatted" (chore format)
      target "api" "[--accept]" "compare the packages' public API with api/, or rewrite that" (chore api)
      target
          "docs"
          ""
          "the documentation as a site in artifacts/docs, without a broken link"
          (chore (ignore >> Docs.build))
      target "help" "" "this list" (chore ignore) ]

let private help () =
    printfn "dotnet fsi build.fsx TARGET\n"

    for target in targets do
        printfn $"  %-10s{target.Name}{target.Summary}"

        if target.Arguments <> "" then
            printfn $"            {target.Arguments}"

    0

let private perform name arguments =
    match targets |> List.tryFind (fun target -> target.Name = name) with
    | Some target when target.Name = "help" -> help ()
    | Some target -> target.Run arguments
    | None ->
        let known = String.Join(", ", [ for target in targets -> target.Name ])
        stop $"There is no target '{name}'. The targets are: {known}."

let private main () =
    Directory.SetCurrentDirectory root

    try
        match List.ofArray fsi.CommandLineArgs |> List.tail with
        | [] -> perform "help" []
        | name :: arguments -> perform name arguments
    with
    | Stopped sentence ->
        Console.Out.Flush()
        Console.Error.WriteLine $"build.fsx: {sentence}"
        1
    | :? IOException
    | :? UnauthorizedAccessException as problem ->
        Console.Error.WriteLine $"build.fsx: {problem.Message}"
        1

exit (main ())
