module CoQuic.FSharp.Tests.SimulationTests

open System
open System.Diagnostics
open System.IO
open Expecto
open CoQuic.FSharp
open CoQuic.FSharp.Tests.TransferProgram
open CoQuic.Tests

let private mebibyte = 1 <<< 20

let private run simulation =
    match Simulation.run simulation with
    | Ok report -> report
    | Error error -> failtest $"%A{error}"

/// The argument that makes this program a child: it prints the digest of one run.
let childArgument = "--print-transfer-digest"

let private digestOf seed =
    let _, simulation = transfer seed lossy (mebibyte / 4)
    (run simulation).Digest

/// What the child process prints.
let printDigest (seed: string) =
    printfn $"{digestOf (uint64 seed)}"
    0

let private digestInAnotherProcess (seed: uint64) =
    let assembly = Reflection.Assembly.GetExecutingAssembly().Location
    let host = Environment.ProcessPath |> nonNull
    let isHost = Path.GetFileNameWithoutExtension host = "dotnet"

    let arguments =
        [ if isHost then
              assembly
          childArgument
          string seed ]

    use child =
        Process.Start(ProcessStartInfo(host, arguments, RedirectStandardOutput = true))
        |> nonNull

    let text = child.StandardOutput.ReadToEnd().Trim()
    child.WaitForExit()
    Expect.equal child.ExitCode 0 "the child succeeds"
    text

let private expectTransfer seed size =
    let node, simulation = transfer seed lossy size
    let report = run simulation
    Expect.equal report.Outcome Outcome.Stopped $"seed {seed}: both programs end"
    let model = Report.model node report
    Expect.equal (answer model) (digest (content 1UL size)) $"seed {seed}: the server had every byte"
    report

[<Tests>]
let transfers =
    testList
        "simulated transfers"
        [ testCase "on an ideal link a transfer takes no time and loses nothing"
          <| fun () ->
              let node, simulation = transfer 1UL Link.ideal mebibyte
              let report = run simulation
              Expect.equal report.Outcome Outcome.Stopped "both programs end"
              Expect.isTrue (Report.model node report).IsAnswered "answered"
              Expect.equal report.DatagramsSent report.DatagramsDelivered "all arrive"

          testCase $"4 MiB over 50 ms and 5 %% loss each way arrive whole, for each of {Scale.current.Seeds} seeds"
          <| fun () ->
              for seed in 1UL .. uint64 Scale.current.Seeds do
                  let report = expectTransfer seed (4 * mebibyte)
                  Expect.isLessThan report.DatagramsDelivered report.DatagramsSent $"seed {seed}: some were lost"

          Engines.needing Capabilities.HandshakeInformation "a client hears of its handshake what it settled"
          <| fun () ->
              let node, simulation = transfer 1UL Link.ideal 1000
              let signals = (Report.model node (run simulation)).Signals

              let settled =
                  signals
                  |> List.tryPick (function
                      | Signal.HandshakeReady(_, information) -> information
                      | _ -> None)

              match settled with
              | Some information ->
                  Expect.equal information.ApplicationProtocol "transfer" "the protocol"
                  Expect.isFalse information.PeerCertificate.IsEmpty "the server's certificate"
              | None -> failtest "no information"

          Engines.needing Capabilities.InjectedSources "one seed gives the identical list of effects twice"
          <| fun () ->
              let once () =
                  let _, simulation = transfer 7UL lossy (mebibyte / 2)

                  simulation |> Simulation.transcribed |> run

              let first, second = once (), once ()
              Expect.isNonEmpty first.Transcript "there are effects"
              Expect.isTrue (first.Transcript = second.Transcript) "every effect, with its instant and all its bytes"
              Expect.equal first.Digest second.Digest "so the digests agree"

          Engines.needing Capabilities.InjectedSources "one seed gives the same effects in another process"
          <| fun () -> Expect.equal (digestInAnotherProcess 7UL) (digestOf 7UL) "the digest of all effects"

          Engines.needing Capabilities.InjectedSources "another seed gives another run"
          <| fun () -> Expect.notEqual (digestOf 7UL) (digestOf 8UL) "chance differs" ]

