namespace CoQuic.Runtime

open System
open System.Collections.Generic
open System.Net
open System.Threading.Tasks
open CoQuic.FSharp

/// A stream that somebody waits for.
[<Sealed>]
type internal PendingStream(connection: ConnectionCore, kind: StreamKind) =

    let source =
        TaskCompletionSource<StreamCore>(TaskCreationOptions.RunContinuationsAsynchronously)

    member _.Connection = connection
    member _.Kind = kind

    /// When it is cancelled, nobody waits any more: the stream is ended as soon as it is opened.
    member _.Source = source

/// What applications ask of the agent that runs their connections.
[<RequireQualifiedAccess>]
type internal HubMessage =
    | Connect of request: OpenRequest * pending: TaskCompletionSource<ConnectionCore>
    | OpenStream of pending: PendingStream
    | Close of connection: ConnectionCore * code: uint64 * reason: string
    | UpdateKeys of connection: ConnectionCore
    | Move of move: PendingMove
    /// It is settled whether a connection uses the address that its server prefers.
    | Settled of connection: ConnectionHandle
    | SendDatagram of connection: ConnectionCore * datagram: Bytes * pending: TaskCompletionSource
    /// Nobody listens where a connection is being opened.
    | Unreachable of connection: ConnectionHandle
    /// Streams were written to or read from.
    | Streams
    /// The application has answered a question of a handshake.
    | Answered of answer: Command<HubMessage>

/// What a hub tells its owner.
[<NoEquality; NoComparison>]
type internal HubEvents =
    {
        /// A client's handshake with us is done; false closes the connection.
        Accepted: ConnectionCore -> bool
        /// A client's request as it goes to the endpoint: with a token of an earlier connection, where there is one.
        Opening: OpenRequest -> OpenRequest
        /// Such a request came to nothing, and nothing was sent: its token is unused.
        NotOpened: OpenRequest -> unit
        /// The server gave a token for a later connection (RFC 9000 §8.1.3).
        GaveToken: ConnectionCore -> Bytes -> unit
        /// A connection ended and the number of those that are left.
        Closed: int -> Command<HubMessage> list
        /// Who answers questions of handshakes.
        Answers: Answers
        /// Who hears of connections, for people to read.
        Log: Log
    }

