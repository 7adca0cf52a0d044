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
        { on localEndPoint (EndpointConfig.serverOf applicationProtocol (ServerIdentityStore None)) with
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
                Streams = options.Streams
                Backlog = options.ListenBacklog
                JudgeClient = QuicOptions.judge options.JudgeClientCertificate })

/// Accepts connections: all of them on one socket and one thread.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type QuicServer private (agent: HubAgent, waiting: ChannelReader<ConnectionCore>, streams: StreamOptions) =

    let mutable isDisposed = 0

    let home: ConnectionHome =
        { Post = agent.Post
          Statistics = agent.Statistics
          Rebind = fun connection local -> agent.Rebind(connection, local)
          LocalEndPoint = agent.LocalEndPoint
          DefaultStreamErrorCode = streams.DefaultStreamErrorCode
          DefaultCloseErrorCode = streams.DefaultCloseErrorCode
          Ended = id }

    let accept (cancellation: CancellationToken) =
        task {
            try
                let! core = waiting.ReadAsync cancellation
                return QuicConnection(core, home)
            with :? ChannelClosedException ->
                return raise (QuicExceptions.ofError (RuntimeError.Aborted "The server has stopped."))
        }

    /// The address and port that it listens at.
    member _.LocalEndPoint: IPEndPoint = agent.LocalEndPoint

    /// The address that it listens at.
    override this.ToString() = this.Display

    member private _.Display = $"QuicServer at {agent.LocalEndPoint}"

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
            agent.Stop() |> ignore

        ValueTask agent.Ended

    interface IAsyncDisposable with
        member this.DisposeAsync() = this.DisposeAsync()

    static member internal Listen(options: ServerOptions) : Result<QuicServer, RuntimeError> =
        let waiting =
            Channel.CreateBounded<ConnectionCore>(BoundedChannelOptions(max 1 options.Backlog, SingleWriter = true))

        let events: HubEvents =
            { Accepted = waiting.Writer.TryWrite
              GaveToken = fun _ _ -> ()
              Closed = fun _ -> []
              Answers = Answers.create options.JudgeClient options.SelectIdentity }

        HubAgent.Start("coquic server", options.Runtime, options.Streams, events)
        |> Result.map (fun agent ->
            agent.Ended.ContinueWith(fun (_: Task) -> waiting.Writer.TryComplete() |> ignore)
            |> ignore

            new QuicServer(agent, waiting.Reader, options.Streams))

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
