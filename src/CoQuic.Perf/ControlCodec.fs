/// The encoding of control messages: a type byte, the payload's length in four bytes, the payload. Integers are big endian.
///
/// session_start, versions 2 and 3 (version 1 has no flags byte, so what follows it comes one byte earlier):
///
///     0 version   4 mode   5 direction   6 request bytes   14 response bytes   22 flags   23 total bytes
///     31 requests   39 warmup   47 duration   55 streams   63 connections   71 requests in flight
[<RequireQualifiedAccess>]
module CoQuic.Perf.ControlCodec

open System
open System.Buffers.Binary
open System.Text
open CoQuic.FSharp

/// The type byte and the length of a message.
let private headerLength = 5

/// No control message may be longer: a peer that announces more is not speaking this protocol.
let maximumLength = 64 * 1024

let private totalBytesPresent = 1uy
let private requestsPresent = 2uy

/// Appends fields to a message; the length is filled in at the end.
type private Writer(messageType: byte) =
    let bytes = ResizeArray<byte>([ messageType; 0uy; 0uy; 0uy; 0uy ])

    member _.Byte(value: byte) = bytes.Add value

    member _.UInt32(value: uint32) =
        let field = Array.zeroCreate<byte> 4
        BinaryPrimitives.WriteUInt32BigEndian(field, value)
        bytes.AddRange field

    member _.UInt64(value: uint64) =
        let field = Array.zeroCreate<byte> 8
        BinaryPrimitives.WriteUInt64BigEndian(field, value)
        bytes.AddRange field

    member _.Raw(value: byte array) = bytes.AddRange value

    member _.Finish() =
        let message = bytes.ToArray()
        BinaryPrimitives.WriteUInt32BigEndian(Span(message, 1, 4), uint32 (message.Length - headerLength))
        Bytes.Wrap(ReadOnlyMemory message)

let private versionNumber version =
    match version with
    | ProtocolVersion.Legacy -> 1u
    | ProtocolVersion.Milliseconds -> 2u
    | ProtocolVersion.Current -> 3u

let private modeNumber mode =
    match mode with
    | Mode.Bulk -> 0uy
    | Mode.RequestResponse -> 1uy
    | Mode.ConnectRequestResponse -> 2uy
    | Mode.PersistentRequestResponse -> 3uy

let private directionNumber direction =
    match direction with
    | Direction.Upload -> 0uy
    | Direction.Download -> 1uy

let private flags (start: SessionStart) =
    (if start.TotalBytes.IsSome then totalBytesPresent else 0uy)
    ||| (if start.Requests.IsSome then requestsPresent else 0uy)

let private encodeStart (start: SessionStart) =
    let writer = Writer 1uy
    writer.UInt32(versionNumber start.Version)
    writer.Byte(modeNumber start.Mode)
    writer.Byte(directionNumber start.Direction)
    writer.UInt64 start.RequestBytes
    writer.UInt64 start.ResponseBytes

    if start.Version <> ProtocolVersion.Legacy then
        writer.Byte(flags start)

    writer.UInt64(Option.defaultValue 0UL start.TotalBytes)
    writer.UInt64(Option.defaultValue 0UL start.Requests)
    writer.UInt64 start.Warmup
    writer.UInt64 start.Duration
    writer.UInt64 start.Streams
    writer.UInt64 start.Connections
    writer.UInt64 start.RequestsInFlight
    writer.Finish()

let private encodeReady version =
    let writer = Writer 2uy
    writer.UInt32 version
    writer.Finish()

let private encodeError (text: string) =
    let writer = Writer 3uy
    let bytes = Encoding.UTF8.GetBytes text
    writer.UInt32(uint32 bytes.Length)
    writer.Raw bytes
    writer.Finish()

let private encodeComplete (counters: Counters) =
    let writer = Writer 4uy
    writer.UInt64 counters.BytesSent
    writer.UInt64 counters.BytesReceived
    writer.UInt64 counters.RequestsCompleted
    writer.Finish()

let encode message =
    match message with
    | SessionStart start -> encodeStart start
    | SessionReady version -> encodeReady version
    | SessionError text -> encodeError text
    | SessionComplete counters -> encodeComplete counters

let private readUInt32 (bytes: Bytes) offset =
    BinaryPrimitives.ReadUInt32BigEndian(bytes.Span.Slice(offset, 4))

