namespace CoQuic.FSharp

open System.Net

/// The application's name for a connection that it asked for. Any number; the answer carries it.
type OpenTag = int

/// The application's name for a stream that it asked for. Any number; the answer carries it.
type StreamTag = int

/// Where to connect to, before any name is resolved.
[<StructuredFormatDisplay("{Display}")>]
type HostAddress =
    {
        /// A DNS name, an IP address literal, or the name of a simulated node.
        Host: string
        /// The UDP port, 1 to 65535.
        Port: int
    }

    member private this.Display =
        if this.Host.Contains ':' then
            $"[{this.Host}]:{this.Port}"
        else
            $"{this.Host}:{this.Port}"

    override this.ToString() = this.Display

/// A connection that an application wants. The host resolves the name and finds a route; the application sees neither.
[<StructuredFormatDisplay("{Display}")>]
type OpenRequest =
    {
        /// The server.
        Remote: HostAddress
        /// The name sent as SNI and matched against the certificate.
        ServerName: string
        /// The version of the first flight; none takes that of `ResumptionState`, or the first that the endpoint supports.
        InitialVersion: QuicVersion option
        /// What an earlier connection gave as `ResumptionStateAvailable`, or empty.
        ResumptionState: Secret
        /// What an earlier connection gave as `NewTokenAvailable`, or empty.
        Token: Bytes
        /// Early data settings.
        ZeroRtt: ZeroRttConfig
    }

    member private this.Display =
        let name =
            if this.ServerName = this.Remote.Host then
                ""
            else
                $" as {this.ServerName}"

        $"OpenRequest to {this.Remote}{name}"

    override this.ToString() = this.Display

/// Connections that an application wants.
module OpenRequest =

    /// A connection to a host by its own name, and to a UDP port, 1 to 65535.
    let create (host: string) (port: int) : OpenRequest =
        { Remote = { Host = host; Port = port }
          ServerName = host
          InitialVersion = None
          ResumptionState = Secret.empty
          Token = Bytes.empty
          ZeroRtt = ZeroRttConfig.disabled }

    /// The endpoint's input, once the host has found a route; `identity` stands for the address in token storage.
    let toInput (route: RouteHandle) (identity: Bytes) (request: OpenRequest) : OpenConnection =
        { OpenConnection.create request.ServerName route with
            AddressValidationIdentity = identity
            InitialVersion = request.InitialVersion
            ResumptionState = request.ResumptionState
            Token = request.Token
            ZeroRtt = request.ZeroRtt }

/// Where a migrating connection goes (RFC 9000 §9).
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type MigrationTarget =
    /// To the same peer address, from another local one.
    | AnotherLocalAddress
    /// To the same peer address, from this local one; the port 0 takes a free one.
    | LocalAddress of address: IPEndPoint
    /// To the address that the server prefers (RFC 9000 §9.6).
    | PreferredAddress of address: IPEndPoint

    member private this.Display =
        match this with
        | AnotherLocalAddress -> "AnotherLocalAddress"
        | LocalAddress address -> $"LocalAddress {address}"
        | PreferredAddress address -> $"PreferredAddress {address}"

    override this.ToString() = this.Display

/// What a host performs. A host does so in order; a new `SetTimer` replaces the one before.
[<RequireQualifiedAccess>]
type Action =
    /// Send the datagrams of a run.
    | Transmit of run: SendDatagram
    /// Come back at this instant, which may have passed already.
    | SetTimer of at: TimeUs
    /// Nothing is due any more.
    | ClearTimer
    /// Once what is before has been sent, give the endpoint `Input.TimerExpired`.
    | Reenter
    /// Give the endpoint an input.
    | Feed of input: Input
    /// Resolve, find a route, give the endpoint the connection to open, and report the outcome under the tag.
    | Open of tag: OpenTag * request: OpenRequest
    /// Find a route to the target and give the endpoint `Input.RequestMigration`.
    | Migrate of connection: ConnectionHandle * target: MigrationTarget
    /// Write something down, where that was asked for.
    | Record of trace: Trace
    /// The program is done: end.
    | Stop

