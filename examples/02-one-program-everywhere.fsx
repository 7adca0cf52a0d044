// One pure program, in a simulated network with loss and then on sockets.
// Once: dotnet fsi build.fsx build. Then: dotnet fsi examples/02-one-program-everywhere.fsx
#load "../artifacts/CoQuic.fsx"

open System
open System.Net
open CoQuic.FSharp
open CoQuic.Runtime

/// Answers each stream with as many bytes as came on it, and ends with its client.
let echo: Program<Map<StreamId, Bytes list>, unit> =
    let onSignal signal (received: Map<StreamId, Bytes list>) =
        match signal with
        | Signal.StreamData data ->
            let parts =
                data.Bytes :: (Map.tryFind data.Stream received |> Option.defaultValue [])

            let answer =
                Command.sendLast data.Connection data.Stream (parts |> List.rev |> Bytes.concat)

            Map.add data.Stream parts received,
            [ if data.Fin then
                  answer ]
        | Signal.Closed _ -> received, [ Command.Stop ]
        | _ -> received, []

    { Init = Map.empty, []
      Update =
        fun _ event received ->
            match event with
            | Network signal -> onSignal signal received
            | Message() -> received, [] }

/// Sends a megabyte, takes the echo in, and tells how long that took. Its model is the bytes so far and the time.
let ask host port : Program<int * TimeUs, unit> =
    let megabyte = Bytes.ofArray (Array.init 1_000_000 byte)

    let onSignal now signal (count, at) =
        match signal with
        | Signal.HandshakeReady(connection, _) ->
            (0, now), [ Command.OpenStream(connection, StreamKind.Bidirectional, 1) ]
        | Signal.StreamOpened(_, connection, stream) -> (0, now), [ Command.sendLast connection stream megabyte ]
        | Signal.StreamData data ->
            let ending = [ Command.close data.Connection 0UL "done"; Command.Stop ]
            (count + data.Bytes.Length, now), (if data.Fin then ending else [])
        | Signal.Refused _
        | Signal.Closed _ -> (count, at), [ Command.Stop ]
        | _ -> (count, at), []

    { Init = (0, TimeUs.zero), [ Command.connect 1 host port ]
      Update =
        fun now event model ->
            match event with
            | Network signal -> onSignal now signal model
            | Message() -> model, [] }

let identity = ServerIdentity.simulated 1UL "localhost"
let server = EndpointConfig.server "echo" identity

let client =
    EndpointConfig.client "echo" |> EndpointConfig.verifiedBy (Trust.only identity)

// 1. In a simulated network: 25 ms each way, 5 % loss. The same seed gives the same run, byte for byte.
let link =
    Link.ideal |> Link.delay (TimeSpan.FromMilliseconds 25.0) |> Link.loss 0.05

let asking = Node.create "client" client (ask "localhost" 443)

let simulate seed =
    Simulation.create seed [ asking; Node.create "localhost" server echo ]
    |> Simulation.over link
    |> Simulation.run

match simulate 7UL, simulate 7UL with
| Ok report, Ok again ->
    let count, at = Report.model asking report

    printfn
        $"simulated: {count} bytes back at {at}, {report.DatagramsSent} datagrams sent, {report.DatagramsDelivered} arrived"

    printfn $"the same seed again is the same run: {report.Digest = again.Digest}"
| Error error, _
| _, Error error -> failwith $"{error}"

// 2. The same two values on sockets.
let started options program =
    Runtime.start options program
    |> Result.defaultWith (fun error -> failwith $"{error}")

let serving =
    started (RuntimeOptions.bound (IPEndPoint(IPAddress.Loopback, 0)) server) echo

let running =
    started (RuntimeOptions.create client) (ask "localhost" serving.LocalEndPoint.Port)

let count, _ = running.Completion.Result
printfn $"on sockets: {count} bytes back"
serving.Stop().Wait()
