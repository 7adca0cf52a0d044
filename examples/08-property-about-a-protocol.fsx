// A property about a protocol of one's own: FsCheck finds the network in which it fails, and makes it small; the failing run is
// recorded, replayed and explained. Once: dotnet fsi build.fsx build. Then: dotnet fsi examples/08-property-about-a-protocol.fsx
#load "../artifacts/CoQuic.Testing.fsx"

open System
open System.IO
open FsCheck
open FsCheck.FSharp
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Testing

let ok result =
    result |> Result.defaultWith (fun error -> failwith $"{error}")

// 1. A shop takes orders, each on a stream of its own. It believes that they end in the order in which they began: a bug, since
// QUIC promises that for the bytes of one stream, and nothing between two.
let orders = 25

let shop: Program<string list, unit> =
    { Init = [], []
      Update =
        fun _ event taken ->
            match event with
            | Network(Signal.StreamData data) when data.Fin ->
                let taken = taken @ [ Bytes.toString data.Bytes ]

                taken,
                [ if taken.Length = orders then
                      Command.close data.Connection 0UL "thank you"
                      Command.Stop ]
            | Network(Signal.Closed _) -> taken, [ Command.Stop ]
            | Network _
            | Message() -> taken, [] }

/// Sends an order every 5 ms.
let customer: Program<ConnectionHandle option, int> =
    let next number =
        [ if number <= orders then
              Command.After(TimeSpan.FromMilliseconds 5.0, number) ]

    { Init = None, [ Command.connect 1 "shop" 443 ]
      Update =
        fun _ event connection ->
            match event, connection with
            | Network(Signal.HandshakeReady(connection, _)), _ -> Some connection, next 1
            | Message number, Some open' ->
                connection,
                Command.OpenStream(open', StreamKind.Unidirectional, number)
                :: next (number + 1)
            | Network(Signal.StreamOpened(number, open', stream)), _ ->
                connection, [ Command.sendLast open' stream (Bytes.ofString $"order {number}") ]
            | Network(Signal.Closed _), _ -> connection, [ Command.Stop ]
            | _ -> connection, [] }

let identity = ServerIdentity.simulated 1UL "shop"
let shopNode = Node.create "shop" (EndpointConfig.server "orders" identity) shop

let clientConfig =
    EndpointConfig.client "orders"
    |> EndpointConfig.verifiedBy (Trust.only identity)

let customerNode = Node.create "customer" clientConfig customer

/// The property, as an invariant: it is looked at after every step.
let areInOrder taken =
    taken = [ for number in 1 .. List.length taken -> $"order {number}" ]

let network =
    Simulation.create 0UL [ shopNode; customerNode ]
    |> Simulation.always "orders come in order" shopNode areInOrder

// 2. FsCheck tries seeds and links of all kinds, and makes the first that fails smaller as long as it still fails.
let mutable smallest: Conditions option = None
let mutable tried = 0

let holds conditions =
    tried <- tried + 1
    let report = network |> Conditions.apply conditions |> Simulation.run |> ok

    if report.Outcome = Outcome.Stopped then
        true
    else
        smallest <- Some conditions
        false

let config = Config.QuickThrowOnFailure.WithReplay(2026UL, 11UL).WithMaxTest 200

try
    Check.One(config, Prop.forAll (Arbitraries.Conditions()) holds)
    failwith "The bug was not found."
with problem when smallest.IsSome ->
    printfn $"2. FsCheck says: {problem.Message.Trim().Split('\n').[0].TrimEnd()}"

let conditions = Option.get smallest
printfn $"   {tried} networks were tried. The smallest in which it fails: {conditions}"

// 3. The failing run again, written down. It stops at the step that breaks the property.

let report =
    network
    |> Conditions.apply conditions
    |> Simulation.transcribed
    |> Simulation.recorded
    |> Simulation.run
    |> ok

printfn $"\n3. {report}"

// 4. What the shop did is a recording: kept as a file, it is a test that needs neither FsCheck nor a network.
let path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".jsonl")
Recordings.save path (Report.recording shopNode report |> Option.get) |> ok
let recording = Recordings.load path |> ok
printfn $"\n4. {recording}.\n   {Replay.run recording |> ok}."
File.Delete path

// 5. Why? What the link did to datagrams, and what the shop heard last.
let happened = Report.lines report
let hasText (text: string) (line: string) = line.Contains text
printfn "\n5. What happened to datagrams on their way:"

for line in happened |> List.filter (hasText ": ~") do
    printfn $"   {line}"

printfn "   The last orders that the shop heard of:"

let heard = happened |> List.filter (hasText "shop: ReceiveStreamData")

for line in heard |> List.skip (max 0 (heard.Length - 4)) do
    printfn $"   {line}"

printfn $"   {List.last (Report.model shopNode report)} overtook another."

// 6. A shop that goes by the number in the order has no such trouble: the same property holds, in as many networks.
let number (order: string) = int (order.Substring 6)

let carefulNode =
    Node.create
        "shop"
        shopNode.Config
        { shop with
            Update =
                fun now event taken ->
                    let taken, commands = shop.Update now event taken
                    List.sortBy number taken, commands }

let careful = Simulation.create 0UL [ carefulNode; customerNode ]

let isComplete conditions =
    let report = careful |> Conditions.apply conditions |> Simulation.run |> ok
    let taken = Report.model carefulNode report
    report.Outcome = Outcome.Stopped && taken.Length = orders && areInOrder taken

printf "\n6. "
Check.One(config, Prop.forAll (Arbitraries.Conditions()) isComplete)
