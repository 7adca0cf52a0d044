namespace CoQuic.Runtime

open System
open System.Collections.Generic
open System.Net
open System.Net.Security
open System.Net.Sockets
open System.Security.Cryptography.X509Certificates
open System.Threading.Tasks
open Microsoft.Extensions.Logging
open CoQuic
open CoQuic.FSharp

/// What clients and servers have in common, for ordinary .NET code. The names follow System.Net.Quic.
[<AbstractClass>]
type QuicConnectionOptions internal () =

    static let transport = TransportConfig.defaults

    /// The application protocols (ALPN), most preferred first; at least one.
    member val ApplicationProtocols: IList<SslApplicationProtocol> = List<SslApplicationProtocol>() with get, set

    /// After so much silence the connection ends; zero means never. 30 s unless set.
    member val IdleTimeout: TimeSpan = transport.MaxIdleTimeout with get, set

    /// A handshake that takes longer fails; zero means that it may take for ever. 10 s unless set.
    member val HandshakeTimeout: TimeSpan = transport.HandshakeTimeout with get, set

    /// After so much silence a packet keeps the connection alive; zero means never.
    member val KeepAliveInterval: TimeSpan = transport.KeepAliveInterval with get, set

    /// How many bidirectional streams the peer may have open. 100 unless set.
    member val MaxInboundBidirectionalStreams: int = int transport.InitialMaxStreamsBidi with get, set

    /// How many unidirectional streams the peer may have open. 100 unless set.
    member val MaxInboundUnidirectionalStreams: int = int transport.InitialMaxStreamsUni with get, set

    /// The largest DATAGRAM frame that is taken from the peer (RFC 9221 §3), in bytes: 0, unless set, for none; 65535 takes any.
    member val MaxDatagramFrameSize: int = int transport.MaxDatagramFrameSize with get, set

    /// The application error code of streams that are disposed of unread, or whose write is cancelled; 0 to 2^62 − 1.
    member val DefaultStreamErrorCode: int64 = 0L with get, set

    /// The application error code of connections that are disposed of; 0 to 2^62 − 1.
    member val DefaultCloseErrorCode: int64 = 0L with get, set

    /// Written bytes that a stream holds until the peer has acknowledged them, at most. 1 MiB unless set.
    member val WriteBufferBytes: int = StreamOptions.defaults.WriteBufferBytes with get, set

    /// What the application's use of early data depends on: both sides must have the same bytes when a session begins and when it
    /// is resumed with early data. At most 1024.
    member val EarlyDataContext: ReadOnlyMemory<byte> = ReadOnlyMemory.Empty with get, set

    /// The file to append key-log lines to (NSS format); null asks the environment variable SSLKEYLOGFILE.
    member val KeyLogFile: string | null = null with get, set

    /// The new file to record the endpoint in, for `Recordings.load` and `Replay.run`; null records nothing. It decrypts the
    /// sessions, and its owner alone can read it.
    member val RecordTo: string | null = null with get, set

    /// The directory for qlog files, one a connection; null asks the environment variable QLOGDIR.
    member val QlogDirectory: string | null = null with get, set

    /// Where the loggers come from that hear of the endpoint and its connections (docs/runtime.md lists what); null is silent.
    member val LoggerFactory: ILoggerFactory | null = null with get, set

    /// Whether a thread on 64-bit Linux looks for datagrams for a moment (0.1 to 0.25 ms) before it sleeps, as long as looking finds some:
    /// an answer that comes as soon is not kept waiting until a thread wakes, and meanwhile a core is busy. False spares batteries, and
    /// processors that others share. True unless set.
    member val BusyWait: bool = true with get, set

    /// A UDP socket of your own, bound to its address, in place of one that is opened; null opens one. It is taken over: its options are
    /// set, nobody else may use it, and it is closed with the endpoint, or when that cannot start. A client or a server of one shard can
    /// have it, and a client for one connection.
    member val Socket: Socket | null = null with get, set

    member internal this.Streams: StreamOptions =
        ArgumentOutOfRangeException.ThrowIfNegative(this.DefaultStreamErrorCode, nameof this.DefaultStreamErrorCode)
        ArgumentOutOfRangeException.ThrowIfNegative(this.DefaultCloseErrorCode, nameof this.DefaultCloseErrorCode)
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(this.WriteBufferBytes, nameof this.WriteBufferBytes)

        { WriteBufferBytes = this.WriteBufferBytes
          DefaultStreamErrorCode = uint64 this.DefaultStreamErrorCode
          DefaultCloseErrorCode = uint64 this.DefaultCloseErrorCode }

    member private this.Configure(config: TransportConfig) : TransportConfig =
        let streams name (count: int) =
            ArgumentOutOfRangeException.ThrowIfNegative(count, name)
            uint64 count

        ArgumentOutOfRangeException.ThrowIfNegative(this.MaxDatagramFrameSize, nameof this.MaxDatagramFrameSize)

        { config with
            MaxDatagramFrameSize = uint64 this.MaxDatagramFrameSize
            MaxIdleTimeout = this.IdleTimeout
            HandshakeTimeout = this.HandshakeTimeout
            KeepAliveInterval = this.KeepAliveInterval
            InitialMaxStreamsBidi =
                streams (nameof this.MaxInboundBidirectionalStreams) this.MaxInboundBidirectionalStreams
            InitialMaxStreamsUni =
                streams (nameof this.MaxInboundUnidirectionalStreams) this.MaxInboundUnidirectionalStreams }

    /// The same for F#, laid over what is there.
    member internal this.Apply(options: RuntimeOptions) : RuntimeOptions =
        { options with
            KeyLogFile = Option.ofObj this.KeyLogFile
            RecordTo = Option.ofObj this.RecordTo
            QlogDirectory = Option.ofObj this.QlogDirectory
            LoggerFactory = Option.ofObj this.LoggerFactory
            BusyWait = this.BusyWait
            Socket = Option.ofObj this.Socket
            Endpoint =
                { options.Endpoint with
                    ApplicationProtocols = [ for protocol in this.ApplicationProtocols -> string protocol ]
                    Transport = this.Configure options.Endpoint.Transport } }

