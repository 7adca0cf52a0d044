namespace CoQuic.Runtime

open System
open System.Collections.Generic
open System.Threading
open System.Threading.Tasks

/// Written bytes on their way to the agent: chunks that are filled once and handed out in pieces, never written again.
[<Sealed>]
type internal WriteChunks() =

    /// Small streams keep little; busy ones get chunks of a datagram run's size.
    static let smallestChunk = 4 * 1024
    static let largestChunk = 64 * 1024

    let full = Queue<ReadOnlyMemory<byte>>()
    let mutable chunk = Array.empty<byte>
    let mutable start = 0
    let mutable finish = 0

    let nextSize wanted =
        min largestChunk (max (max smallestChunk wanted) (2 * chunk.Length))

    let moveOn wanted =
        if finish > start then
            full.Enqueue(ReadOnlyMemory(chunk, start, finish - start))

        chunk <- GC.AllocateUninitializedArray<byte>(nextSize wanted)
        start <- 0
        finish <- 0

    /// Copies all bytes.
    member _.Write(source: ReadOnlySpan<byte>) =
        let mutable written = 0

        while written < source.Length do
            if finish = chunk.Length then
                moveOn (source.Length - written)

            let part = min (chunk.Length - finish) (source.Length - written)
            source.Slice(written, part).CopyTo(chunk.AsSpan finish)
            finish <- finish + part
            written <- written + part

    /// Takes the oldest piece; empty when there is none.
    member _.Take() : ReadOnlyMemory<byte> =
        let mutable piece = ReadOnlyMemory<byte>.Empty

        if not (full.TryDequeue &piece) then
            piece <- ReadOnlyMemory(chunk, start, finish - start)
            start <- finish

        piece

    member _.IsEmpty = full.Count = 0 && start = finish

    member _.Clear() =
        full.Clear()
        chunk <- Array.empty
        start <- 0
        finish <- 0

/// What the agent takes from a sender.
[<Struct; NoEquality; NoComparison>]
type internal SendWork =
    /// Bytes to send, and whether the stream ends behind them.
    | Data of bytes: ReadOnlyMemory<byte> * fin: bool
    /// The end without the remaining data.
    | Abandon of code: uint64
    | NoWork

