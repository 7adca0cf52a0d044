// A connection by hand: two endpoints, no socket and no clock. Each step takes a value and gives a value to look at.
// Once: dotnet fsi build.fsx build. Then: dotnet fsi examples/03-effects-by-hand.fsx
#load "../artifacts/CoQuic.fsx"

open CoQuic.FSharp

let ok result =
    result |> Result.defaultWith (fun error -> failwith $"{error}")

let show title results =
    printfn $"\n{title}"
    Pair.describe results |> List.iter (printfn "  %s")

// The seed decides every random byte, so that everything below is the same each time.
let identity = ServerIdentity.simulated 1UL "server"
let server = EndpointConfig.server "by hand" identity

let client =
    EndpointConfig.client "by hand"
    |> EndpointConfig.verifiedBy (Trust.only identity)

let start = Pair.create 1UL client server |> ok

// 1. The client opens a connection. Nothing is sent: the datagrams are effects, and wait until we deliver them.
let handle, opened, asked = Pair.connect "server" start
let connection = Option.get handle
printfn $"1. The client opens {connection}:\n{opened}"

// 2. Step by step. A step lets 10 ms pass and delivers what is under way.
let firstStep, answered = Pair.step asked
show "2. The server hears of it, and answers:" firstStep

let secondStep, handshaken = Pair.step answered
show "   The client hears the answer:" secondStep

let rest, ready = Pair.exchange 10 handshaken
show "   And so on until nothing is under way:" rest

// 3. A stream is opened by its first bytes.
let stream = StreamId.clientBidirectional 0UL

let _, sent =
    Pair.send Role.Client connection stream true (Bytes.ofString "Is anybody there?") ready

let heard, _ = Pair.exchange 10 sent
show "3. The client asks on a stream:" heard

// 4. The same again, but what is under way gets lost. Values are cheap to change.
let _, again =
    Pair.send Role.Client connection (StreamId.clientBidirectional 1UL) true (Bytes.ofString "Once more!") ready

let lost = { again with ToServer = [] }
printfn $"\n4. The datagram is lost; the client would notice at {Pair.nextWakeup lost |> Option.get}."
let probes, waiting = Pair.wake lost
show "   Its timer goes off, and it says so again:" probes
let repeated, _ = Pair.exchange 10 waiting
show "   This time it arrives:" repeated

Pair.dispose ready
