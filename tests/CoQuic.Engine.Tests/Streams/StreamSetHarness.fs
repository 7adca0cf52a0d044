/// What the tests of stream sets share: settings, a small reader of packets that owes nothing to the engine's codecs, and
/// words for what peers and applications do.
module internal CoQuic.Engine.Tests.Streams.StreamSetHarness

open System
open CoQuic.Engine

/// What the tests vary of a set's settings.
type Options =
    { Role: Role
      Credit: ReceiveCredit
      OutOfOrder: bool
      Fair: bool
      LowWaterMark: uint64
      BidiRemote: uint64 }

let options =
    { Role = Role.Client
      Credit = ReceiveCredit.Automatic
      OutOfOrder = false
      Fair = true
      LowWaterMark = 256UL * 1024UL
      BidiRemote = 2000UL }

let withExplicitCredit =
    { options with
        Credit = ReceiveCredit.Explicit }

/// A set that does not know its peer's limits.
let fresh options =
    StreamSet(
        StreamSettings(
            Role = options.Role,
            InitialMaxData = 10_000UL,
            InitialMaxStreamDataBidiLocal = 1000UL,
            InitialMaxStreamDataBidiRemote = options.BidiRemote,
            InitialMaxStreamDataUni = 3000UL,
            InitialMaxStreamsBidi = 4UL,
            InitialMaxStreamsUni = 4UL,
            Credit = options.Credit,
            OutOfOrderReceive = options.OutOfOrder,
            SendFairness = options.Fair,
            SendLowWaterMark = options.LowWaterMark
        )
    )

let peerLimits = PeerStreamLimits(10_000UL, 2000UL, 1000UL, 3000UL, 4UL, 4UL)

/// A set whose peer has told its limits.
let create options =
    let streams = fresh options
    streams.OnPeerParameters peerLimits

    while fst (streams.TryGetEvent()) do
        ()

    streams

let client () = create options

let clientBidi index =
    StreamId.Create(Role.Client, StreamKind.Bidirectional, index)

let clientUni index =
    StreamId.Create(Role.Client, StreamKind.Unidirectional, index)

let serverBidi index =
    StreamId.Create(Role.Server, StreamKind.Bidirectional, index)

let serverUni index =
    StreamId.Create(Role.Server, StreamKind.Unidirectional, index)

let byteAt (offset: uint64) = byte (offset * 31UL + (offset >>> 8))

let bytesAt offset length =
    Array.init length (fun index -> byteAt (offset + uint64 index))

/// A frame as it stands in a packet.
type Frame =
    | Data of id: StreamId * offset: uint64 * bytes: byte array * fin: bool * hasLength: bool
    | Reset of id: StreamId * code: uint64 * finalSize: uint64
    | Stop of id: StreamId * code: uint64
    | MaxData of uint64
    | MaxStreamData of id: StreamId * limit: uint64
    | MaxStreams of kind: StreamKind * limit: uint64
    | DataBlocked of uint64
    | StreamDataBlocked of id: StreamId * limit: uint64
    | StreamsBlocked of kind: StreamKind * limit: uint64

/// RFC 9000 §16.
let private varInt (packet: byte array) position =
    let length = 1 <<< int (packet[position] >>> 6)
    let tail = packet[position + 1 .. position + length - 1]

    Array.fold (fun value next -> (value <<< 8) ||| uint64 next) (uint64 (packet[position] &&& 0x3Fuy)) tail,
    position + length

let private streamFrame (packet: byte array) position =
    let flags = int packet[position]
    let id, next = varInt packet (position + 1)
    let offset, next = if flags &&& 4 <> 0 then varInt packet next else 0UL, next

    let length, next =
        if flags &&& 2 <> 0 then
            varInt packet next
        else
            uint64 (packet.Length - next), next

    let last = next + int length
    Data(StreamId id, offset, packet[next .. last - 1], flags &&& 1 <> 0, flags &&& 2 <> 0), last

let private frameAt packet position =
    let one make =
        let first, next = varInt packet (position + 1)
        make first, next

    let two make =
        let first, next = varInt packet (position + 1)
        let second, next = varInt packet next
        make (StreamId first) second, next

    match packet[position] with
    | 0x04uy ->
        let make, next = two (fun id code -> fun size -> Reset(id, code, size))
        let size, next = varInt packet next
        make size, next
    | 0x05uy -> two (fun id code -> Stop(id, code))
    | 0x10uy -> one MaxData
    | 0x11uy -> two (fun id limit -> MaxStreamData(id, limit))
    | 0x12uy -> one (fun limit -> MaxStreams(StreamKind.Bidirectional, limit))
    | 0x13uy -> one (fun limit -> MaxStreams(StreamKind.Unidirectional, limit))
    | 0x14uy -> one DataBlocked
    | 0x15uy -> two (fun id limit -> StreamDataBlocked(id, limit))
    | 0x16uy -> one (fun limit -> StreamsBlocked(StreamKind.Bidirectional, limit))
    | 0x17uy -> one (fun limit -> StreamsBlocked(StreamKind.Unidirectional, limit))
    | kind when kind &&& 0xF8uy = 0x08uy -> streamFrame packet position
    | kind -> failwith $"a frame of type {kind} is none of streams"

let rec private framesFrom position (packet: byte array) =
    if position = packet.Length then
        []
    else
        let frame, next = frameAt packet position
        frame :: framesFrom next packet

/// Writes one packet of a given payload size at an instant: its frames, and the records that tell of their fate later.
let transmitAt now roundTrip size (streams: StreamSet) =
    let payload, sent = Array.zeroCreate<byte> size, SentFrameList()
    let mutable writer = QuicWriter(Span payload)
    streams.WriteFrames(now, roundTrip, &writer, sent)
    framesFrom 0 payload[.. writer.Position - 1], sent.Frames.ToArray() |> Array.toList

let transmit size streams =
    transmitAt TimeUs.Zero TimeSpan.Zero size streams

let framesOf streams = transmit 1200 streams |> fst

let acknowledge (streams: StreamSet) records =
    for record: SentFrame in records do
        streams.OnFrameAcked &record

let lose (streams: StreamSet) records =
    for record: SentFrame in records do
        streams.OnFrameLost &record

/// The application writes bytes that fit their place in the stream.
let send (streams: StreamSet) id offset length fin =
    streams.Send(id, Bytes.Wrap(bytesAt offset length), fin, 0) |> Option.ofNullable

/// The peer sends bytes that fit their place in the stream.
let receive (streams: StreamSet) id offset length fin =
    match streams.OnStreamFrame(id, offset, ReadOnlyMemory(bytesAt offset length), fin, true) with
    | null -> None
    | error -> Some error.Code

let code (error: TransportError | null) =
    match error with
    | null -> None
    | error -> Some error.Code

let rec events (streams: StreamSet) =
    match streams.TryGetEvent() with
    | true, event -> event :: events streams
    | _ -> []

/// What the application is given: stream, offset, length, FIN.
let rec read (streams: StreamSet) =
    match streams.TryReadStreamData() with
    | true, id, offset, data, fin -> (id, offset, data.Length, fin) :: read streams
    | _ -> []
