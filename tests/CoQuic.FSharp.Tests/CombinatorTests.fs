module CoQuic.FSharp.Tests.CombinatorTests

open System
open Expecto
open Microsoft.FSharp.Reflection
open CoQuic.FSharp
open CoQuic.FSharp.Tests.TransferProgram

let private ms (milliseconds: float) = TimeSpan.FromMilliseconds milliseconds

let private run simulation =
    match Simulation.run simulation with
    | Ok report -> report
    | Error error -> failtest $"{error}"

/// Counts its own ticks, up to three, and hears what it is told.
let private ticker: Program<int * string list, string> =
    let tick = Command.After(ms 10.0, "tick")

    { Init = (0, []), [ tick; Command.After(ms 1.0, "cancelled"); Command.Cancel "cancelled" ]
      Update =
        fun _ event (count, heard) ->
            match event with
            | Message "tick" when count = 2 -> (3, heard), [ Command.Stop ]
            | Message "tick" -> (count + 1, heard), [ tick ]
            | Message other -> (count, other :: heard), []
            | Network _ -> (count, heard), [] }

let private wrap (text: string) : Choice<string, int> = Choice1Of2 text

let private unwrap (message: Choice<string, int>) =
    match message with
    | Choice1Of2 text -> Some text
    | Choice2Of2 _ -> None

[<Tests>]
let mapped =
    testList
        "a program with its messages mapped"
        [ testCase "hears its own messages, and none of the others"
          <| fun () ->
              let node =
                  Node.create "mapped" clientConfig (Program.mapMessages wrap unwrap ticker)
                  |> Node.post (ms 5.0) (Choice1Of2 "posted")
                  |> Node.post (ms 6.0) (Choice2Of2 7)

              let report = Simulation.create 1UL [ node ] |> run
              Expect.equal report.Outcome Outcome.Stopped "it stopped"
              Expect.equal (Report.model node report) (3, [ "posted" ]) "three ticks and one message"

          testCase "does on the network what it did before"
          <| fun () ->
              let plain, simulation = transfer 1UL lossy 50_000

              let mapped =
                  Node.create
                      "client"
                      clientConfig
                      (client "server" (content 1UL 50_000)
                       |> Program.mapMessages (fun () -> "unit") (fun text -> if text = "unit" then Some() else None))

              let report = run simulation

              let again =
                  run
                      { simulation with
                          Nodes = [ mapped; serverNode ] }

              Expect.equal again.Digest report.Digest "the same effects"
              Expect.equal (Report.model mapped again).Answer (Report.model plain report).Answer "and the same model" ]

let private whole size report model =
    Expect.equal report.Outcome Outcome.Stopped "all stop"
    Expect.equal (answer model) (digest (content 1UL size)) "the whole answer"

[<Tests>]
let beside =
    testList
        "two programs beside each other"
        [ testCase "two clients on one endpoint use the same tag, and get each its own answer"
          <| fun () ->
              let first = client "server" (content 1UL 40_000)
              let second = client "server" (content 2UL 60_000)
              let both = Program.beside (fun _ -> ProgramSide.First) first second
              let node = Node.create "client" clientConfig both
              let server = Node.create "server" serverConfig (server 2)
              let report = Simulation.create 1UL [ node; server ] |> Simulation.over lossy |> run
              let model = Report.model node report
              Expect.equal report.Outcome Outcome.Stopped "all stop"
              Expect.equal (answer model.First) (digest (content 1UL 40_000)) "the first one's"
              Expect.equal (answer model.Second) (digest (content 2UL 60_000)) "the second one's"

              for signals in [ model.First.Signals; model.Second.Signals ] do
                  match List.last signals with
                  | Signal.Opened(1, _) -> ()
                  | other -> failtest $"{other}"

          testCase "a server's connections go to the program of their protocol"
          <| fun () ->
              let speaking protocol (config: EndpointConfig) =
                  { config with
                      ApplicationProtocols = [ protocol ] }

              let clients =
                  [ for protocol in [ "one"; "two"; "two" ] -> protocol ]
                  |> List.mapi (fun index protocol ->
                      Node.create
                          $"client{index}"
                          (speaking protocol clientConfig)
                          (client "server" (content 1UL 20_000)))

              let serverNode =
                  Node.create
                      "server"
                      { serverConfig with
                          ApplicationProtocols = [ "one"; "two" ] }
                      (Program.byProtocol "one" (server 1) (server 2))

              let report =
                  Simulation.create 1UL (serverNode :: [ for node in clients -> node ])
                  |> Simulation.over lossy
                  |> run

              for node in clients do
                  whole 20_000 report (Report.model node report)

              let model = Report.model serverNode report
              Expect.equal (model.First.Total, model.Second.Total) (20_000, 40_000) "each had its own"
              Expect.isEmpty model.Undecided "nobody is left over"
              Expect.isEmpty model.Sharing.Owners "and nothing is kept of what has ended"

          testCase "messages and timers are each program's own"
          <| fun () ->
              let node =
                  Node.create "two" clientConfig (Program.beside (fun _ -> ProgramSide.First) ticker ticker)
                  |> Node.post (ms 5.0) (Choice2Of2 "for the second")

              let report = Simulation.create 1UL [ node ] |> run
              let model = Report.model node report
              Expect.equal report.Outcome Outcome.Stopped "both stopped"
              Expect.equal (model.First, model.Second) ((3, []), (3, [ "for the second" ])) "each its own"

          testCase "one that has stopped takes no new connection, and the other goes on"
          <| fun () ->
              let quitter: Program<int, unit> =
                  { Init = 0, [ Command.Stop; Command.connect 1 "server" 443 ]
                    Update = fun _ _ heard -> heard + 1, [] }

              let node =
                  Node.create
                      "client"
                      clientConfig
                      (Program.beside (fun _ -> ProgramSide.First) quitter (client "server" (content 1UL 1000)))

              let report = Simulation.create 1UL [ node; serverNode ] |> run
              let model = Report.model node report
              whole 1000 report model.Second
              Expect.equal model.First 0 "the first heard nothing" ]

