/// Serves a directory to any number of connections.
module CoQuic.Peers.FileServer

open System
open System.IO
open System.Threading
open System.Threading.Tasks
open CoQuic.FSharp
open CoQuic.Runtime

let private log (sentence: string) = Console.Out.WriteLine sentence

/// The request: until it is whole, up to the end of the stream, or to the length that none may exceed.
let private readRequest (dialect: Dialect) (stream: QuicStream) =
    task {
        let buffer = Array.zeroCreate<byte> Hq.maximumRequestLength
        let mutable length = 0
        let mutable isOver = false

        while not isOver do
            let! count =
                stream.ReadAsync(Memory(buffer, length, buffer.Length - length), CancellationToken.None)

            length <- length + count

            isOver <-
                count = 0
                || length = buffer.Length
                || dialect.IsWhole(ReadOnlyMemory(buffer, 0, length))

        return ReadOnlyMemory(buffer, 0, length)
    }

let private send (dialect: Dialect) (stream: QuicStream) (file: FileInfo) =
    task {
        use content =
            new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan)

        do! stream.WriteAsync(ReadOnlyMemory(dialect.Head content.Length), CancellationToken.None)
        do! content.CopyToAsync(stream, 256 * 1024)
        stream.CompleteWrites()
        return content.Length
    }

let private refuse (stream: QuicStream) (reason: string) =
    stream.Abort(QuicAbortDirection.Write, Hq.notFound)
    log $"stream {stream.Id}: {reason}, reset"

let private answer dialect (www: string) (stream: QuicStream) =
    task {
        let! request = readRequest dialect stream

        match dialect.TryPath request with
        | None -> refuse stream "no request"
        | Some path ->
            match Hq.tryFile www path with
            | None -> refuse stream $"{path} is not here"
            | Some file ->
                let! length = send dialect stream file
                log $"stream {stream.Id}: {path}, {length} bytes"
    }

/// What goes wrong on one stream stays there. A file that breaks off is reset: its end must not look like one.
let private serveStream dialect www (stream: QuicStream) : Task =
    task {
        use stream = stream

        try
            do! answer dialect www stream
        with
        | :? IOException
        | :? UnauthorizedAccessException as problem -> refuse stream problem.Message
    }

/// Says what a handshake settled, once it is done: early data comes before.
let private logHandshake (connection: QuicConnection) =
    task {
        match! QuicConnection.handshakeCompleted connection with
        | Ok() ->
            let settled =
                QuicConnection.handshake connection
                |> Option.map Endpoints.describe
                |> Option.defaultValue ""

            log $"connection from {connection.RemoteEndPoint}: {settled}"
        | Error _ -> () // How it ended is said below.
    }

let private serveConnection dialect www (connection: QuicConnection) : Task =
    task {
        use _ = connection :> IAsyncDisposable
        logHandshake connection |> ignore

        try
            do! Streams.openControl dialect connection

            while true do
                let! stream = connection.AcceptInboundStreamAsync()

                // Of the other kind are a client's control streams, which say nothing of interest.
                if stream.Type = QuicStreamType.Bidirectional then
                    serveStream dialect www stream |> ignore
        with :? QuicException as ended ->
            log $"connection from {connection.RemoteEndPoint}: {ended.Message}"
    }

let private serveAll dialect www (server: QuicServer) =
    task {
        try
            while true do
                let! connection = server.AcceptConnectionAsync()
                serveConnection dialect www connection |> ignore
        with :? QuicException ->
            () // It was stopped.
    }

let private serveUntil (stopping: Task) dialect www (server: QuicServer) =
    task {
        log $"listening on {server.LocalEndPoint}"
        let serving = serveAll dialect www server
        do! stopping
        do! QuicServer.stop server
        do! serving
        return 0
    }

let private complain (sentence: string) =
    Console.Error.WriteLine sentence
    1

/// Serves a directory until `stopping` completes, and returns the exit status.
let run (asked: ServeOptions) (www: string) (stopping: Task) : Task<int> =
    task {
        if not (Directory.Exists www) then
            return complain $"There is no directory '{www}'."
        else
            let! options = Endpoints.server asked

            match Result.bind QuicServer.start options with
            | Error error -> return complain (string error)
            | Ok server -> return! serveUntil stopping (Streams.dialectOf asked.Common.Alpn) www server
    }
