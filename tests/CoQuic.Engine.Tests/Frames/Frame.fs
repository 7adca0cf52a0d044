/// Every frame as a plain value, so that properties can compare what the codecs of the engine keep in spans.
module CoQuic.Engine.Tests.Frames.Frame

open System
open CoQuic.Engine

type Frame =
    | Padding of int
    | Ack of delay: uint64 * ranges: (uint64 * uint64) list * ecn: (uint64 * uint64 * uint64) option
    | ResetStream of ResetStreamFrame
    | StopSending of StopSendingFrame
    | Crypto of offset: uint64 * data: byte[]
    | NewToken of byte[]
    | Stream of id: uint64 * offset: uint64 * data: byte[] * isFin: bool
    | MaxData of MaxDataFrame
    | MaxStreamData of MaxStreamDataFrame
    | MaxStreams of MaxStreamsFrame
    | DataBlocked of DataBlockedFrame
    | StreamDataBlocked of StreamDataBlockedFrame
    | StreamsBlocked of StreamsBlockedFrame
    | NewConnectionId of NewConnectionIdFrame
    | RetireConnectionId of RetireConnectionIdFrame
    | PathChallenge of PathChallengeFrame
    | PathResponse of PathResponseFrame
    | TransportClose of code: uint64 * frameType: uint64 * reason: byte[]
    | ApplicationClose of code: uint64 * reason: byte[]
    | Datagram of byte[]

let private capacity = 70_000

/// Some when the reader succeeded, with the position where it stopped; an error when a failed read moved.
let private outcome found position (frame: Frame) =
    if found then Some(frame, position)
    elif position = 0 then None
    else failwith "a failed read moved the position"

let private ackRanges (frame: AckFrame) =
    let mutable ranges = frame.Ranges
    let mutable range = PacketNumberRange()
    let result = ResizeArray()

    while ranges.TryNext(&range) do
        result.Add(range.Smallest, range.Largest)

    List.ofSeq result

let private ecnCounts (counts: Nullable<EcnCounts>) =
    if counts.HasValue then
        Some(counts.Value.Ect0, counts.Value.Ect1, counts.Value.Ce)
    else
        None

/// Reads the frame of a type from bytes that begin behind the type: the frame and the bytes it took.
let decode (frameType: uint64) (bytes: byte[]) : (Frame * int) option =
    let mutable reader = QuicReader(ReadOnlySpan bytes)

    match frameType with
    | FrameType.Padding ->
        let mutable frame = PaddingFrame()
        let found = PaddingFrame.TryRead(&reader, &frame)
        let size = frame.Size
        outcome found reader.Position (Padding size)
    | FrameType.Ack
    | FrameType.AckEcn ->
        let mutable frame = AckFrame()
        let found = AckFrame.TryRead(&reader, frameType, &frame)
        let ranges = if found then ackRanges frame else []

        if
            found
            && (List.length ranges <> frame.RangeCount
                || snd ranges[0] <> frame.LargestAcknowledged)
        then
            failwith "the ranges contradict the frame"

        let delay, ecn = frame.AckDelay, ecnCounts frame.EcnCounts
        outcome found reader.Position (Ack(delay, ranges, ecn))
    | FrameType.ResetStream ->
        let mutable frame = ResetStreamFrame()
        let found = ResetStreamFrame.TryRead(&reader, &frame)
        outcome found reader.Position (ResetStream frame)
    | FrameType.StopSending ->
        let mutable frame = StopSendingFrame()
        let found = StopSendingFrame.TryRead(&reader, &frame)
        outcome found reader.Position (StopSending frame)
    | FrameType.Crypto ->
        let mutable frame = CryptoFrame()
        let found = CryptoFrame.TryRead(&reader, &frame)
        let offset, data = frame.Offset, frame.Data.ToArray()
        outcome found reader.Position (Crypto(offset, data))
    | FrameType.NewToken ->
        let mutable frame = NewTokenFrame()
        let found = NewTokenFrame.TryRead(&reader, &frame)
        let token = frame.Token.ToArray()
        outcome found reader.Position (NewToken token)
    | stream when FrameType.IsStream stream ->
        let mutable frame = StreamFrame()
        let found = StreamFrame.TryRead(&reader, frameType, &frame)

        let id, offset, data, isFin =
            frame.StreamId.Value, frame.Offset, frame.Data.ToArray(), frame.IsFin

        outcome found reader.Position (Stream(id, offset, data, isFin))
    | FrameType.MaxData ->
        let mutable frame = MaxDataFrame()
        let found = MaxDataFrame.TryRead(&reader, &frame)
        outcome found reader.Position (MaxData frame)
    | FrameType.MaxStreamData ->
        let mutable frame = MaxStreamDataFrame()
        let found = MaxStreamDataFrame.TryRead(&reader, &frame)
        outcome found reader.Position (MaxStreamData frame)
    | FrameType.MaxStreamsBidirectional
    | FrameType.MaxStreamsUnidirectional ->
        let mutable frame = MaxStreamsFrame()
        let found = MaxStreamsFrame.TryRead(&reader, frameType, &frame)
        outcome found reader.Position (MaxStreams frame)
    | FrameType.DataBlocked ->
        let mutable frame = DataBlockedFrame()
        let found = DataBlockedFrame.TryRead(&reader, &frame)
        outcome found reader.Position (DataBlocked frame)
    | FrameType.StreamDataBlocked ->
        let mutable frame = StreamDataBlockedFrame()
        let found = StreamDataBlockedFrame.TryRead(&reader, &frame)
        outcome found reader.Position (StreamDataBlocked frame)
    | FrameType.StreamsBlockedBidirectional
    | FrameType.StreamsBlockedUnidirectional ->
        let mutable frame = StreamsBlockedFrame()
        let found = StreamsBlockedFrame.TryRead(&reader, frameType, &frame)
        outcome found reader.Position (StreamsBlocked frame)
    | FrameType.NewConnectionId ->
        let mutable frame = NewConnectionIdFrame()
        let found = NewConnectionIdFrame.TryRead(&reader, &frame)
        outcome found reader.Position (NewConnectionId frame)
    | FrameType.RetireConnectionId ->
        let mutable frame = RetireConnectionIdFrame()
        let found = RetireConnectionIdFrame.TryRead(&reader, &frame)
        outcome found reader.Position (RetireConnectionId frame)
    | FrameType.PathChallenge ->
        let mutable frame = PathChallengeFrame()
        let found = PathChallengeFrame.TryRead(&reader, &frame)
        outcome found reader.Position (PathChallenge frame)
    | FrameType.PathResponse ->
        let mutable frame = PathResponseFrame()
        let found = PathResponseFrame.TryRead(&reader, &frame)
        outcome found reader.Position (PathResponse frame)
    | FrameType.ConnectionCloseTransport
    | FrameType.ConnectionCloseApplication ->
        let mutable frame = ConnectionCloseFrame()
        let found = ConnectionCloseFrame.TryRead(&reader, frameType, &frame)

        let code, faulty, reason =
            frame.ErrorCode, frame.FrameType, frame.ReasonPhrase.ToArray()

        let isApplication = (frameType = FrameType.ConnectionCloseApplication)

        outcome
            found
            reader.Position
            (if isApplication then
                 ApplicationClose(code, reason)
             else
                 TransportClose(code, faulty, reason))
    | FrameType.Datagram
    | FrameType.DatagramWithLength ->
        let mutable frame = DatagramFrame()
        let found = DatagramFrame.TryRead(&reader, frameType, &frame)
        let data = frame.Data.ToArray()
        outcome found reader.Position (Datagram data)
    | other -> failwith $"no codec for 0x{other:x}"

