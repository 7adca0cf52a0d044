namespace CoQuic.Runtime

open System
open System.Net
open System.Threading.Tasks
open CoQuic.FSharp

/// How streams and connections behave towards their application.
type StreamOptions =
    {
        /// Written bytes that a stream holds until the peer has acknowledged them, at most: a writer waits for room.
        WriteBufferBytes: int
        /// The application error code of streams that are disposed of unread, or whose write is cancelled.
        DefaultStreamErrorCode: uint64
        /// The application error code of connections that are disposed of.
        DefaultCloseErrorCode: uint64
    }

/// How streams and connections behave towards their application.
[<RequireQualifiedAccess>]
module StreamOptions =

    /// A write buffer of 1 MiB a stream, and error code 0.
    let defaults: StreamOptions =
        { WriteBufferBytes = 1024 * 1024
          DefaultStreamErrorCode = 0UL
          DefaultCloseErrorCode = 0UL }

/// An agent that runs a hub: what clients and servers have in common.
[<Sealed>]
type internal HubAgent private (agent: Agent<unit, HubMessage>, hub: Hub) =

    /// Read bytes after which the peer gets credit, where windows are large.
    static let usualCreditThreshold = 64 * 1024

    static let creditThreshold (transport: TransportConfig) =
        let windows =
            [ transport.InitialMaxStreamDataBidiLocal
              transport.InitialMaxStreamDataBidiRemote
              transport.InitialMaxStreamDataUni ]

        // An eighth of the smallest window: the peer is never held up by credit that was not worth a wake.
        max 1 (min usualCreditThreshold (int (min (List.min windows / 8UL) (uint64 usualCreditThreshold))))

    static let settings (runtime: RuntimeOptions) (streams: StreamOptions) : StreamSettings =
        { HighWater = max 1 streams.WriteBufferBytes
          CreditThreshold = creditThreshold runtime.Endpoint.Transport }

    /// Streams give credit as they are read, and hear when half of their buffer is free; handshakes ask where somebody answers.
    static let configure (runtime: RuntimeOptions) (streams: StreamOptions) (answers: Answers) =
        let transport =
            { runtime.Endpoint.Transport with
                ReceiveCredit = ReceiveCredit.Explicit
                SendLowWaterMark = uint64 (max 1 (streams.WriteBufferBytes / 2)) }

        { runtime with
            Endpoint =
                Answers.configure
                    answers
                    { runtime.Endpoint with
                        // A QuicStream is read in order.
                        EnableOutOfOrderReceive = false
                        Transport = transport } }

    let settled =
        task {
            try
                do! agent.Completion
                hub.OnEnded(RuntimeError.Aborted "The connection was closed here.")
            with error ->
                hub.OnEnded(RuntimeError.Crashed error)
        }

    member _.Post(message: HubMessage) = agent.Post message
    member _.Statistics(connection: ConnectionHandle) = agent.Statistics connection

    member _.Rebind(connection: ConnectionCore, local: IPEndPoint option) : Task<IPEndPoint> =
        task {
            let! rebound = agent.Rebind(connection.Handle, local)
            let local = Attempt.get rebound
            connection.Local <- ValueSome local
            return local
        }

    member _.Stop() : Task = agent.Stop()
    member _.LocalEndPoint = agent.LocalEndPoint

    /// Completes when the agent has ended, however it did.
    member _.Ended: Task = settled

    /// The hub of one agent, its hooks, and how the agent takes its place once it is there.
    static member private CreateHub(runtime: RuntimeOptions, streams: StreamOptions, events: HubEvents) =
        // The queue rings the agent, which runs the hub, which has the queue: the bell is hung before the agent starts. Answers
        // to questions come the same way.
        let bell = ref ignore
        let answered = ref ignore
        let queue = StreamQueue(fun () -> bell.Value())
        let hooks = HostHooks()

        let hub =
            Hub(settings runtime streams, queue, hooks, (fun message -> answered.Value message), events)

        hooks.Heard <- hub.Announce
        hooks.TookDatagram <- hub.OnDatagramTaken
        hooks.Unreachable <- fun connection -> answered.Value(HubMessage.Unreachable connection)
        hooks.Moved <- fun connection outcome -> hub.OnMoved(connection, outcome)

        let join (agent: Agent<unit, HubMessage>) =
            bell.Value <- fun () -> agent.Post HubMessage.Streams
            answered.Value <- agent.Post
            HubAgent(agent, hub)

        hub, hooks, join

    /// Starts so many agents at one port.
    static member Start
        (
            name: string,
            count: int,
            runtime: RuntimeOptions,
            streams: StreamOptions,
            answers: Answers,
            events: int -> HubEvents
        ) : Result<HubAgent list, RuntimeError> =
        let hubs =
            Array.init (max 1 count) (fun number -> HubAgent.CreateHub(runtime, streams, events number))

        let make number =
            let hub, hooks, _ = hubs[number]
            hooks, hub.Program

        Runtime.prepare name count (configure runtime streams answers) make
        |> Result.map (fun agents ->
            let joined =
                agents
                |> List.mapi (fun number agent -> let _, _, join = hubs[number] in join agent)

            agents |> List.iter _.Start()
            joined)
