/// As much of HTTP/3 (RFC 9114) as exchanging files takes, for stacks that speak nothing else. Field lines come from QPACK's static
/// table (RFC 9204 Appendix A), and literals are not compressed: a request whose path is, counts as none.
module CoQuic.Peers.H3

open System
open System.Buffers.Binary
open System.IO
open System.Text
open System.Threading.Tasks

/// The application protocol.
let protocol = "h3"

/// RFC 9114 §7.2.
let private dataFrame = 0uy

let private headersFrame = 1uy
let private settingsFrame = 4uy

/// RFC 9114 §6.2.1: the type of a control stream.
let private controlStream = 0uy

/// RFC 9204 §4.5.1: no dynamic table is referred to.
let private sectionPrefix = [| 0uy; 0uy |]

/// RFC 9204 §4.5.2: an entry of the static table as it stands.
let private indexed index = 0xC0uy ||| byte index

let private methodGet = indexed 17
let private schemeHttps = indexed 23
let private status200 = indexed 25

/// Entries of the static table that are referred to for their names.
let private authority = 0

let private path = 1

/// RFC 9000 §16, as far as lengths go here.
let private varInt (value: int64) =
    let bytes = Array.zeroCreate<byte> 8

    if value < 64L then
        [| byte value |]
    else
        BinaryPrimitives.WriteUInt64BigEndian(bytes, uint64 value ||| 0xC000_0000_0000_0000UL)
        bytes

let private frame frameType (payload: byte array) =
    Array.concat [ [| frameType |]; varInt payload.LongLength; payload ]

/// RFC 7541 §5.1: an integer behind flags, in a first byte of which `bits` bits are its own.
let private prefixed flags bits (value: int) =
    let limit = (1 <<< bits) - 1

    let rec rest value =
        [| if value < 128 then
               byte value
           else
               byte (value % 128 + 128)
               yield! rest (value / 128) |]

    if value < limit then
        [| flags ||| byte value |]
    else
        Array.append [| flags ||| byte limit |] (rest (value - limit))

/// RFC 9204 §4.5.4: a literal value for a name of the static table.
let private literal name (value: string) =
    let bytes = Encoding.UTF8.GetBytes value
    Array.concat [ prefixed 0x50uy 4 name; prefixed 0x00uy 7 bytes.Length; bytes ]

let private request (host: string) (target: string) =
    frame
        headersFrame
        (Array.concat
            [ sectionPrefix
              [| methodGet; schemeHttps |]
              literal authority host
              literal path target ])

let private head (length: int64) =
    Array.concat
        [ frame headersFrame (Array.append sectionPrefix [| status200 |])
          [| dataFrame |]
          varInt length ]

/// A cursor over received bytes. Nothing is read beyond their end.
[<Sealed>]
type private Cursor(bytes: ReadOnlyMemory<byte>) =
    let mutable position = 0

    member _.IsAtEnd = position >= bytes.Length
    member _.Peek = bytes.Span[position]

    member _.Byte() =
        if position < bytes.Length then
            position <- position + 1
            Some bytes.Span[position - 1]
        else
            None

    member _.Take(length: int) =
        if length >= 0 && length <= bytes.Length - position then
            position <- position + length
            Some(bytes.Slice(position - length, length))
        else
            None

    /// RFC 9000 §16.
    member this.VarInt() =
        this.Byte()
        |> Option.bind (fun first ->
            this.Take((1 <<< int (first >>> 6)) - 1)
            |> Option.map (fun others ->
                let mutable value = int64 (first &&& 0x3Fuy)

                for other in others.ToArray() do
                    value <- (value <<< 8) ||| int64 other

                value))

    /// RFC 7541 §5.1, up to four further bytes.
    member this.Prefixed(bits: int) =
        let limit = (1 <<< bits) - 1

        let rec more shift value =
            match this.Byte() with
            | Some next when next < 128uy -> Some(value + (int next <<< shift))
            | Some next when shift < 21 -> more (shift + 7) (value + (int (next &&& 0x7Fuy) <<< shift))
            | _ -> None

        this.Byte()
        |> Option.bind (fun first ->
            let value = int first &&& limit
            if value < limit then Some value else more 0 value)

/// RFC 9204 §4.1.2: a string, and whether it is in Huffman coding.
let private readString (cursor: Cursor) bits =
    if cursor.IsAtEnd then
        None
    else
        let isCoded = cursor.Peek &&& (1uy <<< bits) <> 0uy

        cursor.Prefixed bits
        |> Option.bind cursor.Take
        |> Option.map (fun bytes -> isCoded, bytes)

/// RFC 9204 §4.5: one field line; the path if it is that. None at what cannot be read.
let private readLine (cursor: Cursor) : string option option =
    let first = cursor.Peek

    if first >= 0x80uy then
        cursor.Prefixed 6 |> Option.map (fun _ -> None)
    elif first >= 0x40uy then
        cursor.Prefixed 4
        |> Option.bind (fun name ->
            readString cursor 7
            |> Option.map (fun (isCoded, value) ->
                if name = path && first &&& 0x10uy <> 0uy && not isCoded then
                    Some(Encoding.UTF8.GetString value.Span)
                else
                    None))
    elif first >= 0x20uy then
        readString cursor 3
        |> Option.bind (fun _ -> readString cursor 7)
        |> Option.map (fun _ -> None)
    else
        None

let rec private findPath (cursor: Cursor) : string option =
    if cursor.IsAtEnd then
        None
    else
        match readLine cursor with
        | Some(Some path) -> Some path
        | Some None -> findPath cursor
        | None -> None

let private pathOf (section: ReadOnlyMemory<byte>) =
    let cursor = Cursor section
    cursor.Take sectionPrefix.Length |> Option.bind (fun _ -> findPath cursor)

/// The first HEADERS frame is the request; frames of unknown types before it are skipped (RFC 9114 §9).
let rec private requestIn (cursor: Cursor) : string option =
    match cursor.VarInt() with
    | None -> None
    | Some frameType ->
        cursor.VarInt()
        |> Option.bind (fun length -> cursor.Take(int (min length (int64 Int32.MaxValue))))
        |> Option.bind (fun payload ->
            if frameType = int64 headersFrame then
                pathOf payload
            else
                requestIn cursor)

/// A variable-length integer from a stream; none at its end.
let private readVarInt (stream: Stream) =
    task {
        let bytes = Array.zeroCreate<byte> 8
        let! count = stream.ReadAsync(Memory(bytes, 0, 1))

        if count = 0 then
            return None
        else
            do! stream.ReadExactlyAsync(Memory(bytes, 1, (1 <<< int (bytes[0] >>> 6)) - 1))
            return Cursor(ReadOnlyMemory bytes).VarInt()
    }

let private skip (_: ReadOnlyMemory<byte>) : Task = Task.CompletedTask

/// What DATA frames carry is the file.
let private copy (stream: Stream) (take: ReadOnlyMemory<byte> -> Task) : Task =
    let rec next () : Task =
        task {
            match! readVarInt stream with
            | None -> ()
            | Some frameType ->
                let! length = readVarInt stream
                let take = if frameType = int64 dataFrame then take else skip
                do! Dialect.copy stream (Option.defaultValue 0L length) take
                return! next ()
        }

    next ()

/// HTTP/3.
let dialect: Dialect =
    { Control = Array.append [| controlStream |] (frame settingsFrame [||])
      Request = request
      IsWhole = fun _ -> false
      TryPath = fun request -> requestIn (Cursor request)
      Head = head
      Copy = copy }
