namespace CoQuic.Runtime

open System
open System.Net
open System.Net.Sockets
open System.Threading.Tasks
open Microsoft.Extensions.Logging
open CoQuic.FSharp

/// What a program runs with.
[<NoEquality; NoComparison>]
type RuntimeOptions =
    {
        /// How its endpoint behaves.
        Endpoint: EndpointConfig
        /// Where its engine comes from; none asks the environment variable COQUIC_ENGINE, and takes the embedded one without.
        Engine: EngineSource option
        /// The address and port to bind; none takes a free port that reaches IPv4 and IPv6.
        LocalEndPoint: IPEndPoint option
        /// A UDP socket of the caller's, bound to its address, in place of one at `LocalEndPoint`; none opens one. The runtime takes it
        /// over: it sets its options, uses it alone, and closes it with the endpoint, or when that cannot start.
        Socket: Socket option
        /// The file to append key-log lines to (NSS format); none asks the environment variable SSLKEYLOGFILE.
        KeyLogFile: string option
        /// The new file to record the endpoint in (`Recordings.load`, `Replay.run`); none records nothing. It decrypts the sessions,
        /// and its owner alone can read it.
        RecordTo: string option
        /// The directory for qlog files, one a connection, `<original destination ID>_<role>.sqlog`; none asks the environment
        /// variable QLOGDIR.
        QlogDirectory: string option
        /// What to ask the system for, in bytes, to buffer datagrams in each direction. It may grant less.
        SocketBufferBytes: int
        /// Whether to use segmentation and receive offload where the system has them.
        Offload: bool
        /// Whether an agent on 64-bit Linux looks for datagrams for a moment (0.1 to 0.25 ms) before it sleeps, as long as looking finds
        /// some: an answer that comes as soon is not kept waiting until a thread wakes, and meanwhile a core is busy. False spares
        /// batteries, and processors that others share.
        BusyWait: bool
        /// How connection IDs look to a load balancer; none leaves them to the endpoint's configuration, and to shards.
        LoadBalancing: LoadBalancing option
        /// Where the loggers come from that hear of the endpoint (docs/runtime.md lists what); none is silent.
        LoggerFactory: ILoggerFactory option
    }

/// What a program runs with.
[<RequireQualifiedAccess>]
module RuntimeOptions =

    /// An endpoint with the defaults of everything else.
    let create (endpoint: EndpointConfig) : RuntimeOptions =
        { Endpoint = endpoint
          Engine = None
          LocalEndPoint = None
          Socket = None
          KeyLogFile = None
          RecordTo = None
          QlogDirectory = None
          SocketBufferBytes = 4 * 1024 * 1024
          Offload = true
          BusyWait = true
          LoadBalancing = None
          LoggerFactory = None }

    /// An endpoint that is bound to an address and port.
    let bound (localEndPoint: IPEndPoint) (endpoint: EndpointConfig) : RuntimeOptions =
        { create endpoint with
            LocalEndPoint = Some localEndPoint }

