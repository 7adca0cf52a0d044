namespace CoQuic.FSharp

open System
open CoQuic

/// A QUIC endpoint: inputs go in, results come out. It has no socket and no clock, it changes with every input, and it belongs
/// to one owner at a time. Disposing of it sends nothing.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type Endpoint internal (core: Interop.Endpoint, tell: (RecordingEntry -> unit) option) =

    /// Whether it opens connections or accepts them.
    member _.Role: Role = core.Role

    member internal _.Core = core

    /// Who is told of every input and result, where it is recorded.
    member internal _.Tell = tell

    member private _.Display =
        try
            let due =
                match Option.ofNullable core.NextWakeup with
                | Some at -> $", next wake-up {at}"
                | None -> ""

            $"Endpoint of a {(string core.Role).ToLowerInvariant()}: connections {core.ConnectionCount}{due}"
        with :? ObjectDisposedException ->
            "Endpoint, disposed of"

    /// Role, connections, and when its timer is due.
    override this.ToString() = this.Display

    interface IDisposable with
        member _.Dispose() = core.Dispose()

/// Inputs of an endpoint. What the protocol forbids is the result's `LocalError`; only a use after disposal raises
/// (`ObjectDisposedException`).
module Endpoint =

    let private make source tell sources config =
        match EndpointConfig.faults config with
        | [] ->
            try
                Ok(new Endpoint(new Interop.Endpoint(EndpointConfig.toEngine sources config, source), tell))
            with :? Interop.EngineUnavailableException as unavailable ->
                Error(EndpointError.EngineUnavailable unavailable.Message)
        | faults -> Error(EndpointError.Configuration faults)

    /// Makes an endpoint on a given engine.
    let createOn (source: EngineSource) (sources: Sources) (config: EndpointConfig) : Result<Endpoint, EndpointError> =
        make source None sources config

    /// Makes an endpoint on the engine in this process that tells everything that decides what it does: `tell` hears its
    /// configuration, each answer from outside, each input and each result, in order, as they come. What it hears decrypts the
    /// sessions.
    let recorded
        (tell: RecordingEntry -> unit)
        (sources: Sources)
        (config: EndpointConfig)
        : Result<Endpoint, EndpointError> =
        tell (RecordingEntry.Configuration(config, sources.Calendar))

        RecordingSources.wrap (RecordingEntry.Answer >> tell) sources config
        ||> make EngineSource.Embedded (Some tell)

    /// Makes an endpoint on the engine that COQUIC_ENGINE names, which is the one in this process unless it says otherwise.
    let create (sources: Sources) (config: EndpointConfig) : Result<Endpoint, EndpointError> =
        try
            Ok(Interop.EngineSources.FromEnvironment())
        with :? Interop.EngineUnavailableException as unavailable ->
            Error(EndpointError.EngineUnavailable unavailable.Message)
        |> Result.bind (fun source -> createOn source sources config)

    /// An input is about to come in; told before it does, so that a recording of a crash has it.
    let private hear now (input: Input) (endpoint: Endpoint) =
        match endpoint.Tell with
        | Some tell -> tell (RecordingEntry.Input(now, input))
        | None -> ()

    let private take (endpoint: Endpoint) (result: Interop.QueryResult) =
        use result = result
        let result = EffectMapping.ofResult result

        match endpoint.Tell with
        | Some tell -> tell (RecordingEntry.Result result)
        | None -> ()

        result

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
            OriginalDestinationConnectionId = Option.toNullable input.OriginalDestinationConnectionId,
            RetrySourceConnectionId = Option.toNullable input.RetrySourceConnectionId,
            HasReactedToVersionNegotiation = input.HasReactedToVersionNegotiation,
            ZeroRtt = ZeroRttConfig.toEngine input.ZeroRtt
        )

    /// Opens a connection. Its first flight is among the effects; there is no handle where the endpoint refused.
    let connect (now: TimeUs) (input: OpenConnection) (endpoint: Endpoint) : ConnectionHandle option * QueryResult =
        hear now (Input.OpenConnection input) endpoint
        let mutable handle = ConnectionHandle.none
        let result = endpoint.Core.Connect(now, toEngineOpen input, &handle)
        (if handle = ConnectionHandle.none then None else Some handle), take endpoint result

    /// Takes received datagrams in and leaves their bytes as they are.
    let receiveDatagram (now: TimeUs) (input: InboundDatagram) (endpoint: Endpoint) : QueryResult =
        hear now (Input.InboundDatagram input) endpoint

        let datagram =
            Engine.InboundDatagram(
                input.Bytes,
                input.SegmentSize,
                Option.toNullable input.Route,
                input.Ecn,
                input.AddressValidationIdentity
            )

        take endpoint (endpoint.Core.ReceiveDatagram(now, &datagram))

    /// What the engine is about to take over and decrypt in place, as it came.
    let private copyOf (input: OwnedDatagram) : InboundDatagram =
        { Bytes = Bytes.CopyOf input.Buffer.Span
          SegmentSize = input.SegmentSize
          Route = Option.ofNullable input.Route
          Ecn = input.Ecn
          AddressValidationIdentity = input.AddressValidationIdentity }

    /// As `receiveDatagram`, but takes the memory over, and hands out slices of it: the caller must not touch it again.
    let receiveOwned (now: TimeUs) (input: OwnedDatagram) (endpoint: Endpoint) : QueryResult =
        if endpoint.Tell.IsSome then
            hear now (Input.InboundDatagram(copyOf input)) endpoint

        take endpoint (endpoint.Core.ReceiveOwnedDatagram(now, &input))

    /// Time has passed: what is due is done, and work that was cut short goes on. An early call is harmless.
    let timerExpired (now: TimeUs) (endpoint: Endpoint) : QueryResult =
        hear now Input.TimerExpired endpoint
        take endpoint (endpoint.Core.TimerExpired now)

    /// The host heard that a datagram was too big for its path.
    let updatePathMtu (now: TimeUs) (input: PathMtuUpdate) (endpoint: Endpoint) : QueryResult =
        hear now (Input.PathMtuUpdate input) endpoint

        let update =
            Engine.PathMtuUpdate(input.Route, input.MaxUdpPayloadSize, input.QuotedPacket)

        take endpoint (endpoint.Core.UpdatePathMtu(now, &update))

    /// The calendar as the host knows it now: certificates are judged by it.
    let anchorCalendar (now: TimeUs) (utc: DateTimeOffset) (endpoint: Endpoint) : QueryResult =
        hear now (Input.AnchorCalendar utc) endpoint
        take endpoint (endpoint.Core.AnchorCalendar(now, utc))

    /// Sends bytes on a stream; the first ones on a new identifier open it. The bytes are held, not copied.
    let sendStreamData (now: TimeUs) (input: SendStreamData) (endpoint: Endpoint) : QueryResult =
        hear now (Input.SendStreamData input) endpoint

        let data =
            Engine.SendStreamData(input.Stream, input.Bytes, input.Fin, input.Priority)

        take endpoint (endpoint.Core.SendStreamWithPriority(now, input.Connection, &data))

    /// Queues a DATAGRAM (RFC 9221).
    let sendDatagram (now: TimeUs) (input: SendDatagramData) (endpoint: Endpoint) : QueryResult =
        hear now (Input.SendDatagram input) endpoint
        let datagram = Engine.SendDatagramData(input.Bytes, input.Priority)
        take endpoint (endpoint.Core.SendDatagram(now, input.Connection, &datagram))

    /// Gives the peer credit for received bytes that the application has used.
    let consumeStreamData (now: TimeUs) (input: ConsumeStreamData) (endpoint: Endpoint) : QueryResult =
        hear now (Input.ConsumeStreamData input) endpoint
        take endpoint (endpoint.Core.ConsumeStreamData(now, input.Connection, input.Stream, input.Count))

    /// Abandons our sending part of a stream (RFC 9000 §19.4).
    let resetStream (now: TimeUs) (input: ResetStream) (endpoint: Endpoint) : QueryResult =
        hear now (Input.ResetStream input) endpoint
        take endpoint (endpoint.Core.ResetStream(now, input.Connection, input.Stream, input.ApplicationErrorCode))

    /// Asks the peer to send no more on a stream (RFC 9000 §19.5).
    let stopSending (now: TimeUs) (input: StopSending) (endpoint: Endpoint) : QueryResult =
        hear now (Input.StopSending input) endpoint
        take endpoint (endpoint.Core.StopSending(now, input.Connection, input.Stream, input.ApplicationErrorCode))

    /// Ends a connection at once (RFC 9000 §10.2).
    let closeConnection (now: TimeUs) (input: CloseConnection) (endpoint: Endpoint) : QueryResult =
        hear now (Input.CloseConnection input) endpoint
        take endpoint (endpoint.Core.CloseConnection(now, input.Connection, input.ApplicationErrorCode, input.Reason))

    /// Asks for new packet protection keys (RFC 9001 §6).
    let requestKeyUpdate (now: TimeUs) (connection: ConnectionHandle) (endpoint: Endpoint) : QueryResult =
        hear now (Input.RequestKeyUpdate connection) endpoint
        take endpoint (endpoint.Core.RequestKeyUpdate(now, connection))

    /// Moves a connection to another route (RFC 9000 §9).
    let requestMigration (now: TimeUs) (input: RequestMigration) (endpoint: Endpoint) : QueryResult =
        hear now (Input.RequestMigration input) endpoint

        let migration =
            Engine.RequestMigration(input.Route, input.Reason, input.AddressValidationIdentity)

        take endpoint (endpoint.Core.RequestMigration(now, input.Connection, &migration))

    /// Judges a peer's certificate, as `CertificateVerdictNeeded` asked.
    let answerCertificate (now: TimeUs) (input: AnswerCertificate) (endpoint: Endpoint) : QueryResult =
        hear now (Input.AnswerCertificate input) endpoint
        let verdict = Verdict.toEngine input.Verdict
        take endpoint (endpoint.Core.AnswerCertificate(now, input.Connection, input.QuestionId, verdict))

    /// Says who the server is for a client, as `ServerIdentityNeeded` asked.
    let answerIdentity (now: TimeUs) (input: AnswerIdentity) (endpoint: Endpoint) : QueryResult =
        hear now (Input.AnswerIdentity input) endpoint
        let name = Option.toObj input.Name
        take endpoint (endpoint.Core.AnswerIdentity(now, input.Connection, input.QuestionId, name))

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
        | Input.AnswerCertificate input -> answerCertificate now input endpoint
        | Input.AnswerIdentity input -> answerIdentity now input endpoint

    /// When `timerExpired` is due; none when only input can bring something about.
    let nextWakeup (endpoint: Endpoint) : TimeUs option =
        Option.ofNullable endpoint.Core.NextWakeup

    /// The connections it holds, closing and draining ones included.
    let connectionCount (endpoint: Endpoint) : int = endpoint.Core.ConnectionCount

    /// Whether streams of any connection have something to send that their own limits allow: the connection's credit or congestion
    /// control holds it back, or a bound cut the last call short. Walks all connections.
    let hasPendingStreamSend (endpoint: Endpoint) : bool = endpoint.Core.HasPendingStreamSend

    /// What a connection has done so far; none when it is not held any more.
    let statistics (connection: ConnectionHandle) (endpoint: Endpoint) : ConnectionStatistics option =
        Option.ofObj (endpoint.Core.GetStatistics connection)

    /// How many datagrams and packets were dropped, by reason; reasons that never occurred are left out.
    let drops (endpoint: Endpoint) : Map<DropReason, uint64> =
        Map
            [ for reason in Enum.GetValues<DropReason>() do
                  let count = endpoint.Core.CountDropped reason

                  if count > 0UL then
                      reason, count ]

    /// What its engine can do beyond the C ABI.
    let capabilities (endpoint: Endpoint) : Capabilities = endpoint.Core.Capabilities

    /// Forgets everything in silence. Doing so again is harmless.
    let dispose (endpoint: Endpoint) : unit = endpoint.Core.Dispose()
