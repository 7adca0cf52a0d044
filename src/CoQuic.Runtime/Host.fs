namespace CoQuic.Runtime

open System
open System.Collections.Generic
open System.Net
open CoQuic.FSharp

/// What a host needs of the world besides its socket.
[<NoEquality; NoComparison>]
type internal HostServices =
    {
        /// The present instant.
        Now: unit -> TimeUs
        /// The calendar's.
        Utc: unit -> DateTimeOffset
        /// Resolves a name without blocking; `Host.OnResolved` takes the answer.
        Resolve: OpenTag -> OpenRequest -> unit
        /// Writes a trace down.
        Record: Trace -> unit
        /// Which of a server's agents this is; none where it is alone.
        Shard: Shard | null
        Hooks: HostHooks
    }

/// One program on one socket (and those its connections move to), single-threaded: the body of an agent without its mailbox. It receives, delivers, performs, and
/// says how long there is nothing to do.
[<Sealed>]
type internal Host<'model, 'message when 'message: equality>
    (sockets: SocketGroup, engine: IEngine, program: Program<'model, 'message>, services: HostServices) =

    /// Receiving and sending take turns: so many runs, then timers and posts have their say.
    static let runsPerTurn = 16

    /// In microseconds: answers wait no longer for more to come in. What reads long keeps a peer idle that waits for the first of them.
    static let answersWait = 50L

    /// Of so many connections most have been answered, or have work of their own, whenever one waits: the more is read at a time, the less
    /// each of them costs.
    static let crowd = 256

    /// Notices are few, unless somebody floods.
    static let noticesPerTurn = 16

    /// Routes of one agent, a few hundred bytes each. The server's limit of connections is smaller by default.
    static let maximumRoutes = 65_536

    let actions = Queue<Action>()
    let socket: IUdpSocket = sockets
    let outbox = Outbox socket
    let routes = RouteTable maximumRoutes
    let transmitter = Transmitter(routes, outbox)
    let mutable running, first = Running.start (services.Now()) program
    let mutable deadline: TimeUs voption = ValueNone
    let mutable reenter = false
    let mutable isEnding = false

    let isAlive connection =
        running.Interpreter.Connections.ContainsKey connection

    let isCrowded () = engine.ConnectionCount >= crowd

    let migrations = Migrations(sockets, routes, services.Hooks, isAlive)

    let remoteOn handle =
        match routes.TryFind handle with
        | null -> ValueNone
        | route -> ValueSome(UdpAddress.toEndPoint route.Addresses.Remote)

    do
        services.Hooks.RemoteOn <- remoteOn
        List.iter actions.Enqueue first

    let deliver now occurrence =
        let next, more = Running.deliver now occurrence running
        running <- next

        for action in more do
            actions.Enqueue action

    let watchPaths now (result: QueryResult) =
        for effect in result.Effects do
            match effect with
            | PathChanged change -> migrations.OnPathChanged(now, change)
            | _ -> ()

    let deliverResult now result =
        if migrations.IsWatching then
            watchPaths now result

        deliver now (Occurrence.Result result)

    /// Gives the engine an input, sends what comes of it, and tells no program; whether more is to be sent.
    let feedSilently input =
        let result = engine.Feed(services.Now(), input)
        transmitter.SendAll result
        result.SendPending

    let closes () =
        [ for KeyValue(connection, _) in running.Interpreter.Connections ->
              Input.CloseConnection
                  { Connection = connection
                    ApplicationErrorCode = 0UL
                    Reason = "" } ]

    let openConnection now tag request endPoint =
        let route = routes.To(endPoint, isAlive)
        services.Hooks.Peer <- route.Addresses.Remote
        // A machine that slept has a monotonic clock that did not: certificates are judged by the calendar of now.
        deliverResult now (engine.Feed(now, Input.AnchorCalendar(services.Utc())))

        let struct (handle, result) =
            engine.Open(now, OpenRequest.toInput route.Handle route.Identity request)

        handle
        |> Option.iter (fun handle ->
            route.Greeting <- Greeting handle
            migrations.OnOpened(handle, route))

        deliver now (Occurrence.Opened(tag, handle, result))

    let refuse now connection =
        let error: LocalError =
            { Connection = Some connection
              Code = LocalErrorCode.UnsupportedOperation
              Stream = None }

        deliverResult
            now
            { QueryResult.empty with
                LocalError = Some error
                NextWakeup = running.Interpreter.Wakeup }

    let migrate now connection target =
        match migrations.Plan(connection, target) with
        | Ok(struct (route, request)) ->
            let result = engine.Feed(now, Input.RequestMigration request)
            migrations.OnAsked(now, connection, route, result.LocalError)
            deliverResult now result
        | Error error ->
            services.Hooks.Moved connection (Error error)
            refuse now connection

    let perform now action =
        match action with
        | Action.Transmit run -> transmitter.Send run
        | Action.SetTimer at -> deadline <- ValueSome at
        | Action.ClearTimer -> deadline <- ValueNone
        | Action.Reenter -> reenter <- true
        | Action.Feed(Input.SendDatagram _ as datagram) ->
            let result = engine.Feed(now, datagram)
            services.Hooks.TookDatagram result.LocalError
            deliverResult now result
        | Action.Feed input -> deliverResult now (engine.Feed(now, input))
        | Action.Open(tag, request) -> services.Resolve tag request
        | Action.Migrate(connection, target) -> migrate now connection target
        | Action.Record trace -> services.Record trace
        | Action.Stop -> isEnding <- true

    /// Performs what there is, in order, as far as the socket has room. What several connections send goes out together.
    let performActions now =
        let mutable action = Unchecked.defaultof<Action>

        while outbox.HasRoom && actions.TryDequeue &action do
            perform now action

        outbox.Release()

    let hearRun (run: ReceivedRun) =
        let now = services.Now()
        let route = routes.Of(&run.Route, isAlive)
        services.Hooks.Peer <- run.Route.Remote

        let datagram =
            OwnedDatagram(run.Buffer, run.SegmentSize, Nullable route.Handle, run.Ecn, route.Identity)

        deliverResult now (engine.Receive(now, &datagram))
        performActions now
        services.Hooks.Heard()

    let reception = Reception(socket, services.Shard, hearRun)

    /// RFC 9000 §14.2.1: what concerns the size of datagrams is the endpoint's to judge. That nobody listens matters while a connection
    /// is being opened, and only when the notice quotes it: anybody can send such notices.
    let hear (notice: SocketNotice) =
        match routes.TryFindAt &notice.Route, SocketNotice.maxUdpPayload notice with
        | null, _ -> ()
        | route, ValueSome payload ->
            let update: PathMtuUpdate =
                { Route = route.Handle
                  MaxUdpPayloadSize = payload
                  QuotedPacket = notice.Quoted }

            let now = services.Now()
            deliverResult now (engine.Feed(now, Input.PathMtuUpdate update))
            performActions now
        | route, ValueNone ->
            match route.Greeting with
            | NonNull greeting when SocketNotice.isRefusal notice && greeting.IsQuotedBy notice.Quoted ->
                services.Hooks.Unreachable greeting.Connection
            | _ -> ()

    let hearNotices () =
        let mutable notice = Unchecked.defaultof<SocketNotice>
        let mutable budget = noticesPerTurn

        while budget > 0 && socket.ReadNotice &notice do
            budget <- budget - 1
            hear notice

    /// A program's commands take effect before it hears of the network again.
    let receive (one: unit -> bool) =
        let finish = services.Now().Microseconds + answersWait
        let mutable budget = runsPerTurn

        let isTimely () =
            not reenter || services.Now().Microseconds < finish || isCrowded ()

        while budget > 0 && actions.Count = 0 && outbox.HasRoom && isTimely () && one () do
            budget <- budget - 1

    /// Whether the timer went off.
    let elapse () =
        match deadline with
        | ValueSome at when at.CompareTo(services.Now()) <= 0 ->
            deadline <- ValueNone
            let now = services.Now()
            deliver now Occurrence.Elapsed
            performActions now
        | _ -> ()

    let continueSending () =
        if reenter && outbox.HasRoom then
            reenter <- false
            let now = services.Now()
            deliverResult now (engine.Feed(now, Input.TimerExpired))
            performActions now

    let isBusy () =
        outbox.HasRoom && (reenter || actions.Count > 0 || reception.HasHandedOver)

    /// A host that cannot send what it has leaves what it could read to the system's buffer.
    let interest () =
        (if outbox.HasRoom then
             Readiness.Readable
         else
             Readiness.None)
        ||| (if outbox.IsBlocked then
                 Readiness.Writable
             else
                 Readiness.None)

    let patience () =
        if isBusy () then
            0L
        else
            match deadline with
            | ValueNone -> -1L
            | ValueSome at -> max 0L (at.Microseconds - services.Now().Microseconds)

    /// The model as it is now.
    member _.Model = running.Model

    /// Whether nothing is left to do but to send what waits.
    member _.IsEnding = isEnding && actions.Count = 0 && not reenter

    /// Waits until there is something to do, unless there is already (`hasPosts`), and does it. The one place that waits.
    member _.Turn(hasPosts: bool) =
        let patience = if hasPosts then 0L else patience ()
        let readiness = socket.Wait(patience, interest ())

        if outbox.IsBlocked then
            outbox.Flush()

        performActions (services.Now())

        if readiness.HasFlag Readiness.Notified then
            hearNotices ()

        if readiness.HasFlag Readiness.Readable then
            receive reception.TakeNext

        if reception.HasHandedOver then
            receive reception.TakeHandedOver

        elapse ()
        continueSending ()

        if sockets.HasLater then
            sockets.CloseLeft(services.Now())

    /// Somebody posted a message.
    member _.Post(message: 'message) =
        let now = services.Now()
        deliver now (Occurrence.Posted message)
        performActions now

    /// A name was resolved, or not.
    member _.OnResolved(tag: OpenTag, outcome: Result<OpenRequest * IPEndPoint, OpenError>) =
        let now = services.Now()

        match outcome with
        | Ok(request, endPoint) -> openConnection now tag request endPoint
        | Error error -> deliver now (Occurrence.OpenFailed(tag, error))

        performActions now

    /// Puts the socket beneath a connection elsewhere, without a word to its peer.
    member _.Rebind(connection: ConnectionHandle, local: IPEndPoint option) : Result<IPEndPoint, RuntimeError> =
        migrations.Rebind(services.Now(), connection, local)

    /// Closes all connections with error code 0. Turns go on until `IsEnding`.
    member _.Stop() =
        List.iter (Action.Feed >> actions.Enqueue) (closes ())
        actions.Enqueue Action.Stop

    /// Closes all connections without the program, which may have failed. If the engine is what failed, it may fail again: the
    /// first failure is the one to tell.
    member _.Abandon() =
        try
            for close in closes () do
                if feedSilently close then
                    feedSilently Input.TimerExpired |> ignore
        with _ ->
            ()

    /// Sends what waits still, for so many microseconds at most.
    member _.Flush(microseconds: int64) =
        let finish = services.Now().Microseconds + microseconds

        while outbox.IsBlocked && services.Now().Microseconds < finish do
            socket.Wait(finish - services.Now().Microseconds, Readiness.Writable) |> ignore
            outbox.Flush()