/// What an application may care about.
[<RequireQualifiedAccess>]
type Signal =
    /// The connection asked for under the tag is being made. `HandshakeReady` or `Closed` follows.
    | Opened of tag: OpenTag * connection: ConnectionHandle
    /// The connection asked for under the tag cannot be made.
    | Refused of tag: OpenTag * error: OpenError
    /// A client is connecting to us. `HandshakeReady` or `Closed` follows.
    | Accepted of connection: ConnectionHandle
    /// Streams can be used. The information is there whenever the driver can tell.
    | HandshakeReady of connection: ConnectionHandle * information: HandshakeInformation option
    /// The handshake is confirmed (RFC 9001 §4.1.2).
    | Confirmed of connection: ConnectionHandle
    /// The stream asked for under the tag may be used now.
    | StreamOpened of tag: StreamTag * connection: ConnectionHandle * stream: StreamId
    /// Bytes of a stream came in; `Fin` tells its end.
    | StreamData of data: ReceiveStreamData
    /// The peer abandoned its sending part of a stream.
    | PeerReset of reset: PeerResetStream
    /// The peer will not read a stream, which has been reset for that reason.
    | PeerStopSending of stop: PeerStopSending
    /// A stream's buffer fell below the low-water mark, or all of it is acknowledged.
    | SendProgress of progress: SendProgress
    /// A DATAGRAM came in.
    | Datagram of datagram: ReceiveDatagramData
    /// The connection moved to another route.
    | PathChanged of change: PathChanged
    /// The server prefers another address.
    | PreferredAddress of address: PeerPreferredAddressAvailable
    /// A later connection can resume this session.
    | ResumptionState of state: ResumptionStateAvailable
    /// A later connection can show this token.
    | NewToken of token: NewTokenAvailable
    /// What became of early data.
    | ZeroRtt of event: ZeroRttStatusEvent
    /// A packet in the clear, when inspection is on.
    | Inspected of packet: PacketInspection
    /// The peer's certificate is to be judged: `Command.AnswerCertificate` answers.
    | CertificateVerdictNeeded of needed: CertificateVerdictNeeded
    /// It is to be said who the server is for a client: `Command.AnswerIdentity` answers.
    | ServerIdentityNeeded of needed: ServerIdentityNeeded
    /// An operation was refused; it changed nothing.
    | Declined of error: LocalError
    /// The connection has ended; no signal of it follows.
    | Closed of closed: ConnectionClosed

/// What an application may care about.
module Signal =

    /// The connection that a signal is about; none where there is none.
    let connection (signal: Signal) : ConnectionHandle option =
        match signal with
        | Signal.Opened(_, connection)
        | Signal.Accepted connection
        | Signal.HandshakeReady(connection, _)
        | Signal.Confirmed connection
        | Signal.StreamOpened(_, connection, _) -> Some connection
        | Signal.StreamData data -> Some data.Connection
        | Signal.PeerReset reset -> Some reset.Connection
        | Signal.PeerStopSending stop -> Some stop.Connection
        | Signal.SendProgress progress -> Some progress.Connection
        | Signal.Datagram datagram -> Some datagram.Connection
        | Signal.PathChanged change -> Some change.Connection
        | Signal.PreferredAddress address -> Some address.Connection
        | Signal.ResumptionState state -> Some state.Connection
        | Signal.NewToken token -> Some token.Connection
        | Signal.ZeroRtt event -> Some event.Connection
        | Signal.Inspected packet -> Some packet.Connection
        | Signal.CertificateVerdictNeeded needed -> Some needed.Connection
        | Signal.ServerIdentityNeeded needed -> Some needed.Connection
        | Signal.Closed closed -> Some closed.Connection
        | Signal.Declined error -> error.Connection
        | Signal.Refused _ -> None

/// What folding a result yields.
type Output =
    /// For the host to do.
    | Perform of Action
    /// For the application to know.
    | Notify of Signal
