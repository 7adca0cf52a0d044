/// What the native driver is to show: every mode of the measuring tool between it and the embedded engine, and what it costs in bulk.
module CoQuic.Build.NativeShow

open System
open System.IO
open System.Text.Json
open CoQuic.Build.Shell

let private perf = inRoot "artifacts/perf/coquic-fsharp-perf"

/// Who drives the engine on either side.
type private Engines = { Client: string; Server: string }

let private embedded =
    { Client = "embedded"
      Server = "embedded" }

let private native = { Client = "native"; Server = "native" }

let private mixed =
    [ { Client = "native"
        Server = "embedded" }
      { Client = "embedded"
        Server = "native" } ]

/// A mode, what it is called, and the options that bound it.
type private Case =
    { Name: string
      Mode: string
      Arguments: string list }

let private bulk direction (bytes: int64) =
    { Name = $"bulk {direction}"
      Mode = "bulk"
      Arguments = [ "--direction"; direction; "--total-bytes"; string bytes ] }

let private cases =
    let requests mode (count: int) =
        { Name = mode
          Mode = mode
          Arguments = [ "--requests"; string count; "--requests-in-flight"; "4" ] }

    [ bulk "download" (64L <<< 20)
      bulk "upload" (64L <<< 20)
      requests "rr" 5_000
      requests "crr" 200
      requests "persistent-rr" 5_000 ]

/// Runs a case; its client has to say `status=ok` in the JSON it writes.
let private run (engines: Engines) (case: Case) : BenchRow.Outcome =
    let json = Path.GetTempFileName()

    let read _ _ =
        use report = JsonDocument.Parse(File.ReadAllText json)
        let field (name: string) = report.RootElement.GetProperty name
        let status = (field "status").GetString()

        if status <> "ok" then
            stop $"{case.Name}, {engines.Client} client with {engines.Server} server: status={status}."

        let rate =
            if case.Mode = "bulk" then
                "throughput_gbit_per_s"
            else
                "requests_per_s"

        (field rate).GetDouble(), None

    let side role port engine rest : BenchRun.Side =
        { Program = perf
          Arguments = [ role; "--port"; port; "--mode"; case.Mode; "--engine"; engine ] @ rest }

    try
        BenchRun.measure
            (side "server" "0" engines.Server [])
            (side "client" "{port}" engines.Client (case.Arguments @ [ "--json-out"; json ]))
            read
    finally
        File.Delete json

let private everyMode () =
    [ for engines in mixed do
          for case in cases do
              let outcome = run engines case
              printfn $"%-16s{case.Name}{engines.Client} client, {engines.Server} server: ok, %.1f{outcome.Rate}"
              let name = case.Name.Replace('-', '_').Replace(' ', '_')
              $"{name}_{engines.Client}_client_ok", 1.0 ]

let private rounds = 3
let private roundBytes = 1L <<< 30

/// Rounds of both drivers, one after the other, so that what disturbs the machine disturbs both.
let private paired direction =
    let case = bulk direction roundBytes

    let pairs =
        [ for _ in 1..rounds do
              run embedded case, run native case ]

    let over choose (figure: BenchRow.Outcome -> float) =
        BenchRow.median [ for pair in pairs -> figure (choose pair) ]

    let cpu (outcome: BenchRow.Outcome) =
        (outcome.Client.CpuSeconds + outcome.Server.CpuSeconds)
        / (float roundBytes / 1e9)

    let ratio (figure: BenchRow.Outcome -> float) =
        BenchRow.median [ for plain, driven in pairs -> figure driven / figure plain ]

    let figures =
        [ "embedded_gbit_per_s", over fst _.Rate
          "native_gbit_per_s", over snd _.Rate
          "embedded_cpu_s_per_gb", over fst cpu
          "native_cpu_s_per_gb", over snd cpu
          "rate_ratio", ratio _.Rate
          "cpu_ratio", ratio cpu ]

    for name, value in figures do
        printfn $"bulk {direction}: %-24s{name}%.2f{value}"

    [ for name, value in figures -> $"bulk_{direction}_{name}", Math.Round(value, 3) ]

/// All modes with one side native, and what bulk costs with both sides native beside both embedded.
let perfBothWays () =
    if not (File.Exists Native.library && File.Exists perf) then
        stop "This needs `dotnet fsi build.fsx build` and `dotnet fsi build.fsx native` before it."

    Environment.SetEnvironmentVariable("COQUIC_LIB_PATH", Native.library)
    everyMode () @ paired "download" @ paired "upload"
