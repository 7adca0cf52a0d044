namespace CoQuic.FSharp

open System

/// A client's and a server's endpoint, stepped by hand: what they send waits until it is delivered. The endpoints change with
/// every step; the rest is a value, so that a test can drop, repeat or reorder what is under way.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Display}")>]
type Pair =
    {
        /// The client's endpoint.
        Client: Endpoint
        /// The server's endpoint.
        Server: Endpoint
        /// The virtual time.
        Now: TimeUs
        /// How long a step takes.
        Delay: TimeSpan
        /// What the client has sent and the server has not received, in order.
        ToServer: SendDatagram list
        /// What the server has sent and the client has not received, in order.
        ToClient: SendDatagram list
    }

    member private this.Display =
        let underWay title runs =
            match runs with
            | [] -> []
            | runs -> title :: [ for run: SendDatagram in runs -> $"  {run}" ]

        String.Join(
            "\n  ",
            $"Pair at {this.Now}" :: underWay "to the server" this.ToServer
            @ underWay "to the client" this.ToClient
        )

    override this.ToString() = this.Display

/// Two endpoints, stepped by hand.
module Pair =

    /// The one path between the two.
    let route: RouteHandle = RouteHandle 1UL

    /// The calendar time at virtual time zero.
    let private epoch = DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)

    let private sources seed label =
        Sources.create (SeededEntropy(seed, label)) TimeUs.zero epoch

    let private join client server =
        match client, server with
        | Ok client, Ok server ->
            Ok
                { Client = client
                  Server = server
                  Now = TimeUs.zero
                  Delay = TimeSpan.FromMilliseconds 10.0
                  ToServer = []
                  ToClient = [] }
        | Error error, _
        | _, Error error -> Error error

    /// Two endpoints whose chance the seed, any number, decides. A step takes 10 ms.
    let create (seed: uint64) (client: EndpointConfig) (server: EndpointConfig) : Result<Pair, EndpointError> =
        join (Endpoint.create (sources seed "client") client) (Endpoint.create (sources seed "server") server)

    /// As `create` with any number as the seed, and with both sides recorded: `tell` hears each entry and whose it is (see `Endpoint.recorded`).
    let recorded
        (tell: Role -> RecordingEntry -> unit)
        (seed: uint64)
        (client: EndpointConfig)
        (server: EndpointConfig)
        : Result<Pair, EndpointError> =
        join
            (Endpoint.recorded (tell Role.Client) (sources seed "client") client)
            (Endpoint.recorded (tell Role.Server) (sources seed "server") server)

    let private runs (result: QueryResult) =
        result.Effects
        |> List.choose (fun effect ->
            match effect with
            | SendDatagram run -> Some run
            | _ -> None)

    /// The endpoint of a side.
    let side (role: Role) (pair: Pair) : Endpoint =
        match role with
        | Role.Client -> pair.Client
        | _ -> pair.Server

    /// A side's result taken in: what it sends is under way.
    let private under role result pair =
        match role with
        | Role.Client ->
            { pair with
                ToServer = pair.ToServer @ runs result }
        | _ ->
            { pair with
                ToClient = pair.ToClient @ runs result }

    /// Gives a side an input; what it sends is under way afterwards.
    let feed (role: Role) (input: Input) (pair: Pair) : QueryResult * Pair =
        let result = Endpoint.apply pair.Now input (side role pair)
        result, under role result pair

    /// Opens a connection to the server by this name.
    let connect (serverName: string) (pair: Pair) : ConnectionHandle option * QueryResult * Pair =
        let handle, result =
            Endpoint.connect pair.Now (OpenConnection.create serverName route) pair.Client

        handle, result, under Role.Client result pair

    let private deliverTo role (results, pair) run =
        let result, pair =
            feed role (Input.InboundDatagram(InboundDatagram.ofRun route run)) pair

        (role, result) :: results, pair

    /// A step's delay passes, and all that is under way arrives. The results are in order.
    let step (pair: Pair) : (Role * QueryResult) list * Pair =
        let toServer, toClient = pair.ToServer, pair.ToClient

        let pair =
            { pair with
                Now = pair.Now + pair.Delay
                ToServer = []
                ToClient = [] }

        let atServer = toServer |> List.fold (deliverTo Role.Server) ([], pair)
        let results, pair = toClient |> List.fold (deliverTo Role.Client) atServer
        List.rev results, pair

    /// The next wake-up of either side; none when only an input can bring something about.
    let nextWakeup (pair: Pair) : TimeUs option =
        TimeUs.earliest (Endpoint.nextWakeup pair.Client) (Endpoint.nextWakeup pair.Server)

    /// Time jumps to the next wake-up, and both sides hear of it. Nothing happens when there is none.
    let wake (pair: Pair) : (Role * QueryResult) list * Pair =
        match nextWakeup pair with
        | None -> [], pair
        | Some at ->
            let pair =
                { pair with
                    Now = TimeUs.Max(at, pair.Now) }

            let client, pair = feed Role.Client Input.TimerExpired pair
            let server, pair = feed Role.Server Input.TimerExpired pair
            [ Role.Client, client; Role.Server, server ], pair

    /// Steps until nothing is under way, at most `limit` times. The results are in order.
    let exchange (limit: int) (pair: Pair) : (Role * QueryResult) list * Pair =
        let rec go remaining results pair =
            if remaining = 0 || (pair.ToServer.IsEmpty && pair.ToClient.IsEmpty) then
                results, pair
            else
                let more, pair = step pair
                go (remaining - 1) (results @ more) pair

        go limit [] pair

    /// What a side sends on a stream, opening it where it is new; `isLast` ends it.
    let send
        (role: Role)
        (connection: ConnectionHandle)
        (stream: StreamId)
        (isLast: bool)
        (bytes: Bytes)
        (pair: Pair)
        : QueryResult * Pair =
        feed
            role
            (Input.SendStreamData
                { Connection = connection
                  Stream = stream
                  Bytes = bytes
                  Fin = isLast
                  Priority = 0 })
            pair

    /// The effects of steps, a line each, with the side that had them.
    let describe (results: (Role * QueryResult) list) : string list =
        [ for role, result in results do
              for effect in result.Effects -> $"{(string role).ToLowerInvariant()}: {effect}" ]

    /// Disposes of both endpoints.
    let dispose (pair: Pair) : unit =
        Endpoint.dispose pair.Client
        Endpoint.dispose pair.Server