/// A program at work on a socket, on a thread of its own.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type RunningAgent<'model, 'message when 'message: equality> internal (agent: Agent<'model, 'message>) =

    /// The address that its socket is bound to.
    member _.LocalEndPoint: IPEndPoint = agent.LocalEndPoint

    /// The address that its socket is bound to.
    override this.ToString() = this.Display

    member private _.Display = $"RunningAgent at {agent.LocalEndPoint}"

    /// Lets the program hear a message; from any thread. Messages of one thread arrive in order, and none is lost while the
    /// program runs.
    member _.Post(message: 'message) : unit = agent.Post message

    /// What a connection has done so far; none when it is not held any more.
    member _.Statistics(connection: ConnectionHandle) : Task<ConnectionStatistics option> = agent.Statistics connection

    /// How many datagrams and packets were dropped so far, by reason.
    member _.Drops() : Task<Map<DropReason, uint64>> = agent.Drops()

    /// Completes with the last model when the program has stopped; fails with what the program threw.
    member _.Completion: Task<'model> = agent.Completion

    /// Closes all connections with error code 0 and ends, behind what was posted before. The task is `Completion`.
    member _.Stop() : Task<'model> = agent.Stop()

    interface IAsyncDisposable with
        member _.DisposeAsync() = ValueTask(agent.Stop())

/// The engine in this process, or the one that the options or COQUIC_ENGINE name.
[<Sealed>]
type internal EndpointEngine(endpoint: Endpoint, recording: RecordingFile option) =
    interface IEngine with
        member _.Feed(now, input) = Endpoint.apply now input endpoint

        member _.Open(now, request) =
            let handle, result = Endpoint.connect now request endpoint
            struct (handle, result)

        member _.ConnectionCount = Endpoint.connectionCount endpoint
        member _.Statistics connection = Endpoint.statistics connection endpoint
        member _.Drops() = Endpoint.drops endpoint
        member _.Receive(now, run) = Endpoint.receiveOwned now run endpoint

        member _.Dispose() =
            Endpoint.dispose endpoint
            recording |> Option.iter (fun file -> (file :> IDisposable).Dispose())

/// Runs programs on sockets.
[<RequireQualifiedAccess>]
module Runtime =

    /// The wildcard that reaches most.
    let private anyAddress () =
        let address =
            if Socket.OSSupportsIPv6 then
                IPAddress.IPv6Any
            else
                IPAddress.Any

        IPEndPoint(address, 0)

    let private isWildcard (endPoint: IPEndPoint) =
        endPoint.Address.Equals IPAddress.Any
        || endPoint.Address.Equals IPAddress.IPv6Any

    let internal socketAt (options: RuntimeOptions) sharesPort (bind: IPEndPoint) : SocketOptions =
        { Bind = bind
          BufferBytes = options.SocketBufferBytes
          Offload = options.Offload
          BusyWait = options.BusyWait
          // A server behind several addresses answers from the one that it was asked at.
          PacketInformation = options.Endpoint.Role = Role.Server && isWildcard bind
          SharesPort = sharesPort }

    let private openAt (options: RuntimeOptions) sharesPort (bind: IPEndPoint) =
        bind |> socketAt options sharesPort |> UdpSockets.openSocket

    let private openFirst (options: RuntimeOptions) sharesPort =
        match options.Socket with
        | Some socket -> UdpSockets.adopt (socketAt options sharesPort) socket
        | None ->
            options.LocalEndPoint
            |> Option.defaultWith anyAddress
            |> openAt options sharesPort

    let private problemsOf (options: RuntimeOptions) (socket: Socket) =
        [ yield! Option.toList (SocketBuffers.complaintAbout socket options.SocketBufferBytes)
          if options.Offload then
              yield! Option.toList (UdpSockets.complaintAbout socket) ]

    let private openSockets (options: RuntimeOptions) (log: Log) sharesPort =
        openFirst options sharesPort
        |> Result.map (fun socket ->
            log.SocketLimited(fun () -> problemsOf options socket.Socket)
            new SocketGroup(socket, openAt options false))

    /// Closes what was opened before, when the next thing cannot be.
    let private orClose (opened: IDisposable) result =
        if Result.isError result then
            opened.Dispose()

        result

    let private createEngine (options: RuntimeOptions) =
        let sources = Sources.create (PlatformEntropy()) (Clock.now ()) (Clock.utc ())
        let hasKeyLog = options.KeyLogFile |> KeyLog.path |> Option.isSome
        let hasQlog = options.QlogDirectory |> QlogFiles.path |> Option.isSome

        let config =
            { options.Endpoint with
                // An agent takes what has come in together, and answers it together.
                DefersSends = true
                EnableKeyLog = options.Endpoint.EnableKeyLog || hasKeyLog
                EnableQlog = options.Endpoint.EnableQlog || hasQlog }

        let create =
            match options.Engine with
            | Some source -> Endpoint.createOn source
            | None -> Endpoint.create

        match options.RecordTo with
        | None ->
            create sources config
            |> Result.map (fun endpoint -> new EndpointEngine(endpoint, None) :> IEngine)
            |> Result.mapError RuntimeError.ofEndpointError
        | Some path ->
            RecordingFile.Create path
            |> Result.bind (fun file ->
                Endpoint.recorded file.Write sources config
                |> Result.mapError RuntimeError.ofEndpointError
                |> orClose file
                |> Result.map (fun endpoint -> new EndpointEngine(endpoint, Some file) :> IEngine))

    /// Everything that a program needs, but its thread does not run yet.
    let private prepareOne name (options: RuntimeOptions) (shard: Shard | null) (hooks: HostHooks, program) =
        let log = Log.Of(options.LoggerFactory, options.Endpoint.Role)

        createEngine options
        |> Result.bind (fun engine ->
            openSockets options log (not (isNull shard))
            |> orClose engine
            |> Result.bind (fun sockets ->
                Traces.Open(log, options.KeyLogFile, options.QlogDirectory)
                |> orClose sockets
                |> orClose engine
                |> Result.map (fun traces -> Agent(name, sockets, engine, program, hooks, traces, shard))))

    let private isNative (options: RuntimeOptions) =
        match options.Engine with
        | Some source -> source = EngineSource.Native
        | None -> Environment.GetEnvironmentVariable CoQuic.Interop.EngineSources.EnvironmentVariable = "native"

    let private withConnectionIds scheme (options: RuntimeOptions) =
        { options with
            Endpoint.ConnectionIds = scheme }

    /// Nobody else is at the address: once sockets share it, the system does not say so any more.
    let private claim (options: RuntimeOptions) : Result<unit, RuntimeError> =
        match options.LocalEndPoint with
        | Some bind when bind.Port <> 0 -> openAt options false bind |> Result.map (fun socket -> socket.Dispose())
        | _ -> Ok()

    /// A recording is of one endpoint.
    let private recordedApart number (options: RuntimeOptions) =
        { options with
            RecordTo =
                options.RecordTo
                |> Option.map (fun path -> if number = 0 then path else $"{path}.{number}") }

    /// The others join the first at its port.
    let private prepareShards name (options: RuntimeOptions) (shards: (Shard * IConnectionIdScheme) list) make =
        let rec next number (options: RuntimeOptions) (shards: (Shard * IConnectionIdScheme) list) agents =
            match shards with
            | [] -> Ok(List.rev agents)
            | (shard, scheme) :: others ->
                let mine = options |> withConnectionIds scheme |> recordedApart number

                match prepareOne $"{name} {number}" mine shard (make number) with
                | Ok agent ->
                    let joining =
                        { options with
                            LocalEndPoint = Some agent.LocalEndPoint }

                    next (number + 1) joining others (agent :: agents)
                | Error error ->
                    agents |> List.iter (fun (agent: Agent<'model, 'message>) -> agent.Discard())
                    Error error

        next 0 options shards []

    /// One socket cannot be shared.
    let private problemWithSocket count (options: RuntimeOptions) =
        if count > 1 && Option.isSome options.Socket then
            Some(RuntimeError.InvalidOption("Socket", "several shards need a socket each"))
        else
            None

    /// A socket that was handed in is closed as well when nothing can start on it.
    let private orCloseGiven (options: RuntimeOptions) result =
        match options.Socket with
        | Some socket -> result |> orClose socket
        | None -> result

    /// So many agents at one port, which do not run yet. `make` gives each its program.
    let internal prepare
        (name: string)
        (count: int)
        (options: RuntimeOptions)
        (make: int -> HostHooks * Program<'model, 'message>)
        : Result<Agent<'model, 'message> list, RuntimeError> =
        let balanced =
            match options.LoadBalancing with
            | Some balancing when count = 1 ->
                LoadBalancing.scheme None balancing
                |> Result.map (fun scheme -> withConnectionIds scheme options)
            | _ -> Ok options

        let problem =
            problemWithSocket count options
            |> Option.orElseWith (fun () -> Shards.problem count (isNative options))

        match problem, balanced with
        | Some error, _
        | None, Error error -> Error error
        | None, Ok options when count = 1 -> prepareOne name options null (make 0) |> Result.map List.singleton
        | None, Ok options ->
            let options =
                { options with
                    Endpoint = Shards.share count options.Endpoint }

            claim options
            |> Result.bind (fun () ->
                options.LoadBalancing
                |> Option.defaultWith LoadBalancing.own
                |> Shards.create count)
            |> Result.bind (fun shards ->
                prepareShards name options [ for shard, scheme in shards -> shard, scheme :> IConnectionIdScheme ] make)
        |> orCloseGiven options

    /// Binds so many sockets to one port (1 to 256; more than one on Linux only) and starts a program on each, with a thread and an
    /// endpoint of its own: a server on several processors. `program` gives each shard, numbered from 0, its own. Keys of tokens,
    /// tickets and stateless resets are the same for all, and each has its part of the endpoint's limits of connections. Whoever
    /// stops one has to stop the others.
    let startShards
        (count: int)
        (options: RuntimeOptions)
        (program: int -> Program<'model, 'message>)
        : Result<RunningAgent<'model, 'message> list, RuntimeError> =
        prepare "coquic agent" count options (fun number -> HostHooks(), program number)
        |> Result.map (
            List.map (fun agent ->
                agent.Start()
                RunningAgent agent)
        )

    /// Binds a socket and starts a program on it. What cannot work is an error before anything runs.
    let start
        (options: RuntimeOptions)
        (program: Program<'model, 'message>)
        : Result<RunningAgent<'model, 'message>, RuntimeError> =
        startShards 1 options (fun _ -> program) |> Result.map List.head

    /// The address of a host and port, for binding: a literal as it stands, or what the resolver says.
    let resolve (host: string) (port: int) : Task<Result<IPEndPoint, RuntimeError>> =
        task {
            let! found = Names.lookUp host

            return
                found
                |> Result.map (fun addresses -> IPEndPoint(List.head addresses, port))
                |> Result.mapError RuntimeError.ofOpenError
        }
