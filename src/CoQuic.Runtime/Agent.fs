namespace CoQuic.Runtime

open System
open System.Net
open System.Threading
open System.Threading.Tasks
open CoQuic.FSharp

/// What comes to an agent from other threads.
[<RequireQualifiedAccess>]
type internal AgentMessage<'message> =
    | Post of message: 'message
    | Resolved of tag: OpenTag * outcome: Result<OpenRequest * IPEndPoint, OpenError>
    /// What a connection has done so far; none when it is not held any more.
    | Statistics of connection: ConnectionHandle * answer: TaskCompletionSource<ConnectionStatistics option>
    /// What the endpoint has dropped so far.
    | Drops of answer: TaskCompletionSource<Map<DropReason, uint64>>
    /// Puts the socket beneath a connection elsewhere.
    | Rebind of
        connection: ConnectionHandle *
        local: IPEndPoint option *
        answer: TaskCompletionSource<Result<IPEndPoint, RuntimeError>>
    | Stop

/// Wakes an agent out of its wait, once for all posts since it last looked.
[<Sealed>]
type internal Doorbell(socket: IUdpSocket) =

    let mutable isRung = 0

    /// Somebody has posted.
    member _.Ring() =
        if Interlocked.Exchange(&isRung, 1) = 0 then
            socket.Wake()

    /// The agent is about to look: whoever posts from now on rings again. A ring too many is harmless, one too few is not.
    member _.Silence() =
        Interlocked.Exchange(&isRung, 0) |> ignore

