// A file over a QUIC stream on loopback, with progress while it goes, and a comparison of hashes at the end.
// Once: dotnet fsi build.fsx build. Then: dotnet fsi examples/04-file-transfer.fsx [FILE]
#load "../artifacts/CoQuic.fsx"

open System
open System.IO
open System.Net
open System.Security.Cryptography
open CoQuic.FSharp
open CoQuic.Runtime

let ok result =
    result |> Result.defaultWith (fun (error: RuntimeError) -> failwith $"{error}")

let bufferBytes = 64 * 1024

/// The file that is asked for, or one of 8 MiB that is made up.
let path, isMadeUp =
    match List.ofArray fsi.CommandLineArgs with
    | [ _; file ] -> file, false
    | _ ->
        let file = Path.GetTempFileName()
        File.WriteAllBytes(file, Array.init (8 * 1024 * 1024) (fun index -> byte (index * 31)))
        file, true

let identity = Identities.development []

let server =
    ServerOptions.create (IPEndPoint(IPAddress.Loopback, 0)) "file" identity
    |> QuicServer.start
    |> ok

/// Takes one stream in, and answers with the hash of what came.
let receive =
    task {
        let! connection = server.AcceptConnectionAsync()
        let! stream = connection.AcceptInboundStreamAsync()
        let! hash = SHA256.HashDataAsync stream
        do! stream.WriteAsync hash
        stream.CompleteWrites()
    }

/// Copies the file to the stream, and prints each tenth of it.
let copy (file: Stream) (stream: Stream) =
    task {
        let buffer = Array.zeroCreate bufferBytes
        let mutable tenths = 0L
        let! first = file.ReadAsync(Memory buffer)
        let mutable count = first

        while count > 0 do
            do! stream.WriteAsync(ReadOnlyMemory(buffer, 0, count))

            if file.Position * 10L / file.Length > tenths then
                tenths <- file.Position * 10L / file.Length
                let bar = String('#', int tenths) + String('.', 10 - int tenths)
                printfn $"  [{bar}] {file.Position / 1024L} of {file.Length / 1024L} KiB"

            let! next = file.ReadAsync(Memory buffer)
            count <- next
    }

let send =
    task {
        let options = ClientOptions.create "localhost" server.LocalEndPoint.Port "file"

        let trusting =
            EndpointConfig.verifiedBy (Trust.only identity) options.Runtime.Endpoint

        let! connected =
            QuicClient.connect
                { options with
                    Runtime.Endpoint = trusting }

        let! stream = (ok connected).OpenOutboundStreamAsync QuicStreamType.Bidirectional
        use file = File.OpenRead path
        printfn $"Sending {file.Length} bytes to {server}:"
        do! copy file stream
        stream.CompleteWrites()
        let hash = Array.zeroCreate<byte> SHA256.HashSizeInBytes
        do! stream.ReadExactlyAsync(Memory hash)
        return hash
    }

let received = send.Result
let original = SHA256.HashData(File.ReadAllBytes path)
let isEqual = received.AsSpan().SequenceEqual(ReadOnlySpan original)
printfn $"SHA-256 at the other end: {Convert.ToHexStringLower received}, which is right: {isEqual}"
(server.DisposeAsync().AsTask()).Wait()

if isMadeUp then
    File.Delete path

exit (if isEqual then 0 else 1)
