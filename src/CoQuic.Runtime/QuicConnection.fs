namespace CoQuic.Runtime

open System
open System.Net
open System.Net.Security
open System.Security.Cryptography.X509Certificates
open System.Threading
open System.Threading.Channels
open System.Threading.Tasks
open CoQuic.FSharp

/// What a connection's owner keeps with it.
[<NoEquality; NoComparison>]
type internal ConnectionHome =
    {
        Post: HubMessage -> unit
        /// What the connection has done so far; none when it is not held any more.
        Statistics: ConnectionHandle -> Task<ConnectionStatistics option>
        /// Puts the socket beneath the connection elsewhere.
        Rebind: ConnectionCore -> IPEndPoint option -> Task<IPEndPoint>
        LocalEndPoint: IPEndPoint
        /// What streams that are disposed of unread are aborted with.
        DefaultStreamErrorCode: uint64
        /// What a connection that is disposed of is closed with.
        DefaultCloseErrorCode: uint64
        /// Completes when nothing of the connection is left: for a client, when its socket is closed.
        Ended: Task -> Task
    }

/// A QUIC connection. Its streams can be used from any thread.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type QuicConnection internal (core: ConnectionCore, home: ConnectionHome) =

    let mutable isDisposed = 0

    let check () =
        ObjectDisposedException.ThrowIf(Volatile.Read &isDisposed <> 0, typeof<QuicConnection>)

    let stream core =
        new QuicStream(core, home.DefaultStreamErrorCode)

    let kindOf streamType =
        match streamType with
        | QuicStreamType.Unidirectional -> StreamKind.Unidirectional
        | QuicStreamType.Bidirectional -> StreamKind.Bidirectional
        | _ -> invalidArg (nameof streamType) "It is neither unidirectional nor bidirectional."

    /// What the agent answers; one that has ended with its connection answers nothing.
    let whileOpen (answer: Task<'answer>) : Task<'answer> =
        task {
            let! _ = Task.WhenAny(answer :> Task, core.Closed :> Task)

            return!
                match core.Failure with
                | ValueSome error when not answer.IsCompleted -> Task.FromException<'answer> error
                | _ -> answer
        }

    let openStream kind (cancellation: CancellationToken) =
        task {
            let pending = PendingStream(core, kind)

            use _ =
                cancellation.Register(fun () -> pending.Source.TrySetCanceled cancellation |> ignore)

            home.Post(HubMessage.OpenStream pending)
            let! opened = whileOpen pending.Source.Task
            return stream opened
        }

    /// What waits to be read, or why nothing comes any more.
    let next (read: Task<'item>) : Task<'item> =
        task {
            try
                return! read
            with :? ChannelClosedException as closed ->
                return
                    match closed.InnerException with
                    | null -> raise closed
                    | error -> raise error
        }

    let accept (cancellation: CancellationToken) =
        task {
            let! accepted = next (core.Waiting.ReadAsync(cancellation).AsTask())
            return stream accepted
        }

    let sendDatagram (datagram: ReadOnlyMemory<byte>) (cancellation: CancellationToken) : Task =
        let pending =
            TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)

        home.Post(HubMessage.SendDatagram(core, Bytes.CopyOf datagram.Span, pending))

        task {
            let! _ = Task.WhenAny(pending.Task, core.Closed).WaitAsync cancellation

            match core.Failure with
            | ValueSome error when not pending.Task.IsCompleted -> raise error
            | _ -> do! pending.Task
        }

    let close code reason (cancellation: CancellationToken) : Task =
        home.Post(HubMessage.Close(core, code, reason))
        (home.Ended core.Closed).WaitAsync cancellation

    let local () =
        core.Local |> ValueOption.defaultValue home.LocalEndPoint

    let migrate local (cancellation: CancellationToken) =
        let move = PendingMove(core, local)
        home.Post(HubMessage.Move move)
        (whileOpen move.Source.Task).WaitAsync cancellation

    /// The local address of the socket; the wildcard when it is bound to none in particular. It changes when the connection moves.
    member _.LocalEndPoint: IPEndPoint = local ()

    /// The peer's address. A server's changes when its client moves.
    member _.RemoteEndPoint: IPEndPoint = core.Remote

    /// Both addresses.
    override this.ToString() = this.Display

    member private _.Display = $"QuicConnection from {local ()} to {core.Remote}"

    /// The application protocol that the handshake settled (ALPN, RFC 7301).
    member _.NegotiatedApplicationProtocol: SslApplicationProtocol =
        match core.Handshake with
        | Some handshake -> SslApplicationProtocol handshake.ApplicationProtocol
        | None -> SslApplicationProtocol()

    /// The peer's certificate; null when it showed none. The caller disposes of it.
    member _.RemoteCertificate: X509Certificate2 | null =
        match core.Handshake with
        | Some handshake when not handshake.PeerCertificate.IsEmpty ->
            X509CertificateLoader.LoadCertificate handshake.PeerCertificate.Span
        | Some _
        | None -> null

    /// What the connection has done so far: bytes, packets, losses, round-trip time, congestion window. Null once nothing of the
    /// connection is left, a few round trips after its end.
    member _.GetStatisticsAsync() : ValueTask<ConnectionStatistics | null> =
        ValueTask<ConnectionStatistics | null>(
            task {
                let! statistics = home.Statistics core.Handle
                return Option.toObj statistics
            }
        )

    /// Completes when the handshake is done; fails when the connection ends before. It is done already unless early data was sent
    /// or received.
    member _.HandshakeCompleted: Task = core.Ready

    /// Whether an earlier session goes on; false until the handshake is done.
    member _.WasResumed: bool =
        match core.Handshake with
        | Some handshake -> handshake.WasResumed
        | None -> false

    /// What became of a client's early data; `NotAttempted` where nobody asked, or nothing is known yet.
    member _.EarlyDataStatus: ZeroRttStatus =
        core.ZeroRtt |> Option.defaultValue ZeroRttStatus.NotAttempted

    /// What a later connection of a client can resume this session with: the newest, or empty as long as the server gave nothing.
    /// It is secret: whoever has it can pose as this client.
    member _.ResumptionState: ReadOnlyMemory<byte> =
        (Secret.reveal core.ResumptionState).Memory

    /// Waits until the server has given something to resume the session with, which is soon after the handshake if at all.
    member _.WaitForResumptionStateAsync(cancellationToken: CancellationToken) : ValueTask<ReadOnlyMemory<byte>> =
        ValueTask<ReadOnlyMemory<byte>>(
            task {
                do! core.FirstTicket.WaitAsync cancellationToken
                return (Secret.reveal core.ResumptionState).Memory
            }
        )

    /// What the handshake settled.
    member internal _.Handshake: HandshakeInformation option = core.Handshake

    member internal _.Core: ConnectionCore = core

    /// Opens a stream once the peer's limit allows it. Cancelling gives up waiting; a stream that is opened none the less is
    /// ended at once.
    member _.OpenOutboundStreamAsync
        (streamType: QuicStreamType, cancellationToken: CancellationToken)
        : ValueTask<QuicStream> =
        check ()
        ValueTask<QuicStream>(openStream (kindOf streamType) cancellationToken)

    /// Opens a stream once the peer's limit allows it.
    member this.OpenOutboundStreamAsync(streamType: QuicStreamType) : ValueTask<QuicStream> =
        this.OpenOutboundStreamAsync(streamType, CancellationToken.None)

    /// The next stream that the peer opened. Cancelling loses none.
    member _.AcceptInboundStreamAsync(cancellationToken: CancellationToken) : ValueTask<QuicStream> =
        check ()
        ValueTask<QuicStream>(accept cancellationToken)

    /// The next stream that the peer opened.
    member this.AcceptInboundStreamAsync() : ValueTask<QuicStream> =
        this.AcceptInboundStreamAsync CancellationToken.None

    /// Sends a DATAGRAM (RFC 9221), which arrives once or not at all, and completes as soon as the connection has taken it. It may be as
    /// large as a packet of this path carries: some 1,150 bytes at first. `QuicError.OperationDeclined` tells that it is larger, or
    /// that the peer takes none. What congestion control holds back for long is dropped, the oldest first.
    member _.SendDatagramAsync(datagram: ReadOnlyMemory<byte>, cancellationToken: CancellationToken) : ValueTask =
        check ()
        ValueTask(sendDatagram datagram cancellationToken)

    /// Sends a DATAGRAM (RFC 9221).
    member this.SendDatagramAsync(datagram: ReadOnlyMemory<byte>) : ValueTask =
        this.SendDatagramAsync(datagram, CancellationToken.None)

    /// The next DATAGRAM of the peer, where the options take some (`MaxDatagramFrameSize`). What comes while 4 MiB wait is lost.
    /// Cancelling loses none.
    member _.ReceiveDatagramAsync(cancellationToken: CancellationToken) : ValueTask<ReadOnlyMemory<byte>> =
        check ()
        ValueTask<ReadOnlyMemory<byte>>(next (core.Datagrams.Read cancellationToken))

    /// The next DATAGRAM of the peer.
    member this.ReceiveDatagramAsync() : ValueTask<ReadOnlyMemory<byte>> =
        this.ReceiveDatagramAsync CancellationToken.None

    /// Asks for new keys (RFC 9001 §6), as soon as the handshake is confirmed and the peer has followed an earlier update; nothing
    /// once the connection has ended. Keys that have protected as many packets as they may are renewed without being asked.
    member _.RequestKeyUpdate() : unit =
        check ()
        home.Post(HubMessage.UpdateKeys core)

    /// Moves a client's connection to another local address and port (RFC 9000 §9.2), and completes with it when the server has
    /// answered there; streams go on meanwhile. Null takes a free port at the same address; the port 0 a free one. It begins once the
    /// handshake is confirmed and, where the server prefers another address, when it is settled whether it is reached there. `QuicError.MigrationFailed` tells that the server does not answer there, and
    /// `QuicError.OperationDeclined` that it does not want clients to move, or has given no connection ID to move with: either way
    /// the connection stays where it was. Cancelling gives up waiting; the move goes on.
    member _.MigrateAsync
        (localEndPoint: IPEndPoint | null, cancellationToken: CancellationToken)
        : ValueTask<IPEndPoint> =
        check ()
        ValueTask<IPEndPoint>(migrate (Option.ofObj localEndPoint) cancellationToken)

    /// Moves a client's connection to another local port (RFC 9000 §9.2).
    member this.MigrateAsync() : ValueTask<IPEndPoint> =
        this.MigrateAsync(null, CancellationToken.None)

    /// Puts another socket beneath a client's connection, at once and without a word to the server, as when a NAT gives it another
    /// address (RFC 9000 §9.3): the server finds out by itself. For systems that take a socket's address away, and for tests. Null
    /// takes a free port at the same address; the port 0 a free one.
    member _.RebindAsync(localEndPoint: IPEndPoint | null) : ValueTask<IPEndPoint> =
        check ()
        ValueTask<IPEndPoint>(home.Rebind core (Option.ofObj localEndPoint))

    /// Closes the connection at once (RFC 9000 §10.2) with an application error code, 0 to 2^62 − 1, and a reason for people:
    /// data that the peer has not acknowledged may be lost. Cancelling gives up waiting; the connection is closed none the less.
    member _.CloseAsync(errorCode: int64, reason: string, cancellationToken: CancellationToken) : ValueTask =
        check ()
        ArgumentOutOfRangeException.ThrowIfNegative errorCode
        ValueTask(close (uint64 errorCode) reason cancellationToken)

    /// Closes the connection at once with an application error code.
    member this.CloseAsync(errorCode: int64, cancellationToken: CancellationToken) : ValueTask =
        this.CloseAsync(errorCode, "", cancellationToken)

    /// Closes the connection at once with an application error code.
    member this.CloseAsync(errorCode: int64) : ValueTask =
        this.CloseAsync(errorCode, "", CancellationToken.None)

    /// Closes the connection, unless it has ended, with the default error code of its options.
    member _.DisposeAsync() : ValueTask =
        if Interlocked.Exchange(&isDisposed, 1) = 0 then
            ValueTask(close home.DefaultCloseErrorCode "" CancellationToken.None)
        else
            ValueTask.CompletedTask

    interface IAsyncDisposable with
        member this.DisposeAsync() = this.DisposeAsync()

/// Connections, with errors as values. Cancellation is by `QuicConnection`'s members.
[<RequireQualifiedAccess>]
module QuicConnection =

    /// What the handshake settled.
    let handshake (connection: QuicConnection) : HandshakeInformation option = connection.Handshake

    /// What the connection has done so far; none once nothing of it is left.
    let statistics (connection: QuicConnection) : Task<ConnectionStatistics option> =
        task {
            let! statistics = connection.GetStatisticsAsync()
            return Option.ofObj statistics
        }

    /// Waits until the handshake is done: for connections with early data, which come before.
    let handshakeCompleted (connection: QuicConnection) : Task<Result<unit, RuntimeError>> =
        Attempt.run (fun () -> task { do! connection.HandshakeCompleted })

    /// What became of a client's early data; none where nobody asked, or nothing is known yet.
    let earlyData (connection: QuicConnection) : ZeroRttStatus option = connection.Core.ZeroRtt

    /// Waits until the server has given something to resume the session with later.
    let resumptionState (connection: QuicConnection) : Task<Result<Secret, RuntimeError>> =
        Attempt.run (fun () ->
            task {
                do! connection.Core.FirstTicket
                return connection.Core.ResumptionState
            })

    /// Opens a stream once the peer's limit allows it.
    let openStream (streamType: QuicStreamType) (connection: QuicConnection) : Task<Result<QuicStream, RuntimeError>> =
        Attempt.run (fun () -> connection.OpenOutboundStreamAsync(streamType).AsTask())

    /// The next stream that the peer opened.
    let acceptStream (connection: QuicConnection) : Task<Result<QuicStream, RuntimeError>> =
        Attempt.run (fun () -> connection.AcceptInboundStreamAsync().AsTask())

    /// Sends a DATAGRAM (RFC 9221).
    let sendDatagram (datagram: Bytes) (connection: QuicConnection) : Task<Result<unit, RuntimeError>> =
        Attempt.run (fun () -> task { do! connection.SendDatagramAsync datagram.Memory })

    /// The next DATAGRAM of the peer.
    let receiveDatagram (connection: QuicConnection) : Task<Result<Bytes, RuntimeError>> =
        Attempt.run (fun () ->
            task {
                let! datagram = connection.ReceiveDatagramAsync()
                return Bytes.ofMemory datagram
            })

    /// Moves a client's connection to another local address (RFC 9000 §9.2), or to another port at the same one, and tells it once the
    /// server has answered there. When it cannot be, the connection stays where it was.
    let migrate (local: IPEndPoint option) (connection: QuicConnection) : Task<Result<IPEndPoint, RuntimeError>> =
        Attempt.run (fun () -> connection.MigrateAsync(Option.toObj local, CancellationToken.None).AsTask())

    /// Puts another socket beneath a client's connection, without a word to the server (RFC 9000 §9.3).
    let rebind (local: IPEndPoint option) (connection: QuicConnection) : Task<Result<IPEndPoint, RuntimeError>> =
        Attempt.run (fun () -> connection.RebindAsync(Option.toObj local).AsTask())

    /// Closes the connection at once with an application error code and a reason for people.
    let close (errorCode: uint64) (reason: string) (connection: QuicConnection) : Task =
        connection.CloseAsync(int64 errorCode, reason, CancellationToken.None).AsTask()

    /// How the connection ended, once it has.
    let closed (connection: QuicConnection) : Task<RuntimeError> = connection.Core.Closed