/// What a client connects with.
[<Sealed>]
type QuicClientOptions() =
    inherit QuicConnectionOptions()

    /// The server: an `IPEndPoint`, or a `DnsEndPoint` whose name is resolved.
    member val RemoteEndPoint: EndPoint | null = null with get, set

    /// The address and port to bind; null takes any.
    member val LocalEndPoint: IPEndPoint | null = null with get, set

    /// The name that the server's certificate must bear; null takes the host of `RemoteEndPoint`.
    member val TargetHost: string | null = null with get, set

    /// Whether the server's certificate chain and name are verified. Its handshake signature always is.
    member val VerifyServer: bool = true with get, set

    /// The roots to trust, and no others; null trusts the system's.
    member val TrustedRoots: X509Certificate2Collection | null = null with get, set

    /// Where tokens that servers give are kept, and taken from for the next connection (RFC 9000 §8.1.3): a server that knows
    /// the client's address answers without a round trip to validate it. Null keeps none. Clients may share one.
    member val TokenStore: TokenStore | null = null with get, set

    /// What `QuicConnection.ResumptionState` gave on an earlier connection to the server: the session goes on without another look
    /// at its certificate. A state that is of no use any more costs nothing. Use each only once: who listens could tell that it is
    /// the same client.
    member val ResumptionState: ReadOnlyMemory<byte> = ReadOnlyMemory.Empty with get, set

    /// Whether what is written before the handshake is done goes out at once as early data (0-RTT), where `ResumptionState` permits
    /// it. Connecting then completes before the handshake. Whoever listens can send early data to the server again: only requests
    /// that may happen twice belong into it (RFC 8446 §8).
    member val SendEarlyData: bool = false with get, set

    /// Whether early data that the server refuses is written again after the handshake, in silence. Otherwise its streams fail with
    /// `QuicError.EarlyDataRejected`, and the application decides what to say anew.
    member val ResendRejectedEarlyData: bool = false with get, set

    /// Judges the server's certificate in place of the roots, on the thread pool; null leaves it to them. The handshake waits
    /// within its timeout. A function that throws rejects.
    member val JudgeServerCertificate: Func<Engine.CertificateQuestion, ValueTask<Engine.CertificateVerdict>> | null =
        null with get, set

    /// The certificate for servers that ask for one, which has its private key; null shows none.
    member val ClientCertificate: X509Certificate2 | null = null with get, set

    /// The certificates that lead from the client's own to a root.
    member val Intermediates: X509Certificate2Collection = X509Certificate2Collection() with get, set

