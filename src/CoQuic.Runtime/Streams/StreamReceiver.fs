namespace CoQuic.Runtime

open System
open System.Collections.Generic
open System.Threading
open System.Threading.Tasks

/// The receiving part of a stream as its reader sees it: bytes that the agent delivers wait here until somebody reads them.
/// What waits is bounded by the credit that the engine gave; reading gives it back. `wake` is called, outside the lock, when
/// there is something here for the agent to take.
[<Sealed>]
type internal StreamReceiver(creditThreshold: int, wake: unit -> unit) =

    let gate = obj ()
    let unread = Queue<ReadOnlyMemory<byte>>()
    let mutable head = ReadOnlyMemory<byte>.Empty
    let mutable hasFin = false
    let mutable failure: exn | null = null
    let mutable consumed = 0UL
    let mutable stopCode = ValueNone
    let mutable isWaiting = false
    let arrival = Waiter()

    let closed =
        TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)

    let isEmpty () = head.IsEmpty && unread.Count = 0

    /// Copies what is there, up to the destination's length.
    let copy (destination: Span<byte>) =
        let mutable count = 0

        while count < destination.Length && (not head.IsEmpty || unread.TryDequeue &head) do
            let part = min head.Length (destination.Length - count)
            head.Span.Slice(0, part).CopyTo(destination.Slice count)
            head <- head.Slice part
            count <- count + part

        count

    /// How many bytes a read got, 0 at the end of the stream; none when it has to wait.
    let tryRead (destination: Memory<byte>) : int voption =
        let count = copy destination.Span
        consumed <- consumed + uint64 count

        if count > 0 || (destination.IsEmpty && not (isEmpty ())) then
            ValueSome count
        elif hasFin then
            closed.TrySetResult() |> ignore
            ValueSome 0
        else
            match failure with
            | null -> ValueNone
            | error -> raise error

    /// Whether enough was read for the agent to come. Behind the end nobody waits for credit, but only a stream that was
    /// consumed whole is forgotten.
    let isCreditDue () =
        consumed >= uint64 creditThreshold || (consumed > 0UL && hasFin && isEmpty ())

    /// Reads, or says what to wait for.
    let readOrWait destination : struct (int voption * Task) =
        let struct (taken, due, waiting) =
            lock gate (fun () ->
                match tryRead destination with
                | ValueSome _ as taken -> struct (taken, isCreditDue (), Task.CompletedTask)
                | ValueNone -> struct (ValueNone, false, arrival.Next()))

        if due then
            wake ()

        struct (taken, waiting)

    let enter () =
        lock gate (fun () ->
            if isWaiting then
                invalidOp "Another read of this stream is still waiting."

            isWaiting <- true)

    let leave () =
        lock gate (fun () -> isWaiting <- false)

    let waitAndRead (destination: Memory<byte>) (waiting: Task) (cancellation: CancellationToken) =
        task {
            enter ()

            try
                let mutable result = ValueNone
                let mutable waiting = waiting

                while result.IsNone do
                    do! waiting.WaitAsync cancellation
                    let struct (taken, next) = readOrWait destination
                    result <- taken
                    waiting <- next

                return result.Value
            finally
                leave ()
        }

    let fail (error: exn) =
        if isNull failure && not hasFin then
            failure <- error
            closed.TrySetException error |> ignore
            // Nobody has to look at it.
            closed.Task.Exception |> ignore
            arrival.Release()

    let discard () =
        unread.Clear()
        head <- ReadOnlyMemory.Empty

    /// Completes when the end of the stream was read; fails when either side gave up.
    member _.Closed: Task = closed.Task

    /// Reads at least one byte, or 0 at the end of the stream. A cancelled read has taken nothing, and the stream goes on.
    member _.ReadAsync(destination: Memory<byte>, cancellation: CancellationToken) : ValueTask<int> =
        if cancellation.IsCancellationRequested then
            ValueTask.FromCanceled<int> cancellation
        else
            try
                match readOrWait destination with
                | struct (ValueSome count, _) -> ValueTask<int>(count)
                | struct (ValueNone, waiting) -> ValueTask<int>(waitAndRead destination waiting cancellation)
            with error ->
                ValueTask.FromException<int> error

    /// Reads no more: the peer is asked to stop sending, with this code.
    member _.Abort(code: uint64, error: exn) =
        let isNew =
            lock gate (fun () ->
                let isOpen = isNull failure && not (hasFin && isEmpty ())

                if isOpen then
                    discard ()
                    hasFin <- false
                    stopCode <- ValueSome code
                    fail error

                isOpen)

        if isNew then
            wake ()

    /// The agent's: bytes came in, in order. They are nobody else's from now on. `Announce` lets the reader know.
    member _.Deliver(bytes: ReadOnlyMemory<byte>, fin: bool) =
        lock gate (fun () ->
            if isNull failure then
                if not bytes.IsEmpty then
                    unread.Enqueue bytes

                hasFin <- hasFin || fin)

    /// The agent's: wakes the reader, once for all that was delivered.
    member _.Announce() = lock gate arrival.Release

    /// The agent's: the peer abandoned the stream. What was not read yet is gone.
    member _.OnReset(error: exn) =
        lock gate (fun () ->
            if not hasFin then
                discard ()

            fail error)

    /// The agent's: the connection ended. What has arrived can still be read.
    member _.OnClosed(error: exn) = lock gate (fun () -> fail error)

    /// The agent's: whether no more bytes come.
    member _.IsOver = lock gate (fun () -> hasFin || not (isNull failure))

    /// The agent's: bytes read since the last call.
    member _.TakeConsumed() : uint64 =
        lock gate (fun () ->
            let taken = consumed
            consumed <- 0UL
            taken)

    /// The agent's: the code to stop the peer with, once.
    member _.TakeStop() : uint64 voption =
        lock gate (fun () ->
            let taken = stopCode
            stopCode <- ValueNone
            taken)
