namespace CoQuic.Demo

open System
open System.IO
open System.Security.Cryptography
open CoQuic.FSharp
open CoQuic.Demo.FileProtocol

/// The rim of the demo: reads one file, writes one file, in blocks, with a hash over each. It belongs to one thread.
[<Sealed>]
type Disk(source: string option, target: string) =
    static let blockLength = 256 * 1024

    let readHash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
    let writeHash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
    let mutable reading: FileStream | null = null
    let mutable writing: FileStream | null = null
    let mutable received: FileHeader option = None
    let mutable stored: string option = source

    /// The name under which a file travels: letters that a peer's disk may not like are replaced.
    let plainName (path: string) =
        let name =
            FileInfo(path).Name
            |> String.map (fun letter -> if isPlainLetter letter then letter else '_')

        name.Substring(0, min name.Length maximumNameLength)

    let openFile () =
        match stored with
        | None -> DiskAnswer.Failed "there is no file to send"
        | Some path ->
            let file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0)
            reading <- file

            DiskAnswer.Opened
                { Name = plainName path
                  Length = uint64 file.Length }

    let readBlock (file: FileStream) =
        let block = GC.AllocateUninitializedArray<byte> blockLength

        let length =
            file.ReadAtLeast(block.AsSpan(), block.Length, throwOnEndOfStream = false)

        if length = 0 then
            DiskAnswer.Ended(Bytes.ofArray (readHash.GetHashAndReset()))
        else
            readHash.AppendData(block, 0, length)
            DiskAnswer.Block(Bytes.ofMemory (ReadOnlyMemory(block, 0, length)))

    let create (header: FileHeader) =
        Directory.CreateDirectory target |> ignore
        let path = Path.Combine(target, header.Name)
        writing <- new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 0)
        received <- Some header
        stored <- Some path

    let append (bytes: Bytes) (file: FileStream) =
        file.Write bytes.Span
        writeHash.AppendData bytes.Span

    let finish (file: FileStream) (header: FileHeader) =
        file.Dispose()
        writing <- null
        DiskAnswer.Stored(header, Bytes.ofArray (writeHash.GetHashAndReset()))

    let notOpen = Some(DiskAnswer.Failed "there is no file open")

    let answer task =
        match task with
        | DiskTask.OpenFile -> Some(openFile ())
        | DiskTask.ReadBlock ->
            match reading with
            | null -> notOpen
            | file -> Some(readBlock file)
        | DiskTask.Create header ->
            create header
            None
        | DiskTask.Append bytes ->
            match writing with
            | null -> notOpen
            | file ->
                append bytes file
                None
        | DiskTask.Finish ->
            match writing, received with
            | null, _
            | _, None -> notOpen
            | file, Some header -> Some(finish file header)

    /// Performs a task; some have an answer. What the disk refuses is an answer too.
    member _.Perform(task: DiskTask) : DiskAnswer option =
        try
            answer task
        with
        | :? IOException
        | :? UnauthorizedAccessException as problem -> Some(DiskAnswer.Failed problem.Message)

    interface IDisposable with
        member _.Dispose() =
            Option.iter (fun (file: FileStream) -> file.Dispose()) (Option.ofObj reading)
            Option.iter (fun (file: FileStream) -> file.Dispose()) (Option.ofObj writing)
            readHash.Dispose()
            writeHash.Dispose()

/// Joins the pure machine to a disk: its tasks are performed as they come, and their answers are heard at once.
module Rim =
    let rec private settle perform now (peer, commands, tasks) =
        match tasks with
        | [] -> peer, commands
        | task :: rest ->
            match perform task with
            | None -> settle perform now (peer, commands, rest)
            | Some answer ->
                let peer, more, others = Peer.update now (Message answer) peer
                settle perform now (peer, commands @ more, rest @ others)

    let program (perform: DiskTask -> DiskAnswer option) remote errands : Program<Peer, DiskAnswer> =
        { Init = settle perform TimeUs.zero (Peer.init remote errands)
          Update = fun now event peer -> Peer.update now event peer |> settle perform now }
