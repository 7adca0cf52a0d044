module CoQuic.Perf.Tests.ArgumentsTests

open System
open Expecto
open CoQuic.FSharp
open CoQuic.Perf

let private parse (line: string) =
    Arguments.parse (line.Split(' ', StringSplitOptions.RemoveEmptyEntries))

let private measured line =
    match parse line with
    | Ok(Measure config) -> config
    | other -> failtest $"not a client: {other}"

let private faults line =
    match parse line with
    | Error error ->
        Expect.stringContains error.Usage "USAGE: coquic-fsharp-perf" "the usage comes with it"
        error.Faults
    | Ok invocation -> failtest $"accepted: {invocation}"

let private refused =
    [ "", "The first argument is the role"
      "listen", "listen"
      "client --speed 9", "--speed"
      "client --port", "--port"
      "client --port 65536", "--port must be between 0 and 65535"
      "client --port 0x10", "--port needs a plain decimal number"
      "client --total-bytes +5", "--total-bytes needs a plain decimal number"
      "client --total-bytes 18446744073709551616", "--total-bytes needs a plain decimal number"
      "client --io-backend io_uring", "--io-backend knows socket"
      "client --engine msquic", "--engine knows embedded, native"
      "client --congestion-control reno", "--congestion-control knows newreno"
      "client --mode echo", "--mode knows bulk, rr, crr, persistent-rr"
      "client --direction sideways", "--direction knows upload, download"
      "client --streams 0", "--streams must be greater than zero"
      "client --connections 0", "--connections must be greater than zero"
      "client --requests-in-flight 0", "--requests-in-flight must be greater than zero"
      "client --duration 5", "--duration needs digits followed by ms or s"
      "client --duration 5m", "--duration needs digits followed by ms or s"
      "client --warmup 1.5s", "--warmup needs digits followed by ms or s"
      "client --warmup 18446744073709551615s", "--warmup is too long"
      "client --max-outbound-datagram-size 1199", "--max-outbound-datagram-size must be between 1200"
      "client --pmtud-max-datagram-size 1", "--pmtud-max-datagram-size must be between 1200"
      "client --mode rr --direction upload", "--direction is for --mode bulk only"
      "server --shards 0", "--shards must be between 1 and 256"
      "client --repeat 0", "--repeat must be between 1 and 1000"
      "client --mode rr --resume", "--resume is for --mode crr only"
      "client --mode persistent-rr --request-bytes 0", "--mode persistent-rr needs"
      "server --certificate-chain cert.pem", "--certificate-chain needs --private-key"
      "server --private-key key.pem", "--private-key needs --certificate-chain" ]

