namespace CoQuic.Runtime

open System
open System.Net
open System.Net.Sockets
open CoQuic.FSharp

/// Why the runtime could not do what was asked. `ToString` renders each as one sentence for people.
[<RequireQualifiedAccess>]
type RuntimeError =
    /// Somebody else listens at the address.
    | AddressInUse of endPoint: IPEndPoint
    /// The address to bind is none of this machine's.
    | AddressNotAvailable of endPoint: IPEndPoint
    /// The system does not let this user bind the address.
    | PermissionDenied of endPoint: IPEndPoint
    /// The system refused a socket for another reason.
    | SocketFailed of endPoint: IPEndPoint * error: SocketError
    /// No address is known for the name.
    | HostNotFound of host: string
    /// This machine has no way to the host.
    | Unreachable of reason: string
    /// The host says that nobody listens at the port (ICMP).
    | PortUnreachable of endPoint: IPEndPoint
    /// The configuration cannot work; every fault is listed.
    | Configuration of faults: ConfigurationFault list
    /// An option of the runtime cannot be.
    | InvalidOption of name: string * problem: string
    /// The engine that was asked for cannot be had.
    | EngineUnavailable of reason: string
    /// A certificate, a key or another file cannot be used.
    | FileUnusable of path: string * problem: string
    /// The connection has ended, or could not be made.
    | ConnectionClosed of reason: CloseReason
    /// The peer abandoned the stream, with its application's error code.
    | StreamReset of code: uint64
    /// The peer does not read the stream any more, with its application's error code.
    | StreamStopped of code: uint64
    /// The server refused the early data, and the stream was part of it: open another and decide what to say (RFC 9001 §4.6.2).
    | EarlyDataRejected
    /// This side gave the operation up: it closed, aborted or disposed.
    | Aborted of what: string
    /// The peer does not answer at the new address: the connection stays where it was (RFC 9000 §9.3.2).
    | MigrationFailed
    /// The protocol forbids the operation now.
    | Declined of error: LocalError
    /// The program that ran the connection failed.
    | Crashed of error: exn

    override this.ToString() =
        match this with
        | AddressInUse endPoint -> $"The address {endPoint} is in use by another program."
        | AddressNotAvailable endPoint -> $"The address {endPoint} does not belong to this machine."
        | PermissionDenied endPoint -> $"The system does not permit to bind {endPoint}."
        | SocketFailed(endPoint, error) -> $"The system refused a UDP socket for {endPoint}: {error}."
        | HostNotFound host -> $"No address is known for the host '{host}'."
        | Unreachable reason -> $"The host cannot be reached: {reason}."
        | PortUnreachable endPoint -> $"Nobody listens at {endPoint}: the host says so."
        | Configuration faults -> $"""The configuration cannot work: {String.Join("; ", faults)}."""
        | InvalidOption(name, problem) -> $"The option {name} cannot be: {problem}."
        | EngineUnavailable reason -> $"The QUIC engine is not available: {reason}"
        | FileUnusable(path, problem) -> $"The file '{path}' cannot be used: {problem}"
        | ConnectionClosed reason -> RuntimeError.Describe reason
        | StreamReset code -> $"The peer reset the stream with error code {code}."
        | StreamStopped code -> $"The peer stopped reading the stream with error code {code}."
        | EarlyDataRejected -> "The server refused the early data: the stream ended with it."
        | Aborted what -> what
        | MigrationFailed -> "The peer does not answer at the new address: the connection stays where it was."
        | Declined error -> $"The operation is not possible now: {error}."
        | Crashed error -> $"The program that ran the connection failed: {error.Message}"

    static member private Describe(reason: CloseReason) =
        let because = if reason.Reason = "" then "" else $": {reason.Reason}"

        match reason.Origin with
        | CloseOrigin.Peer -> $"The peer closed the connection with {reason.Code}{because}."
        | CloseOrigin.IdleTimeout -> "The connection timed out: the peer was silent for too long."
        | CloseOrigin.NoViablePath -> "The connection was lost: the peer answers on no path."
        | CloseOrigin.HandshakeTimeout -> "The handshake timed out: there is no answer from the peer."
        | CloseOrigin.StatelessReset -> "The peer has forgotten the connection (stateless reset)."
        | CloseOrigin.VersionNegotiation -> "The peer speaks no version of QUIC that this endpoint speaks."
        | _ -> $"The connection was closed here with {reason.Code}{because}."

[<RequireQualifiedAccess>]
module internal RuntimeError =

    /// What the platform's exception says about an address.
    let ofSocketException (endPoint: IPEndPoint) (error: SocketException) : RuntimeError =
        match error.SocketErrorCode with
        | SocketError.AddressAlreadyInUse -> RuntimeError.AddressInUse endPoint
        | SocketError.AddressNotAvailable -> RuntimeError.AddressNotAvailable endPoint
        | SocketError.AccessDenied -> RuntimeError.PermissionDenied endPoint
        | code -> RuntimeError.SocketFailed(endPoint, code)

    let ofEndpointError (error: EndpointError) : RuntimeError =
        match error with
        | EndpointError.Configuration faults -> RuntimeError.Configuration faults
        | EndpointError.EngineUnavailable reason -> RuntimeError.EngineUnavailable reason

    let ofOpenError (error: OpenError) : RuntimeError =
        match error with
        | OpenError.HostNotFound host -> RuntimeError.HostNotFound host
        | OpenError.NoRoute reason -> RuntimeError.Unreachable reason
        | OpenError.Declined code ->
            RuntimeError.Declined
                { Connection = None
                  Code = code
                  Stream = None }
