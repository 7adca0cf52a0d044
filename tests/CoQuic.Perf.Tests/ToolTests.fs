module CoQuic.Perf.Tests.ToolTests

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open System.Threading
open System.Threading.Tasks
open Expecto
open CoQuic.Tests

/// What a run of the tool left behind.
type private Run =
    { ExitCode: int
      Output: string list
      Errors: string list }

/// Against hanging only.
let private deadline = TimeSpan.FromMinutes 3.0

let private start (environment: (string * string) list) (line: string) =
    let tool = Path.Combine(AppContext.BaseDirectory, "coquic-fsharp-perf.dll")

    let arguments =
        tool :: List.ofArray (line.Split(' ', StringSplitOptions.RemoveEmptyEntries))

    let info =
        ProcessStartInfo("dotnet", arguments, RedirectStandardOutput = true, RedirectStandardError = true)

    for name, value in environment do
        info.Environment[name] <- value

    Process.Start info |> nonNull

let private lines (text: string) =
    text.Split('\n', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

let private finish (tool: Process) : Task<Run> =
    task {
        use timeout = new CancellationTokenSource(deadline)

        try
            let output = tool.StandardOutput.ReadToEndAsync timeout.Token
            let! errors = tool.StandardError.ReadToEndAsync timeout.Token
            let! output = output
            do! tool.WaitForExitAsync timeout.Token

            return
                { ExitCode = tool.ExitCode
                  Output = lines output
                  Errors = lines errors }
        finally
            if not tool.HasExited then
                tool.Kill true

            tool.Dispose()
    }

let private run line = start [] line |> finish

/// A server on a free port, for as long as the work takes.
let private withServer environment (work: int -> Task<'result>) : Task<'result * Run> =
    task {
        let server = start environment "server --port 0"
        let! first = server.StandardOutput.ReadLineAsync().WaitAsync deadline
        let line = first |> Option.ofObj |> Option.defaultValue ""
        Expect.stringStarts line "listening on 127.0.0.1:" "the server listens"

        try
            let! result = work (int (line.Substring(line.LastIndexOf ':' + 1)))

            if List.isEmpty environment then
                server.Kill()

            let! served = finish server
            return result, served
        finally
            try
                server.Kill()
            with :? InvalidOperationException ->
                () // It has ended and been disposed of.
    }

let private isOneSentence (part: string) (run: Run) =
    Expect.equal run.ExitCode 1 "the exit status"

    match run.Errors with
    | [ sentence ] ->
        Expect.stringStarts sentence "coquic-fsharp-perf: " "who says so"
        Expect.stringContains sentence part "what is wrong"
    | several -> failtest $"not one line: {several}"

let private failedSummary (run: Run) =
    match run.Output with
    | [ summary ] -> Expect.stringStarts summary "status=failed mode=bulk cc=newreno direction=download " "the summary"
    | several -> failtest $"not one line: {several}"

let private keys =
    [ "schema_version"
      "status"
      "mode"
      "direction"
      "backend"
      "congestion_control"
      "remote_host"
      "remote_port" ]
    @ [ "alpn"
        "elapsed_ms"
        "warmup_ms"
        "bytes_sent"
        "bytes_received"
        "server_counters"
        "requests_completed" ]
    @ [ "streams"
        "connections"
        "requests_in_flight"
        "request_bytes"
        "response_bytes"
        "throughput_mib_per_s" ]
    @ [ "throughput_gbit_per_s"; "requests_per_s"; "latency" ]

let private transfer direction =
    task {
        let json = Path.GetTempFileName()

        try
            let bytes = Scale.current.TransferBytes

            let! client, server =
                withServer [ "COQUIC_PERF_SERVER_EXIT_ON_SESSION_COMPLETE", "1" ] (fun port ->
                    run
                        $"client --port {port} --direction {direction} --total-bytes {bytes} --streams 2 --json-out {json}")

            Expect.equal (client.ExitCode, server.ExitCode) (0, 0) "both end well"
            Expect.isEmpty (client.Errors @ server.Errors) "nothing is drawn where nobody watches"
            Expect.hasLength client.Output 1 "one line"

            Expect.stringStarts
                client.Output.Head
                $"status=ok mode=bulk cc=newreno direction={direction} "
                "the summary"

            use document = JsonDocument.Parse(File.ReadAllText json)

            let names =
                [ for property in document.RootElement.EnumerateObject() -> property.Name ]

            Expect.equal names keys "the keys in their order"

            let counted =
                if direction = "upload" then
                    "bytes_sent"
                else
                    "bytes_received"

            Expect.equal (document.RootElement.GetProperty(counted).GetInt64()) bytes "exact bytes"
        finally
            File.Delete json
    }

[<Tests>]
let tests =
    testSequenced
    <| testList
        "the tool"
        [ testCaseTask "a download between two processes is exact, and the server ends when it is told to"
          <| fun () -> transfer "download"

          testCaseTask "an upload between two processes is exact, and the server ends when it is told to"
          <| fun () -> transfer "upload"

          testCaseTask "secrets go to the file that SSLKEYLOGFILE names"
          <| fun () ->
              task {
                  let keys = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())

                  try
                      let! client, _ =
                          withServer [] (fun port ->
                              start [ "SSLKEYLOGFILE", keys ] $"client --port {port} --total-bytes 1"
                              |> finish)

                      Expect.equal client.ExitCode 0 "it ends well"
                      let labels = [ for line in File.ReadAllLines keys -> line.Split(' ')[0] ]
                      Expect.contains labels "CLIENT_TRAFFIC_SECRET_0" "the client's"
                      Expect.contains labels "SERVER_TRAFFIC_SECRET_0" "the server's"
                  finally
                      File.Delete keys
              }

          testCaseTask "a server of several shards serves many connections, and ends as one"
          <| fun () ->
              task {
                  if not (OperatingSystem.IsLinux()) then
                      skiptest "only Linux spreads datagrams to one port over several sockets"

                  let server = start [] "server --port 0 --shards 3"
                  let! first = server.StandardOutput.ReadLineAsync().WaitAsync deadline
                  let line = first |> Option.ofObj |> Option.defaultValue ""
                  let port = line.Substring(line.LastIndexOf ':' + 1)
                  let! client = run $"client --port {port} --mode rr --requests 240 --connections 12"

                  // SIGTERM, as a service manager sends it.
                  use terminate = Process.Start("kill", string server.Id)
                  do! terminate.WaitForExitAsync()
                  let! served = finish server
                  Expect.equal (client.ExitCode, served.ExitCode) (0, 0) "both end well"
                  Expect.isEmpty (client.Errors @ served.Errors) "nothing to complain about"
              }

          testCaseTask "a benchmark that is repeated gives a line for each run, one for all, a chart, qlog and secrets"
          <| fun () ->
              task {
                  let folder = Directory.CreateTempSubdirectory "coquic-perf-"
                  let inFolder (name: string) = Path.Combine(folder.FullName, name)

                  try
                      let chart, keys, traces =
                          inFolder "chart.html", inFolder "keys.txt", inFolder "traces"

                      let! client, _ =
                          withServer [] (fun port ->
                              run
                                  $"client --port {port} --mode rr --requests 20 --repeat 3 --chart {chart} --keylog {keys} --qlog {traces}")

                      Expect.equal client.ExitCode 0 "it ends well"
                      Expect.hasLength client.Output 4 "lines"
                      Expect.stringStarts (List.last client.Output) "repeat=3 median_requests/s=" "the last line"
                      Expect.stringContains (File.ReadAllText chart) "<svg" "the chart"
                      Expect.stringContains (File.ReadAllText keys) "CLIENT_TRAFFIC_SECRET_0" "the secrets"
                      Expect.hasLength (Directory.GetFiles traces) 3 "a trace for each connection"
                  finally
                      folder.Delete true
              }

          testCaseTask "wrong flags are answered with the usage on standard error"
          <| fun () ->
              task {
                  let! run = run "client --port 70000"
                  Expect.equal run.ExitCode 1 "the exit status"
                  Expect.isEmpty run.Output "nothing on standard output"
                  Expect.stringContains run.Errors.Head "--port must be between 0 and 65535" "the fault"
                  Expect.exists run.Errors (fun line -> line.StartsWith "USAGE: ") "the usage"
              }

          testCaseTask "a busy port is named"
          <| fun () ->
              task {
                  let! second, _ = withServer [] (fun port -> run $"server --port {port}")
                  isOneSentence "in use" second
              }

          testCaseTask "a certificate that cannot be read keeps the server from starting"
          <| fun () ->
              task {
                  let! run =
                      run "server --port 0 --certificate-chain /nowhere/c.pem --private-key /nowhere/k.pem"

                  isOneSentence "/nowhere/c.pem" run
                  Expect.isEmpty run.Output "it never listens"
              }

          testCaseTask "a host that is unknown is named, and the run has failed"
          <| fun () ->
              task {
                  let! run = run "client --host host.invalid"
                  isOneSentence "host.invalid" run
                  failedSummary run
              }

          testCaseTask "where no server is, the client gives up in time, and the run has failed"
          <| fun () ->
              task {
                  // A port that was free a moment ago.
                  let! port, _ = withServer [] Task.FromResult
                  let! run = run $"client --port {port} --connect-timeout 500ms"
                  isOneSentence "did not answer within 0.5 s" run
                  failedSummary run
              }

          testCaseTask "a result that cannot be written is a failure of the tool, not of the run"
          <| fun () ->
              task {
                  let! run, _ =
                      withServer [] (fun port ->
                          run $"client --port {port} --total-bytes 1 --json-out /nowhere/result.json")

                  isOneSentence "/nowhere/result.json" run
                  Expect.stringStarts run.Output.Head "status=ok " "the summary"
              } ]
