namespace CoQuic.Runtime

open System
open System.Collections.Concurrent
open System.Threading
open CoQuic.FSharp

/// How the streams of an agent are kept.
type internal StreamSettings =
    {
        /// Written bytes that a stream holds until they are acknowledged, at most.
        HighWater: int
        /// Read bytes after which the peer gets credit for them.
        CreditThreshold: int
    }

/// One stream between its application, on any thread, and the agent. Either part may be missing (RFC 9000 §2.1).
[<Sealed>]
type internal StreamCore
    (connection: ConnectionHandle, id: StreamId, isOurs: bool, settings: StreamSettings, queue: StreamQueue) as this =

    let mutable isQueued = 0
    let mutable isUnannounced = false

    let wake () =
        if Interlocked.Exchange(&isQueued, 1) = 0 then
            queue.Add this

    let receives = id.IsBidirectional || not isOurs
    let sends = id.IsBidirectional || isOurs

    member _.Connection = connection
    member _.Id = id

    member val Receiver: StreamReceiver | null =
        if receives then
            StreamReceiver(settings.CreditThreshold, wake)
        else
            null

    member val Sender: StreamSender | null =
        if sends then
            StreamSender(settings.HighWater, wake)
        else
            null

    /// The agent's: from here on a change queues the stream again.
    member _.OnTaken() =
        Interlocked.Exchange(&isQueued, 0) |> ignore

    /// The agent's: whether nothing more will be heard of it.
    member this.IsOver =
        (match this.Receiver with
         | null -> true
         | receiver -> receiver.IsOver)
        && (match this.Sender with
            | null -> true
            | sender -> sender.IsOver)

    /// The agent's: bytes came in; whether they are the first since the last announcement.
    member this.OnData(bytes: ReadOnlyMemory<byte>, fin: bool) : bool =
        match this.Receiver with
        | null -> false
        | receiver ->
            receiver.Deliver(bytes, fin)
            let isFirst = not isUnannounced
            isUnannounced <- true
            isFirst

    /// The agent's: wakes the reader.
    member this.Announce() =
        isUnannounced <- false

        match this.Receiver with
        | null -> ()
        | receiver -> receiver.Announce()

    /// The agent's: the peer abandoned its sending part.
    member this.OnReset(error: exn) =
        match this.Receiver with
        | null -> ()
        | receiver -> receiver.OnReset error

    /// The agent's: the peer reads no more.
    member this.OnStopSending(error: exn) =
        match this.Sender with
        | null -> ()
        | sender -> sender.OnClosed error

    /// The agent's: bytes from the start of the stream are acknowledged.
    member this.OnProgress(released: uint64) =
        match this.Sender with
        | null -> ()
        | sender -> sender.OnProgress released

    /// The agent's: whether another stream may have its number by now, so that nothing more is to be done for it.
    member val IsForgotten = false with get, set

    /// The agent's: the stream ended as if it had never been.
    member this.OnForgotten(error: exn) =
        this.IsForgotten <- true
        this.OnClosed error

    /// The agent's: the connection ended.
    member this.OnClosed(error: exn) =
        match this.Receiver with
        | null -> ()
        | receiver -> receiver.OnClosed error

        match this.Sender with
        | null -> ()
        | sender -> sender.OnClosed error

/// The streams with something for the agent to take; each is in it once. `ring` is called once for all that come before the
/// agent takes them.
and [<Sealed>] internal StreamQueue(ring: unit -> unit) =

    let streams = ConcurrentQueue<StreamCore>()
    let mutable isRung = 0

    member _.Add(stream: StreamCore) =
        streams.Enqueue stream

        if Interlocked.Exchange(&isRung, 1) = 0 then
            ring ()

    /// The agent's: what is there.
    member _.TakeAll() : StreamCore list =
        Interlocked.Exchange(&isRung, 0) |> ignore

        [ for _ in 1 .. streams.Count do
              match streams.TryDequeue() with
              | true, stream ->
                  stream.OnTaken()
                  stream
              | _ -> () ]