[<Tests>]
let network =
    testList
        "simulated network"
        [ testCase "a host that nobody is gets its open refused"
          <| fun () ->
              let lonely =
                  Node.create "client" clientConfig (client "nobody" (Bytes.ofString "hello"))

              let report = Simulation.create 1UL [ lonely ] |> run
              Expect.equal report.Outcome Outcome.Stopped "the program gives up"

              match (Report.model lonely report).Signals with
              | [ Signal.Refused(1, OpenError.HostNotFound "nobody") ] -> ()
              | other -> failtest $"%A{other}"

          testCase "a server that hears nothing waits for ever, and the simulation says so"
          <| fun () ->
              let report = Simulation.create 1UL [ serverNode ] |> run
              Expect.equal (report.Outcome, report.Now) (Outcome.Idle, TimeUs.zero) "idle from the beginning"

          Engines.needing Capabilities.HandshakeTimeout "a link that loses everything ends in a handshake timeout"
          <| fun () ->
              let node, simulation = transfer 1UL (Link.ideal |> Link.loss 1.0) 10
              let report = run simulation

              match (Report.model node report).Signals with
              | Signal.Closed closed :: _ ->
                  Expect.equal closed.Reason.Origin CloseOrigin.HandshakeTimeout "the reason"
                  Expect.isGreaterThanOrEqual report.Now (TimeUs.ofSeconds 10.0) "after ten seconds of virtual time"
              | other -> failtest $"%A{other}"

          testCase "a simulation ends at its limits"
          <| fun () ->
              let _, simulation = transfer 1UL lossy mebibyte

              Expect.equal (run { simulation with StepLimit = 5 }).Outcome Outcome.StepLimit "steps"

              Expect.equal
                  (run
                      { simulation with
                          TimeLimit = TimeSpan.FromMilliseconds 120.0 })
                      .Outcome
                  Outcome.TimeLimit
                  "time"

          testCase "a simulation ends when what it waits for has come about"
          <| fun () ->
              let _, simulation = transfer 1UL lossy mebibyte

              let report =
                  simulation
                  |> Simulation.until serverNode (fun server -> server.Total >= 100_000)
                  |> run

              Expect.equal report.Outcome Outcome.Reached "reached"
              Expect.isLessThan (Report.model serverNode report).Total mebibyte "before the end"

          testCase "two nodes of one name are refused"
          <| fun () ->
              match Simulation.create 1UL [ serverNode; serverNode ] |> Simulation.run with
              | Error(SimulationError.DuplicateName "server") -> ()
              | Error other -> failtest $"%A{other}"
              | Ok _ -> failtest "it ran"

          testCase "a node whose configuration cannot work is named"
          <| fun () ->
              let config =
                  { clientConfig with
                      ApplicationProtocols = [] }

              let node = Node.create "client" config (client "server" Bytes.empty)

              match Simulation.create 1UL [ node ] |> Simulation.run with
              | Error(SimulationError.Endpoint("client", EndpointError.Configuration [ fault ])) ->
                  Expect.equal fault.Path "ApplicationProtocols" "its fault"
              | Error other -> failtest $"%A{other}"
              | Ok _ -> failtest "it ran"

          testCase "many clients share a server, and each gets its own answer"
          <| fun () ->
              let contentOf number = content (uint64 number) 50_000

              let clients =
                  [ for number in 1..5 ->
                        Node.create $"client{number}" clientConfig (client "server" (contentOf number)) ]

              let server = Node.create "server" serverConfig (server 5)

              let report =
                  Simulation.create 3UL (server :: [ for node in clients -> node :> Node ])
                  |> Simulation.over lossy
                  |> run

              Expect.equal report.Outcome Outcome.Stopped "all end"

              for number, node in List.indexed clients do
                  Expect.equal
                      (answer (Report.model node report))
                      (digest (contentOf (number + 1)))
                      $"the answer of client {number + 1}" ]

[<Tests>]
let entropy =
    testList
        "seeded entropy"
        [ testCase "seed and label decide the bytes, in every process"
          <| fun () ->
              let draw seed label count =
                  let bytes = Array.zeroCreate<byte> count
                  SeededEntropy(seed, label).Fill(Span bytes)
                  Bytes.ofArray bytes

              Expect.equal (draw 1UL "a" 100) (draw 1UL "a" 100) "the same"
              Expect.notEqual (draw 1UL "a" 100) (draw 2UL "a" 100) "another seed"
              Expect.notEqual (draw 1UL "a" 100) (draw 1UL "b" 100) "another label"

              Expect.equal
                  (Bytes.toHex (draw 1UL "pinned" 16))
                  "cd09d3807bf6fcecb05d9c38b4721fb7"
                  "pinned, so that a transcript of today can be repeated tomorrow"

          Generators.property "how much is drawn at a time does not matter" (fun (sizes: uint8 list) ->
              let total = sizes |> List.sumBy int
              let whole = Array.zeroCreate<byte> total
              SeededEntropy(5UL, "x").Fill(Span whole)
              let source = SeededEntropy(5UL, "x")

              let parts =
                  [ for size in sizes do
                        let part = Array.zeroCreate<byte>(int size)
                        source.Fill(Span part)
                        yield! part ]

              Array.ofList parts = whole) ]
