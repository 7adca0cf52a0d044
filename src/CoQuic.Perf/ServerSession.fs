namespace CoQuic.Perf

open CoQuic.FSharp

/// What a server does for one connection once it knows what is wanted.
type Service =
    {
        Start: SessionStart
        Counters: Counters
        /// persistent-rr: bytes of a request that is not complete yet, by the stream's number.
        Partial: Map<uint64, uint64>
        /// Streams with something to send or to be acknowledged, by number, which is compared faster than a stream.
        Outgoing: Map<uint64, Outgoing>
        /// Whether session_complete has been sent.
        IsComplete: bool
    }

/// The server's side of a session: one a connection.
[<RequireQualifiedAccess>]
type ServerSession =
    /// The control stream has not ended yet; what came in on it so far.
    | Awaiting of received: Bytes
    | Serving of Service
    /// It was refused, and is ignored from then on.
    | Refused

/// The server's side of a session as a machine: signals of one connection in, commands out.
[<RequireQualifiedAccess>]
module ServerSession =
    /// The client's first stream carries control messages, the others carry data.
    let controlStream = StreamId.clientBidirectional 0UL

    let private isControl (stream: StreamId) = stream.Equals controlStream

    let start = ServerSession.Awaiting Bytes.empty

    /// Why a session_start that can be read is refused all the same; the texts are part of the protocol.
    let private objection (start: SessionStart) =
        if start.Version = ProtocolVersion.Milliseconds then
            Some "unsupported protocol version"
        elif start.Streams = 0UL then
            Some "streams must be greater than zero"
        elif start.Connections = 0UL then
            Some "connections must be greater than zero"
        elif start.RequestsInFlight = 0UL then
            Some "requests_in_flight must be greater than zero"
        elif
            start.Mode = Mode.PersistentRequestResponse
            && (start.RequestBytes = 0UL || start.ResponseBytes = 0UL)
        then
            Some "persistent-rr requires nonzero request and response bytes"
        else
            None

    let private judge received =
        match ControlCodec.tryDecode received with
        | Some(SessionStart start) ->
            match objection start with
            | None -> Ok start
            | Some text -> Error text
        | Some(SessionReady _)
        | Some(SessionError _)
        | Some(SessionComplete _) -> Error "expected session_start"
        | None -> Error "invalid control message"

    let private serve start =
        ServerSession.Serving
            { Start = start
              Counters = Counters.zero
              Partial = Map.empty
              Outgoing = Map.empty
              IsComplete = false }

    /// Bytes of the control stream. Beyond any message's length they are dropped: too many cannot be decoded either way.
    let private onControl connection received (data: ReceiveStreamData) =
        let received =
            if received |> Bytes.length > ControlCodec.maximumLength then
                received
            else
                Bytes.concat [ received; data.Bytes ]

        if not data.Fin then
            ServerSession.Awaiting received, []
        else
            match judge received with
            | Ok start ->
                let ready = ControlCodec.encode (SessionReady Protocol.currentVersion)
                serve start, [ Command.send connection controlStream ready ]
            | Error text ->
                let error = ControlCodec.encode (SessionError text)
                ServerSession.Refused, [ Command.sendLast connection controlStream error ]

    let private countReceived (bytes: Bytes) service =
        { service with
            Counters =
                { service.Counters with
                    BytesReceived = service.Counters.BytesReceived + uint64 bytes.Length } }

    let private countRequests count service =
        { service with
            Counters =
                { service.Counters with
                    RequestsCompleted = service.Counters.RequestsCompleted + count } }

    /// Hands over what a stream may take, and keeps the stream as long as something of it is held.
    let private fill connection (stream: StreamId) (outgoing: Outgoing) service =
        let filled, commands = Outgoing.fill connection stream outgoing
        let handedOver = filled.Queued - outgoing.Queued

        { service with
            Counters =
                { service.Counters with
                    BytesSent = service.Counters.BytesSent + handedOver }
            Outgoing =
                if Outgoing.isDone filled then
                    Map.remove stream.Value service.Outgoing
                else
                    Map.add stream.Value filled service.Outgoing },
        commands

    let private reply connection stream length service =
        fill connection stream (Outgoing.whole length) service

    /// A data stream of a bulk session has ended.
    let private onBulkEnd connection stream service =
        match service.Start.Direction, service.Start.TotalBytes with
        | Direction.Upload, _ -> countRequests 1UL service, []
        | Direction.Download, None -> reply connection stream service.Start.ResponseBytes service
        | Direction.Download, Some total ->
            // Shares go by the order in which requests end, whatever their streams' numbers.
            let length =
                Protocol.share total service.Start.Streams service.Counters.RequestsCompleted

            service |> countRequests 1UL |> reply connection stream length

    /// A response for every complete request so far; the limit, if there is one, is not exceeded.
    let private onPersistentData connection (stream: StreamId) (bytes: Bytes) service =
        let start = service.Start
        let before = Map.tryFind stream.Value service.Partial |> Option.defaultValue 0UL
        let received = before + uint64 bytes.Length
        let complete = received / start.RequestBytes

        let answered =
            match start.Requests with
            | Some limit -> min complete (limit - min limit service.Counters.RequestsCompleted)
            | None -> complete

        let outgoing =
            Map.tryFind stream.Value service.Outgoing
            |> Option.defaultValue Outgoing.nothing

        { service with
            Partial = Map.add stream.Value (received % start.RequestBytes) service.Partial }
        |> countRequests answered
        |> fill connection stream (Outgoing.append (answered * start.ResponseBytes) outgoing)

    let private onData connection (data: ReceiveStreamData) service =
        let service = countReceived data.Bytes service

        match service.Start.Mode with
        | Mode.PersistentRequestResponse -> onPersistentData connection data.Stream data.Bytes service
        | Mode.Bulk when data.Fin -> onBulkEnd connection data.Stream service
        | Mode.RequestResponse
        | Mode.ConnectRequestResponse when data.Fin ->
            service
            |> countRequests 1UL
            |> reply connection data.Stream service.Start.ResponseBytes
        | Mode.Bulk
        | Mode.RequestResponse
        | Mode.ConnectRequestResponse -> service, []

    /// Whether a bounded session has done its work. crr is never told so, nor is a session that the client's clock ends.
    let private hasReachedLimit (service: Service) =
        let start = service.Start

        match start.Mode with
        | Mode.Bulk -> start.TotalBytes.IsSome && service.Counters.RequestsCompleted >= start.Streams
        | Mode.RequestResponse
        | Mode.PersistentRequestResponse ->
            match start.Requests with
            | Some limit -> service.Counters.RequestsCompleted >= limit
            | None -> false
        | Mode.ConnectRequestResponse -> false

    let private completeIfDone connection (service, commands) =
        let isDue =
            not service.IsComplete
            && hasReachedLimit service
            && Map.forall (fun _ outgoing -> Outgoing.isHandedOver outgoing) service.Outgoing

        if isDue then
            let message = ControlCodec.encode (SessionComplete service.Counters)
            { service with IsComplete = true }, commands @ [ Command.sendLast connection controlStream message ]
        else
            service, commands

    let private serving connection step =
        let service, commands = step |> completeIfDone connection
        ServerSession.Serving service, commands

    /// Bytes of a stream, or its end.
    let onStreamData connection (data: ReceiveStreamData) session : ServerSession * Command<'message> list =
        match session with
        | ServerSession.Awaiting received when isControl data.Stream -> onControl connection received data
        | ServerSession.Serving service when data.Stream.IsBidirectional && not (isControl data.Stream) ->
            onData connection data service |> serving connection
        | ServerSession.Awaiting _
        | ServerSession.Serving _
        | ServerSession.Refused -> session, []

    /// The peer acknowledged bytes of a stream.
    let onSendProgress connection (progress: SendProgress) session : ServerSession * Command<'message> list =
        match session with
        | ServerSession.Serving service ->
            match Map.tryFind progress.Stream.Value service.Outgoing with
            | Some outgoing ->
                fill connection progress.Stream (Outgoing.released progress outgoing) service
                |> serving connection
            | None -> session, []
        | ServerSession.Awaiting _
        | ServerSession.Refused -> session, []

    /// The peer does not want a stream any more.
    let onPeerStopSending (stream: StreamId) session : ServerSession =
        match session with
        | ServerSession.Serving service ->
            ServerSession.Serving
                { service with
                    Outgoing = Map.remove stream.Value service.Outgoing }
        | ServerSession.Awaiting _
        | ServerSession.Refused -> session

    /// Whether session_complete has been sent.
    let isComplete session =
        match session with
        | ServerSession.Serving service -> service.IsComplete
        | ServerSession.Awaiting _
        | ServerSession.Refused -> false

    /// Whether nothing is left to do: the session is complete, and everything of it is acknowledged.
    let isFinished session =
        match session with
        | ServerSession.Serving service ->
            service.IsComplete
            && Map.forall (fun _ outgoing -> Outgoing.isAcknowledged outgoing) service.Outgoing
        | ServerSession.Awaiting _
        | ServerSession.Refused -> false
