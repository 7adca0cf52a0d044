/// HTTP/0.9 on a QUIC stream, as the interop endpoints of QUIC stacks speak it (`hq-interop`): the client sends `GET /path`, a
/// line end and FIN, the server answers with the file and FIN.
module CoQuic.Peers.Hq

open System
open System.IO
open System.Text

/// The application protocol.
let protocol = "hq-interop"

/// What a stream that asks for nothing that we have is reset with.
let notFound = 4L

/// A request that is longer is none.
let maximumRequestLength = 4096

let request (path: string) : byte array =
    Encoding.UTF8.GetBytes $"GET {path}\r\n"

/// The path that a request asks for; none when it is no request.
let tryPath (request: ReadOnlySpan<byte>) : string option =
    let line = Encoding.UTF8.GetString(request).TrimEnd('\r', '\n', ' ')

    if line.StartsWith("GET /", StringComparison.Ordinal) then
        Some(line.Substring 4)
    else
        None

/// A link inside the directory may point out of it: what it points to is what would be read.
let private target (file: FileInfo) =
    match file.ResolveLinkTarget true with
    | null -> file.FullName
    | target -> target.FullName

/// The file of a served directory that a path names; none where it would lead out of the directory, or to no file.
let tryFile (directory: string) (path: string) : FileInfo option =
    let root =
        Path.TrimEndingDirectorySeparator(Path.GetFullPath directory)
        + string Path.DirectorySeparatorChar

    let parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries)

    let isPlain (part: string) =
        part <> "."
        && part <> ".."
        && part.IndexOfAny(Path.GetInvalidFileNameChars()) < 0

    if Array.forall isPlain parts then
        let file = FileInfo(Path.Combine(Array.append [| root |] parts))

        if file.Exists && (target file).StartsWith(root, StringComparison.Ordinal) then
            Some file
        else
            None
    else
        None

let private lineEnd = byte '\n'

/// HTTP/0.9.
let dialect: Dialect =
    { Control = [||]
      Request = fun _ path -> request path
      IsWhole = fun request -> request.Length > 0 && request.Span[request.Length - 1] = lineEnd
      TryPath = fun request -> tryPath request.Span
      Head = fun _ -> [||]
      Copy = fun stream take -> Dialect.copy stream Int64.MaxValue take }
