/// What the load programs have in common. They talk to whoever started them by lines: what they say on standard output, what they are
/// asked on standard input.
module CoQuic.Load.Load

open System
open System.Net
open CoQuic.FSharp
open CoQuic.Runtime

let protocol = "coquic-load"

let say (line: string) =
    Console.Out.WriteLine line
    Console.Out.Flush()

/// What is alive, in bytes of the heap.
let heap () = GC.GetTotalMemory true

/// An hour: what is idle stays.
let patient (options: RuntimeOptions) : RuntimeOptions =
    { options with
        Endpoint.Transport.MaxIdleTimeout = TimeSpan.FromHours 1.0
        Endpoint.Transport.HandshakeTimeout = TimeSpan.FromMinutes 5.0
        Endpoint.MaxServerConnections = 0
        Endpoint.MaxHalfOpenConnections = 0
        Endpoint.RetryThreshold = 0 }

/// A server on loopback that says its port.
let listen (backlog: int) : QuicServer =
    let options =
        ServerOptions.create (IPEndPoint(IPAddress.Loopback, 0)) protocol (Identities.development [])

    match
        QuicServer.start
            { options with
                Backlog = backlog
                Runtime = patient options.Runtime }
    with
    | Ok server ->
        say $"port {server.LocalEndPoint.Port}"
        server
    | Error error -> raise (InvalidOperationException(string error))

/// What a client on loopback is opened with, which takes whatever certificate it is shown.
let clientEndpoint: EndpointConfig =
    EndpointConfig.client protocol |> EndpointConfig.withoutVerification

/// The answer to each line on standard input, until it ends or the answer is none.
let rec answerLines (answer: string -> string option) =
    match Console.In.ReadLine() with
    | null -> ()
    | line ->
        match answer line with
        | Some said ->
            say said
            answerLines answer
        | None -> ()