/// How a server's connection IDs look to the load balancer before it (draft-ietf-quic-load-balancers §5): it finds the server by them,
/// whatever address a client comes from.
[<Sealed>]
type QuicLoadBalancerOptions() =

    /// The number of the load balancer's configuration, 0 to 6.
    member val ConfigId: int = 0 with get, set

    /// The server's ID there, at least 1 byte.
    member val ServerId: ReadOnlyMemory<byte> = ReadOnlyMemory.Empty with get, set

    /// The length of the nonce, at least 4 bytes, with shards at least 5; at most 19 together with the server's ID. 8 unless set.
    member val NonceLength: int = 8 with get, set

    /// The key, 16 bytes; empty for none, and then whoever sees a connection ID can tell the server.
    member val Key: ReadOnlyMemory<byte> = ReadOnlyMemory.Empty with get, set

    member internal this.Values: LoadBalancing =
        { ConfigId = this.ConfigId
          ServerId = Bytes.CopyOf this.ServerId.Span
          NonceLength = this.NonceLength
          Key = Secret.ofBytes (Bytes.CopyOf this.Key.Span) }

/// What a server listens with.
[<Sealed>]
type QuicServerOptions() =
    inherit QuicConnectionOptions()

    static let endpoint = EndpointConfig.client ""

    /// The address and port to listen at; the port 0 takes a free one.
    member val ListenEndPoint: IPEndPoint = IPEndPoint(IPAddress.IPv6Any, 0) with get, set

    /// Who the server is for a client, by the name that it asks for: for instance a `ServerIdentityStore`. Null takes
    /// `ServerCertificate`.
    member val ServerIdentities: IServerIdentitySelector | null = null with get, set

    /// Says who the server is for a client, on the thread pool; null takes `ServerIdentities`. The handshake waits within its
    /// timeout. The answer null refuses the client, and so does a function that throws.
    member val SelectIdentity: Func<Engine.ServerIdentityQuestion, ValueTask<ServerIdentity | null>> | null =
        null with get, set

    /// Whether clients are asked for a certificate.
    member val ClientCertificates: ClientCertificatePolicy = ClientCertificatePolicy.None with get, set

    /// The roots to trust for clients' certificates, and no others.
    member val TrustedClientRoots: X509Certificate2Collection | null = null with get, set

    /// Judges clients' certificates in place of the roots, on the thread pool; null leaves it to them. The handshake waits within
    /// its timeout. A function that throws rejects.
    member val JudgeClientCertificate: Func<Engine.CertificateQuestion, ValueTask<Engine.CertificateVerdict>> | null =
        null with get, set

    /// The server's certificate, which has its private key.
    member val ServerCertificate: X509Certificate2 | null = null with get, set

    /// The certificates that lead from the server's own to a root.
    member val Intermediates: X509Certificate2Collection = X509Certificate2Collection() with get, set

    /// On how many agents the server runs, 1 to 256: each has a thread, and they share the port. 1 unless set; more than one works
    /// on Linux only.
    member val Shards: int = 1 with get, set

    /// How connection IDs look to the load balancer before the server (draft-ietf-quic-load-balancers); null where there is none.
    member val LoadBalancer: QuicLoadBalancerOptions | null = null with get, set

    /// How many connections may wait to be accepted; one more is closed. 512 unless set.
    member val ListenBacklog: int = 512 with get, set

    /// How many connections there may be; others are refused. 0 means any number; 10,000 unless set.
    member val MaxConnections: int = endpoint.MaxServerConnections with get, set

    /// How many connections whose handshake is not complete there may be; others are refused. 0 means any number; 5,000 unless
    /// set.
    member val MaxHalfOpenConnections: int = endpoint.MaxHalfOpenConnections with get, set

    /// Whether every client has to show that it receives at its address before anything is kept for it (Retry, RFC 9000 §8.1.2),
    /// but for those that bring a good token of an earlier connection. It costs a round trip.
    member val RequireRetry: bool = false with get, set

    /// From how many connections without a complete handshake on every client has to show that; 0 means never. 1,000 unless set.
    member val RetryThreshold: int = endpoint.RetryThreshold with get, set

    /// How many tokens for later connections each client is given, 0 to 8. 1 unless set.
    member val NewTokensPerConnection: int = endpoint.NewTokensPerConnection with get, set

    /// How long those tokens are good. A day unless set.
    member val NewTokenLifetime: TimeSpan = endpoint.NewTokenLifetime with get, set

    /// The secret key of tokens, 32 bytes, for servers that know each other's clients, and after a restart; empty draws one.
    member val TokenKey: ReadOnlyMemory<byte> = ReadOnlyMemory.Empty with get, set

    /// The key of tokens before it, whose tokens are still good; empty for none.
    member val PreviousTokenKey: ReadOnlyMemory<byte> = ReadOnlyMemory.Empty with get, set

    /// The secret key of stateless resets (RFC 9000 §10.3), at least 32 bytes: with the same one after a restart, clients hear at
    /// once that their connections are lost. Empty draws one.
    member val StatelessResetKey: ReadOnlyMemory<byte> = ReadOnlyMemory.Empty with get, set

    /// Whether early data (0-RTT) is taken. Connections are then accepted before their handshake is done when early data is there;
    /// it may be a replay of what an earlier client said, though hardly ever twice here (RFC 8446 §8). `QuicConnection.HandshakeCompleted`
    /// tells when a client is there for certain.
    member val AcceptEarlyData: bool = false with get, set

    /// The 32 bytes under which session tickets are sealed; empty draws a key, which a restart forgets.
    member val TicketKey: ReadOnlyMemory<byte> = ReadOnlyMemory.Empty with get, set

    /// The ticket key before it, which only opens; may be empty.
    member val PreviousTicketKey: ReadOnlyMemory<byte> = ReadOnlyMemory.Empty with get, set

    /// The same for F#, laid over what is there.
    member internal this.ApplyServer(options: RuntimeOptions) : RuntimeOptions =
        let secret (bytes: ReadOnlyMemory<byte>) =
            Secret.ofBytes (Bytes.CopyOf bytes.Span)

        let applied = this.Apply options

        { applied with
            LoadBalancing = this.LoadBalancer |> Option.ofObj |> Option.map _.Values
            Endpoint =
                { applied.Endpoint with
                    MaxServerConnections = this.MaxConnections
                    MaxHalfOpenConnections = this.MaxHalfOpenConnections
                    RetryEnabled = this.RequireRetry
                    RetryThreshold = this.RetryThreshold
                    NewTokensPerConnection = this.NewTokensPerConnection
                    NewTokenLifetime = this.NewTokenLifetime
                    TokenKeys =
                        { Current = secret this.TokenKey
                          Previous = secret this.PreviousTokenKey }
                    TicketKeys =
                        { Current = secret this.TicketKey
                          Previous = secret this.PreviousTicketKey }
                    ZeroRtt =
                        { applied.Endpoint.ZeroRtt with
                            Allow = this.AcceptEarlyData
                            ApplicationContext = Bytes.CopyOf this.EarlyDataContext.Span }
                    StatelessResetKey = secret this.StatelessResetKey } }

/// What options for ordinary .NET code are in F#.
[<RequireQualifiedAccess>]
module internal QuicOptions =

    /// A function that judges certificates; none where there is none.
    let judge
        (judge: Func<Engine.CertificateQuestion, ValueTask<Engine.CertificateVerdict>> | null)
        : (CertificateQuestion -> Task<Verdict>) option =
        judge
        |> Option.ofObj
        |> Option.map (fun judge question ->
            task {
                let! verdict = judge.Invoke(CertificateQuestion.toEngine question)
                return Verdict.ofEngine verdict
            })

    /// A function that picks identities.
    let select
        (select: Func<Engine.ServerIdentityQuestion, ValueTask<ServerIdentity | null>>)
        (needed: ServerIdentityNeeded)
        : Task<ServerIdentity option> =
        task {
            let question =
                Engine.ServerIdentityQuestion(
                    Option.toObj needed.ServerName,
                    needed.ApplicationProtocol,
                    List.toArray needed.SignatureSchemes
                )

            let! identity = select.Invoke question
            return Option.ofObj identity
        }
