namespace CoQuic.FSharp

open System
open CoQuic

/// A QUIC endpoint: inputs go in, results come out. It has no socket and no clock, it changes with every input, and it belongs
/// to one owner at a time. Disposing of it sends nothing.
[<Sealed>]
type Endpoint internal (core: Interop.Endpoint) =

    /// Whether it opens connections or accepts them.
    member _.Role: Role = core.Role

    member internal _.Core = core

    interface IDisposable with
        member _.Dispose() = core.Dispose()

/// Inputs of an endpoint. What the protocol forbids is the result's `LocalError`; only a use after disposal raises
/// (`ObjectDisposedException`).
module Endpoint =

    /// Makes an endpoint on a given engine.
    let createOn (source: EngineSource) (sources: Sources) (config: EndpointConfig) : Result<Endpoint, EndpointError> =
        match EndpointConfig.faults config with
        | [] ->
            try
                Ok(new Endpoint(new Interop.Endpoint(EndpointConfig.toEngine sources config, source)))
            with :? Interop.EngineUnavailableException as unavailable ->
                Error(EndpointError.EngineUnavailable unavailable.Message)
        | faults -> Error(EndpointError.Configuration faults)

    /// Makes an endpoint on the engine that COQUIC_ENGINE names, which is the one in this process unless it says otherwise.
    let create (sources: Sources) (config: EndpointConfig) : Result<Endpoint, EndpointError> =
        try
            Ok(Interop.EngineSources.FromEnvironment())
        with :? Interop.EngineUnavailableException as unavailable ->
            Error(EndpointError.EngineUnavailable unavailable.Message)
        |> Result.bind (fun source -> createOn source sources config)

    let private take (result: Interop.QueryResult) =
        use result = result
        EffectMapping.ofResult result

    let private toEngineOpen (input: OpenConnection) =
        Engine.OpenConnection(
            ServerName = input.ServerName,
            Route = input.Route,
            AddressValidationIdentity = input.AddressValidationIdentity,
            SourceConnectionId = Option.toNullable input.SourceConnectionId,
            InitialDestinationConnectionId = Option.toNullable input.InitialDestinationConnectionId,
            InitialVersion = Option.toNullable input.InitialVersion,
            ResumptionState = Secret.reveal input.ResumptionState,
            Token = input.Token,
            ZeroRtt = ZeroRttConfig.toEngine input.ZeroRtt
        )

    /// Opens a connection. Its first flight is among the effects; there is no handle where the endpoint refused.
    let connect (now: TimeUs) (input: OpenConnection) (endpoint: Endpoint) : ConnectionHandle option * QueryResult =
        let mutable handle = ConnectionHandle.none
        let result = endpoint.Core.Connect(now, toEngineOpen input, &handle)
        (if handle = ConnectionHandle.none then None else Some handle), take result

    /// Takes received datagrams in and leaves their bytes as they are.
    let receiveDatagram (now: TimeUs) (input: InboundDatagram) (endpoint: Endpoint) : QueryResult =
        let datagram =
            Engine.InboundDatagram(
                input.Bytes,
                input.SegmentSize,
                Option.toNullable input.Route,
                input.Ecn,
                input.AddressValidationIdentity
            )

        take (endpoint.Core.ReceiveDatagram(now, &datagram))

    /// As `receiveDatagram`, but takes the memory over, and hands out slices of it: the caller must not touch it again.
    let receiveOwned (now: TimeUs) (input: OwnedDatagram) (endpoint: Endpoint) : QueryResult =
        take (endpoint.Core.ReceiveOwnedDatagram(now, &input))

    /// Time has passed: what is due is done, and work that was cut short goes on. An early call is harmless.
    let timerExpired (now: TimeUs) (endpoint: Endpoint) : QueryResult = take (endpoint.Core.TimerExpired now)

    /// The host heard that a datagram was too big for its path.
    let updatePathMtu (now: TimeUs) (input: PathMtuUpdate) (endpoint: Endpoint) : QueryResult =
        let update =
            Engine.PathMtuUpdate(input.Route, input.MaxUdpPayloadSize, input.QuotedPacket)

        take (endpoint.Core.UpdatePathMtu(now, &update))

    /// The calendar as the host knows it now: certificates are judged by it.
    let anchorCalendar (now: TimeUs) (utc: DateTimeOffset) (endpoint: Endpoint) : QueryResult =
        take (endpoint.Core.AnchorCalendar(now, utc))

    /// Sends bytes on a stream; the first ones on a new identifier open it. The bytes are held, not copied.
    let sendStreamData (now: TimeUs) (input: SendStreamData) (endpoint: Endpoint) : QueryResult =
        let data =
            Engine.SendStreamData(input.Stream, input.Bytes, input.Fin, input.Priority)

        take (endpoint.Core.SendStreamWithPriority(now, input.Connection, &data))

    /// Queues a DATAGRAM (RFC 9221).
    let sendDatagram (now: TimeUs) (input: SendDatagramData) (endpoint: Endpoint) : QueryResult =
        let datagram = Engine.SendDatagramData(input.Bytes, input.Priority)
        take (endpoint.Core.SendDatagram(now, input.Connection, &datagram))

    /// Gives the peer credit for received bytes that the application has used.
    let consumeStreamData (now: TimeUs) (input: ConsumeStreamData) (endpoint: Endpoint) : QueryResult =
        take (endpoint.Core.ConsumeStreamData(now, input.Connection, input.Stream, input.Count))

    /// Abandons our sending part of a stream (RFC 9000 §19.4).
    let resetStream (now: TimeUs) (input: ResetStream) (endpoint: Endpoint) : QueryResult =
        take (endpoint.Core.ResetStream(now, input.Connection, input.Stream, input.ApplicationErrorCode))

    /// Asks the peer to send no more on a stream (RFC 9000 §19.5).
    let stopSending (now: TimeUs) (input: StopSending) (endpoint: Endpoint) : QueryResult =
        take (endpoint.Core.StopSending(now, input.Connection, input.Stream, input.ApplicationErrorCode))

    /// Ends a connection at once (RFC 9000 §10.2).
    let closeConnection (now: TimeUs) (input: CloseConnection) (endpoint: Endpoint) : QueryResult =
        take (endpoint.Core.CloseConnection(now, input.Connection, input.ApplicationErrorCode, input.Reason))

    /// Asks for new packet protection keys (RFC 9001 §6).
    let requestKeyUpdate (now: TimeUs) (connection: ConnectionHandle) (endpoint: Endpoint) : QueryResult =
        take (endpoint.Core.RequestKeyUpdate(now, connection))

    /// Moves a connection to another route (RFC 9000 §9).
    let requestMigration (now: TimeUs) (input: RequestMigration) (endpoint: Endpoint) : QueryResult =
        let migration =
            Engine.RequestMigration(input.Route, input.Reason, input.AddressValidationIdentity)

        take (endpoint.Core.RequestMigration(now, input.Connection, &migration))

    /// Any input, as the value it is.
    let apply (now: TimeUs) (input: Input) (endpoint: Endpoint) : QueryResult =
        match input with
        | Input.OpenConnection input -> connect now input endpoint |> snd
        | Input.InboundDatagram input -> receiveDatagram now input endpoint
        | Input.TimerExpired -> timerExpired now endpoint
        | Input.PathMtuUpdate input -> updatePathMtu now input endpoint
        | Input.AnchorCalendar utc -> anchorCalendar now utc endpoint
        | Input.SendStreamData input -> sendStreamData now input endpoint
        | Input.SendDatagram input -> sendDatagram now input endpoint
        | Input.ConsumeStreamData input -> consumeStreamData now input endpoint
        | Input.ResetStream input -> resetStream now input endpoint
        | Input.StopSending input -> stopSending now input endpoint
        | Input.CloseConnection input -> closeConnection now input endpoint
        | Input.RequestKeyUpdate connection -> requestKeyUpdate now connection endpoint
        | Input.RequestMigration input -> requestMigration now input endpoint

    /// When `timerExpired` is due; none when only input can bring something about.
    let nextWakeup (endpoint: Endpoint) : TimeUs option =
        Option.ofNullable endpoint.Core.NextWakeup

    /// The connections it holds, closing and draining ones included.
    let connectionCount (endpoint: Endpoint) : int = endpoint.Core.ConnectionCount

    /// Whether any connection still has stream data that it has not sent. Walks all connections.
    let hasPendingStreamSend (endpoint: Endpoint) : bool = endpoint.Core.HasPendingStreamSend

    /// What a connection has done so far; none when it is not held any more.
    let statistics (connection: ConnectionHandle) (endpoint: Endpoint) : ConnectionStatistics option =
        Option.ofObj (endpoint.Core.GetStatistics connection)

    /// What its engine can do beyond the C ABI.
    let capabilities (endpoint: Endpoint) : Capabilities = endpoint.Core.Capabilities

    /// Forgets everything in silence. Doing so again is harmless.
    let dispose (endpoint: Endpoint) : unit = endpoint.Core.Dispose()