/// The sending part of a stream as its writer sees it. Written bytes wait here, and then in the engine until they are
/// acknowledged; `highWater` bounds both together. `wake` is called, outside the lock, when there is something here for the
/// agent to take.
[<Sealed>]
type internal StreamSender(highWater: int, wake: unit -> unit) =

    let gate = obj ()
    let chunks = WriteChunks()
    let mutable accepted = 0UL
    let mutable priority = 0
    let mutable released = 0UL
    let mutable finAccepted = false
    let mutable finTaken = false
    let mutable resetCode = ValueNone
    let mutable failure: exn | null = null
    let mutable isWriting = false
    let room = Waiter()

    let closed =
        TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)

    let check () =
        match failure with
        | null -> ()
        | error -> raise error

    let free () =
        max 0 (highWater - int (accepted - released))

    /// Takes as much as there is room for, and the end when all fits.
    let accept (source: ReadOnlyMemory<byte>) fin =
        check ()
        let count = min (free ()) source.Length
        chunks.Write(source.Span.Slice(0, count))
        accepted <- accepted + uint64 count
        finAccepted <- finAccepted || (fin && count = source.Length)
        count

    /// How many bytes were taken, and what to wait for when it was not all.
    let acceptOrWait (source: ReadOnlyMemory<byte>) fin : struct (int * Task) =
        let struct (count, waiting) =
            lock gate (fun () ->
                let count = accept source fin

                struct (count,
                        (if count < source.Length then
                             room.Next()
                         else
                             Task.CompletedTask)))

        if count > 0 || fin then
            wake ()

        struct (count, waiting)

    let enter () =
        lock gate (fun () ->
            check ()

            if isWriting then
                invalidOp "Another write to this stream is still waiting."

            if finAccepted then
                invalidOp "The writes of this stream are complete.")

    /// Whether the stream's end is with the engine and no byte is outstanding.
    let settle () =
        if finTaken && released = accepted then
            closed.TrySetResult() |> ignore

    let fail (error: exn) =
        if isNull failure then
            failure <- error
            chunks.Clear()
            closed.TrySetException error |> ignore
            // Nobody has to look at it.
            closed.Task.Exception |> ignore
            room.Release()

    let abort code error =
        let isNew =
            lock gate (fun () ->
                let isOpen = isNull failure && not closed.Task.IsCompleted

                if isOpen then
                    resetCode <- ValueSome code
                    fail error

                isOpen)

        if isNew then
            wake ()

    /// What later writes hear, whose own tokens were not cancelled.
    let cancelled =
        RuntimeError.Aborted "The sending part of the stream was aborted here: a write was cancelled while it waited."

    let waitAndWrite (source: ReadOnlyMemory<byte>) fin (waiting: Task) cancelCode (cancellation: CancellationToken) =
        task {
            isWriting <- true

            try
                try
                    let mutable rest = source
                    let mutable waiting = waiting

                    while not rest.IsEmpty do
                        do! waiting.WaitAsync cancellation
                        let struct (count, next) = acceptOrWait rest fin
                        rest <- rest.Slice count
                        waiting <- next
                with :? OperationCanceledException as error ->
                    // Part of it may be on its way: rather a stream that is visibly reset than one with a hole.
                    abort cancelCode (QuicExceptions.ofError cancelled)
                    raise error
            finally
                isWriting <- false
        }

    /// Higher goes first where streams compete; from the next bytes that the agent takes.
    member _.Priority
        with get () = Volatile.Read &priority
        and set value = Volatile.Write(&priority, value)

    /// Completes when the stream was ended and all its bytes are acknowledged; fails when either side gave up.
    member _.Closed: Task = closed.Task

    /// Takes all bytes, waiting for room where there is none. A write that is cancelled while it waits resets the stream with
    /// `cancelCode`.
    member _.WriteAsync
        (source: ReadOnlyMemory<byte>, fin: bool, cancelCode: uint64, cancellation: CancellationToken)
        : ValueTask =
        if cancellation.IsCancellationRequested then
            ValueTask.FromCanceled cancellation
        else
            try
                enter ()
                let struct (count, waiting) = acceptOrWait source fin

                if count = source.Length then
                    ValueTask.CompletedTask
                else
                    ValueTask(waitAndWrite (source.Slice count) fin waiting cancelCode cancellation)
            with error ->
                ValueTask.FromException error

    /// Ends the stream behind what was written. Again: nothing.
    member _.Complete() =
        let isNew =
            lock gate (fun () ->
                let isNew = isNull failure && not finAccepted
                finAccepted <- finAccepted || isNew
                isNew)

        if isNew then
            wake ()

    /// Ends the stream without what was not sent yet; the peer hears the code.
    member _.Abort(code: uint64, error: exn) = abort code error

    /// The agent's: the next thing to do.
    member _.Take() : SendWork =
        lock gate (fun () ->
            match resetCode with
            | ValueSome code ->
                resetCode <- ValueNone
                Abandon code
            | ValueNone when not (isNull failure) || (chunks.IsEmpty && finAccepted = finTaken) -> NoWork
            | ValueNone ->
                let bytes = chunks.Take()
                let fin = finAccepted && chunks.IsEmpty
                finTaken <- finTaken || fin
                settle ()
                Data(bytes, fin))

    /// The agent's: so many bytes from the stream's start are acknowledged.
    member _.OnProgress(releasedNow: uint64) =
        lock gate (fun () ->
            released <- max released releasedNow
            settle ()
            room.Release())

    /// The agent's: whether nothing more happens here.
    member _.IsOver = closed.Task.IsCompleted

    /// The agent's: the peer will not read, or the connection ended.
    member _.OnClosed(error: exn) =
        lock gate (fun () ->
            if not closed.Task.IsCompleted then
                fail error)
