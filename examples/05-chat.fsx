// A chat over DATAGRAM frames (RFC 9221), which may be lost: one pair of programs, in a network that loses a tenth of all
// datagrams, and then on sockets. Once: dotnet fsi build.fsx build. Then: dotnet fsi examples/05-chat.fsx
#load "../artifacts/CoQuic.fsx"

open System
open System.Net
open CoQuic.FSharp
open CoQuic.Runtime

// Whoever chats tells the room, ten times a second, how many lines it has heard, and its next line until it has heard that one
// too. The room answers with lines that are missing. Whatever is lost is asked for again.

type Tick = Tick

let datagram connection (words: string list) =
    Command.SendDatagram
        { Connection = connection
          Bytes = Bytes.ofString (String.Join("\n", words))
          Priority = 0 }

let words (bytes: Bytes) =
    (Bytes.toString bytes).Split '\n' |> List.ofArray

/// The lines of the room, in order, and how many have left.
type Room = { Lines: string list; Left: int }

/// A room that closes when so many have come and gone.
let room guests : Program<Room, Tick> =
    let said name (lines: string list) =
        lines |> List.filter (fun line -> line.StartsWith $"{name}: ") |> List.length

    let missing connection heard (lines: string list) =
        List.indexed lines
        |> List.skip (min heard lines.Length)
        |> List.truncate 4
        |> List.map (fun (number, line) -> datagram connection [ string number; line ])

    let hear connection bytes room =
        match words bytes with
        | [ heard; name; number; line ] ->
            let isNew = line <> "" && int number = said name room.Lines

            let room =
                { room with
                    Lines =
                        room.Lines
                        @ [ if isNew then
                                $"{name}: {line}" ] }

            room, missing connection (int heard) room.Lines
        | _ -> room, []

    let update _ event room =
        match event with
        | Network(Signal.Datagram received) -> hear received.Connection received.Bytes room
        | Network(Signal.Closed _) when room.Left + 1 = guests -> { room with Left = guests }, [ Command.Stop ]
        | Network(Signal.Closed _) -> { room with Left = room.Left + 1 }, []
        | _ -> room, []

    { Init = { Lines = []; Left = 0 }, []
      Update = update }

/// Whom it talks to, and what it has heard.
type Guest =
    { Connection: ConnectionHandle option
      Heard: string list }

/// Says its lines, and leaves when it has heard `total`, its own included.
let guest name (lines: string list) total host port : Program<Guest, Tick> =
    let tick = Command.After(TimeSpan.FromMilliseconds 100.0, Tick)

    let tell guest =
        match guest.Connection with
        | None -> []
        | Some connection ->
            let own =
                guest.Heard
                |> List.filter (fun line -> line.StartsWith $"{name}: ")
                |> List.length

            let next = List.tryItem own lines |> Option.defaultValue ""

            [ datagram connection [ string guest.Heard.Length; name; string own; next ]
              tick ]

    let hear connection bytes (guest: Guest) =
        match words bytes with
        | [ number; line ] when int number = guest.Heard.Length ->
            let guest =
                { guest with
                    Heard = guest.Heard @ [ line ] }

            let isAll = guest.Heard.Length = total

            guest,
            [ if isAll then
                  Command.close connection 0UL "good night"
                  Command.Stop ]
        | _ -> guest, []

    let update _ event (guest: Guest) =
        match event with
        | Network(Signal.HandshakeReady(connection, _)) ->
            let guest =
                { guest with
                    Connection = Some connection }

            guest, tell guest
        | Network(Signal.Datagram received) -> hear received.Connection received.Bytes guest
        | Network(Signal.Refused _)
        | Network(Signal.Closed _) -> guest, [ Command.Stop ]
        | Message Tick -> guest, tell guest
        | Network _ -> guest, []

    { Init = { Connection = None; Heard = [] }, [ Command.connect 1 host port ]
      Update = update }

// Two guests in one room.
let ada = [ "Good evening!"; "Has anybody seen my datagram?"; "Ah, there it is." ]
let bob = [ "Hello Ada."; "One in ten gets lost here."; "It was under the sofa." ]
let total = ada.Length + bob.Length

let withDatagrams (config: EndpointConfig) =
    { config with
        Transport.MaxDatagramFrameSize = 1200UL }

let identity = ServerIdentity.simulated 1UL "localhost"
let server = EndpointConfig.server "chat" identity |> withDatagrams

let client =
    EndpointConfig.client "chat"
    |> EndpointConfig.verifiedBy (Trust.only identity)
    |> withDatagrams

/// The guests' programs, given the room's port.
let guests port =
    [ "Ada", guest "Ada" ada total "localhost" port
      "Bob", guest "Bob" bob total "localhost" port ]

// 1. In a simulated network that loses 10 %.
let nodes = [ for name, program in guests 443 -> Node.create name client program ]
let roomNode = Node.create "localhost" server (room 2)

let link =
    Link.ideal |> Link.delay (TimeSpan.FromMilliseconds 30.0) |> Link.loss 0.1

let report =
    Simulation.create 5UL (roomNode :: [ for node in nodes -> node ])
    |> Simulation.over link
    |> Simulation.run
    |> Result.defaultWith (fun error -> failwith $"{error}")

let simulated = (Report.model nodes.Head report).Heard

printfn
    $"Simulated, {report.DatagramsSent - report.DatagramsDelivered} of {report.DatagramsSent} datagrams did not arrive:"

simulated |> List.iter (printfn "  %s")

// 2. The same programs on sockets.
let started options program =
    Runtime.start options program
    |> Result.defaultWith (fun error -> failwith $"{error}")

let serving =
    started (RuntimeOptions.bound (IPEndPoint(IPAddress.Loopback, 0)) server) (room 2)

let running =
    [ for _, program in guests serving.LocalEndPoint.Port -> started (RuntimeOptions.create client) program ]

let heard = [ for agent in running -> agent.Completion.Result.Heard ]
serving.Completion.Wait()
printfn $"On sockets at {serving.LocalEndPoint}:"
heard.Head |> List.iter (printfn "  %s")

let isWhole lines = List.sort lines = List.sort simulated

exit (
    if simulated.Length = total && List.forall isWhole heard then
        0
    else
        1
)