/// Writes a frame: its bytes, type included, and the size that it announced.
let encode (frame: Frame) : byte[] * int =
    let buffer = Array.zeroCreate<byte> capacity
    let mutable writer = QuicWriter(Span buffer)

    let size =
        match frame with
        | Padding size ->
            let frame = PaddingFrame size
            frame.Write(&writer)
            frame.Size
        | Ack(delay, ranges, ecn) ->
            let ranges = ranges |> List.map PacketNumberRange |> Array.ofList
            let ecn = ecn |> Option.map EcnCounts |> Option.toNullable
            let frame = OutgoingAckFrame(delay, ReadOnlySpan ranges, ecn)
            frame.Write(&writer)
            frame.Size
        | ResetStream frame ->
            frame.Write(&writer)
            frame.Size
        | StopSending frame ->
            frame.Write(&writer)
            frame.Size
        | Crypto(offset, data) ->
            let frame = CryptoFrame(offset, ReadOnlySpan data)
            frame.Write(&writer)
            frame.Size
        | NewToken token ->
            let frame = NewTokenFrame(ReadOnlySpan token)
            frame.Write(&writer)
            frame.Size
        | Stream(id, offset, data, isFin) ->
            let frame = StreamFrame(StreamId id, offset, ReadOnlySpan data, isFin)
            frame.Write(&writer)
            frame.Size
        | MaxData frame ->
            frame.Write(&writer)
            frame.Size
        | MaxStreamData frame ->
            frame.Write(&writer)
            frame.Size
        | MaxStreams frame ->
            frame.Write(&writer)
            frame.Size
        | DataBlocked frame ->
            frame.Write(&writer)
            frame.Size
        | StreamDataBlocked frame ->
            frame.Write(&writer)
            frame.Size
        | StreamsBlocked frame ->
            frame.Write(&writer)
            frame.Size
        | NewConnectionId frame ->
            frame.Write(&writer)
            frame.Size
        | RetireConnectionId frame ->
            frame.Write(&writer)
            frame.Size
        | PathChallenge frame ->
            frame.Write(&writer)
            PathChallengeFrame.Size
        | PathResponse frame ->
            frame.Write(&writer)
            PathResponseFrame.Size
        | TransportClose(code, frameType, reason) ->
            let frame =
                ConnectionCloseFrame.Transport(
                    LanguagePrimitives.EnumOfValue<uint64, TransportErrorCode> code,
                    frameType,
                    ReadOnlySpan reason
                )

            frame.Write(&writer)
            frame.Size
        | ApplicationClose(code, reason) ->
            let frame = ConnectionCloseFrame.Application(code, ReadOnlySpan reason)
            frame.Write(&writer)
            frame.Size
        | Datagram data ->
            let frame = DatagramFrame(ReadOnlySpan data)
            frame.Write(&writer)
            frame.Size

    Array.truncate writer.Position buffer, size

/// The type of an encoded frame, and what follows it.
let split (bytes: byte[]) = uint64 bytes[0], Array.tail bytes
