/// The benchmark: the ceiling of this machine, our measuring tool over the whole stack, and quic-go where it is asked for, interleaved in
/// rounds, each with server and client as processes of their own.
module CoQuic.Build.Bench

open System
open System.IO
open System.Text.Json
open CoQuic.Build.Shell
open CoQuic.Build.BenchRun

/// What one line of the table is about.
type private Scenario =
    {
        Name: string
        Unit: string
        Run: unit -> Outcome
        /// Bytes that a run moves, where it moves so many that cost by the byte can be told.
        Bytes: int64 option
    }

/// A scenario's outcomes, a round each.
type private Row =
    { Scenario: Scenario
      Outcomes: Outcome list }

/// What a row should reach: a rate, or a part of another row's.
type private Target =
    { Row: string
      Says: string
      Minimum: Map<string, float> -> float option }

let private perf = inRoot "artifacts/perf/coquic-fsharp-perf"
let private benchmarks = inRoot "artifacts/benchmarks/CoQuic.Benchmarks"
let private datagramPayload = 1434.0
let private datagramSize = 1472.0
let private seconds = "2"

let private median values =
    let sorted = List.sort values
    let middle = sorted.Length / 2

    if sorted.Length % 2 = 1 then
        sorted[middle]
    else
        (sorted[middle - 1] + sorted[middle]) / 2.0

/// The range of the rates, as a part of their median.
let private spread values =
    (List.max values - List.min values) / median values

let private plain server client rate =
    let side arguments =
        { Program = benchmarks
          Arguments = arguments }

    measure (side server) (side client) rate

let private alone arguments () =
    match runQuiet [] (TimeSpan.FromMinutes 1.0) benchmarks arguments with
    | Some 0, [ line ] when line.StartsWith("rate ", StringComparison.Ordinal) ->
        { Rate = Double.Parse(line.Substring 5, Globalization.CultureInfo.InvariantCulture)
          CpuSeconds = 0.0
          PeakMib = 0.0
          Allocated = None }
    | _, lines -> stop $"The benchmark's own program failed: {lines}"

let private ceiling =
    let scenario name unit run =
        { Name = name
          Unit = unit
          Run = run
          Bytes = None }

    [ scenario "ceiling, UDP" "Gbit/s" (fun () -> plain [ "receive" ] [ "send"; "{port}"; seconds ] printedByServer)
      scenario "ceiling, AEAD" "Gbit/s" (alone [ "protection"; seconds ])
      scenario "ceiling, both" "Gbit/s" (fun () ->
          plain [ "receive-protected" ] [ "send-protected"; "{port}"; seconds ] printedByServer)
      scenario "UDP ping-pong" "/s" (fun () -> plain [ "answer" ] [ "ask"; "{port}"; seconds ] printedByClient) ]

/// A run of the measuring tool; the rate is a field of its JSON.
let private tool mode (field: string) arguments () =
    let json = Path.GetTempFileName()

    let rate _ _ =
        use report = JsonDocument.Parse(File.ReadAllText json)
        report.RootElement.GetProperty(field).GetDouble()

    try
        measure
            { Program = perf
              Arguments = [ "server"; "--port"; "0"; "--mode"; mode ] }
            { Program = perf
              Arguments = [ "client"; "--port"; "{port}"; "--mode"; mode; "--json-out"; json ] @ arguments }
            rate
    finally
        File.Delete json

let private ours (bytes: int64) =
    let bulk direction =
        { Name = $"bulk {direction}"
          Unit = "Gbit/s"
          Run = tool "bulk" "throughput_gbit_per_s" [ "--direction"; direction; "--total-bytes"; string bytes ]
          Bytes = Some bytes }

    let requests name mode arguments =
        { Name = name
          Unit = "/s"
          Run = tool mode "requests_per_s" ([ "--warmup"; "2s"; "--duration"; "3s" ] @ arguments)
          Bytes = None }

    [ bulk "download"
      bulk "upload"
      requests "rr, 1 in flight" "rr" []
      requests "rr, 8 in flight" "rr" [ "--requests-in-flight"; "8" ]
      requests "persistent-rr, 8 in flight" "persistent-rr" [ "--requests-in-flight"; "8" ]
      requests "crr, 1 connection" "crr" []
      requests "crr, 8 connections" "crr" [ "--connections"; "8" ]
      requests "crr, 8 connections, resumed" "crr" [ "--connections"; "8"; "--resume" ] ]

