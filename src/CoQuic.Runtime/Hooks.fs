namespace CoQuic.Runtime

open System.Net
open CoQuic.FSharp

/// What a hub wants of the host it runs on, and other programs do without.
[<Sealed>]
type internal HostHooks() =

    /// Whom the datagrams come from that the program hears of just now.
    member val Peer = UdpAddress.unspecified with get, set

    /// What is to be done when a run of datagrams was heard, and answered.
    member val Heard: unit -> unit = ignore with get, set

    /// How a move that a connection was asked to make ended: the local address it is at, or why it stayed where it was.
    member val Moved: ConnectionHandle -> Result<IPEndPoint, RuntimeError> -> unit = (fun _ _ -> ()) with get, set

    /// The endpoint has taken a DATAGRAM, or not: in the order in which they were sent.
    member val TookDatagram: LocalError option -> unit = ignore with get, set

    /// Nobody listens where a connection is being opened.
    member val Unreachable: ConnectionHandle -> unit = ignore with get, set

    /// The peer's address on a route; none when the route is forgotten. The host answers.
    member val RemoteOn: RouteHandle -> IPEndPoint voption = (fun _ -> ValueNone) with get, set
