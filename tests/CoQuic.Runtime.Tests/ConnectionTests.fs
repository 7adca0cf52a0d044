module CoQuic.Runtime.Tests.ConnectionTests

open System
open System.IO
open System.Net
open System.Net.Sockets
open System.Threading
open System.Threading.Tasks
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Tests
open CoQuic.Runtime.Tests.ConnectionKit

let private never = CancellationToken.None

/// Sends every stream's bytes back, until the connection ends.
let private echo (connection: QuicConnection) =
    task {
        let mutable isOpen = true

        while isOpen do
            let! stream = QuicConnection.acceptStream connection

            match stream with
            | Ok stream ->
                let answer =
                    task {
                        do! stream.CopyToAsync stream
                        stream.CompleteWrites()
                    }

                ignore answer
            | Error _ -> isOpen <- false
    }

let private serveEcho (server: QuicServer) =
    task {
        let mutable isOpen = true

        while isOpen do
            let! connection = QuicServer.accept server

            match connection with
            | Ok connection -> ignore (echo connection)
            | Error _ -> isOpen <- false
    }

let private exchange connection (bytes: byte[]) =
    task {
        let! stream = openStream connection QuicStreamType.Bidirectional
        let writing = write stream bytes true
        let! answer = readAll stream
        do! within writing
        return answer
    }

let private echoes (address: IPAddress) =
    testCaseTask $"what a stream carries comes back unchanged over {address}"
    <| fun () ->
        task {
            SocketKit.require address
            use server = listen (serverOptions address)
            ignore (serveEcho server)
            let! connection = connect (clientOptions server)

            for length in [ 0; 1; 1200; 100_000; int (min Scale.current.TransferBytes 10_000_000L) ] do
                let bytes = pattern length
                let! answer = exchange connection bytes
                Expect.isTrue (answer = bytes) $"{length} bytes"

            do! within (connection.DisposeAsync().AsTask())
        }

[<Tests>]
let tests =
    testList "connections" [ echoes IPAddress.Loopback; echoes IPAddress.IPv6Loopback ]