let private quicGo (bytes: int64) program =
    let scenario name unit mode size =
        { Name = $"quic-go {name}"
          Unit = unit
          Run =
            fun () ->
                measure
                    { Program = program
                      Arguments = [ "server" ] }
                    { Program = program
                      Arguments = [ mode; "{port}"; size ] }
                    printedByClient
          Bytes = None }

    [ scenario "bulk download" "Gbit/s" "download" (string bytes)
      scenario "bulk upload" "Gbit/s" "upload" (string bytes)
      scenario "rr, 1 in flight" "/s" "rr" "1"
      scenario "rr, 8 in flight" "/s" "rr" "8"
      scenario "crr, 8 connections" "/s" "crr" "8" ]

let private targets =
    let absolute row minimum =
        { Row = row
          Says = $"at least {minimum}"
          Minimum = fun _ -> Some minimum }

    let part row factor other =
        { Row = row
          Says = $"at least {factor} x {other}"
          Minimum = fun rates -> rates |> Map.tryFind other |> Option.map (fun rate -> factor * rate) }

    [ absolute "bulk download" 3.5
      absolute "bulk upload" 3.5
      part "bulk download" 4.0 "quic-go bulk download"
      part "bulk upload" 4.0 "quic-go bulk upload"
      part "rr, 1 in flight" 0.45 "UDP ping-pong"
      absolute "rr, 8 in flight" 60_000.0
      absolute "crr, 8 connections" 800.0
      part "crr, 8 connections" 4.0 "quic-go crr, 8 connections"
      absolute "crr, 1 connection" 500.0
      absolute "crr, 8 connections, resumed" 1_500.0 ]

let private rate row =
    row.Outcomes |> List.map _.Rate |> median

/// What else a row tells: cost by the byte, allocation by the datagram beyond what the datagram's bytes take, memory.
let private figures (row: Row) =
    let over choose =
        match List.choose choose row.Outcomes with
        | [] -> None
        | values -> Some(median values)

    [ match row.Scenario.Bytes with
      | Some bytes ->
          let datagrams = float bytes / datagramPayload

          let beyond allocated =
              Math.Round(allocated / datagrams - datagramSize)

          "cpu_s_per_gb", over (fun outcome -> Some(Math.Round(outcome.CpuSeconds / (float bytes / 1e9), 2)))
          "client_bytes_per_datagram", over (_.Allocated >> Option.map (fst >> beyond))
          "server_bytes_per_datagram", over (_.Allocated >> Option.map (snd >> beyond))
      | None -> ()
      "peak_mib",
      over (fun outcome ->
          if outcome.PeakMib > 0.0 then
              Some(Math.Round outcome.PeakMib)
          else
              None) ]
    |> List.choose (fun (name, value) -> value |> Option.map (fun value -> name, value))

let private printRow (top: float option) (row: Row) =
    let rates = row.Outcomes |> List.map _.Rate

    let ofCeiling =
        match top, row.Scenario.Unit with
        | Some top, "Gbit/s" -> $" %3.0f{100.0 * median rates / top} %%"
        | _ -> "      "

    let rest =
        String.Join("  ", figures row |> List.map (fun (name, value) -> $"{name}={value}"))

    printfn
        $"%-34s{row.Scenario.Name}%12.2f{median rates} %-7s{row.Scenario.Unit}+-%3.0f{50.0 * spread rates} %%{ofCeiling}  {rest}"

/// Whether the medians reach the targets whose rows were measured.
let private judge (rates: Map<string, float>) =
    [ for target in targets do
          match Map.tryFind target.Row rates, target.Minimum rates with
          | Some rate, Some minimum ->
              let isReached = rate >= minimum
              let word = if isReached then "reached" else "MISSED "
              printfn $"{word}  {target.Row}: {target.Says}; %.2f{rate} of %.2f{minimum}"
              isReached
          | _ -> () ]
    |> List.forall id

