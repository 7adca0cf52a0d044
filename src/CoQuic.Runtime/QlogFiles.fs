namespace CoQuic.Runtime

open System
open System.Collections.Generic
open System.IO
open System.Threading.Channels
open System.Threading.Tasks
open CoQuic.FSharp

/// What the writer of qlog files is handed.
[<Struct; NoEquality; NoComparison>]
type internal QlogEntry =
    { Connection: ConnectionHandle
      Time: TimeUs
      Event: QlogEvent }

/// qlog files of an agent, one a connection. The agent hands events over and goes on; a task of its own turns them into JSON and
/// writes them. What it cannot keep up with is left out, and counted; the first failure of the disk is told once.
[<Sealed>]
type internal QlogFiles private (directory: string, utc: unit -> DateTimeOffset, tell: string -> unit) =

    /// Events that wait to be written.
    static let maximumWaiting = 65_536

    /// Connections that are written at once; further ones leave no file.
    static let maximumFiles = 512

    /// How long the end of an agent waits for what is still to be written.
    static let patience = TimeSpan.FromSeconds 5.0

    let entries =
        Channel.CreateBounded<QlogEntry>(
            BoundedChannelOptions(maximumWaiting, SingleReader = true, SingleWriter = true)
        )

    let files = Dictionary<ConnectionHandle, struct (FileStream * TimeUs)>()
    let mutable lost = 0L
    let mutable hasFailed = false

    let fail (error: exn) =
        if not hasFailed then
            hasFailed <- true
            tell $"qlog files in {directory} are incomplete: {error.Message}"

    let close connection =
        match files.TryGetValue connection with
        | true, struct (file, _) ->
            files.Remove connection |> ignore
            file.Dispose()
        | _ -> ()

    let write (file: FileStream) (bytes: Bytes) = file.Write bytes.Span

    /// A client that begins again with another version has a second file under the same handle.
    let openFile entry name header =
        close entry.Connection

        if files.Count < maximumFiles then
            let options =
                FileStreamOptions(
                    Mode = FileMode.Create,
                    Access = FileAccess.Write,
                    Share = FileShare.Read,
                    BufferSize = 65_536
                )

            let file = new FileStream(Path.Combine(directory, name), options)
            files.Add(entry.Connection, struct (file, entry.Time))
            write file header

    let writeEntry entry =
        match Qlog.fileName entry.Event, Qlog.header (Some(utc ())) entry.Event with
        | Some name, Some header -> openFile entry name header
        | _ -> ()

        match files.TryGetValue entry.Connection with
        | true, struct (file, start) -> write file (Qlog.line (entry.Time - start) entry.Event)
        | _ -> ()

        if Qlog.isLast entry.Event then
            close entry.Connection

    let tryWrite entry =
        try
            writeEntry entry
        with
        | :? IOException
        | :? UnauthorizedAccessException as error ->
            fail error
            close entry.Connection

    let writing =
        task {
            let mutable isOpen = true

            while isOpen do
                let! more = entries.Reader.WaitToReadAsync()
                isOpen <- more
                let mutable entry = Unchecked.defaultof<QlogEntry>

                while entries.Reader.TryRead &entry do
                    tryWrite entry

            for connection in List.ofSeq files.Keys do
                close connection
        }

    /// Events that were left out so far.
    member _.Lost = lost

    /// The agent's: hands an event over. It never waits.
    member _.Record(connection: ConnectionHandle, time: TimeUs, event: QlogEvent) =
        let entry =
            { Connection = connection
              Time = time
              Event = event }

        if not (entries.Writer.TryWrite entry) then
            lost <- lost + 1L

            if lost = 1L then
                tell $"qlog files in {directory} are incomplete: events come faster than they can be written."

    interface IDisposable with
        member _.Dispose() =
            entries.Writer.TryComplete() |> ignore
            (writing :> Task).Wait patience |> ignore

    /// Writes into a directory, which is made if need be.
    static member Open(directory: string, utc, tell) : Result<QlogFiles, RuntimeError> =
        try
            Directory.CreateDirectory directory |> ignore
            Ok(new QlogFiles(directory, utc, tell))
        with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? ArgumentException as error -> Error(RuntimeError.FileUnusable(directory, error.Message))

/// Where qlog files go.
[<RequireQualifiedAccess>]
module internal QlogFiles =

    /// The directory that is asked for, or else the one that QLOGDIR names.
    let path (asked: string option) : string option =
        let environment =
            Environment.GetEnvironmentVariable "QLOGDIR"
            |> Option.ofObj
            |> Option.filter (String.IsNullOrEmpty >> not)

        asked |> Option.orElse environment
