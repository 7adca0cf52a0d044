/// What the benchmark runs, a row each, all with server and client as processes of their own: the ceiling of this machine, our measuring
/// tool over the whole stack, and the program on quic-go.
module CoQuic.Build.BenchScenarios

open System
open System.Globalization
open System.IO
open System.Text.Json
open CoQuic.Build.BenchRow
open CoQuic.Build.BenchRun
open CoQuic.Build.Shell

/// A row that is still empty, and one round of it.
type Scenario = { Row: Row; Run: unit -> Outcome }

let private perf = inRoot "artifacts/perf/coquic-fsharp-perf"
/// The program of tests/CoQuic.Benchmarks.
let benchmarks = inRoot "artifacts/benchmarks/CoQuic.Benchmarks"

/// How long a ceiling is measured.
let private seconds = "2"

let private usualDatagram = 1_472
let private largeDatagram = 60_000

let private row name unit : Row =
    { Name = name
      Unit = unit
      Ceiling = None
      Transfer = None
      Outcomes = []
      Failures = [] }

let private plain server client read () =
    let side arguments =
        { Program = benchmarks
          Arguments = arguments }

    measure (side server) (side client) read

/// A program that has no other side.
let private alone arguments () =
    match runQuiet [] (TimeSpan.FromMinutes 1.0) benchmarks arguments with
    | Some 0, [ line ] when line.StartsWith("rate ", StringComparison.Ordinal) ->
        let nothing =
            { CpuSeconds = 0.0
              PeakMib = 0.0
              Allocated = None }

        { Rate = Double.Parse(line.Substring 5, CultureInfo.InvariantCulture)
          Client = nothing
          Server = nothing
          Latency = None }
    | _, lines -> stop $"The benchmark's own program failed: {lines}"

/// What this machine could do at most.
let ceilings =
    let flood name receive send size =
        { Row = row name "Gbit/s"
          Run = plain [ receive; string size ] [ send; "{port}"; seconds; string size ] printedByServer }

    [ flood "ceiling, UDP" "receive" "send" usualDatagram
      { Row = row "ceiling, AEAD" "Gbit/s"
        Run = alone [ "protection"; seconds ] }
      flood "ceiling, both" "receive-protected" "send-protected" usualDatagram
      flood "ceiling, both, 60 KB" "receive-protected" "send-protected" largeDatagram
      { Row = row "UDP ping-pong" "/s"
        Run = plain [ "answer" ] [ "ask"; "{port}"; seconds ] printedByClient } ]

/// Client and server have both counted so many bytes.
let private confirm (report: JsonElement) (bytes: int64) =
    for counters in [ report; report.GetProperty "server_counters" ] do
        let count (name: string) = counters.GetProperty(name).GetInt64()
        let moved = count "bytes_sent" + count "bytes_received"

        if moved <> bytes then
            stop $"{moved} bytes were counted instead of {bytes}."

/// A rate and, where requests were counted, how long they took: fields of the measuring tool's JSON.
let private readReport (path: string) (bytes: int64 option) (field: string) =
    use report = JsonDocument.Parse(File.ReadAllText path)
    bytes |> Option.iter (confirm report.RootElement)

    let latency (name: string) =
        report.RootElement.GetProperty("latency").GetProperty(name).GetDouble()

    let latencies =
        { P50 = latency "p50_us"
          P99 = latency "p99_us" }

    report.RootElement.GetProperty(field).GetDouble(), Some latencies |> Option.filter (fun all -> all.P99 > 0.0)

/// A run of the measuring tool: what both sides are told, what the client alone is, the bytes that it moves where they are known before,
/// and the field that has the rate.
let private tool both client bytes field () =
    let json = Path.GetTempFileName()

    try
        measure
            { Program = perf
              Arguments = [ "server"; "--port"; "0" ] @ both }
            { Program = perf
              Arguments = [ "client"; "--port"; "{port}"; "--json-out"; json ] @ both @ client }
            (fun _ _ -> readReport json bytes field)
    finally
        File.Delete json

let private throughput = "throughput_gbit_per_s"

/// Large datagrams are sent once discovery has found that the path carries them.
let private datagramsOf size =
    [ "--max-outbound-datagram-size"; string size ]
    @ (if size > usualDatagram then
           [ "--pmtud-max-datagram-size"; string size ]
       else
           [])