let private writeJson folder (rows: Row list) =
    let values =
        rows
        |> List.map (fun row ->
            row.Scenario.Name,
            {| unit = row.Scenario.Unit
               median = rate row
               rounds = row.Outcomes |> List.map _.Rate
               figures = Map.ofList (figures row) |})
        |> Map.ofList

    let path = Path.Combine(folder, "bench.json")
    File.WriteAllText(path, JsonSerializer.Serialize(values, JsonSerializerOptions(WriteIndented = true)))
    path

/// A bar a row, each unit to its own scale, with a line for each round.
let private writeChart folder (rows: Row list) =
    let height = 22

    let scale unit =
        rows
        |> List.filter (fun row -> row.Scenario.Unit = unit)
        |> List.map rate
        |> List.max

    let width value unit = 420.0 * value / scale unit

    let bar index row =
        let y = index * height
        let unit = row.Scenario.Unit

        let rounds =
            row.Outcomes
            |> List.map (fun outcome ->
                $"<rect x='%.1f{250.0 + width outcome.Rate unit}' y='{y + 2}' width='1' height='16' fill='#000'/>")
            |> String.concat ""

        $"<text x='240' y='{y + 15}' text-anchor='end'>{row.Scenario.Name}</text>\
          <rect x='250' y='{y + 4}' width='%.1f{width (rate row) unit}' height='12' fill='#4a7ebb'/>{rounds}\
          <text x='%.1f{258.0 + width (rate row) unit}' y='{y + 15}'>%.2f{rate row} {unit}</text>"

    let bars = rows |> List.mapi bar |> String.concat "\n"
    let path = Path.Combine(folder, "bench.svg")

    File.WriteAllText(
        path,
        $"<svg xmlns='http://www.w3.org/2000/svg' width='820' height='{rows.Length * height}' font-family='sans-serif' font-size='12'>\n\
          {bars}\n</svg>\n"
    )

    path

let private publish () =
    run
        "dotnet"
        [ "publish"
          "tests/CoQuic.Benchmarks"
          "-c"
          "Release"
          "-nologo"
          "-v:quiet"
          "-o"
          "artifacts/benchmarks" ]

    run
        "dotnet"
        [ "publish"
          "src/CoQuic.Perf"
          "-c"
          "Release"
          "-nologo"
          "-v:quiet"
          "-o"
          "artifacts/perf" ]

let private others isAgainstQuicGo bytes =
    if not isAgainstQuicGo then
        []
    else
        match QuicGoBench.prepare () with
        | Ok program -> quicGo bytes program
        | Error reason -> stop $"quic-go cannot be had here: {reason}."

/// Runs so many rounds over transfers of so many MiB; whether every target is reached.
let run rounds (mebibytes: int64) isAgainstQuicGo : bool =
    heading "build"
    publish ()
    let bytes = mebibytes <<< 20
    // A quarter is enough to know the rate of what is slower.
    let scenarios = ceiling @ ours bytes @ others isAgainstQuicGo (bytes / 4L)

    let outcomes =
        [ for round in 1..rounds do
              heading $"round {round} of {rounds}"

              for scenario in scenarios do
                  let outcome = scenario.Run()
                  printfn $"%-34s{scenario.Name}%12.2f{outcome.Rate} {scenario.Unit}"
                  scenario.Name, outcome ]

    let rows =
        [ for scenario in scenarios ->
              { Scenario = scenario
                Outcomes = outcomes |> List.filter (fun (name, _) -> name = scenario.Name) |> List.map snd } ]

    let rates = Map [ for row in rows -> row.Scenario.Name, rate row ]
    heading $"medians of {rounds} rounds, half the range, part of the ceiling"
    rows |> List.iter (printRow (Map.tryFind "ceiling, both" rates))
    heading "targets"
    let isReached = judge rates
    let folder = Directory.CreateDirectory(inRoot "artifacts/bench").FullName
    printfn $"\n{writeJson folder rows}\n{writeChart folder rows}"
    isReached
