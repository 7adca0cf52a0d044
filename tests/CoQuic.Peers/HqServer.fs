/// Serves a directory to any number of connections.
module CoQuic.Peers.HqServer

open System
open System.IO
open System.Threading
open System.Threading.Tasks
open CoQuic.FSharp
open CoQuic.Runtime

let private log (sentence: string) = Console.Out.WriteLine sentence

let private lineEnd = byte '\n'

/// The request: up to the end of its line, of the stream, or to the length that none may exceed.
let private readRequest (stream: QuicStream) =
    task {
        let buffer = Array.zeroCreate<byte> Hq.maximumRequestLength
        let mutable length = 0
        let mutable isOver = false

        while not isOver do
            let! count =
                stream.ReadAsync(Memory(buffer, length, buffer.Length - length), CancellationToken.None)

            length <- length + count
            isOver <- count = 0 || length = buffer.Length || buffer[length - 1] = lineEnd

        return ReadOnlyMemory(buffer, 0, length)
    }

let private send (stream: QuicStream) (file: FileInfo) =
    task {
        use content =
            new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan)

        do! content.CopyToAsync(stream, 256 * 1024)
        stream.CompleteWrites()
        return content.Length
    }

let private refuse (stream: QuicStream) (reason: string) =
    stream.Abort(QuicAbortDirection.Write, Hq.notFound)
    log $"stream {stream.Id}: {reason}, reset"

let private answer (www: string) (stream: QuicStream) =
    task {
        let! request = readRequest stream

        match Hq.tryPath request.Span with
        | None -> refuse stream "no request"
        | Some path ->
            match Hq.tryFile www path with
            | None -> refuse stream $"{path} is not here"
            | Some file ->
                let! length = send stream file
                log $"stream {stream.Id}: {path}, {length} bytes"
    }

/// What goes wrong on one stream stays there. A file that breaks off is reset: its end must not look like one.
let private serveStream www (stream: QuicStream) : Task =
    task {
        use stream = stream

        try
            do! answer www stream
        with
        | :? IOException
        | :? UnauthorizedAccessException as problem -> refuse stream problem.Message
    }

let private serveConnection www (connection: QuicConnection) : Task =
    task {
        use _ = connection :> IAsyncDisposable

        try
            while true do
                let! stream = connection.AcceptInboundStreamAsync()
                serveStream www stream |> ignore
        with :? QuicException as ended ->
            log $"connection from {connection.RemoteEndPoint}: {ended.Message}"
    }

let private serveAll www (server: QuicServer) =
    task {
        try
            while true do
                let! connection = server.AcceptConnectionAsync()
                log $"connection from {connection.RemoteEndPoint}"
                serveConnection www connection |> ignore
        with :? QuicException ->
            () // It was stopped.
    }

let private start (asked: ServeOptions) =
    task {
        let common = asked.Common

        let identity =
            match asked.Certificate with
            | Some(chain, key) -> Identities.ofPemFiles chain key
            | None -> Ok(Identities.development [])

        match identity with
        | Error error -> return Error error
        | Ok identity ->
            match! Runtime.resolve common.Host common.Port with
            | Error error -> return Error error
            | Ok endPoint ->
                let options = ServerOptions.create endPoint common.Alpn identity

                return
                    QuicServer.start
                        { options with
                            Runtime =
                                { options.Runtime with
                                    Endpoint =
                                        { EndpointConfig.speaking common.Versions options.Runtime.Endpoint with
                                            RetryEnabled = asked.Retry
                                            ZeroRtt =
                                                if common.ZeroRtt then
                                                    ZeroRttConfig.allowed
                                                else
                                                    ZeroRttConfig.disabled }
                                    KeyLogFile = common.KeyLog } }
    }

/// Serves until `stopping` completes, and returns the exit status.
let run (asked: ServeOptions) (stopping: Task) : Task<int> =
    task {
        if not (Directory.Exists asked.Www) then
            Console.Error.WriteLine $"There is no directory '{asked.Www}'."
            return 1
        else
            match! start asked with
            | Error error ->
                Console.Error.WriteLine(string error)
                return 1
            | Ok server ->
                log $"listening on {server.LocalEndPoint}"
                let serving = serveAll asked.Www server
                do! stopping
                do! QuicServer.stop server
                do! serving
                return 0
    }
