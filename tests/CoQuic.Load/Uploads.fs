/// An upload whose reader pauses.
module CoQuic.Load.Uploads

open System
open System.Threading
open System.Threading.Tasks
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Load.Load

let private blockSize = 64 * 1024

/// Reads so many bytes, or to the end: how many it were.
let private readUpTo (stream: QuicStream) (count: int64) =
    task {
        let block = Array.zeroCreate<byte> blockSize
        let mutable total = 0L
        let mutable isOver = false

        while not isOver && total < count do
            let! read = stream.ReadAsync(Memory block, CancellationToken.None)
            isOver <- read = 0
            total <- total + int64 read

        return total
    }

/// Takes one upload: reads `before` bytes, pauses, and reads the rest.
let private take (server: QuicServer) before (pause: TimeSpan) =
    task {
        let! connection = server.AcceptConnectionAsync()
        let! stream = connection.AcceptInboundStreamAsync()
        let! first = readUpTo stream before
        say $"paused {first}"
        do! Task.Delay pause
        say "resumed"
        let! rest = readUpTo stream Int64.MaxValue
        say $"total {first + rest}"
    }

/// A server for one upload whose reader stops in between.
let serve before pause : int =
    let server = listen 16
    (take server before pause).Wait()
    (QuicServer.stop server).Wait()
    0

let private upload port (count: int64) =
    task {
        let options = ClientOptions.create "127.0.0.1" port protocol

        let! connected =
            QuicClient.connect
                { options with
                    Runtime.Endpoint = clientEndpoint }

        match connected with
        | Error error ->
            say (string error)
            return 1
        | Ok connection ->
            let! stream = connection.OpenOutboundStreamAsync QuicStreamType.Unidirectional
            let block = Array.zeroCreate<byte> blockSize
            let mutable left = count

            while left > 0L do
                let part = int (min left (int64 blockSize))
                do! stream.WriteAsync(ReadOnlyMemory(block, 0, part), (left = int64 part), CancellationToken.None)
                left <- left - int64 part

            do! stream.WritesClosed
            do! connection.DisposeAsync()
            return 0
    }

/// Uploads so many bytes.
let send port count : int = (upload port count).Result
