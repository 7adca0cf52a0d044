namespace CoQuic.FSharp

/// How far a connection has come. A closed one is forgotten.
[<RequireQualifiedAccess>]
type Phase =
    /// The handshake is under way.
    | Handshaking
    /// The handshake is complete: streams can be used.
    | Ready
    /// The handshake is confirmed (RFC 9001 §4.1.2).
    | Confirmed

/// The streams of one kind that this endpoint opens on a connection. Numbers are given out in order of request.
type StreamAllocation =
    {
        /// How many were asked for.
        Requested: uint64
        /// How many the peer allows (RFC 9000 §4.6).
        Limit: uint64
        /// Those asked for beyond the limit, by number.
        Waiting: Map<uint64, StreamTag>
    }

/// What is known about one connection.
type ConnectionView =
    {
        /// How far it has come.
        Phase: Phase
        /// When it came into this phase.
        Since: TimeUs
        /// Which side of the handshake we are.
        Role: Role
        /// Where it was last told to be.
        Route: RouteHandle option
        /// What the handshake settled, once that is known.
        Handshake: HandshakeInformation option
        /// The bidirectional streams that we open.
        Bidirectional: StreamAllocation
        /// The unidirectional streams that we open.
        Unidirectional: StreamAllocation
        /// Per stream, the last progress told, as long as bytes are held.
        Sending: Map<StreamId, SendProgress>
    }

/// What an endpoint's results add up to. Plain data: compare it, print it, keep it.
type Interpreter =
    {
        /// The connections that have not ended.
        Connections: Map<ConnectionHandle, ConnectionView>
        /// The newest connection seen: handles rise, so that an older one which is not there has ended.
        Newest: ConnectionHandle
        /// Connections asked for and not yet answered.
        Opening: Set<OpenTag>
        /// When the endpoint's timer is due.
        Wakeup: TimeUs option
    }

