namespace CoQuic.Perf

open System
open CoQuic.FSharp

/// Whether a stream that we send on ends behind what is to be sent.
[<RequireQualifiedAccess>]
type StreamEnd =
    /// More may follow.
    | Open
    /// It ends behind the remaining bytes.
    | Due
    /// Its end has been handed over.
    | Sent

/// What is still to be sent on a stream, and how much the endpoint holds already. Payload is handed over in chunks as the
/// peer acknowledges, so that a transfer's size does not show in memory.
type Outgoing =
    {
        /// Bytes not handed over yet.
        Remaining: uint64
        /// Bytes handed over since the stream began.
        Queued: uint64
        /// Bytes known to be acknowledged since the stream began.
        Released: uint64
        End: StreamEnd
    }

[<RequireQualifiedAccess>]
module Outgoing =
    /// The endpoint holds at most this much of a stream: as much as the peer's stream window admits (PerfDefaults).
    let highWaterMark = 16UL * 1024UL * 1024UL

    /// The endpoint asks for more when it holds less than this.
    let lowWaterMark = highWaterMark / 2UL

    let private chunkLength = 1024 * 1024

    /// Every payload byte of every stream is a slice of this one, so that sending copies nothing.
    let private chunk = Bytes.ofArray (Array.create chunkLength Protocol.payloadByte)

    let nothing =
        { Remaining = 0UL
          Queued = 0UL
          Released = 0UL
          End = StreamEnd.Open }

    /// A payload that its stream ends with.
    let whole length =
        { nothing with
            Remaining = length
            End = StreamEnd.Due }

    /// More to send on the same stream.
    let append length outgoing =
        { outgoing with
            Remaining = outgoing.Remaining + length }

    /// Nothing more to send.
    let finish outgoing =
        if outgoing.End = StreamEnd.Open then
            { outgoing with End = StreamEnd.Due }
        else
            outgoing

    /// What the endpoint told about the stream.
    let released (progress: SendProgress) (outgoing: Outgoing) =
        { outgoing with
            Released = max outgoing.Released progress.Released }

    /// Whether everything has been handed over.
    let isHandedOver outgoing = outgoing.Remaining = 0UL

    /// Whether everything has been handed over, and the end.
    let isSent outgoing =
        outgoing.Remaining = 0UL && outgoing.End = StreamEnd.Sent

    /// Whether everything has been handed over and acknowledged.
    let isAcknowledged outgoing =
        isHandedOver outgoing && outgoing.Queued <= outgoing.Released

    /// Whether the stream has nothing to hear of any more.
    let isDone outgoing =
        isSent outgoing && isAcknowledged outgoing

    /// `length` bytes of payload in chunks, the last of which ends the stream if it `ends`.
    let rec private send connection stream ends length : Command<'message> list =
        if length > uint64 chunkLength then
            Command.send connection stream chunk
            :: send connection stream ends (length - uint64 chunkLength)
        elif ends then
            [ Command.sendLast connection stream (chunk.Slice(0, int length)) ]
        elif length > 0UL then
            [ Command.send connection stream (chunk.Slice(0, int length)) ]
        else
            []

    /// Hands over as much as the high-water mark admits.
    let fill connection stream outgoing : Outgoing * Command<'message> list =
        let held = outgoing.Queued - outgoing.Released
        let room = if held < highWaterMark then highWaterMark - held else 0UL
        let length = min room outgoing.Remaining
        let ends = outgoing.End = StreamEnd.Due && length = outgoing.Remaining

        { outgoing with
            Remaining = outgoing.Remaining - length
            Queued = outgoing.Queued + length
            End = if ends then StreamEnd.Sent else outgoing.End },
        send connection stream ends length
