namespace CoQuic.Runtime

open System
open System.Collections.Generic
open System.Diagnostics
open System.Diagnostics.Metrics
open System.Threading.Tasks
open CoQuic.FSharp

/// What monitoring sees of connections: the meter and the activity source `CoQuic.Runtime`. Where nobody listens it costs next to nothing.
[<RequireQualifiedAccess>]
module internal Telemetry =

    let private name = "CoQuic.Runtime"
    let private meter = new Meter(name)
    let private activities = new ActivitySource(name)

    let private active =
        meter.CreateUpDownCounter<int64>("quic.connections.active", "{connection}", "Connections that are not closed.")

    let private opened =
        meter.CreateCounter<int64>("quic.connections.opened", "{connection}", "Connections that were begun.")

    let private closed =
        meter.CreateCounter<int64>("quic.connections.closed", "{connection}", "Connections that have ended, by cause.")

    let private handshakes =
        meter.CreateHistogram<float>("quic.handshake.duration", "s", "How long handshakes took that succeeded.")

    let private streams =
        meter.CreateCounter<int64>("quic.streams.opened", "{stream}", "Streams that were opened, by either side.")

    let private received =
        meter.CreateCounter<int64>("quic.stream.received", "By", "Bytes of streams that were received.")

    let private acknowledged =
        meter.CreateCounter<int64>("quic.stream.acknowledged", "By", "Bytes of streams that peers have acknowledged.")

    let private tag (key: string) (value: string) =
        KeyValuePair<string, objnull>(key, value)

    let private roleTag (role: Role) =
        tag "quic.role" (if role = Role.Client then "client" else "server")

    let onOpened role =
        opened.Add(1L, roleTag role)
        active.Add(1L, roleTag role)

    let onStreamOpened () = streams.Add 1L
    let onReceived (bytes: int) = received.Add(int64 bytes)
    let onAcknowledged (bytes: uint64) = acknowledged.Add(int64 bytes)

    /// Causes are few: a code of an application is none of them.
    let private causeOf (error: RuntimeError) =
        match error with
        | RuntimeError.ConnectionClosed reason ->
            match reason.Origin, reason.Code with
            | CloseOrigin.Peer, CloseCode.Application _ -> "peer"
            | CloseOrigin.Local, CloseCode.Application _ -> "local"
            | CloseOrigin.Peer, CloseCode.Transport _ -> "peer_transport_error"
            | CloseOrigin.Local, CloseCode.Transport _ -> "transport_error"
            | CloseOrigin.IdleTimeout, _ -> "idle_timeout"
            | CloseOrigin.HandshakeTimeout, _ -> "handshake_timeout"
            | CloseOrigin.NoViablePath, _ -> "no_viable_path"
            | CloseOrigin.StatelessReset, _ -> "stateless_reset"
            | CloseOrigin.VersionNegotiation, _ -> "version_negotiation"
            | _ -> "other"
        | RuntimeError.PortUnreachable _ -> "port_unreachable"
        | RuntimeError.Crashed _ -> "crash"
        | _ -> "local"

    let onClosed role error =
        closed.Add(1L, roleTag role, tag "quic.close.cause" (causeOf error))
        active.Add(-1L, roleTag role)

    /// A handshake is done, so long after it began.
    let onReady role (duration: TimeSpan) =
        handshakes.Record(duration.TotalSeconds, roleTag role)

        if role = Role.Server && activities.HasListeners() then
            // It began on no thread of the application's: it has no parent, and is told once it is over.
            let began = Clock.utc () - duration

            match
                activities.StartActivity("quic.handshake", ActivityKind.Server, ActivityContext(), startTime = began)
            with
            | null -> ()
            | activity -> activity.Dispose()

    /// A client's attempt to connect, for whoever traces it; it ends by disposal.
    let connecting (options: OpenRequest) : Activity | null =
        match activities.StartActivity("quic.connect", ActivityKind.Client) with
        | null -> null
        | activity ->
            activity
                .SetTag("server.address", options.Remote.Host)
                .SetTag("server.port", options.Remote.Port)
                .SetTag("network.transport", "quic")

    /// The attempt is over.
    let ended (activity: Activity | null) (attempt: Task) =
        match activity, attempt.Exception with
        | NonNull activity, NonNull failure ->
            activity.SetStatus(ActivityStatusCode.Error, failure.GetBaseException().Message)
            |> ignore
        | NonNull activity, null when attempt.IsCanceled ->
            activity.SetStatus(ActivityStatusCode.Error, "cancelled") |> ignore
        | _ -> ()
