namespace CoQuic.Runtime

open System
open System.Collections.Generic
open System.Net
open CoQuic.Engine

/// A socket that was opened after the agent's first.
[<Sealed>]
type private LaterSocket(number: uint16, socket: IUdpSocket) =
    member _.Number = number
    member _.Socket = socket

    /// When it is closed; none while a connection may be there.
    member val ClosesAt: TimeUs voption = ValueNone with get, set

/// The sockets of one agent as one: the first, with which it waits and which stays as long as the agent, and those that
/// connections moved to (RFC 9000 §9.2). `UdpRoute.Local` has a socket's number in place of a port.
[<Sealed>]
type internal SocketGroup(first: IUdpSocket, openAnother: IPEndPoint -> Result<IUdpSocket, RuntimeError>) =

    /// More than a connection has paths: an agent that moves again and again waits for the sockets it left to close.
    static let maximumLater = 16

    /// For so long a socket that was left is still read: datagrams may be under way to it. Longer than the engine
    /// remembers a path (three probe timeouts) wherever round trips take less than a second.
    static let memory = TimeSpan.FromSeconds 3.0

    let later = List<LaterSocket>()
    let mutable lastNumber = 0us
    let mutable turn = 0

    let watch () =
        first.Watch [ for one in later -> one.Socket.Socket ]

    let add number bind =
        if later.Count >= maximumLater then
            Error(RuntimeError.SocketFailed(bind, Sockets.SocketError.TooManyOpenSockets))
        else
            openAnother bind
            |> Result.map (fun socket ->
                later.Add(LaterSocket(number, socket))
                watch ()
                number)

    /// The newest of a number: what is replaced is read, but not written to.
    let find number : IUdpSocket | null =
        match later.FindLast(fun one -> one.Number = number) with
        | NonNull one -> one.Socket
        | _ when number = 0us -> first
        | _ -> null

    let numbered number (route: UdpRoute) : UdpRoute =
        { route with
            Local = { route.Local with Port = number } }

    let receiveFrom index (run: byref<ReceivedRun>) =
        if index = later.Count then
            first.Receive &run
        else
            let one = later[index]

            if one.Socket.Receive &run then
                run <-
                    { run with
                        Route = numbered one.Number run.Route }

                true
            else
                false

    /// One after the other, so that none has to wait for another to be empty.
    let rec receiveInTurn attempts (run: byref<ReceivedRun>) =
        if attempts = 0 then
            false
        else
            turn <- (turn + 1) % (later.Count + 1)
            receiveFrom turn &run || receiveInTurn (attempts - 1) &run

    /// Whether there are sockets besides the first.
    member _.HasLater = later.Count > 0

    /// Opens another socket and returns its number, as `UdpRoute.Local` has it.
    member _.Open(bind: IPEndPoint) : Result<uint16, RuntimeError> =
        lastNumber <- max 1us (lastNumber + 1us)
        add lastNumber bind

    /// Opens a socket that takes the number, and with it the routes, of another, which is closed a little later.
    member _.Replace(now: TimeUs, number: uint16, bind: IPEndPoint) : Result<unit, RuntimeError> =
        let replaced = later.FindAll(fun one -> one.Number = number)

        add number bind
        |> Result.map (fun _ -> replaced.ForEach(fun one -> one.ClosesAt <- ValueSome(now + memory)))

    /// Nobody is at a socket any more: it is closed a little later. The first stays.
    member _.Leave(now: TimeUs, number: uint16) =
        for one in later do
            if one.Number = number && one.ClosesAt.IsNone then
                one.ClosesAt <- ValueSome(now + memory)

    /// Closes what was left long enough ago.
    member _.CloseLeft(now: TimeUs) =
        let isOver (one: LaterSocket) =
            one.ClosesAt |> ValueOption.exists (fun at -> at <= now)

        let over = later.FindAll isOver

        if over.Count > 0 then
            later.RemoveAll isOver |> ignore
            watch ()
            over.ForEach _.Socket.Dispose()

    /// The address that a socket is bound to; the first's when the number is nobody's.
    member _.LocalEndPointOf(number: uint16) : IPEndPoint =
        match find number with
        | null -> first.LocalEndPoint
        | socket -> socket.LocalEndPoint

    interface IUdpSocket with
        member _.LocalEndPoint = first.LocalEndPoint
        member _.Socket = first.Socket
        member _.Watch others = first.Watch others
        member _.Wait(microseconds, interest) = first.Wait(microseconds, interest)
        member _.Wake() = first.Wake()

        member _.Receive(run) =
            if later.Count = 0 then
                first.Receive &run
            else
                receiveInTurn (later.Count + 1) &run

        member _.ReadNotice(notice) =
            let mutable isTaken = first.ReadNotice &notice
            let mutable index = 0

            while not isTaken && index < later.Count do
                if later[index].Socket.ReadNotice &notice then
                    isTaken <- true

                    notice <-
                        { notice with
                            Route = numbered later[index].Number notice.Route }

                index <- index + 1

            isTaken

        member _.Send(run, position) =
            if later.Count = 0 && run.Route.Local.Port = 0us then
                first.Send(&run, position)
            else
                match find run.Route.Local.Port with
                // It was left: what is sent there is lost like any datagram.
                | null -> run.Bytes.Length
                | socket -> socket.Send(&run, position)

        member _.Dispose() =
            later.ForEach _.Socket.Dispose()
            later.Clear()
            first.Dispose()