/// A program at work: a MailboxProcessor whose loop has a thread of its own, on which everything happens. No datagram crosses
/// the mailbox.
[<Sealed>]
type internal Agent<'model, 'message when 'message: equality>
    (
        name: string,
        sockets: SocketGroup,
        engine: IEngine,
        program: Program<'model, 'message>,
        hooks: HostHooks,
        traces: Traces,
        shard: Shard | null
    ) =

    /// Messages that are heard in one turn; more wait for the next, so that the network has its turn as well.
    static let messagesPerTurn = 256

    /// How long an ending agent waits, in microseconds, for room to send its last datagrams.
    static let lastWords = 1_000_000L

    let socket: IUdpSocket = sockets
    let bell = Doorbell socket
    let localEndPoint = socket.LocalEndPoint

    let completion =
        TaskCompletionSource<'model>(TaskCreationOptions.RunContinuationsAsynchronously)

    let send (mailbox: MailboxProcessor<AgentMessage<'message>>) message =
        mailbox.Post message
        bell.Ring()

    let hasMessages (mailbox: MailboxProcessor<AgentMessage<'message>>) =
        bell.Silence()
        mailbox.CurrentQueueLength > 0

    let hear (host: Host<'model, 'message>) message =
        match message with
        | AgentMessage.Post message -> host.Post message
        | AgentMessage.Resolved(tag, outcome) -> host.OnResolved(tag, outcome)
        | AgentMessage.Statistics(connection, answer) -> answer.TrySetResult(engine.Statistics connection) |> ignore
        | AgentMessage.Drops answer -> answer.TrySetResult(engine.Drops()) |> ignore
        | AgentMessage.Rebind(connection, local, answer) ->
            answer.TrySetResult(host.Rebind(connection, local)) |> ignore
        | AgentMessage.Stop -> host.Stop()

    /// Takes messages that are there, without waiting for more.
    let drain (mailbox: MailboxProcessor<AgentMessage<'message>>) host =
        async {
            let mutable budget = messagesPerTurn

            while budget > 0 && mailbox.CurrentQueueLength > 0 do
                let! message = mailbox.Receive()
                hear host message
                budget <- budget - 1
        }

    /// Turns until a message is there, or the end: nothing here is asynchronous.
    let turnUntilMessages mailbox (host: Host<'model, 'message>) =
        let mutable isDisturbed = false

        while not (isDisturbed || host.IsEnding) do
            isDisturbed <- hasMessages mailbox
            host.Turn isDisturbed

    let rec turns mailbox (host: Host<'model, 'message>) =
        async {
            if hasMessages mailbox then
                do! drain mailbox host

            if not host.IsEnding then
                turnUntilMessages mailbox host
                return! turns mailbox host
        }

    /// A literal is resolved at once, a name on the pool.
    let resolve mailbox tag (request: OpenRequest) =
        task {
            let! found = Names.resolve localEndPoint.AddressFamily request.Remote
            let outcome = found |> Result.map (fun endPoint -> request, endPoint)
            send mailbox (AgentMessage.Resolved(tag, outcome))
        }
        |> ignore

    let openHost mailbox =
        let services: HostServices =
            { Now = Clock.now
              Utc = Clock.utc
              Resolve = resolve mailbox
              Record = traces.Record
              Shard = shard
              Hooks = hooks }

        Host(sockets, engine, program, services)

    let serve mailbox =
        async {
            use _ = socket
            use _ = engine
            use _ = traces
            let host = openHost mailbox
            traces.Log.Started(name, localEndPoint)

            try
                do! turns mailbox host
            finally
                // After a crash of the program there are connections still; after an orderly end there are none.
                host.Abandon()
                host.Flush lastWords

            traces.Log.Stopped(name, localEndPoint)
            return host.Model
        }

    let mailbox =
        new MailboxProcessor<AgentMessage<'message>>(fun mailbox ->
            async {
                let! model = serve mailbox
                completion.SetResult model
            })

    /// Asks the agent's thread; an agent that has ended, or ends first, gives the answer for it.
    let ask (question: TaskCompletionSource<'answer> -> AgentMessage<'message>) (otherwise: 'answer) =
        task {
            let answer =
                TaskCompletionSource<'answer>(TaskCreationOptions.RunContinuationsAsynchronously)

            send mailbox (question answer)
            let! _ = Task.WhenAny(answer.Task :> Task, completion.Task :> Task)

            return
                if answer.Task.IsCompletedSuccessfully then
                    answer.Task.Result
                else
                    otherwise
        }

    do
        match shard with
        | null -> ()
        | shard -> shard.Inbox.Ring <- bell.Ring

    let fail (error: exn) =
        traces.Log.ProgramFailed(name, localEndPoint, error)
        completion.TrySetException error |> ignore

    do mailbox.Error.Add fail

    /// Begins to turn; once.
    member _.Start() =
        // What an async workflow binds is always there already, so the loop never leaves this thread.
        Thread((fun () -> mailbox.StartImmediate()), IsBackground = true, Name = name).Start()

    /// Closes everything instead of starting.
    member _.Discard() =
        (socket :> IDisposable).Dispose()
        engine.Dispose()
        (traces :> IDisposable).Dispose()

    /// Lets the program hear a message. Messages of one thread arrive in order, and none is lost while the agent lives.
    member _.Post(message: 'message) =
        send mailbox (AgentMessage.Post message)

    /// Closes what is open and ends, behind what was posted before. The task is `Completion`.
    member _.Stop() : Task<'model> =
        send mailbox AgentMessage.Stop
        completion.Task

    /// What a connection has done so far; none when it is not held any more, and cancelled when the agent ends first.
    member _.Statistics(connection: ConnectionHandle) : Task<ConnectionStatistics option> =
        ask (fun answer -> AgentMessage.Statistics(connection, answer)) None

    /// What the endpoint has dropped so far.
    member _.Drops() : Task<Map<DropReason, uint64>> = ask AgentMessage.Drops Map.empty

    /// Puts the socket beneath a connection that this side opened elsewhere: the address it is at then.
    member _.Rebind(connection: ConnectionHandle, local: IPEndPoint option) : Task<Result<IPEndPoint, RuntimeError>> =
        ask
            (fun answer -> AgentMessage.Rebind(connection, local, answer))
            (Error(RuntimeError.Aborted "The connection has ended."))

    /// Completes with the last model when the program has stopped; fails with what the program threw.
    member _.Completion: Task<'model> = completion.Task

    /// The address that the socket is bound to.
    member _.LocalEndPoint: IPEndPoint = localEndPoint
