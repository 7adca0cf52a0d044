/// A transfer comes through whatever links do to it, and the report says what they did.
module CoQuic.FSharp.Tests.ConditionTests

open System
open Expecto
open CoQuic.FSharp
open CoQuic.FSharp.Tests.TransferProgram
open CoQuic.Tests

let private ms (milliseconds: float) = TimeSpan.FromMilliseconds milliseconds
let private size = 200_000
let private base' = Link.ideal |> Link.delay (ms 20.0)

let private run simulation =
    match Simulation.run simulation with
    | Ok report -> report
    | Error error -> failtest $"{error}"

let private expectWhole seed node report =
    Expect.equal report.Outcome Outcome.Stopped $"seed {seed}: both programs end"
    Expect.equal (answer (Report.model node report)) (digest (content 1UL size)) $"seed {seed}: every byte arrived"

let private seeds = [ 1UL .. uint64 (max 1 (Scale.current.Seeds / 4)) ]

/// A transfer over such links arrives, and `occurred` is what links did to datagrams.
let private survives name link (occurred: Traffic -> int) =
    testCase $"a transfer comes through {name}"
    <| fun () ->
        let total =
            [ for seed in seeds do
                  let node, simulation = transfer seed link size
                  let report = run simulation
                  expectWhole seed node report
                  occurred report.Traffic ]
            |> List.sum

        Expect.isGreaterThan total 0 "it happened"

let private bottleneck marking =
    Stage.Bottleneck
        { BitsPerSecond = 5_000_000L
          QueueBytes = 30_000
          MarkingBytes = marking }

