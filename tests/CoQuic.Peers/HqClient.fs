/// Fetches files, all of them at a time as far as the server admits streams, over one connection.
module CoQuic.Peers.HqClient

open System
open System.IO
open System.Threading.Tasks
open CoQuic.FSharp
open CoQuic.Runtime

let private complain (sentence: string) = Console.Error.WriteLine sentence

let private receive (connection: QuicConnection) (path: string) (file: string) =
    task {
        use! stream = connection.OpenOutboundStreamAsync QuicStreamType.Bidirectional
        do! stream.WriteAsync(ReadOnlyMemory(Hq.request path), true, Threading.CancellationToken.None)
        use content = File.Create file
        do! stream.CopyToAsync(content, 256 * 1024)
        return content.Length
    }

/// Whether the file arrived. A part of one is not left behind.
let private fetch connection (directory: string) (path: string) =
    task {
        let file = Path.Combine(directory, FileInfo(path).Name)

        try
            let! length = receive connection path file
            Console.Out.WriteLine $"{path}, {length} bytes"
            return true
        with
        | :? IOException
        | :? UnauthorizedAccessException as problem ->
            complain $"{path}: {problem.Message}"
            File.Delete file
            return false
    }

/// Fetches the paths into the directory, and returns the exit status.
let run (common: Common) (directory: string) (paths: string list) : Task<int> =
    task {
        let options = ClientOptions.create common.Host common.Port common.Alpn

        let runtime =
            { options.Runtime with
                // Interop servers have certificates that nobody vouches for.
                Endpoint = EndpointConfig.withoutVerification options.Runtime.Endpoint
                KeyLogFile = common.KeyLog }

        match! QuicClient.connect { options with Runtime = runtime } with
        | Error error ->
            complain (string error)
            return 1
        | Ok connection ->
            use _ = connection :> IAsyncDisposable
            Directory.CreateDirectory directory |> ignore
            let! arrived = Task.WhenAll [ for path in paths -> fetch connection directory path ]
            return if Array.forall id arrived then 0 else 1
    }
