namespace CoQuic.Runtime

open System
open System.IO
open CoQuic.FSharp

/// A recording that is being written, line by line. Whoever has the file can decrypt the sessions in it.
[<Sealed>]
type internal RecordingFile private (writer: StreamWriter) =

    /// Writes an entry. With a result the lines so far leave the process, so that a crash leaves a recording of itself.
    member _.Write(entry: RecordingEntry) =
        writer.WriteLine(Recording.line entry)

        match entry with
        | RecordingEntry.Result _ -> writer.Flush()
        | RecordingEntry.Configuration _
        | RecordingEntry.Answer _
        | RecordingEntry.Input _ -> ()

    interface IDisposable with
        member _.Dispose() = writer.Dispose()

    /// A new file, which its owner alone can read. One that is there already is left as it is, and that is an error.
    static member Create(path: string) : Result<RecordingFile, RuntimeError> =
        let options =
            FileStreamOptions(Mode = FileMode.CreateNew, Access = FileAccess.Write)

        if not (OperatingSystem.IsWindows()) then
            options.UnixCreateMode <- UnixFileMode.UserRead ||| UnixFileMode.UserWrite

        try
            let writer = new StreamWriter(path, options)
            writer.WriteLine Recording.firstLine
            Ok(new RecordingFile(writer))
        with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? ArgumentException as error -> Error(RuntimeError.FileUnusable(path, error.Message))

/// Recordings in files.
[<RequireQualifiedAccess>]
module Recordings =

    /// Reads a recording that `RuntimeOptions.RecordTo` or `save` wrote; also one that a crash cut off.
    let load (path: string) : Result<Recording, RuntimeError> =
        try
            File.ReadLines path
            |> Recording.ofLines
            |> Result.mapError (fun error -> RuntimeError.FileUnusable(path, string error))
        with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? ArgumentException as error -> Error(RuntimeError.FileUnusable(path, error.Message))

    /// Writes a recording to a new file, which its owner alone can read: it decrypts its session.
    let save (path: string) (recording: Recording) : Result<unit, RuntimeError> =
        RecordingFile.Create path
        |> Result.map (fun file ->
            use file = file
            Recording.entries recording |> List.iter file.Write)
