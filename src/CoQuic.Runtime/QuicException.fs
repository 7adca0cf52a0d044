namespace CoQuic.Runtime

open System
open System.IO
open CoQuic.FSharp

/// What kind of failure a `QuicException` tells of. The names of System.Net.Quic, and some more.
type QuicError =
    /// None.
    | Success = 0
    /// A failure inside: the program that ran the connection threw.
    | InternalError = 1
    /// The peer closed the connection; `ApplicationErrorCode` is its application's.
    | ConnectionAborted = 2
    /// The peer abandoned the stream, or reads it no more; `ApplicationErrorCode` is its application's.
    | StreamAborted = 3
    /// The handshake did not end in time: no answer from the peer.
    | ConnectionTimeout = 6
    /// The server takes no connections now, or nobody listens there.
    | ConnectionRefused = 8
    /// There is no common version.
    | VersionNegotiationError = 9
    /// The peer was silent for longer than the idle timeout.
    | ConnectionIdle = 10
    /// This side closed or aborted.
    | OperationAborted = 12
    /// The transport found an error; `TransportErrorCode` says which (RFC 9000 §20.1).
    | TransportError = 14
    /// The local address is in use or not available, or the system refused a socket.
    | AddressError = 100
    /// No address is known for the host.
    | HostNotFound = 101
    /// There is no way to the host.
    | HostUnreachable = 102
    /// The options cannot work together; the message lists every fault.
    | InvalidConfiguration = 103
    /// The protocol forbids the operation now.
    | OperationDeclined = 104
    /// The server refused the early data, and the stream was part of it.
    | EarlyDataRejected = 105
    /// The peer does not answer at the address that the connection was to move to.
    | MigrationFailed = 106

/// A failure of a connection, a stream or a socket.
[<Sealed>]
type QuicException
    internal (error: RuntimeError, kind: QuicError, application: Nullable<int64>, transport: Nullable<int64>) =
    inherit IOException(string error)

    /// What kind of failure it is.
    member _.QuicError: QuicError = kind

    /// The application protocol's error code, where the peer's application gave one.
    member _.ApplicationErrorCode: Nullable<int64> = application

    /// The transport's error code (RFC 9000 §20.1), where the transport found an error.
    member _.TransportErrorCode: Nullable<int64> = transport

    member internal _.Error: RuntimeError = error

/// The F# side's errors as the exceptions of the .NET side, and back.
[<RequireQualifiedAccess>]
module internal QuicExceptions =

    let private none = Nullable<int64>()

    let private code (value: uint64) = Nullable(int64 value)

    let private ofClose error (reason: CloseReason) =
        match reason.Origin, reason.Code with
        | CloseOrigin.IdleTimeout, _ -> QuicException(error, QuicError.ConnectionIdle, none, none)
        | CloseOrigin.HandshakeTimeout, _ -> QuicException(error, QuicError.ConnectionTimeout, none, none)
        | CloseOrigin.VersionNegotiation, _ -> QuicException(error, QuicError.VersionNegotiationError, none, none)
        | CloseOrigin.NoViablePath, _
        | CloseOrigin.StatelessReset, _ -> QuicException(error, QuicError.ConnectionAborted, none, none)
        | CloseOrigin.Peer, CloseCode.Application application ->
            QuicException(error, QuicError.ConnectionAborted, code application, none)
        | _, CloseCode.Application application ->
            QuicException(error, QuicError.OperationAborted, code application, none)
        | _, CloseCode.Transport(TransportErrorCode.ConnectionRefused as transport, _) ->
            QuicException(error, QuicError.ConnectionRefused, none, code (uint64 transport))
        | _, CloseCode.Transport(transport, _) ->
            QuicException(error, QuicError.TransportError, none, code (uint64 transport))

    let private plain error kind = QuicException(error, kind, none, none)

    let ofError (error: RuntimeError) : exn =
        match error with
        | RuntimeError.AddressInUse _
        | RuntimeError.AddressNotAvailable _
        | RuntimeError.PermissionDenied _
        | RuntimeError.SocketFailed _ -> plain error QuicError.AddressError
        | RuntimeError.HostNotFound _ -> plain error QuicError.HostNotFound
        | RuntimeError.Unreachable _ -> plain error QuicError.HostUnreachable
        | RuntimeError.PortUnreachable _ -> plain error QuicError.ConnectionRefused
        | RuntimeError.Configuration _
        | RuntimeError.InvalidOption _
        | RuntimeError.EngineUnavailable _
        | RuntimeError.FileUnusable _ -> plain error QuicError.InvalidConfiguration
        | RuntimeError.ConnectionClosed reason -> ofClose error reason
        | RuntimeError.StreamReset application
        | RuntimeError.StreamStopped application ->
            QuicException(error, QuicError.StreamAborted, code application, none)
        | RuntimeError.EarlyDataRejected -> plain error QuicError.EarlyDataRejected
        | RuntimeError.MigrationFailed -> plain error QuicError.MigrationFailed
        | RuntimeError.Aborted _ -> plain error QuicError.OperationAborted
        | RuntimeError.Declined _ -> plain error QuicError.OperationDeclined
        | RuntimeError.Crashed _ -> plain error QuicError.InternalError

    /// The errors that our own operations throw, as values. Anything else is a mistake of the caller and stays an exception.
    let toError (error: exn) : RuntimeError voption =
        match error with
        | :? QuicException as error -> ValueSome error.Error
        | :? ObjectDisposedException -> ValueSome(RuntimeError.Aborted "It has been disposed of.")
        | _ -> ValueNone
