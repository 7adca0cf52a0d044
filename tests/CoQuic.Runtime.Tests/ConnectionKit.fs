/// Real connections over loopback.
module internal CoQuic.Runtime.Tests.ConnectionKit

open System
open System.Net
open System.Threading.Tasks
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime

/// Generous: what takes longer hangs.
let inTime (task: Task<'value>) =
    task.WaitAsync(TimeSpan.FromSeconds 20.0)

let within (task: Task) =
    task.WaitAsync(TimeSpan.FromSeconds 20.0)

let identity = lazy Identities.development []

let serverOptions (address: IPAddress) =
    ServerOptions.create (IPEndPoint(address, 0)) "test" identity.Value

let listen options =
    Expect.wantOk (QuicServer.start options) "the server listens"

let trusting (options: ClientOptions) =
    { options with
        Runtime =
            { options.Runtime with
                Endpoint =
                    { options.Runtime.Endpoint with
                        CertificateVerifier = Some(Trust.only identity.Value) } } }

/// Trusts the test server's certificate, which is for localhost and its addresses.
let clientOptionsFor (host: string) port =
    ClientOptions.create host port "test" |> trusting

let clientOptions (server: QuicServer) =
    clientOptionsFor (string server.LocalEndPoint.Address) server.LocalEndPoint.Port

let changeTransport change (options: RuntimeOptions) =
    { options with
        Endpoint =
            { options.Endpoint with
                Transport = change options.Endpoint.Transport } }

let connect options =
    task {
        let! connection = inTime (QuicClient.connect options)
        return Expect.wantOk connection "it connects"
    }

let accept server =
    task {
        let! connection = inTime (QuicServer.accept server)
        return Expect.wantOk connection "a client comes"
    }

/// Both ends of one connection; the server takes others as well.
let pair server =
    task {
        let connecting = connect (clientOptions server)
        let! accepted = accept server
        let! connected = connecting
        return connected, accepted
    }

let openStream (connection: QuicConnection) streamType =
    connection.OpenOutboundStreamAsync(streamType).AsTask() |> inTime

let acceptStream (connection: QuicConnection) =
    connection.AcceptInboundStreamAsync().AsTask() |> inTime

let write (stream: QuicStream) (bytes: byte[]) fin : Task =
    task { do! stream.WriteAsync(ReadOnlyMemory bytes, fin, Threading.CancellationToken.None) }

/// Everything up to the stream's end.
let readAll (stream: QuicStream) =
    task {
        use all = new IO.MemoryStream()
        do! within (stream.CopyToAsync(all, 50_000))
        return all.ToArray()
    }

/// One byte there and back, on a stream of its own.
let exchange (client: QuicConnection) (accepted: QuicConnection) =
    task {
        let! there = openStream client QuicStreamType.Bidirectional
        do! within (write there [| 1uy |] true)
        let! here = acceptStream accepted
        let! bytes = readAll here
        do! within (write here bytes true)
        let! answer = readAll there
        Expect.equal answer [| 1uy |] "the answer"
    }

let pattern length =
    Array.init length (fun i -> byte (i * 7 + i / 251))

/// The exception that an operation fails with.
let failure<'error when 'error :> exn> (operation: Task) message =
    task {
        try
            do! within operation
            return failtest $"{message}: it did not fail"
        with
        | :? 'error as error -> return error
        | error -> return failtest $"{message}: not {error}"
    }
