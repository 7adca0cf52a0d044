namespace CoQuic.Runtime

open CoQuic.FSharp

/// The engine's runs on their way to the socket: each to the addresses that its route stands for.
[<Sealed>]
type internal Transmitter(routes: RouteTable, outbox: Outbox) =

    let onRoute (route: Route) (run: SendDatagram) =
        if not (run.Connection.Equals ConnectionHandle.none) then
            route.Connection <- run.Connection

        match route.Greeting with
        | null -> ()
        | greeting when greeting.IsSaid -> ()
        | greeting -> greeting.Say run.Bytes

        let outgoing: OutgoingRun =
            { Bytes = run.Bytes.Memory
              SegmentSize =
                if run.SegmentSize > 0 then
                    run.SegmentSize
                else
                    run.Bytes.Length
              Ecn = run.Ecn
              Route = route.Addresses }

        outbox.Send &outgoing

    /// Sends a run, now or as soon as there is room. One whose route is forgotten is lost, like any datagram.
    member _.Send(run: SendDatagram) =
        match run.Route with
        | None -> ()
        | Some handle ->
            match routes.TryFind handle with
            | null -> ()
            | route -> onRoute route run

    /// Sends what a result has to send, and leaves the rest of it alone.
    member this.SendAll(result: QueryResult) =
        for effect in result.Effects do
            match effect with
            | SendDatagram run -> this.Send run
            | _ -> ()