[<Tests>]
let tests =
    testList
        "command line"
        [ testCase "without options everything has the reference's default"
          <| fun () ->
              Expect.equal (parse "client") (Ok(Measure Config.standard)) "a client"
              Expect.equal (parse "server") (Ok(Serve Config.standard)) "a server"

          testCase "every option of the reference is taken, by both roles"
          <| fun () ->
              let options =
                  "--host ::1 --port 0 --io-backend socket --engine native --congestion-control cubic --mode bulk --direction upload \
                   --request-bytes 1 --response-bytes 2 --streams 3 --connections 4 --requests-in-flight 5 --requests 6 \
                   --total-bytes 7 --warmup 8ms --duration 9s --max-outbound-datagram-size 1200 \
                   --pmtud-max-datagram-size 1400 --certificate-chain c.pem --private-key k.pem --server-name example.org \
                   --verify-peer --json-out out.json --connect-timeout 250ms --shards 4 --repeat 3 --qlog traces --keylog keys.txt \
                   --chart chart.html"

              let expected =
                  { Host = "::1"
                    Port = 0us
                    Engine = Some EngineSource.Native
                    CongestionControl = CongestionControl.Cubic
                    Mode = Mode.Bulk
                    Direction = Direction.Upload
                    RequestBytes = 1UL
                    ResponseBytes = 2UL
                    Streams = 3UL
                    Connections = 4UL
                    RequestsInFlight = 5UL
                    Requests = Some 6UL
                    TotalBytes = Some 7UL
                    Warmup = TimeSpan.FromMilliseconds 8.0
                    Duration = TimeSpan.FromSeconds 9.0
                    MaxOutboundDatagramSize = 1200
                    PmtudMaxDatagramSize = Some 1400
                    CertificateFiles =
                      Some
                          { Chain = "c.pem"
                            PrivateKey = "k.pem" }
                    ServerName = "example.org"
                    VerifyPeer = true
                    JsonOut = Some "out.json"
                    Shards = 4
                    Resume = false
                    Repeat = 3
                    QlogDirectory = Some "traces"
                    KeyLogFile = Some "keys.txt"
                    Chart = Some "chart.html"
                    ConnectTimeout = Some(TimeSpan.FromMilliseconds 250.0) }

              Expect.equal (parse ("client " + options)) (Ok(Measure expected)) "a client"
              Expect.equal (parse ("server " + options)) (Ok(Serve expected)) "a server"

          testCase "the other names of a congestion controller are known"
          <| fun () ->
              for name, algorithm in
                  [ "newreno", CongestionControl.NewReno
                    "bbr", CongestionControl.Bbr
                    "copa", CongestionControl.Copa
                    "pcc", CongestionControl.Pcc
                    "pcc-allegro", CongestionControl.Pcc
                    "pcc_allegro", CongestionControl.Pcc
                    "pcc-vivace", CongestionControl.PccVivace
                    "pcc_vivace", CongestionControl.PccVivace
                    "vivace", CongestionControl.PccVivace ] do
                  let config = measured $"client --congestion-control {name}"
                  Expect.equal config.CongestionControl algorithm name

          testCase "crr may resume its sessions"
          <| fun () -> Expect.isTrue (measured "client --mode crr --resume").Resume "it does"

          testCase "each subcommand explains its options, and so does the tool its subcommands"
          <| fun () ->
              for line, part in
                  [ "--help", "run one benchmark"
                    "client --help", "--requests-in-flight"
                    "server --help", "--certificate-chain" ] do
                  match parse line with
                  | Ok(Help usage) -> Expect.stringContains usage part line
                  | other -> failtest $"no help: {other}"

          testCase "of an option given twice the later one holds"
          <| fun () -> Expect.equal (measured "client --port 1 --port 2").Port 2us "the port"

          testCase "zero is a size, an absent probe limit and an endless wait"
          <| fun () ->
              let config =
                  measured "client --request-bytes 0 --pmtud-max-datagram-size 0 --connect-timeout 0s"

              Expect.equal config.RequestBytes 0UL "the request"
              Expect.isNone config.PmtudMaxDatagramSize "the probe limit"
              Expect.isNone config.ConnectTimeout "the wait"

          testCase "a run is timed where nothing bounds it"
          <| fun () ->
              for line, expected in
                  [ "client", true
                    "client --requests 5", true
                    "client --total-bytes 0", false
                    "client --mode rr --total-bytes 5", true
                    "client --mode crr --requests 0", false ] do
                  Expect.equal (Config.isTimed (measured line)) expected line

          for line, fault in refused do
              testCase $"'{line}' is refused with a sentence and the usage"
              <| fun () ->
                  match faults line with
                  | [ sentence ] -> Expect.stringContains sentence fault "the sentence"
                  | several -> failtest $"not one fault: {several}"

          testCase "all faults are told at once"
          <| fun () ->
              let told = faults "client --port no --streams 0 --mode rr --direction upload"
              Expect.hasLength told 3 "the faults"

          testCase "help is no fault"
          <| fun () ->
              match parse "client --help" with
              | Ok(Help usage) -> Expect.stringContains usage "--total-bytes" "the usage"
              | other -> failtest $"not help: {other}" ]
