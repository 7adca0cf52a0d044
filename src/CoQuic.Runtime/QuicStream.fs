namespace CoQuic.Runtime

open System
open System.IO
open System.Runtime.InteropServices
open System.Threading
open System.Threading.Tasks
open CoQuic.FSharp

/// Which ways a stream carries data. The names of System.Net.Quic.
type QuicStreamType =
    /// From the side that opened it to the other only.
    | Unidirectional = 0
    /// Both ways.
    | Bidirectional = 1

/// Which part of a stream to abort.
[<Flags>]
type QuicAbortDirection =
    /// The receiving part.
    | Read = 1
    /// The sending part.
    | Write = 2
    /// Both parts.
    | Both = 3

/// A QUIC stream (RFC 9000 §2) as a `System.IO.Stream`. One read and one write at a time; a read beside a write is fine.
/// Failures of the connection or the peer are `QuicException`s; use after disposal is an `ObjectDisposedException`.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type QuicStream internal (core: StreamCore, defaultErrorCode: uint64) =
    inherit Stream()

    let mutable isDisposed = 0

    let check () =
        ObjectDisposedException.ThrowIf(Volatile.Read &isDisposed <> 0, typeof<QuicStream>)

    let receiver () : StreamReceiver =
        check ()

        match core.Receiver with
        | null -> invalidOp "This stream carries data the other way only: it cannot be read."
        | receiver -> receiver

    let sender () : StreamSender =
        check ()

        match core.Sender with
        | null -> invalidOp "This stream carries data the other way only: it cannot be written."
        | sender -> sender

    let aborted what =
        QuicExceptions.ofError (RuntimeError.Aborted $"The {what} part of the stream was aborted here.")

    let abortRead code =
        match core.Receiver with
        | null -> ()
        | receiver -> receiver.Abort(code, aborted "receiving")

    let abortWrite code =
        match core.Sender with
        | null -> ()
        | sender -> sender.Abort(code, aborted "sending")

    /// Ends the sending part in order, and the receiving part unless its end was read.
    let close () =
        if Interlocked.Exchange(&isDisposed, 1) = 0 then
            abortRead defaultErrorCode

            match core.Sender with
            | null -> ()
            | sender -> sender.Complete()

    /// Which of the connection's streams goes first when not all can send: higher ones, and equal ones in turn (RFC 9000 §2.3).
    /// 0 unless set; it counts from the next write on.
    member _.Priority
        with get () = sender().Priority
        and set value = sender().Priority <- value

    /// The stream's identifier (RFC 9000 §2.1).
    member _.Id: int64 = int64 core.Id.Value

    /// Its identifier.
    override this.ToString() = this.Display

    member private _.Display = $"QuicStream {core.Id}"

    /// Which ways it carries data.
    member _.Type: QuicStreamType =
        if core.Id.IsBidirectional then
            QuicStreamType.Bidirectional
        else
            QuicStreamType.Unidirectional

    /// Completes when the end of the stream was read; fails when either side gave the receiving part up.
    member _.ReadsClosed: Task =
        match core.Receiver with
        | null -> Task.CompletedTask
        | receiver -> receiver.Closed

    /// Completes when the stream was ended and the peer has acknowledged all of it; fails when either side gave the sending
    /// part up.
    member _.WritesClosed: Task =
        match core.Sender with
        | null -> Task.CompletedTask
        | sender -> sender.Closed

    /// Ends the sending part behind what was written. Again: nothing.
    member _.CompleteWrites() : unit = sender().Complete()

    /// Gives a part of the stream up at once; the peer hears the application error code, 0 to 2^62 − 1.
    member _.Abort(direction: QuicAbortDirection, errorCode: int64) : unit =
        check ()
        ArgumentOutOfRangeException.ThrowIfNegative errorCode

        if direction.HasFlag QuicAbortDirection.Read then
            abortRead (uint64 errorCode)

        if direction.HasFlag QuicAbortDirection.Write then
            abortWrite (uint64 errorCode)

    /// Writes all bytes, and ends the sending part behind them when `completeWrites` is set. It completes when the bytes have
    /// room in the stream's buffer: a peer that does not read makes it wait. A write that is cancelled while it waits aborts
    /// the sending part, as part of it may be on its way.
    member _.WriteAsync
        (buffer: ReadOnlyMemory<byte>, completeWrites: bool, cancellationToken: CancellationToken)
        : ValueTask =
        sender().WriteAsync(buffer, completeWrites, defaultErrorCode, cancellationToken)

    override _.CanRead = isDisposed = 0 && not (isNull core.Receiver)
    override _.CanWrite = isDisposed = 0 && not (isNull core.Sender)
    override _.CanSeek = false
    override _.Length = raise (NotSupportedException())

    override _.Position
        with get () = raise (NotSupportedException())
        and set _ = raise (NotSupportedException())

    override _.Seek(_, _) = raise (NotSupportedException())
    override _.SetLength _ = raise (NotSupportedException())

    /// Nothing: what is written is on its way.
    override _.Flush() = check ()

    /// Nothing: what is written is on its way.
    override _.FlushAsync(_: CancellationToken) =
        check ()
        Task.CompletedTask

    // C# takes default arguments from the override that it sees, not from Stream.

    /// Reads at least one byte, or 0 at the end of the stream. A cancelled read has taken nothing, and the stream goes on.
    override _.ReadAsync(buffer: Memory<byte>, [<Optional>] cancellationToken: CancellationToken) : ValueTask<int> =
        receiver().ReadAsync(buffer, cancellationToken)

    override this.ReadAsync(buffer: byte[], offset: int, count: int, cancellationToken: CancellationToken) : Task<int> =
        Stream.ValidateBufferArguments(buffer, offset, count)
        this.ReadAsync(Memory(buffer, offset, count), cancellationToken).AsTask()

    override this.Read(buffer: byte[], offset: int, count: int) : int =
        this.ReadAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult()

    override this.WriteAsync
        (buffer: ReadOnlyMemory<byte>, [<Optional>] cancellationToken: CancellationToken)
        : ValueTask =
        this.WriteAsync(buffer, false, cancellationToken)

    override this.WriteAsync(buffer: byte[], offset: int, count: int, cancellationToken: CancellationToken) : Task =
        Stream.ValidateBufferArguments(buffer, offset, count)
        this.WriteAsync(ReadOnlyMemory(buffer, offset, count), false, cancellationToken).AsTask()

    override this.Write(buffer: byte[], offset: int, count: int) : unit =
        this.WriteAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult()

    /// Ends the sending part behind what was written, and gives up the receiving part unless its end was read. Does not wait.
    override _.Dispose(disposing: bool) =
        if disposing then
            close ()

    /// As `Dispose`, but waits until the peer has acknowledged what was written, or the connection has ended.
    override this.DisposeAsync() : ValueTask =
        close ()
        let written = this.WritesClosed

        if written.IsCompleted then
            ValueTask.CompletedTask
        else
            ValueTask(written.ContinueWith(ignore<Task>, TaskScheduler.Default))

/// Streams, with errors as values. Cancellation is by `QuicStream`'s members.
[<RequireQualifiedAccess>]
module QuicStream =

    let private run (operation: ValueTask) =
        Attempt.run (fun () -> task { do! operation })

    /// Writes all bytes; waits where the stream's buffer has no room.
    let write (bytes: ReadOnlyMemory<byte>) (stream: QuicStream) : Task<Result<unit, RuntimeError>> =
        run (stream.WriteAsync(bytes, false, CancellationToken.None))

    /// Writes the last bytes, possibly none, and ends the sending part.
    let writeLast (bytes: ReadOnlyMemory<byte>) (stream: QuicStream) : Task<Result<unit, RuntimeError>> =
        run (stream.WriteAsync(bytes, true, CancellationToken.None))

    /// Reads at least one byte into the buffer, or 0 at the end of the stream.
    let read (buffer: Memory<byte>) (stream: QuicStream) : Task<Result<int, RuntimeError>> =
        Attempt.run (fun () -> stream.ReadAsync(buffer, CancellationToken.None).AsTask())
