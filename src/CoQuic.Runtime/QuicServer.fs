namespace CoQuic.Runtime

open System
open System.Net
open System.Threading
open System.Threading.Channels
open System.Threading.Tasks
open CoQuic.FSharp

/// What a server listens with, for F#.
[<NoEquality; NoComparison>]
type ServerOptions =
    {
        /// Its endpoint and socket.
        Runtime: RuntimeOptions
        /// On how many agents it runs, 1 to 256: each has a thread, and they share the port. More than one works on Linux only.
        Shards: int
        /// Its streams.
        Streams: StreamOptions
        /// How many connections may wait to be accepted; one more is closed.
        Backlog: int
        /// Says who the server is for a client, off the server's thread, in place of the endpoint's selector; none refuses the
        /// client. The handshake waits within its timeout. A function that fails refuses. None leaves it to the selector.
        SelectIdentity: (ServerIdentityNeeded -> Task<ServerIdentity option>) option
        /// Judges the certificates of clients that are asked for one, off the server's thread, in place of the endpoint's
        /// verifier; the handshake waits within its timeout. A function that fails rejects. None leaves it to the verifier.
        JudgeClient: (CertificateQuestion -> Task<Verdict>) option
    }

/// What a server listens with.
[<RequireQualifiedAccess>]
module ServerOptions =

    let private on localEndPoint endpoint : ServerOptions =
        { Runtime = RuntimeOptions.bound localEndPoint endpoint
          Shards = 1
          Streams = StreamOptions.defaults
          Backlog = 512
          SelectIdentity = None
          JudgeClient = None }

    /// A server of one application protocol at an address and port; the port 0 takes a free one.
    let create (localEndPoint: IPEndPoint) (applicationProtocol: string) (identity: ServerIdentity) : ServerOptions =
        on localEndPoint (EndpointConfig.server applicationProtocol identity)

    /// As `create`, with a function that says who the server is for each client, and may take its time.
    let createSelecting
        (localEndPoint: IPEndPoint)
        (applicationProtocol: string)
        (select: ServerIdentityNeeded -> Task<ServerIdentity option>)
        : ServerOptions =
        { on localEndPoint (EndpointConfig.serverOf applicationProtocol (ServerIdentityStore())) with
            SelectIdentity = Some select }

    let private identified (options: QuicServerOptions) : Result<ServerOptions, RuntimeError> =
        match options.SelectIdentity, options.ServerIdentities, options.ServerCertificate with
        | NonNull select, _, _ -> Ok(createSelecting options.ListenEndPoint "" (QuicOptions.select select))
        | _, NonNull identities, _ -> Ok(on options.ListenEndPoint (EndpointConfig.serverOf "" identities))
        | _, _, NonNull certificate ->
            Identities.ofCertificate certificate options.Intermediates
            |> Result.map (create options.ListenEndPoint "")
        | _ -> invalidArg "options" "ServerCertificate, ServerIdentities or SelectIdentity must be set."

    let private askClients (options: QuicServerOptions) (endpoint: EndpointConfig) : EndpointConfig =
        { endpoint with
            ClientCertificates = options.ClientCertificates
            CertificateVerifier = options.TrustedClientRoots |> Option.ofObj |> Option.map Identities.trust }

    let internal ofClass (options: QuicServerOptions) : Result<ServerOptions, RuntimeError> =
        identified options
        |> Result.map (fun server ->
            let runtime = options.ApplyServer server.Runtime

            { server with
                Runtime =
                    { runtime with
                        Endpoint = askClients options runtime.Endpoint }
                Shards = options.Shards
                Streams = options.Streams
                Backlog = options.ListenBacklog
                JudgeClient = QuicOptions.judge options.JudgeClientCertificate })

