namespace CoQuic.Runtime

open System
open System.Net
open System.Threading
open System.Threading.Tasks
open CoQuic.FSharp

/// What a client connects with, for F#.
[<NoEquality; NoComparison>]
type ClientOptions =
    {
        /// Where to, and under which name.
        Request: OpenRequest
        /// Its endpoint and socket.
        Runtime: RuntimeOptions
        /// Its streams.
        Streams: StreamOptions
        /// Where tokens that servers give are kept, and taken from for the next connection; none keeps none.
        Tokens: TokenStore option
        /// Judges the server's certificate, off the connection's thread, in place of the endpoint's verifier; the handshake waits
        /// within its timeout. A function that fails rejects. None leaves it to the verifier.
        JudgeServer: (CertificateQuestion -> Task<Verdict>) option
    }

/// What a client connects with.
[<RequireQualifiedAccess>]
module ClientOptions =

    /// Goes on with the session of an earlier connection; with early data, what is written before the handshake is done goes out at
    /// once where the state permits it, and connecting completes before the handshake.
    let resuming (state: Secret) (earlyData: bool) (options: ClientOptions) : ClientOptions =
        { options with
            Request.ResumptionState = state
            Request.ZeroRtt.Attempt = earlyData }

    /// A connection to a host and UDP port that offers one application protocol, and verifies the server by the system's roots.
    let create (host: string) (port: int) (applicationProtocol: string) : ClientOptions =
        { Request = OpenRequest.create host port
          Runtime = RuntimeOptions.create (EndpointConfig.client applicationProtocol)
          Streams = StreamOptions.defaults
          Tokens = None
          JudgeServer = None }

    let private remoteOf (options: QuicClientOptions) : HostAddress =
        match options.RemoteEndPoint with
        | :? IPEndPoint as endPoint ->
            { Host = string endPoint.Address
              Port = endPoint.Port }
        | :? DnsEndPoint as endPoint ->
            { Host = endPoint.Host
              Port = endPoint.Port }
        | _ -> invalidArg "options" "RemoteEndPoint must be an IPEndPoint or a DnsEndPoint."

    let private trustOf (options: QuicClientOptions) : ICertificateVerifier option =
        options.TrustedRoots |> Option.ofObj |> Option.map Identities.trust

    let private identitiesOf (options: QuicClientOptions) : Result<IClientIdentitySelector option, RuntimeError> =
        match options.ClientCertificate with
        | null -> Ok None
        | certificate ->
            Identities.ofCertificate certificate options.Intermediates
            |> Result.map (fun identity -> Some(CoQuic.Engine.SingleClientIdentity identity))

    let private withIdentities identities (options: QuicClientOptions) : ClientOptions =
        let remote = remoteOf options
        let client = create remote.Host remote.Port ""

        let endpoint =
            { client.Runtime.Endpoint with
                VerifyPeer = options.VerifyServer
                CertificateVerifier = trustOf options
                ClientIdentities = identities }

        { client with
            Request =
                { client.Request with
                    ServerName = options.TargetHost |> Option.ofObj |> Option.defaultValue remote.Host
                    ResumptionState = Secret.ofBytes (Bytes.ofMemory options.ResumptionState)
                    ZeroRtt =
                        { client.Request.ZeroRtt with
                            Attempt = options.SendEarlyData
                            ResendRejected = options.ResendRejectedEarlyData
                            ApplicationContext = Bytes.ofMemory options.EarlyDataContext } }
            Runtime =
                options.Apply
                    { client.Runtime with
                        Endpoint = endpoint
                        LocalEndPoint = Option.ofObj options.LocalEndPoint }
            Streams = options.Streams
            Tokens = Option.ofObj options.TokenStore
            JudgeServer = QuicOptions.judge options.JudgeServerCertificate }

    let internal ofClass (options: QuicClientOptions) : Result<ClientOptions, RuntimeError> =
        identitiesOf options
        |> Result.map (fun identities -> withIdentities identities options)

