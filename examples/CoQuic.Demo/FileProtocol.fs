/// The application protocol `coquic-file`. Whoever opens a bidirectional stream sends a file on it, and the other side answers
/// with its SHA-256:
///
///     length of the name (1 byte), name (UTF-8), length of the file (8 bytes, big endian), the file, FIN
///     SHA-256 (32 bytes), FIN
module CoQuic.Demo.FileProtocol

open System
open System.Buffers.Binary
open System.Text
open CoQuic.FSharp

let alpn = "coquic-file"

/// Bytes of an answer.
let hashLength = 32

/// The name of a file on its way, and its length in bytes.
type FileHeader = { Name: string; Length: uint64 }

/// The longest name's encoding, in bytes.
let maximumNameLength = 255

let encode (header: FileHeader) : Bytes =
    let name = Encoding.UTF8.GetBytes header.Name
    let length = Array.zeroCreate<byte> 8
    BinaryPrimitives.WriteUInt64BigEndian(length, header.Length)
    Bytes.ofArray (Array.concat [ [| byte name.Length |]; name; length ])

/// Letters of a name that no disk minds.
let isPlainLetter (letter: char) =
    Char.IsAsciiLetterOrDigit letter || "._- ".Contains letter

/// A name that a file of ours may have: nothing that leads out of its folder, or is no name at all.
let isPlainName (name: string) =
    name.Length <= maximumNameLength
    && Seq.forall isPlainLetter name
    && not (List.contains name [ ""; "."; ".." ])

/// What the start of a stream holds.
[<RequireQualifiedAccess>]
type Start =
    /// The header, and the first bytes of the file.
    | Header of header: FileHeader * rest: Bytes
    | Incomplete
    /// A name that a peer has no business to give.
    | BadName

let read (bytes: Bytes) : Start =
    if bytes.IsEmpty then
        Start.Incomplete
    else
        let nameLength = int bytes[0]
        let headerLength = 1 + nameLength + 8

        if bytes.Length < headerLength then
            Start.Incomplete
        else
            let name = Bytes.toString (bytes.Slice(1, nameLength))

            let length =
                BinaryPrimitives.ReadUInt64BigEndian(bytes.Span.Slice(1 + nameLength, 8))

            if isPlainName name then
                Start.Header({ Name = name; Length = length }, bytes.Slice headerLength)
            else
                Start.BadName
