namespace CoQuic.Runtime

open System
open System.IO
open CoQuic.FSharp

/// Key-log lines in a file, in the NSS format that packet analysers read. Whoever has the file can read the connections.
[<Sealed>]
type internal KeyLog private (writer: StreamWriter) =

    /// The agent's: writes a line, and out at once, so that an analyser can follow.
    member _.Write(line: string) =
        writer.WriteLine line
        writer.Flush()

    interface IDisposable with
        member _.Dispose() = writer.Dispose()

    /// Appends to a file, which several endpoints may share. A new one is its owner's alone to read.
    static member Open(path: string) : Result<KeyLog, RuntimeError> =
        let options =
            FileStreamOptions(Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite)

        if not (OperatingSystem.IsWindows()) then
            options.UnixCreateMode <- UnixFileMode.UserRead ||| UnixFileMode.UserWrite

        try
            Ok(new KeyLog(new StreamWriter(path, options)))
        with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? ArgumentException as error -> Error(RuntimeError.FileUnusable(path, error.Message))

/// Where key-log lines go.
[<RequireQualifiedAccess>]
module internal KeyLog =

    /// The file that is asked for, or else the one that SSLKEYLOGFILE names, as browsers do.
    let path (asked: string option) : string option =
        let environment =
            Environment.GetEnvironmentVariable "SSLKEYLOGFILE"
            |> Option.ofObj
            |> Option.filter (String.IsNullOrEmpty >> not)

        asked |> Option.orElse environment