let private readUInt64 (bytes: Bytes) offset =
    BinaryPrimitives.ReadUInt64BigEndian(bytes.Span.Slice(offset, 8))

let private tryMode number =
    match number with
    | 0uy -> Some Mode.Bulk
    | 1uy -> Some Mode.RequestResponse
    | 2uy -> Some Mode.ConnectRequestResponse
    | 3uy -> Some Mode.PersistentRequestResponse
    | _ -> None

let private tryDirection number =
    match number with
    | 0uy -> Some Direction.Upload
    | 1uy -> Some Direction.Download
    | _ -> None

/// The version and the offset of what follows the flags, when the payload has the length that the version asks for.
let private tryVersion (payload: Bytes) =
    if payload.Length < 4 then
        None
    else
        match readUInt32 payload 0, payload.Length with
        | 1u, 78 -> Some(ProtocolVersion.Legacy, 22)
        | 2u, 79 -> Some(ProtocolVersion.Milliseconds, 23)
        | 3u, 79 -> Some(ProtocolVersion.Current, 23)
        | _ -> None

/// A limit: by its flag, or in version 1 by not being 0.
let private limit version (payload: Bytes) flag value =
    let isPresent =
        if version = ProtocolVersion.Legacy then
            value <> 0UL
        else
            payload[22] &&& flag <> 0uy

    if isPresent then Some value else None

let private tryDecodeStart (payload: Bytes) =
    match tryVersion payload with
    | None -> None
    | Some(version, rest) ->
        match tryMode payload[4], tryDirection payload[5] with
        | Some mode, Some direction ->
            let field index = readUInt64 payload (rest + 8 * index)

            Some
                { Version = version
                  Mode = mode
                  Direction = direction
                  RequestBytes = readUInt64 payload 6
                  ResponseBytes = readUInt64 payload 14
                  TotalBytes = limit version payload totalBytesPresent (field 0)
                  Requests = limit version payload requestsPresent (field 1)
                  Warmup = field 2
                  Duration = field 3
                  Streams = field 4
                  Connections = field 5
                  RequestsInFlight = field 6 }
        | _ -> None

let private tryDecodeError (payload: Bytes) =
    if payload.Length >= 4 && readUInt32 payload 0 = uint32 (payload.Length - 4) then
        Some(Encoding.UTF8.GetString(payload.Span.Slice 4))
    else
        None

let private tryDecodeComplete (payload: Bytes) =
    if payload.Length = 24 then
        Some
            { BytesSent = readUInt64 payload 0
              BytesReceived = readUInt64 payload 8
              RequestsCompleted = readUInt64 payload 16 }
    else
        None

/// The length of the first message of a stream, header included, once its header is there.
let private announcedLength (bytes: Bytes) =
    if bytes.Length < headerLength then
        None
    else
        Some(uint64 headerLength + uint64 (readUInt32 bytes 1))

/// Reads exactly one message: nothing may be missing and nothing may follow. None when the bytes are no such thing.
let tryDecode (bytes: Bytes) =
    if announcedLength bytes <> Some(uint64 bytes.Length) then
        None
    else
        let payload = bytes.Slice headerLength

        match bytes[0] with
        | 1uy -> tryDecodeStart payload |> Option.map SessionStart
        | 2uy when payload.Length = 4 -> Some(SessionReady(readUInt32 payload 0))
        | 3uy -> tryDecodeError payload |> Option.map SessionError
        | 4uy -> tryDecodeComplete payload |> Option.map SessionComplete
        | _ -> None

/// What the start of a stream holds.
[<RequireQualifiedAccess>]
type Framing =
    /// The first message, as bytes, and what follows it.
    | Message of message: Bytes * rest: Bytes
    /// More is needed.
    | Incomplete
    /// It announces a message beyond `maximumLength`.
    | TooLong

/// Cuts the first message off the bytes of a stream.
let cut (bytes: Bytes) =
    match announcedLength bytes with
    | None -> Framing.Incomplete
    | Some length when length > uint64 maximumLength -> Framing.TooLong
    | Some length when length > uint64 bytes.Length -> Framing.Incomplete
    | Some length -> Framing.Message(bytes.Slice(0, int length), bytes.Slice(int length))