[<Tests>]
let conditions =
    testList
        "links of all kinds"
        [ survives "independent losses" (base' |> Link.loss 0.1) _.Lost
          // Longer bursts take six acknowledgements in a row now and then, and with them the idle timeout's patience.
          survives "bursts of losses" (base' |> Link.burstLoss 0.05 1.5) _.Lost
          survives "jitter" (base' |> Link.jitter (ms 15.0)) _.Delivered
          survives "reordering" (base' |> Link.reordering 0.2 (ms 10.0)) _.HeldBack
          survives "duplication" (base' |> Link.duplication 0.3) _.Duplicated
          survives "corruption" (base' |> Link.corruption 0.1) _.Corrupted
          survives "a bottleneck with a short queue" (base' |> Link.thenStage (bottleneck None)) _.Lost
          survives "a bottleneck that marks" (base' |> Link.thenStage (bottleneck (Some 8_000))) _.Marked
          survives "marks at random" (base' |> Link.marking 0.2) _.Marked
          survives "an MTU of 1200 bytes" (base' |> Link.mtu 1200) _.Lost
          survives "a black hole" (base' |> Link.blackHole (ms 100.0) (ms 1500.0)) _.Lost
          survives
              "all at once"
              (Link.ideal
               |> Link.loss 0.02
               |> Link.bottleneck 20_000_000L 100_000
               |> Link.delay (ms 20.0)
               |> Link.jitter (ms 5.0)
               |> Link.reordering 0.05 (ms 8.0)
               |> Link.duplication 0.05
               |> Link.corruption 0.02
               |> Link.marking 0.05)
              _.Corrupted

          testCase "where marks are bleached, endpoints stop marking"
          <| fun () ->
              let node, simulation = transfer 1UL (base' |> Link.bleaching) size
              let report = simulation |> Simulation.transcribed |> run
              expectWhole 1UL node report

              let marks =
                  [ for _, _, effect in Transcript.effects report.Transcript do
                        match effect with
                        | SendDatagram run -> run.Ecn
                        | _ -> () ]

              Expect.contains marks EcnCodepoint.Ect0 "they begin with ECT(0)"
              Expect.equal (List.last marks) EcnCodepoint.NotEct "and end without (RFC 9000 §13.4.2)"

          testCase "a link of its own is of its direction alone"
          <| fun () ->
              let node, simulation = transfer 1UL base' size

              let report =
                  simulation
                  |> Simulation.between serverNode node (Link.ideal |> Link.delay (ms 500.0))
                  |> Simulation.transcribed
                  |> run

              expectWhole 1UL node report

              let firstAt name =
                  report.Transcript |> List.find (fun entry -> entry.Node = name) |> _.At

              Expect.equal (firstAt "server") (TimeUs.ofMilliseconds 20.0) "20 ms there"

              let heard =
                  report.Transcript
                  |> List.find (fun entry ->
                      match entry.Node, entry.Event with
                      | "client", TranscriptEvent.Input(Input.InboundDatagram _) -> true
                      | _ -> false)

              Expect.equal heard.At (TimeUs.ofMilliseconds 520.0) "500 ms back"

          testCase "a connection survives that its address translation forgets it"
          <| fun () ->
              let times = [ ms 150.0; ms 400.0 ]

              for seed in seeds do
                  let node, simulation =
                      transfer seed (base' |> Link.bottleneck 2_000_000L 50_000) size

                  let report =
                      simulation |> Simulation.rebinding node times |> Simulation.transcribed |> run

                  expectWhole seed node report

                  let moves =
                      [ for _, name, effect in Transcript.effects report.Transcript do
                            match effect with
                            | PathChanged change when name = "server" && change.OldRoute.IsSome -> change
                            | _ -> () ]

                  Expect.isGreaterThanOrEqual moves.Length 2 $"seed {seed}: the server sees it move (RFC 9000 §9.3.3)"
                  Expect.isGreaterThan report.Traffic.Lost 0 $"seed {seed}: what was sent to the old port is lost"

          testCase "nobody reaches a node behind an address translation"
          <| fun () ->
              let node, simulation = transfer 1UL base' 10

              let report =
                  simulation
                  |> Simulation.rebinding serverNode []
                  |> Simulation.transcribed
                  |> run

              Expect.exists
                  (Report.lines report)
                  _.EndsWith("lost: nobody is there")
                  "and it is said what became of them"

              match (Report.model node report).Signals with
              | Signal.Closed closed :: _ ->
                  Expect.equal closed.Reason.Origin CloseOrigin.HandshakeTimeout "its packets arrive nowhere"
              | other -> failtest $"%A{other}" ]

[<Tests>]
let mistakes =
    testList
        "simulations that cannot be"
        [ testCase "every fault of every link is told, with its path"
          <| fun () ->
              let node, simulation = transfer 1UL (Link.ideal |> Link.loss 2.0) 10

              match
                  simulation
                  |> Simulation.between node serverNode (Link.ideal |> Link.mtu -1)
                  |> Simulation.run
              with
              | Error(SimulationError.Links faults) ->
                  Expect.equal
                      (faults |> List.map _.Path)
                      [ "Link.Stages[0]"; "Links[client, server].Stages[0]" ]
                      "both"
              | Error other -> failtest $"{other}"
              | Ok _ -> failtest "it ran"

          testCase "a link to nobody is refused"
          <| fun () ->
              let node, simulation = transfer 1UL Link.ideal 10
              let stranger = Node.create "stranger" clientConfig (client "server" Bytes.empty)

              match simulation |> Simulation.between node stranger Link.ideal |> Simulation.run with
              | Error(SimulationError.UnknownNode "stranger") -> ()
              | Error other -> failtest $"{other}"
              | Ok _ -> failtest "it ran" ]

[<Tests>]
let records =
    testList
        "what a simulation writes down"
        [ testCase "a recorded node is replayed, byte for byte"
          <| fun () ->
              let node, simulation = transfer 3UL lossy 100_000
              let report = simulation |> Simulation.recorded |> run
              let plain = run simulation
              Expect.equal report.Digest plain.Digest "being recorded changes nothing"

              for recorded in [ Report.recording node report; Report.recording serverNode report ] do
                  match recorded |> Option.map Replay.run with
                  | Some(Ok replayed) ->
                      Expect.equal replayed.Divergence None "the same again"
                      Expect.isGreaterThan replayed.Results.Length 10 "all of it"
                  | other -> failtest $"%A{other}"

          testCase "without being asked, nothing is kept"
          <| fun () ->
              let node, simulation = transfer 3UL lossy 1000
              let report = run simulation
              Expect.isNone (Report.recording node report) "no recording"
              Expect.isEmpty report.Transcript "no transcript"

          testCase "the transcript has inputs, effects, and what became of datagrams"
          <| fun () ->
              let _, simulation =
                  transfer 1UL (base' |> Link.losing [ 2 ] |> Link.corrupting [ 3 ]) 10_000

              let report = simulation |> Simulation.transcribed |> run
              let lines = Report.lines report

              for part in
                  [ "+0.000 ms client: > OpenConnection"
                    "server: > InboundDatagram"
                    "server: ReceiveStreamData"
                    "lost: loss number 2"
                    "corrupted at bit" ] do
                  Expect.exists lines (fun line -> line.Contains part) part

              let lost = lines |> List.filter _.Contains(" lost: ")
              Expect.hasLength lost report.Traffic.Lost "each lost datagram"

          testCase "a report says in a line what it came to"
          <| fun () ->
              let _, simulation = transfer 1UL (base' |> Link.losing [ 2 ]) 10_000
              let line = string (run simulation)
              Expect.stringStarts line "Stopped at " "the outcome"
              Expect.stringContains line " lost, " "the losses"

          testCase "a node is posted messages at their times, as a user would"
          <| fun () ->
              let listener: Program<(TimeUs * string) list, string> =
                  { Init = [], []
                    Update =
                      fun now event heard ->
                          match event with
                          | Message "stop" -> heard, [ Command.Stop ]
                          | Message text -> (now, text) :: heard, []
                          | Network _ -> heard, [] }

              let node =
                  Node.create "user" clientConfig listener
                  |> Node.post (ms 20.0) "second"
                  |> Node.post (ms 10.0) "first"
                  |> Node.post (ms 30.0) "stop"
                  |> Node.post (ms 40.0) "late"

              let report = Simulation.create 1UL [ node ] |> Simulation.transcribed |> run

              Expect.equal
                  (Report.lines report)
                  [ "+0.000 ms user: > posted: first"
                    "+10.000 ms user: > posted: second"
                    "+20.000 ms user: > posted: stop" ]
                  "the transcript has them, with times since the first"

              Expect.equal
                  (List.rev (Report.model node report))
                  [ TimeUs.ofMilliseconds 10.0, "first"; TimeUs.ofMilliseconds 20.0, "second" ]
                  "in the order of their times, and nothing after the stop"

              Expect.equal report.Outcome Outcome.Stopped "it stopped" ]