/// Answers the streams of one connection, and remembers how many bytes came.
let private answering connection : Program<int, string> =
    { Init = 0, [ Command.After(ms 5.0, $"hello {connection}") ]
      Update =
        fun _ event count ->
            match event with
            | Network(Signal.StreamData data) ->
                let count = count + data.Bytes.Length

                count,
                [ if data.Fin then
                      Command.sendLast data.Connection data.Stream (Bytes.ofString $"{connection} sent {count}") ]
            | Message text when text <> $"hello {connection}" -> failtest $"{connection} heard '{text}'"
            | Network _
            | Message _ -> count, [] }

let private asking size = client "server" (content 1UL size)

[<Tests>]
let perConnection =
    testList
        "a program for each connection"
        [ testCase "each connection has a model of its own, which ends with it"
          <| fun () ->
              let sizes = [ 1_000; 20_000; 300 ]

              let clients =
                  sizes
                  |> List.mapi (fun index size -> Node.create $"client{index}" clientConfig (asking size))

              let server = Node.create "server" serverConfig (Program.perConnection answering)

              let report =
                  Simulation.create 1UL (server :: [ for node in clients -> node ])
                  |> Simulation.over lossy
                  |> run

              let said node =
                  Report.model node report |> answer |> Bytes.toString

              for size, node in List.zip sizes clients do
                  Expect.stringEnds (said node) $"sent {size}" "its own count"

              Expect.hasLength (clients |> List.map said |> List.distinct) 3 "of three connections"
              Expect.isEmpty (Report.model server report).Models "nothing is kept of what has ended"
              Expect.isEmpty (Report.model server report).Sharing.Owners "nor who had it"

          testCase "stopping closes the connection alone"
          <| fun () ->
              let rude _ : Program<unit, unit> =
                  { Init = (), []
                    Update =
                      fun _ event () ->
                          match event with
                          | Network(Signal.HandshakeReady _) -> (), [ Command.Stop ]
                          | Network _
                          | Message() -> (), [] }

              let first = Node.create "client1" clientConfig (asking 100)
              let second = Node.create "client2" clientConfig (asking 100)
              let server = Node.create "server" serverConfig (Program.perConnection rude)

              let report =
                  Simulation.create 1UL [ server; first; second ] |> Simulation.over lossy |> run

              for node in [ first; second ] do
                  match (Report.model node report).Signals with
                  | Signal.Closed closed :: _ -> Expect.equal closed.Reason.Origin CloseOrigin.Peer "by the server"
                  | other -> failtest $"%A{other}"

              Expect.equal report.Outcome Outcome.Idle "the server goes on" ]

/// What each input is reached by: a command, or the host itself.
let private reachedBy name =
    match name with
    | "OpenConnection" -> "Open"
    | "SendStreamData" -> "Send"
    | "ConsumeStreamData" -> "Consume"
    | "ResetStream" -> "Reset"
    | "CloseConnection" -> "Close"
    | "InboundDatagram"
    | "TimerExpired"
    | "PathMtuUpdate"
    | "AnchorCalendar" -> "the host"
    | same -> same

[<Tests>]
let commands =
    testCase "a program reaches every input that is not the host's own"
    <| fun () ->
        let commands =
            FSharpType.GetUnionCases typeof<Command<unit>>
            |> Array.map _.Name
            |> Set.ofArray

        let unreached =
            [ for input in FSharpType.GetUnionCases typeof<Input> do
                  let command = reachedBy input.Name

                  if command <> "the host" && not (commands.Contains command) then
                      input.Name ]

        Expect.isEmpty unreached "each has a command"
