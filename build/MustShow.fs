/// What the issues ask to be shown: each function runs the real programs and returns the figures, or stops with what is wrong.
module CoQuic.Build.MustShow

open System
open System.Diagnostics
open System.IO
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open System.Text.Json
open System.Text.RegularExpressions
open CoQuic.Build.Shell

let private perf = inRoot "artifacts/perf/coquic-fsharp-perf"
let private megabyte = 1024.0 * 1024.0

let private startQuietly (program: string) (arguments: string list) =
    match Process.Start(ProcessStartInfo(program, arguments, RedirectStandardOutput = true)) with
    | null -> stop $"{program} did not start."
    | child -> child

/// The peak of a process's resident memory in MiB, while it still runs.
let private peakMemory (child: Process) =
    child.Refresh()

    File.ReadLines $"/proc/{child.Id}/status"
    |> Seq.tryFind (fun line -> line.StartsWith("VmHWM:", StringComparison.Ordinal))
    |> Option.map (fun line -> float (line.Replace("VmHWM:", "").Replace("kB", "").Trim()) / 1024.0)
    |> Option.defaultValue (float child.PeakWorkingSet64 / megabyte)

/// A client run to its end, its memory looked at as long as it lives.
let private runClient port direction (bytes: int64) json =
    let arguments =
        [ "client"; "--port"; string port; "--mode"; "bulk"; "--direction"; direction ]
        @ [ "--total-bytes"; string bytes; "--json-out"; json ]

    use client = startQuietly perf arguments
    let mutable peak = 0.0

    while not (client.WaitForExit 50) do
        try
            peak <- max peak (peakMemory client)
        with :? IOException ->
            () // It ended in between.

    client.ExitCode, peak

let private expect holds sentence =
    if not holds then
        stop sentence

let private transfer port (server: Process) direction (bytes: int64) =
    let json = Path.GetTempFileName()

    try
        let exitCode, clientPeak = runClient port direction bytes json
        expect (exitCode = 0) $"The {direction} of {bytes} bytes ended with exit status {exitCode}."
        use report = JsonDocument.Parse(File.ReadAllText json)

        let number (name: string) =
            report.RootElement.GetProperty(name).GetDouble()

        let status = report.RootElement.GetProperty("status").GetString()

        let counted =
            if direction = "download" then
                "bytes_received"
            else
                "bytes_sent"

        expect (status = "ok") $"The {direction} of {bytes} bytes has status={status}."
        let seen = number counted
        expect (seen = float bytes) $"The {direction} counted {seen} bytes instead of {bytes}."
        let serverPeak = peakMemory server
        let name = $"{direction}_{bytes >>> 20}_mib"
        let rate = number "throughput_gbit_per_s"
        printfn $"{name}: %.2f{rate} Gbit/s, peak %.0f{clientPeak} and %.0f{serverPeak} MiB"

        [ $"{name}_gbit_per_s", rate
          $"{name}_client_peak_mib", Math.Round(clientPeak, 1)
          $"{name}_server_peak_mib_so_far", Math.Round(serverPeak, 1) ]
    finally
        File.Delete json

/// Bulk on loopback both ways, of two sizes, against one server: exact counts, and the peak memory of both processes.
let bulk () =
    let port = 14433
    use server = startQuietly perf [ "server"; "--port"; string port ]

    try
        [ for bytes in [ 64L <<< 20; 1L <<< 30 ] do
              for direction in [ "download"; "upload" ] do
                  yield! transfer port server direction bytes ]
    finally
        server.Kill()

/// Every case with a real peer, none skipped: how many passed with each.
let peers () =
    let counts = Peers.run Peers.names ""
    let total = Peers.total counts
    expect (total.Failed = 0 && total.Skipped = 0) $"Not all peers agree: {Counts.describe total}."

    ("passed", float total.Passed)
    :: [ for name, counts in counts -> $"passed_with_{name}", float counts.Passed ]

/// Demo and tests on a fresh clone with an empty package cache, in a folder of their own that is removed afterwards.
let freshClone () =
    let folder = Directory.CreateTempSubdirectory("coquic-fresh-").FullName
    let clone = Path.Combine(folder, "clone")

    let timed target =
        let watch = Stopwatch.StartNew()
        let environment = [ ("NUGET_PACKAGES", Path.Combine(folder, "packages")) ]
        let script = Path.Combine(clone, "build.fsx")
        expect (status environment "dotnet" [ "fsi"; script; target ] = 0) $"`{target}` failed on a fresh clone."
        $"{target}_seconds", Math.Round(watch.Elapsed.TotalSeconds, 1)

    try
        run "git" [ "clone"; "--quiet"; root; clone ]
        [ timed "demo"; timed "test" ]
    finally
        Directory.Delete(folder, true)

/// The figures of congestion control in simulation, all seeds and scenarios the same each time; docs/congestion.md gets their tables.
let congestion () =
    let project = "tests/CoQuic.Congestion.Tests/CoQuic.Congestion.Tests.fsproj"
    let json = Path.GetTempFileName()

    try
        run "dotnet" [ "build"; project; "-c"; "Release"; "-nologo"; "-v:quiet" ]

        let program =
            inRoot "tests/CoQuic.Congestion.Tests/bin/Release/net10.0/CoQuic.Congestion.Tests.dll"

        run "dotnet" [ program; "figures"; json; inRoot "docs/congestion.md" ]
        use figures = JsonDocument.Parse(File.ReadAllText json)
        [ for figure in figures.RootElement.EnumerateObject() -> figure.Name, figure.Value.GetDouble() ]
    finally
        File.Delete json

/// A self-signed identity in two PEM files.
let private writeIdentity folder =
    use key = ECDsa.Create ECCurve.NamedCurves.nistP256
    let request = CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)

    use certificate =
        request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays 1.0)

    let paths =
        [ Path.Combine(folder, "certificate.pem"); Path.Combine(folder, "key.pem") ]

    File.WriteAllText(paths[0], certificate.ExportCertificatePem())
    File.WriteAllText(paths[1], key.ExportPkcs8PrivateKeyPem())
    paths

/// Resident memory of a C program after ten thousand, a hundred thousand, a million and two million calls of the C ABI.
let memory () =
    // With all names, since tests and bindings may be using the same folder.
    Native.make Native.otherNames

    withTemporaryFolder "coquic-memory-" (fun folder ->
        let program = Path.Combine(folder, "memory")

        run
            "cc"
            [ "-O2"
              inRoot "native/smoke/memory.c"
              "-o"
              program
              $"-I{Native.folder}/include"
              $"-L{Native.folder}"
              "-lcoquic-managed"
              $"-Wl,-rpath,{Native.folder}" ]

        let pem = writeIdentity folder

        [ for calls in [ 100_000; 1_000_000; 2_000_000 ] do
              match runQuiet [] (TimeSpan.FromMinutes 10.0) program (pem @ [ string calls ]) with
              | Some 0, [ line ] ->
                  printfn $"{line}"

                  let figures =
                      [ for found in Regex.Matches(line, @"(\d+) KiB") -> float found.Groups[1].Value ]

                  $"after_{calls}_calls_settled_kib", figures[0]
                  $"after_{calls}_calls_kib", figures[1]
              | _, lines -> stop $"The memory program failed: {List.tryLast lines}" ])