/// <summary>Folds results into state and outputs, and turns what an application wants into actions.</summary>
/// <remarks>
/// Its laws, for all results and all states that can be reached:
/// <list type="number">
/// <item><description>It is pure: it performs nothing, and the same arguments give the same answer.</description></item>
/// <item><description>Folding a result without effects, with the wake-up that is known already, changes nothing and yields
/// nothing.</description></item>
/// <item><description>Folding two results in turn equals folding <c>QueryResult.append</c> of them: the same state, and the same outputs
/// but for the timers and re-entries that the second one supersedes. It is defined where the first result has no local
/// error.</description></item>
/// <item><description>The runs that are transmitted are those of the <c>SendDatagram</c> effects, all of them and in their order; only a
/// missing route is filled in.</description></item>
/// <item><description>The bytes of a stream reach the application once, in order, and with their end.</description></item>
/// <item><description>After <c>Closed</c> no signal of that connection follows, but for a <c>Declined</c> that answers a command which still
/// names it.</description></item>
/// <item><description>The wake-up that is known is the last result's.</description></item>
/// </list>
/// </remarks>
module Interpreter =

    /// Nothing has happened yet.
    let empty: Interpreter =
        { Connections = Map.empty
          Newest = ConnectionHandle.none
          Opening = Set.empty
          Wakeup = None }

    /// What is known about a connection; none when it has ended or never was.
    let connection (handle: ConnectionHandle) (state: Interpreter) : ConnectionView option =
        Map.tryFind handle state.Connections

    let private noStreams =
        { Requested = 0UL
          Limit = 0UL
          Waiting = Map.empty }

    let private newConnection now role =
        { Phase = Phase.Handshaking
          Since = now
          Role = role
          Route = None
          Handshake = None
          Bidirectional = noStreams
          Unidirectional = noStreams
          Sending = Map.empty }

    let private allocation kind view =
        match kind with
        | StreamKind.Unidirectional -> view.Unidirectional
        | _ -> view.Bidirectional

    let private withAllocation kind streams view =
        match kind with
        | StreamKind.Unidirectional -> { view with Unidirectional = streams }
        | _ -> { view with Bidirectional = streams }

    /// A fold under way: the state, the outputs so far (newest first), and a connection known to exist, which spares a
    /// look-up for the many effects in a row of one connection.
    [<Struct>]
    type private Step =
        { Now: TimeUs
          State: Interpreter
          Outputs: Output list
          Known: ConnectionHandle }

    let private output item step =
        { step with
            Outputs = item :: step.Outputs }

    let private perform action step = output (Perform action) step

    let private knows (handle: ConnectionHandle) step =
        step.Known.Value = handle.Value && handle.Value <> 0UL
        || Map.containsKey handle step.State.Connections

    /// A signal of a live connection. Of one that ended nothing is told.
    let private notify handle signal step =
        if knows handle step then
            { step with
                Outputs = Notify signal :: step.Outputs
                Known = handle }
        else
            step

    let private update handle change step =
        match Map.tryFind handle step.State.Connections with
        | None -> step
        | Some view ->
            let connections = Map.add handle (change view) step.State.Connections

            { step with
                State =
                    { step.State with
                        Connections = connections } }

    let private begins (handle: ConnectionHandle) role step =
        if handle.Value <= step.State.Newest.Value then
            step
        else
            let state =
                { step.State with
                    Connections = Map.add handle (newConnection step.Now role) step.State.Connections
                    Newest = handle }

            { step with
                State = state
                Known = handle }

    let private accepted (handle: ConnectionHandle) step =
        if handle.Value <= step.State.Newest.Value then
            step
        else
            step |> begins handle Role.Server |> notify handle (Signal.Accepted handle)

    let private onLifecycle (event: ConnectionLifecycleEvent) step =
        match event.Event with
        | Lifecycle.Created -> begins event.Connection Role.Client step
        | Lifecycle.Accepted -> accepted event.Connection step
        // ConnectionClosed says the same, and why.
        | _ -> step

    let private onState (event: StateEvent) step =
        let reach phase =
            update event.Connection (fun view ->
                { view with
                    Phase = phase
                    Since = step.Now })

        match event.Change with
        | StateChange.HandshakeReady ->
            let information =
                step.State |> connection event.Connection |> Option.bind _.Handshake

            step
            |> reach Phase.Ready
            |> notify event.Connection (Signal.HandshakeReady(event.Connection, information))
        | StateChange.HandshakeConfirmed ->
            step
            |> reach Phase.Confirmed
            |> notify event.Connection (Signal.Confirmed event.Connection)
        // ConnectionClosed follows.
        | _ -> step

    /// A run on a connection whose route the driver left out goes where the connection is.
    let private transmit (run: SendDatagram) step =
        match run.Route with
        | Some _ -> perform (Action.Transmit run) step
        | None ->
            let route = step.State |> connection run.Connection |> Option.bind _.Route
            perform (Action.Transmit { run with Route = route }) step

    let private forgetSending connection stream step =
        match Map.tryFind connection step.State.Connections with
        | Some view when not view.Sending.IsEmpty && view.Sending.ContainsKey stream ->
            update
                connection
                (fun view ->
                    { view with
                        Sending = Map.remove stream view.Sending })
                step
        | Some _
        | None -> step

    let private rememberSending (progress: SendProgress) step =
        update
            progress.Connection
            (fun view ->
                { view with
                    Sending = Map.add progress.Stream progress view.Sending })
            step

    let private onSendProgress (progress: SendProgress) step =
        let step =
            if progress.Buffered = 0UL then
                forgetSending progress.Connection progress.Stream step
            else
                rememberSending progress step

        notify progress.Connection (Signal.SendProgress progress) step

    let private onStreamsAvailable (streams: StreamsAvailable) step =
        match Map.tryFind streams.Connection step.State.Connections with
        | None -> step
        | Some view ->
            let before = allocation streams.Kind view
            let limit = max before.Limit streams.Limit

            let admitted =
                before.Waiting |> Map.toSeq |> Seq.takeWhile (fun (index, _) -> index < limit)

            let opened (step, waiting) (index, tag) =
                let stream = StreamId.create view.Role streams.Kind index

                notify streams.Connection (Signal.StreamOpened(tag, streams.Connection, stream)) step,
                Map.remove index waiting

            let step, waiting = admitted |> Seq.fold opened (step, before.Waiting)

            let after =
                { before with
                    Limit = limit
                    Waiting = waiting }

            update streams.Connection (withAllocation streams.Kind after) step

    /// Refused early data may take its streams with it (RFC 9001 §4.6.2): numbers begin anew, and who waits for a stream goes on
    /// waiting. In any case the remembered limits are over; the server's own follow.
    let private onZeroRtt (event: ZeroRttStatusEvent) step =
        let limitless (streams: StreamAllocation) = { streams with Limit = 0UL }

        let anew (streams: StreamAllocation) : StreamAllocation =
            let waiting =
                streams.Waiting.Values |> Seq.mapi (fun index tag -> uint64 index, tag)

            { Requested = uint64 streams.Waiting.Count
              Limit = 0UL
              Waiting = Map.ofSeq waiting }

        let reject change sending view =
            { view with
                Bidirectional = change view.Bidirectional
                Unidirectional = change view.Unidirectional
                Sending = sending view.Sending }

        let step =
            match event.Status, event.HaveStreamsEnded with
            | ZeroRttStatus.Rejected, true -> update event.Connection (reject anew (fun _ -> Map.empty)) step
            | ZeroRttStatus.Rejected, false -> update event.Connection (reject limitless id) step
            | _ -> step

        notify event.Connection (Signal.ZeroRtt event) step

    let private onClosed (closed: ConnectionClosed) step =
        let step = notify closed.Connection (Signal.Closed closed) step

        { step with
            State =
                { step.State with
                    Connections = Map.remove closed.Connection step.State.Connections
                    Newest = ConnectionHandle(max step.State.Newest.Value closed.Connection.Value) }
            Known = ConnectionHandle.none }

    let private onEffect step effect =
        match effect with
        | SendDatagram run -> transmit run step
        | ReceiveStreamData data -> notify data.Connection (Signal.StreamData data) step
        | ReceiveDatagramData data -> notify data.Connection (Signal.Datagram data) step
        | PeerResetStream reset -> notify reset.Connection (Signal.PeerReset reset) step
        | PeerStopSending stop ->
            step
            |> forgetSending stop.Connection stop.Stream
            |> notify stop.Connection (Signal.PeerStopSending stop)
        | StateEvent event -> onState event step
        | ConnectionLifecycleEvent event -> onLifecycle event step
        | PeerPreferredAddressAvailable address -> notify address.Connection (Signal.PreferredAddress address) step
        | ResumptionStateAvailable state -> notify state.Connection (Signal.ResumptionState state) step
        | ZeroRttStatusEvent event -> onZeroRtt event step
        | PacketInspection packet -> notify packet.Connection (Signal.Inspected packet) step
        | NewTokenAvailable token -> notify token.Connection (Signal.NewToken token) step
        | HandshakeInformation information ->
            update
                information.Connection
                (fun view ->
                    { view with
                        Handshake = Some information })
                step
        | PathChanged change ->
            step
            |> update change.Connection (fun view -> { view with Route = change.NewRoute })
            |> notify change.Connection (Signal.PathChanged change)
        | SendProgress progress -> onSendProgress progress step
        | StreamsAvailable streams -> onStreamsAvailable streams step
        | CertificateVerdictNeeded needed -> notify needed.Connection (Signal.CertificateVerdictNeeded needed) step
        | ServerIdentityNeeded needed -> notify needed.Connection (Signal.ServerIdentityNeeded needed) step
        | Trace trace -> perform (Action.Record trace) step
        | ConnectionClosed closed -> onClosed closed step

    let private onError error step =
        match error with
        | Some error -> output (Notify(Signal.Declined error)) step
        | None -> step

    /// The timer, when it changed.
    let private onWakeup wakeup step =
        if TimeUs.isSame wakeup step.State.Wakeup then
            step
        else
            { step with
                State = { step.State with Wakeup = wakeup } }
            |> perform (
                match wakeup with
                | Some at -> Action.SetTimer at
                | None -> Action.ClearTimer
            )

    let private onContinuation isPending step =
        if isPending then perform Action.Reenter step else step

    let private stepFrom now state =
        { Now = now
          State = state
          Outputs = []
          Known = ConnectionHandle.none }

    let private finish step = step.State, List.rev step.Outputs

    let private absorb (result: QueryResult) step =
        result.Effects
        |> List.fold onEffect step
        |> onError result.LocalError
        |> onWakeup result.NextWakeup
        |> onContinuation result.SendPending

    /// Folds one result into the state. The outputs are in the order of the effects; a refusal, the timer where it changed,
    /// and a re-entry come last. The laws of this module say what can be relied on.
    let fold (now: TimeUs) (state: Interpreter) (result: QueryResult) : Interpreter * Output list =
        stepFrom now state |> absorb result |> finish

    /// The timer went off. An early call changes nothing.
    let elapsed (now: TimeUs) (state: Interpreter) : Interpreter * Output list =
        match state.Wakeup with
        | Some at when at.Microseconds <= now.Microseconds -> { state with Wakeup = None }, [ Perform Action.Reenter ]
        | Some _
        | None -> state, []

    /// As `fold`, for the result of opening the connection that was asked for under `tag`.
    let opened
        (now: TimeUs)
        (tag: OpenTag)
        (handle: ConnectionHandle option)
        (state: Interpreter)
        (result: QueryResult)
        : Interpreter * Output list =
        let state =
            { state with
                Opening = Set.remove tag state.Opening }

        match handle, result.LocalError with
        | Some handle, _ ->
            stepFrom now state
            |> begins handle Role.Client
            |> notify handle (Signal.Opened(tag, handle))
            |> absorb result
            |> finish
        | None, error ->
            let code =
                error
                |> Option.map _.Code
                |> Option.defaultValue LocalErrorCode.UnsupportedOperation

            stepFrom now state
            |> output (Notify(Signal.Refused(tag, OpenError.Declined code)))
            |> absorb { result with LocalError = None }
            |> finish

    /// The host could not even ask the endpoint to open the connection wanted under `tag`.
    let refused (tag: OpenTag) (error: OpenError) (state: Interpreter) : Interpreter * Output list =
        { state with
            Opening = Set.remove tag state.Opening },
        [ Notify(Signal.Refused(tag, error)) ]

    /// Wants a connection, under a tag, which is any number.
    let openConnection (tag: OpenTag) (request: OpenRequest) (state: Interpreter) : Interpreter * Output list =
        { state with
            Opening = Set.add tag state.Opening },
        [ Perform(Action.Open(tag, request)) ]

    /// Wants a stream: it gets the next number, and `StreamOpened` once the peer allows that many.
    let openStream
        (handle: ConnectionHandle)
        (kind: StreamKind)
        (tag: StreamTag)
        (state: Interpreter)
        : Interpreter * Output list =
        match connection handle state with
        | None ->
            let error =
                { Connection = Some handle
                  Code = LocalErrorCode.UnsupportedOperation
                  Stream = None }

            state, [ Notify(Signal.Declined error) ]
        | Some view ->
            let streams = allocation kind view
            let index = streams.Requested
            let isAllowed = index < streams.Limit

            let streams =
                { streams with
                    Requested = index + 1UL
                    Waiting =
                        if isAllowed then
                            streams.Waiting
                        else
                            Map.add index tag streams.Waiting }

            { state with
                Connections = Map.add handle (withAllocation kind streams view) state.Connections },
            if isAllowed then
                [ Notify(Signal.StreamOpened(tag, handle, StreamId.create view.Role kind index)) ]
            else
                []