/// The program behind QuicConnection and QuicStream: it takes what applications ask, and hands them what the network brings.
/// Its update runs on the agent's thread and changes what other threads read; commands are values as everywhere.
[<Sealed>]
type internal Hub
    (settings: StreamSettings, queue: StreamQueue, hooks: HostHooks, post: HubMessage -> unit, events: HubEvents) =

    /// The application error code of streams that are refused because too many wait to be accepted.
    static let refusedStream = 0UL

    let connections = Dictionary<ConnectionHandle, ConnectionCore>()

    let opening =
        Dictionary<OpenTag, struct (OpenRequest * TaskCompletionSource<ConnectionCore>)>()

    let handshaking =
        Dictionary<ConnectionHandle, TaskCompletionSource<ConnectionCore>>()

    let streams = Dictionary<StreamTag, PendingStream>()
    let moves = Moves()
    let datagrams = Queue<TaskCompletionSource>()
    let arrived = List<StreamCore>()
    let mutable lastTag = 0

    /// Takes an entry out.
    let take (entries: Dictionary<'key, 'value>) key : 'value voption =
        match entries.TryGetValue key with
        | true, value ->
            entries.Remove key |> ignore
            ValueSome value
        | _ -> ValueNone

    let peer () = UdpAddress.toEndPoint hooks.Peer

    let nextTag () =
        lastTag <- lastTag + 1
        lastTag

    let add handle role =
        let connection = ConnectionCore(handle, role, peer (), settings, queue, events.Log)
        connections.Add(handle, connection)
        Telemetry.onOpened role
        connection

    let connect request (pending: TaskCompletionSource<ConnectionCore>) =
        if pending.Task.IsCompleted then
            // It was cancelled on the way here.
            []
        else
            let tag = nextTag ()
            let request = events.Opening request
            opening.Add(tag, struct (request, pending))
            [ Command.Open(tag, request) ]

    /// Whether what is written before the handshake is done goes out, or at least need not wait to be written.
    let sendsEarly (request: OpenRequest) =
        request.ZeroRtt.Attempt && request.ResumptionState <> Secret.empty

    let onOpened tag handle =
        match take opening tag with
        | ValueSome(struct (request, pending)) ->
            let connection = add handle Role.Client

            if sendsEarly request then
                pending.TrySetResult connection |> ignore
            else
                handshaking.Add(handle, pending)
        | ValueNone -> ()

    let failOpening (struct (request, pending: TaskCompletionSource<ConnectionCore>)) error =
        events.NotOpened request
        pending.TrySetException(QuicExceptions.ofError error) |> ignore

    let onRefused tag error =
        match take opening tag with
        | ValueSome entry -> failOpening entry (RuntimeError.ofOpenError error)
        | ValueNone -> ()

        events.Closed connections.Count

    /// A server's application gets the connection, once.
    let accept (connection: ConnectionCore) =
        if connection.Role = Role.Client || connection.IsHandedOver then
            []
        elif events.Accepted connection then
            connection.IsHandedOver <- true
            []
        else
            events.Log.ConnectionRefused(connection.Handle, connection.Remote)
            [ Command.close connection.Handle 0UL "the server takes no more connections" ]

    let onReady handle information =
        match connections.TryGetValue handle with
        | true, connection ->
            connection.OnReady information

            match take handshaking handle with
            | ValueSome pending ->
                pending.TrySetResult connection |> ignore
                []
            | ValueNone -> accept connection
        | _ -> []

    let failPending (connection: ConnectionCore) (error: exn) =
        match take handshaking connection.Handle with
        | ValueSome pending -> pending.TrySetException error |> ignore
        | ValueNone -> ()

        for tag, pending in [ for entry in streams -> entry.Key, entry.Value ] do
            if pending.Connection = connection then
                streams.Remove tag |> ignore
                pending.Source.TrySetException error |> ignore

    let close (connection: ConnectionCore) error =
        connections.Remove connection.Handle |> ignore
        failPending connection (QuicExceptions.ofError error)
        moves.OnClosed(connection.Handle, QuicExceptions.ofError error)
        connection.OnClosed error

    let onClosed (closed: ConnectionClosed) =
        match connections.TryGetValue closed.Connection with
        | true, connection ->
            close connection (RuntimeError.ConnectionClosed closed.Reason)
            events.Closed connections.Count
        | _ -> []

    let move (move: PendingMove) =
        match move.Connection.Failure with
        | ValueSome error ->
            move.Source.TrySetException error |> ignore
            []
        | ValueNone -> moves.Begin move

    let sendDatagram (connection: ConnectionCore) datagram (pending: TaskCompletionSource) =
        match connection.Failure with
        | ValueSome error ->
            pending.TrySetException error |> ignore
            []
        | ValueNone ->
            datagrams.Enqueue pending

            [ Command.SendDatagram
                  { Connection = connection.Handle
                    Bytes = datagram
                    Priority = 0 } ]

    let onDatagram (received: ReceiveDatagramData) =
        match connections.TryGetValue received.Connection with
        | true, connection -> connection.Datagrams.Add received.Bytes
        | _ -> ()

    /// Where a client's server prefers to be reached, at an address of the family that it uses already (RFC 9000 §9.6).
    let onPreferredAddress (offer: PeerPreferredAddressAvailable) =
        match connections.TryGetValue offer.Connection with
        | true, connection ->
            connection.PreferredAddress <-
                [ offer.IPv4; offer.IPv6 ]
                |> List.choose id
                |> List.tryFind (fun endPoint -> endPoint.AddressFamily = connection.Remote.AddressFamily)
        | _ -> ()

    let onConfirmed handle =
        match connections.TryGetValue handle with
        | true, connection ->
            connection.IsConfirmed <- true
            moves.OnConfirmed(handle, connection.PreferredAddress)
        | _ -> []

    let onPathChanged (change: PathChanged) =
        match connections.TryGetValue change.Connection, change.NewRoute with
        | (true, connection), Some route -> hooks.RemoteOn route |> ValueOption.iter connection.OnMoved
        | _ -> ()

    /// A handshake that is done shows that somebody listened.
    let giveUp handle =
        match connections.TryGetValue handle with
        | true, connection when not connection.Ready.IsCompleted ->
            close connection (RuntimeError.PortUnreachable connection.Remote)
            Command.close handle 0UL "" :: events.Closed connections.Count
        | _ -> []

    let openStream (pending: PendingStream) =
        match pending.Connection.Failure with
        | ValueSome error ->
            pending.Source.TrySetException error |> ignore
            []
        | ValueNone ->
            let tag = nextTag ()
            streams.Add(tag, pending)
            [ Command.OpenStream(pending.Connection.Handle, pending.Kind, tag) ]

    let onStreamOpened tag handle id =
        match take streams tag with
        | ValueSome pending ->
            let stream = pending.Connection.Add id

            if pending.Source.TrySetResult stream then
                []
            else
                // The number is used up, so that the peer has to hear of the stream's end.
                pending.Connection.Remove stream
                [ Command.sendLast handle id Bytes.empty ]
        | ValueNone -> []

    /// Nobody will read or write it.
    let refuseStream handle (id: StreamId) =
        [ Command.stopSending handle id refusedStream
          if id.IsBidirectional then
              Command.reset handle id refusedStream ]

    let onStreamData (data: ReceiveStreamData) =
        match connections.TryGetValue data.Connection with
        | true, connection ->
            Telemetry.onReceived data.Bytes.Length

            match connection.FindOrAccept data.Stream with
            | ValueSome stream ->
                if stream.OnData(data.Bytes.Memory, data.Fin) then
                    arrived.Add stream

                connection.Release stream
                // Early data comes before the handshake is done.
                accept connection
            | ValueNone -> refuseStream data.Connection data.Stream
        | _ -> []

    /// Does something with a stream that is there still.
    let withStream handle id act =
        match connections.TryGetValue handle with
        | true, connection ->
            match connection.TryFind id with
            | ValueSome stream ->
                act stream
                connection.Release stream
            | ValueNone -> ()
        | _ -> ()

    let onReset (reset: PeerResetStream) =
        let error =
            QuicExceptions.ofError (RuntimeError.StreamReset reset.ApplicationErrorCode)

        withStream reset.Connection reset.Stream (fun stream -> stream.OnReset error)

    let onStopSending (stop: PeerStopSending) =
        let error =
            QuicExceptions.ofError (RuntimeError.StreamStopped stop.ApplicationErrorCode)

        withStream stop.Connection stop.Stream (fun stream -> stream.OnStopSending error)

    let onToken (token: NewTokenAvailable) =
        match connections.TryGetValue token.Connection with
        | true, connection -> events.GaveToken connection token.Token
        | _ -> ()

    let onStreams () =
        let changed = queue.TakeAll() |> List.filter (fun stream -> not stream.IsForgotten)

        let commands = StreamCommands.ofStreams changed

        for stream in changed do
            withStream stream.Connection stream.Id ignore

        commands

    let onZeroRtt (event: ZeroRttStatusEvent) =
        match connections.TryGetValue event.Connection with
        | true, connection ->
            connection.ZeroRtt <- Some event.Status

            if event.HaveStreamsEnded then
                connection.ForgetStreams(QuicExceptions.ofError RuntimeError.EarlyDataRejected)
        | _ -> ()

    let onResumptionState (state: ResumptionStateAvailable) =
        match connections.TryGetValue state.Connection with
        | true, connection -> connection.OnResumptionState state.Serialized
        | _ -> ()

    /// The answer comes back as a message.
    let await (answering: Task<Command<HubMessage>> option) =
        match answering with
        | Some answering ->
            task {
                let! answer = answering
                post (HubMessage.Answered answer)
            }
            |> ignore
        | None -> ()

        []

    let onMessage message =
        match message with
        | HubMessage.Connect(request, pending) -> connect request pending
        | HubMessage.OpenStream pending -> openStream pending
        | HubMessage.Move pending -> move pending
        | HubMessage.Settled handle -> moves.OnSettled handle
        | HubMessage.SendDatagram(connection, datagram, pending) -> sendDatagram connection datagram pending
        | HubMessage.Unreachable handle -> giveUp handle
        | HubMessage.Close(connection, code, reason) when connections.ContainsKey connection.Handle ->
            // What was written before is handed over before.
            onStreams () @ [ Command.close connection.Handle code reason ]
        | HubMessage.UpdateKeys connection when connections.ContainsKey connection.Handle ->
            [ Command.RequestKeyUpdate connection.Handle ]
        | HubMessage.Close _
        | HubMessage.UpdateKeys _ -> []
        | HubMessage.Streams -> onStreams ()
        | HubMessage.Answered answer -> [ answer ]

    let onSignal signal =
        match signal with
        | Signal.Opened(tag, handle) ->
            onOpened tag handle
            []
        | Signal.Refused(tag, error) -> onRefused tag error
        | Signal.Accepted handle ->
            add handle Role.Server |> ignore
            []
        | Signal.HandshakeReady(handle, information) -> onReady handle information
        | Signal.StreamOpened(tag, handle, id) -> onStreamOpened tag handle id
        | Signal.StreamData data -> onStreamData data
        | Signal.PeerReset reset ->
            onReset reset
            []
        | Signal.PeerStopSending stop ->
            onStopSending stop
            []
        | Signal.SendProgress progress ->
            Telemetry.onAcknowledged progress.Released
            withStream progress.Connection progress.Stream (fun stream -> stream.OnProgress progress.Released)
            []
        | Signal.ZeroRtt event ->
            onZeroRtt event
            []
        | Signal.ResumptionState state ->
            onResumptionState state
            []
        | Signal.CertificateVerdictNeeded needed -> await (Answers.judge events.Answers needed)
        | Signal.ServerIdentityNeeded needed -> await (Answers.identify events.Answers needed)
        | Signal.Datagram received ->
            onDatagram received
            []
        | Signal.Confirmed handle -> onConfirmed handle
        | Signal.PathChanged change ->
            onPathChanged change
            []
        | Signal.Closed closed -> onClosed closed
        | Signal.NewToken token ->
            onToken token
            []
        | Signal.PreferredAddress offer ->
            onPreferredAddress offer
            []
        // A command that crossed the end of its stream or connection on the way.
        | Signal.Declined _
        | Signal.Inspected _ -> []

    /// The program.
    member _.Program: Program<unit, HubMessage> =
        { Init = (), []
          Update =
            fun _ event () ->
                match event with
                | Network signal -> (), onSignal signal
                | Message message -> (), onMessage message }

    /// The oldest DATAGRAM under way to the endpoint has got there, or was refused.
    member _.OnDatagramTaken(refusal: LocalError option) =
        match datagrams.TryDequeue(), refusal with
        | (true, pending), None -> pending.TrySetResult() |> ignore
        | (true, pending), Some error ->
            pending.TrySetException(QuicExceptions.ofError (RuntimeError.Declined error))
            |> ignore
        | (false, _), _ -> ()

    /// A move that a connection was asked to make has ended. What comes of it is not commanded from here: no update runs.
    member _.OnMoved(handle: ConnectionHandle, outcome: Result<IPEndPoint, RuntimeError>) =
        if moves.OnEnded(handle, outcome) then
            post (HubMessage.Settled handle)

    /// Lets readers know what has arrived: once for all datagrams of a run, as each reader costs a hop to another thread.
    member _.Announce() =
        for stream in arrived do
            stream.Announce()

        arrived.Clear()

    /// The agent has ended: so has everything that waits. Called once no update runs any more.
    member _.OnEnded(error: RuntimeError) =
        for entry in opening.Values do
            failOpening entry error

        for connection in List.ofSeq connections.Values do
            close connection error