let private bulk name ceiling size (bytes: int64) client =
    { Row =
        { row name "Gbit/s" with
            Ceiling = Some ceiling
            Transfer = Some { Bytes = bytes; DatagramSize = size } }
      Run =
        tool
            ([ "--mode"; "bulk" ] @ datagramsOf size)
            ([ "--total-bytes"; string bytes ] @ client)
            (Some bytes)
            throughput }

/// So many bytes on one connection, both ways, in datagrams of the usual size, and twice as many in large ones, which take half the time.
let transfers bytes =
    [ for suffix, size, bytes in [ "", usualDatagram, bytes; ", 60 KB", largeDatagram, 2L * bytes ] do
          for direction in [ "download"; "upload" ] do
              bulk $"bulk {direction}{suffix}" $"ceiling, both{suffix}" size bytes [ "--direction"; direction ] ]

let private asking name ceiling mode client =
    { Row = { row name "/s" with Ceiling = ceiling }
      Run = tool [ "--mode"; mode ] ([ "--warmup"; "2s"; "--duration"; "3s" ] @ client) None "requests_per_s" }

/// Small requests, on streams of one connection and on connections of their own.
let requests =
    [ asking "rr, 1 in flight" (Some "UDP ping-pong") "rr" []
      asking "rr, 8 in flight" None "rr" [ "--requests-in-flight"; "8" ]
      asking "persistent-rr, 8 in flight" None "persistent-rr" [ "--requests-in-flight"; "8" ]
      for connections, several in [ 1, "connection"; 8, "connections" ] do
          let name = $"crr, {connections} {several}"
          let client = [ "--connections"; string connections ]
          asking name None "crr" client
          asking $"{name}, resumed" None "crr" (client @ [ "--resume" ]) ]

/// The same load on one connection and shared by many, by the clock since handshakes are no part of it; and the same bytes on few
/// streams and on many.
let scaling bytes =
    let sharing count =
        let name =
            if count = 1 then
                "bulk, 1 connection"
            else
                $"bulk, {count} connections"

        { Row =
            { row name "Gbit/s" with
                Ceiling = Some "ceiling, both" }
          Run =
            tool
                [ "--mode"; "bulk" ]
                [ "--connections"
                  string count
                  "--response-bytes"
                  string (16 <<< 20)
                  "--warmup"
                  "4s"
                  "--duration"
                  "4s" ]
                None
                throughput }

    let streams count =
        bulk $"bulk, {count} streams" "ceiling, both" usualDatagram bytes [ "--streams"; string count ]

    [ for count in [ 1; 100; 1_000 ] do
          sharing count
      for count in [ 10; 10_000 ] do
          streams count ]

/// ACKs of a short and a long transfer that loses one packet in ten: a count, not a time.
let acknowledgements =
    [ for packets in [ 10_000; 100_000; 1_000_000 ] ->
          { Row = row $"ACKs, {packets} packets" "looks/packet"
            Run = alone [ "ack-cost"; string packets; "1000" ] } ]

/// The same work by a program on quic-go.
let quicGo program (bytes: int64) =
    let scenario name unit mode size =
        { Row = row $"quic-go {name}" unit
          Run =
            fun () ->
                measure
                    { Program = program
                      Arguments = [ "server" ] }
                    { Program = program
                      Arguments = [ mode; "{port}"; size ] }
                    printedByClient }

    [ scenario "bulk download" "Gbit/s" "download" (string bytes)
      scenario "bulk upload" "Gbit/s" "upload" (string bytes)
      scenario "rr, 1 in flight" "/s" "rr" "1"
      scenario "rr, 8 in flight" "/s" "rr" "8"
      scenario "crr, 8 connections" "/s" "crr" "8" ]

/// The scenarios whose names have a text, and the ceilings that they are measured by.
let having (text: string) (scenarios: Scenario list) : Scenario list =
    let isChosen scenario =
        scenario.Row.Name.Contains(text, StringComparison.OrdinalIgnoreCase)

    let ceilings = scenarios |> List.filter isChosen |> List.choose _.Row.Ceiling

    scenarios
    |> List.filter (fun scenario -> isChosen scenario || List.contains scenario.Row.Name ceilings)
