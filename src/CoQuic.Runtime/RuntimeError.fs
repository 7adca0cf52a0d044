namespace CoQuic.Runtime

open System
open System.Net
open System.Net.Sockets

/// Why the runtime could not do what was asked. `ToString` renders each as one sentence for people.
[<RequireQualifiedAccess>]
type RuntimeError =
    /// Somebody else listens at the address.
    | AddressInUse of endPoint: IPEndPoint
    /// The address to bind is none of this machine's.
    | AddressNotAvailable of endPoint: IPEndPoint
    /// The system does not let this user do it.
    | PermissionDenied of endPoint: IPEndPoint
    /// No address is known for the name.
    | HostNotFound of host: string
    /// This machine has no way to the address.
    | Unreachable of endPoint: IPEndPoint
    /// The system refused a socket for another reason.
    | SocketFailed of endPoint: IPEndPoint * error: SocketError

    override this.ToString() =
        match this with
        | AddressInUse endPoint -> $"The address {endPoint} is in use by another program."
        | AddressNotAvailable endPoint -> $"The address {endPoint} does not belong to this machine."
        | PermissionDenied endPoint -> $"The system does not permit to bind {endPoint}."
        | HostNotFound host -> $"No address is known for the host '{host}'."
        | Unreachable endPoint -> $"There is no route from this machine to {endPoint}."
        | SocketFailed(endPoint, error) -> $"The system refused a UDP socket for {endPoint}: {error}."

[<RequireQualifiedAccess>]
module internal RuntimeError =

    /// What the platform's exception says about an address.
    let ofSocketException (endPoint: IPEndPoint) (error: SocketException) : RuntimeError =
        match error.SocketErrorCode with
        | SocketError.AddressAlreadyInUse -> RuntimeError.AddressInUse endPoint
        | SocketError.AddressNotAvailable -> RuntimeError.AddressNotAvailable endPoint
        | SocketError.AccessDenied -> RuntimeError.PermissionDenied endPoint
        | SocketError.NetworkUnreachable
        | SocketError.HostUnreachable -> RuntimeError.Unreachable endPoint
        | code -> RuntimeError.SocketFailed(endPoint, code)