/// Accepts connections: all of them at one port, and on as many threads as it has shards.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type QuicServer
    private (agents: HubAgent list, waiting: ChannelReader<struct (int * ConnectionCore)>, streams: StreamOptions) =

    let mutable isDisposed = 0

    let homeOf (agent: HubAgent) : ConnectionHome =
        { Post = agent.Post
          Statistics = agent.Statistics
          Rebind = fun connection local -> agent.Rebind(connection, local)
          LocalEndPoint = agent.LocalEndPoint
          DefaultStreamErrorCode = streams.DefaultStreamErrorCode
          DefaultCloseErrorCode = streams.DefaultCloseErrorCode
          Ended = id }

    let homes = List.toArray (List.map homeOf agents)

    let ended: Task = Task.WhenAll [| for agent in agents -> agent.Ended |]

    let stop () =
        for agent in agents do
            agent.Stop() |> ignore

    // A server of which a part has failed is none.
    do
        for agent in agents do
            agent.Ended.ContinueWith((fun (_: Task) -> stop ()), TaskScheduler.Default)
            |> ignore

    let accept (cancellation: CancellationToken) =
        task {
            try
                let! struct (shard, core) = waiting.ReadAsync cancellation
                return QuicConnection(core, homes[shard])
            with :? ChannelClosedException ->
                return raise (QuicExceptions.ofError (RuntimeError.Aborted "The server has stopped."))
        }

    member private _.Ended: Task = ended

    /// The address and port that it listens at.
    member _.LocalEndPoint: IPEndPoint = agents.Head.LocalEndPoint

    /// The address that it listens at.
    override this.ToString() = this.Display

    member private _.Display = $"QuicServer at {agents.Head.LocalEndPoint}"

    /// The next connection whose handshake is done, or whose early data is there, where that is accepted. Cancelling loses none.
    member _.AcceptConnectionAsync(cancellationToken: CancellationToken) : ValueTask<QuicConnection> =
        ObjectDisposedException.ThrowIf(Volatile.Read &isDisposed <> 0, typeof<QuicServer>)
        ValueTask<QuicConnection>(accept cancellationToken)

    /// The next connection whose handshake is done.
    member this.AcceptConnectionAsync() : ValueTask<QuicConnection> =
        this.AcceptConnectionAsync CancellationToken.None

    /// Closes all connections and the socket.
    member _.DisposeAsync() : ValueTask =
        if Interlocked.Exchange(&isDisposed, 1) = 0 then
            stop ()

        ValueTask ended

    interface IAsyncDisposable with
        member this.DisposeAsync() = this.DisposeAsync()

    static member internal Listen(options: ServerOptions) : Result<QuicServer, RuntimeError> =
        let waiting =
            Channel.CreateBounded<struct (int * ConnectionCore)>(max 1 options.Backlog)

        let answers = Answers.create options.JudgeClient options.SelectIdentity
        let log = Log.Of(options.Runtime.LoggerFactory, Role.Server)

        let events shard : HubEvents =
            { Accepted = fun connection -> waiting.Writer.TryWrite(struct (shard, connection))
              Opening = id
              NotOpened = ignore
              GaveToken = fun _ _ -> ()
              Closed = fun _ -> []
              Answers = answers
              Log = log }

        HubAgent.Start("coquic server", options.Shards, options.Runtime, options.Streams, answers, events)
        |> Result.map (fun agents ->
            let server = new QuicServer(agents, waiting.Reader, options.Streams)

            server.Ended.ContinueWith(fun (_: Task) -> waiting.Writer.TryComplete() |> ignore)
            |> ignore

            server)

    /// Binds the address and listens.
    static member ListenAsync
        (options: QuicServerOptions, cancellationToken: CancellationToken)
        : ValueTask<QuicServer> =
        ArgumentNullException.ThrowIfNull options
        cancellationToken.ThrowIfCancellationRequested()
        ValueTask<QuicServer>(ServerOptions.ofClass options |> Result.bind QuicServer.Listen |> Attempt.get)

    /// Binds the address and listens.
    static member ListenAsync(options: QuicServerOptions) : ValueTask<QuicServer> =
        QuicServer.ListenAsync(options, CancellationToken.None)

/// Accepts connections.
[<RequireQualifiedAccess>]
module QuicServer =

    /// Binds the address and listens.
    let start (options: ServerOptions) : Result<QuicServer, RuntimeError> = QuicServer.Listen options

    /// The next connection whose handshake is done.
    let accept (server: QuicServer) : Task<Result<QuicConnection, RuntimeError>> =
        Attempt.run (fun () -> server.AcceptConnectionAsync().AsTask())

    /// Closes all connections and the socket.
    let stop (server: QuicServer) : Task = server.DisposeAsync().AsTask()
