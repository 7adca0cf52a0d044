/// The demo as a whole: a file, a server process, two client processes, and a look at what each of them says.
module CoQuic.Demo.Driver

open System
open System.IO
open System.Runtime.InteropServices
open System.Security.Cryptography
open System.Threading
open System.Threading.Tasks

let private randomLength = 256L * 1024L * 1024L

/// No transfer over loopback takes longer than this, whatever the machine: what does, hangs.
let private patience (bytes: int64) =
    TimeSpan.FromSeconds(60.0 + float bytes / 4e6)

/// A file of random bytes, written in pieces.
let private makeFile (directory: string) : string =
    let path = Path.Combine(directory, "random.bin")
    use file = File.Create path
    let piece = Array.zeroCreate<byte>(1024 * 1024)

    for _ in 1L .. randomLength / int64 piece.Length do
        RandomNumberGenerator.Fill piece
        file.Write piece

    path

let private hashOf (path: string) =
    use file = File.OpenRead path
    Convert.ToHexStringLower(SHA256.HashData file)

let private readPort (line: string) =
    match line.Split ' ' with
    | [| "port"; port |] -> port
    | _ -> raise (DemoFailed $"The server began with '{line}' instead of its port.")

let private only side lines =
    match List.choose Line.tryRead lines with
    | [ told ] -> told
    | several -> raise (DemoFailed $"The {side} told of {several.Length} transfers instead of one.")

let private runClient (arguments: string list) cancellation =
    task {
        use client = new Child("client", "client" :: arguments)
        let! lines = client.Finish cancellation
        return only "client" lines
    }

/// Both ends have to have seen the file that we know.
let private check title (file: FileInfo) sha256 (ends: Line.Told list) =
    for told in ends do
        if told.Bytes <> uint64 file.Length || told.Sha256 <> sha256 then
            raise (DemoFailed $"{title}: one end has {told.Bytes} bytes with SHA-256 {told.Sha256}, not the file's.")

let private size (bytes: uint64) =
    if bytes < 1048576UL then
        $"{bytes} bytes"
    else
        $"%.1f{float bytes / 1048576.0} MiB"

let private show title (told: Line.Told) =
    let seconds = told.Elapsed.TotalSeconds
    let gigabits = float told.Bytes * 8.0 / 1e9 / seconds

    Console.Out.WriteLine
        $"{title}: {size told.Bytes} in %.3f{seconds} s, %.3f{gigabits} Gbit/s, \
          handshake %.1f{told.Handshake.TotalMilliseconds} ms"

let private transfer (file: FileInfo) (directory: string) cancellation =
    task {
        let sha256 = hashOf file.FullName
        Console.Out.WriteLine $"{file.Name}: {file.Length} bytes, SHA-256 {sha256}"
        let place name = Path.Combine(directory, name)
        use server = new Child("server", [ "server"; place "server" ])
        let! line = server.ReadLine cancellation
        let port = readPort line
        let! uploaded = runClient [ port; "send"; file.FullName ] cancellation
        let! downloaded = runClient [ port; "receive"; place "client" ] cancellation
        let! lines = server.Finish cancellation

        match List.choose Line.tryRead lines with
        | [ received; sent ] ->
            check "client to server" file sha256 [ uploaded; received ]
            check "server to client" file sha256 [ sent; downloaded ]
        | several -> raise (DemoFailed $"The server told of {several.Length} transfers instead of two.")

        show "client to server" uploaded
        show "server to client" downloaded
        Console.Out.WriteLine "SHA-256 is the same at both ends, both ways."
    }

let private withDirectory (work: string -> Task<unit>) =
    task {
        let directory = Directory.CreateTempSubdirectory "coquic-demo-"

        try
            do! work directory.FullName
        finally
            directory.Delete true
    }

let private sourceFile given directory =
    match given with
    | None -> FileInfo(makeFile directory)
    | Some path when File.Exists path -> FileInfo path
    | Some path -> raise (DemoFailed $"There is no file '{path}'.")

/// Runs the demo with a file, or with one that it makes, and returns the exit status.
let run (given: string option) : Task<int> =
    task {
        use interrupted = new CancellationTokenSource()

        use _ =
            PosixSignalRegistration.Create(
                PosixSignal.SIGINT,
                fun context ->
                    context.Cancel <- true
                    interrupted.Cancel()
            )

        let complain (sentence: string) =
            Console.Error.WriteLine $"demo: {sentence}"
            1

        try
            do!
                withDirectory (fun directory ->
                    task {
                        let file = sourceFile given directory
                        interrupted.CancelAfter(patience file.Length)
                        do! transfer file directory interrupted.Token
                    })

            return 0
        with
        | DemoFailed reason -> return complain reason
        | :? OperationCanceledException -> return complain "It was interrupted, or took too long, and was ended."
        | :? IOException
        | :? UnauthorizedAccessException as problem -> return complain problem.Message
    }