/// Opens connections. Each has a socket and a thread of its own.
[<AbstractClass; Sealed>]
type QuicClient private () =

    static let scopeOf (options: ClientOptions) (version: QuicVersion) : TokenScope =
        { ServerName = options.Request.ServerName
          Port = options.Request.Remote.Port
          Version = version }

    /// The version in which a connection will begin.
    static let firstVersion (options: ClientOptions) : QuicVersion option =
        let supported = options.Runtime.Endpoint.SupportedVersions

        let ofSession () =
            CoQuic.Engine.ResumptionStates.VersionOf(Secret.reveal options.Request.ResumptionState)
            |> Option.ofNullable
            |> Option.filter (fun version -> List.contains version supported)

        options.Request.InitialVersion
        |> Option.orElseWith ofSession
        |> Option.orElse (List.tryHead supported)

    /// Where the connection's token is taken from, and under what; none when the caller brings one along.
    static let tokensOf (options: ClientOptions) : (TokenStore * TokenScope) option =
        match options.Tokens, firstVersion options with
        | Some store, Some version when options.Request.Token.IsEmpty -> Some(store, scopeOf options version)
        | _ -> None

    static let withToken (options: ClientOptions) (request: OpenRequest) : OpenRequest =
        match tokensOf options with
        | Some(store, scope) ->
            { request with
                Token = store.Take scope }
        | None -> request

    static let putTokenBack (options: ClientOptions) (request: OpenRequest) : unit =
        match tokensOf options with
        | Some(store, scope) when not request.Token.IsEmpty -> store.Add(scope, request.Token)
        | _ -> ()

    /// The agent ends with its only connection: who closes the socket need not stay in the closing state (RFC 9000 §10.2).
    static let events (options: ClientOptions) : HubEvents =
        { Accepted = fun _ -> false
          Opening = withToken options
          NotOpened = putTokenBack options
          GaveToken =
            fun connection token ->
                match options.Tokens, connection.Handshake with
                | Some store, Some handshake -> store.Add(scopeOf options handshake.Version, token)
                | _ -> ()
          Closed = fun _ -> [ Command.Stop ]
          Answers = Answers.create options.JudgeServer None
          Log = Log.Of(options.Runtime.LoggerFactory, Role.Client) }

    static let homeOf (agent: HubAgent) (streams: StreamOptions) : ConnectionHome =
        { Post = agent.Post
          Statistics = agent.Statistics
          Rebind = fun connection local -> agent.Rebind(connection, local)
          LocalEndPoint = agent.LocalEndPoint
          DefaultStreamErrorCode = streams.DefaultStreamErrorCode
          DefaultCloseErrorCode = streams.DefaultCloseErrorCode
          Ended = fun _ -> agent.Ended }

    static member internal Connect(options: ClientOptions, cancellation: CancellationToken) : Task<QuicConnection> =
        task {
            cancellation.ThrowIfCancellationRequested()

            let events = events options

            let agent =
                HubAgent.Start("coquic client", 1, options.Runtime, options.Streams, events.Answers, (fun _ -> events))
                |> Attempt.get
                |> List.head

            let pending =
                TaskCompletionSource<ConnectionCore>(TaskCreationOptions.RunContinuationsAsynchronously)

            use _ =
                cancellation.Register(fun () ->
                    if pending.TrySetCanceled cancellation then
                        agent.Stop() |> ignore)

            use activity = Telemetry.connecting options.Request
            agent.Post(HubMessage.Connect(options.Request, pending))
            let! _ = Task.WhenAny [| pending.Task |]
            Telemetry.ended activity pending.Task
            let! core = pending.Task
            return QuicConnection(core, homeOf agent options.Streams)
        }

    /// Opens a connection and completes when its handshake is done, or, with a resumption state and early data, as soon as streams
    /// can be written. Cancelling leaves nothing behind.
    static member ConnectAsync
        (options: QuicClientOptions, cancellationToken: CancellationToken)
        : ValueTask<QuicConnection> =
        ArgumentNullException.ThrowIfNull options
        let options = ClientOptions.ofClass options |> Attempt.get
        ValueTask<QuicConnection>(QuicClient.Connect(options, cancellationToken))

    /// Opens a connection and completes when its handshake is done.
    static member ConnectAsync(options: QuicClientOptions) : ValueTask<QuicConnection> =
        QuicClient.ConnectAsync(options, CancellationToken.None)

/// Opens connections.
[<RequireQualifiedAccess>]
module QuicClient =

    /// Opens a connection and waits for its handshake; with a resumption state and early data it does not wait.
    let connect (options: ClientOptions) : Task<Result<QuicConnection, RuntimeError>> =
        Attempt.run (fun () -> QuicClient.Connect(options, CancellationToken.None))

    /// As `connect`, until it is cancelled.
    let connectUntil
        (cancellation: CancellationToken)
        (options: ClientOptions)
        : Task<Result<QuicConnection, RuntimeError>> =
        Attempt.run (fun () -> QuicClient.Connect(options, cancellation))
