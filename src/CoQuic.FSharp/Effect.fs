namespace CoQuic.FSharp

open System.Net

/// A run of one or more UDP datagrams to transmit on one route, in order.
[<StructuredFormatDisplay("{Display}")>]
type SendDatagram =
    {
        /// The connection; `ConnectionHandle.none` for a stateless answer and for what a closed connection still sends.
        Connection: ConnectionHandle
        /// The route to send on; none when the connection never had one.
        Route: RouteHandle option
        /// The mark to set.
        Ecn: EcnCodepoint
        /// Whether the datagram must not be fragmented, and may be too large for the path.
        IsPmtuProbe: bool
        /// The datagrams, one behind the other.
        Bytes: Bytes
        /// Each datagram's size in bytes; the last may be shorter.
        SegmentSize: int
    }

    member private this.Display =
        let route =
            match this.Route with
            | Some route -> $" to {route}"
            | None -> ""

        let run =
            if this.SegmentSize > 0 && this.Bytes.Length > this.SegmentSize then
                $" in datagrams of {this.SegmentSize}"
            else
                ""

        let probe = if this.IsPmtuProbe then ", PMTU probe" else ""
        $"SendDatagram {this.Connection}{route}: {this.Bytes}{run}, {this.Ecn}{probe}"

    override this.ToString() = this.Display

/// Bytes of a stream: in order and contiguous, unless out-of-order delivery is on.
[<StructuredFormatDisplay("{Display}")>]
type ReceiveStreamData =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The stream.
        Stream: StreamId
        /// The stream offset of the first byte.
        Offset: uint64
        /// The bytes; none when only the end is told.
        Bytes: Bytes
        /// Whether the stream ends behind these bytes.
        Fin: bool
        /// The stream's length in bytes, exactly when `Fin` is set.
        FinalSize: uint64 option
    }

    member private this.Display =
        let fin = if this.Fin then ", fin" else ""
        $"ReceiveStreamData {this.Connection} {this.Stream}: {this.Bytes} at {this.Offset}{fin}"

    override this.ToString() = this.Display

/// The payload of a DATAGRAM frame (RFC 9221).
[<StructuredFormatDisplay("{Display}")>]
type ReceiveDatagramData =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The payload; may be empty.
        Bytes: Bytes
    }

    member private this.Display = $"ReceiveDatagramData {this.Connection}: {this.Bytes}"

    override this.ToString() = this.Display

/// The peer abandoned its sending part of a stream (RFC 9000 §19.4). No more of its data follows.
[<StructuredFormatDisplay("{Display}")>]
type PeerResetStream =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The stream.
        Stream: StreamId
        /// The application protocol's error code.
        ApplicationErrorCode: uint64
        /// The stream's final size in bytes.
        FinalSize: uint64
    }

    member private this.Display =
        $"PeerResetStream {this.Connection} {this.Stream}: error {this.ApplicationErrorCode}, final size {this.FinalSize}"

    override this.ToString() = this.Display

/// The peer will not read a stream (RFC 9000 §19.5). The engine has answered with RESET_STREAM.
[<StructuredFormatDisplay("{Display}")>]
type PeerStopSending =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The stream.
        Stream: StreamId
        /// The application protocol's error code.
        ApplicationErrorCode: uint64
    }

    member private this.Display =
        $"PeerStopSending {this.Connection} {this.Stream}: error {this.ApplicationErrorCode}"

    override this.ToString() = this.Display

/// The handshake came a step further, or the connection failed.
[<StructuredFormatDisplay("{Display}")>]
type StateEvent =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// How far it came.
        Change: StateChange
    }

    member private this.Display = $"StateEvent {this.Connection}: {this.Change}"
    override this.ToString() = this.Display

/// A connection came into being or ended.
[<StructuredFormatDisplay("{Display}")>]
type ConnectionLifecycleEvent =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// What happened to it.
        Event: Lifecycle
    }

    member private this.Display =
        $"ConnectionLifecycleEvent {this.Connection}: {this.Event}"

    override this.ToString() = this.Display

/// The server prefers to be reached at another address (RFC 9000 §9.6).
[<StructuredFormatDisplay("{Display}")>]
type PeerPreferredAddressAvailable =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The IPv4 address and port, if it offers one.
        IPv4: IPEndPoint option
        /// The IPv6 address and port, if it offers one.
        IPv6: IPEndPoint option
        /// The connection ID to use there: its sequence number is 1.
        ConnectionId: ConnectionId
        /// The 16-byte token that goes with the connection ID.
        StatelessResetToken: Bytes
    }

    member private this.Display =
        let addresses =
            [ this.IPv4; this.IPv6 ]
            |> List.choose (Option.map string)
            |> function
                | [] -> "no address"
                | addresses -> String.concat ", " addresses

        $"PeerPreferredAddressAvailable {this.Connection}: {addresses}"

    override this.ToString() = this.Display

/// Something that resumes the session in a later connection. Secret.
[<StructuredFormatDisplay("{Display}")>]
type ResumptionStateAvailable =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// Opaque; hand it to a later `OpenConnection`.
        Serialized: Secret
    }

    member private this.Display =
        $"ResumptionStateAvailable {this.Connection}: {this.Serialized}"

    override this.ToString() = this.Display

/// What became of early data.
[<StructuredFormatDisplay("{Display}")>]
type ZeroRttStatusEvent =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// What became of it.
        Status: ZeroRttStatus
        /// Whether every stream that was opened before is gone, with all that was written to it (RFC 9001 §4.6.2): only when early
        /// data was rejected. Streams opened afterwards have numbers from the first one on.
        HaveStreamsEnded: bool
    }

    member private this.Display =
        let ended = if this.HaveStreamsEnded then ", streams have ended" else ""
        $"ZeroRttStatusEvent {this.Connection}: {this.Status}{ended}"

    override this.ToString() = this.Display

/// One packet as sent or received, in the clear; only when inspection is on.
[<StructuredFormatDisplay("{Display}")>]
type PacketInspection =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// Whether it was sent or received.
        Direction: PacketDirection
        /// The packet's type.
        PacketType: InspectedPacketType
        /// Groups the packets of one datagram.
        DatagramId: uint64
        /// The datagram's length in bytes.
        DatagramLength: int
        /// Where in the datagram the packet starts, in bytes.
        DatagramOffset: int
        /// The packet's length in bytes.
        PacketLength: int
        /// The version, for long headers.
        Version: QuicVersion option
        /// The destination connection ID.
        DestinationConnectionId: ConnectionId
        /// The source connection ID, for long headers.
        SourceConnectionId: ConnectionId option
        /// The token, for Initial packets.
        Token: Bytes
        /// The spin bit, for 1-RTT.
        SpinBit: bool
        /// The key phase bit, for 1-RTT.
        KeyPhase: bool
        /// The length of the packet number on the wire, 1 to 4 bytes.
        PacketNumberLength: int
        /// The whole packet number.
        PacketNumber: uint64
        /// The packet as on the wire.
        Ciphertext: Bytes
        /// The frames.
        Plaintext: Bytes
    }

    member private this.Display =
        $"PacketInspection {this.Connection}: {this.Direction} {this.PacketType} {this.PacketNumber}, {this.Plaintext}"

    override this.ToString() = this.Display

/// The server gave a token for a later connection (RFC 9000 §8.1.3).
[<StructuredFormatDisplay("{Display}")>]
type NewTokenAvailable =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// Opaque; hand it to a later `OpenConnection`.
        Token: Bytes
    }

    member private this.Display = $"NewTokenAvailable {this.Connection}: {this.Token}"
    override this.ToString() = this.Display

/// What the handshake settled; once, just before the handshake is ready.
[<StructuredFormatDisplay("{Display}")>]
type HandshakeInformation =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The version in use.
        Version: QuicVersion
        /// The ALPN protocol chosen.
        ApplicationProtocol: string
        /// The cipher suite in use.
        CipherSuite: CipherSuite
        /// The key exchange group.
        Group: NamedGroup
        /// The peer's own certificate, DER; empty when it showed none.
        PeerCertificate: Bytes
        /// Whether an earlier session was resumed.
        WasResumed: bool
    }

    member private this.Display =
        let resumed = if this.WasResumed then ", resumed" else ""

        $"HandshakeInformation {this.Connection}: QUIC {this.Version}, {this.ApplicationProtocol}, "
        + $"{this.CipherSuite}, {this.Group}{resumed}"

    override this.ToString() = this.Display

/// The connection moved to another route (RFC 9000 §9).
[<StructuredFormatDisplay("{Display}")>]
type PathChanged =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// Where it was.
        OldRoute: RouteHandle option
        /// Where it is.
        NewRoute: RouteHandle option
        /// Whether the new path is validated.
        IsValidated: bool
    }

    member private this.Display =
        let name = Option.map string >> Option.defaultValue "no route"
        let validated = if this.IsValidated then "validated" else "not validated"
        $"PathChanged {this.Connection}: {name this.OldRoute} to {name this.NewRoute}, {validated}"

    override this.ToString() = this.Display

/// Stream data was acknowledged: the buffer fell below the low-water mark, or is empty.
[<StructuredFormatDisplay("{Display}")>]
type SendProgress =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The stream.
        Stream: StreamId
        /// Bytes from the start of the stream that are acknowledged and forgotten.
        Released: uint64
        /// Bytes still held.
        Buffered: uint64
    }

    member private this.Display =
        $"SendProgress {this.Connection} {this.Stream}: {this.Released} released, {this.Buffered} buffered"

    override this.ToString() = this.Display

/// How many streams of a kind this endpoint may have opened in all (RFC 9000 §4.6).
[<StructuredFormatDisplay("{Display}")>]
type StreamsAvailable =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// Of which kind.
        Kind: StreamKind
        /// Streams opened since the connection began may not exceed this count.
        Limit: uint64
    }

    member private this.Display =
        $"StreamsAvailable {this.Connection}: {this.Limit} {this.Kind}"

    override this.ToString() = this.Display

/// What a trace writes down.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type TraceRecord =
    /// One line of the NSS key log format, without its newline. Secret: it decrypts the connection.
    | KeyLogLine of line: string
    /// A qlog event and when it happened; `Qlog.line` writes it down.
    | Qlog of time: TimeUs * event: QlogEvent

    member private this.Display =
        match this with
        | KeyLogLine line -> $"key log line, {line.Length} characters"
        | Qlog(time, event) -> $"qlog at {time}, {event}"

    override this.ToString() = this.Display

/// Something to write down, when asked for. Printed without its content, which may be secret.
[<StructuredFormatDisplay("{Display}")>]
type Trace =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// What to write down.
        Record: TraceRecord
    }

    member private this.Display = $"Trace {this.Connection}: {this.Record}"

    override this.ToString() = this.Display

/// The connection has ended: exactly one a connection, and its last effect.
[<StructuredFormatDisplay("{Display}")>]
type ConnectionClosed =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// How it ended.
        Reason: CloseReason
    }

    member private this.Display = $"ConnectionClosed {this.Connection}: {this.Reason}"
    override this.ToString() = this.Display

/// The application has to judge the peer's certificate: the handshake waits for `Input.AnswerCertificate`, at most until the
/// handshake timeout.
[<StructuredFormatDisplay("{Display}")>]
type CertificateVerdictNeeded =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The question's number, which the answer repeats.
        QuestionId: uint64
        /// What is known of the peer.
        Question: CertificateQuestion
    }

    member private this.Display =
        let name =
            if this.Question.ServerName = "" then
                "a client"
            else
                $"'{this.Question.ServerName}'"

        $"CertificateVerdictNeeded {this.Connection}: question {this.QuestionId}, {name}, {this.Question.Chain.Length} certificates"

    override this.ToString() = this.Display

/// The application has to say who the server is for a client: the handshake waits for an answer, at most until the handshake
/// timeout.
[<StructuredFormatDisplay("{Display}")>]
type ServerIdentityNeeded =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The question's number, which the answer repeats.
        QuestionId: uint64
        /// The host name that the client asked for (SNI), if it named one; the peer's choice of text.
        ServerName: string option
        /// The ALPN protocol, which is negotiated already.
        ApplicationProtocol: string
        /// What the client can verify.
        SignatureSchemes: SignatureScheme list
    }

    member private this.Display =
        let name =
            this.ServerName
            |> Option.map (sprintf "'%s'")
            |> Option.defaultValue "no server name"

        $"ServerIdentityNeeded {this.Connection}: question {this.QuestionId}, {name}, {this.ApplicationProtocol}"

    override this.ToString() = this.Display

/// Something the host has to do or may want to know. Effects are immutable: keep them, compare them, replay them.
[<StructuredFormatDisplay("{Display}")>]
type Effect =
    /// Datagrams to transmit.
    | SendDatagram of SendDatagram
    /// Bytes of a stream came in.
    | ReceiveStreamData of ReceiveStreamData
    /// A DATAGRAM came in.
    | ReceiveDatagramData of ReceiveDatagramData
    /// The peer abandoned its sending part of a stream.
    | PeerResetStream of PeerResetStream
    /// The peer will not read a stream.
    | PeerStopSending of PeerStopSending
    /// The handshake came a step further, or the connection failed.
    | StateEvent of StateEvent
    /// A connection came into being or ended.
    | ConnectionLifecycleEvent of ConnectionLifecycleEvent
    /// The server prefers another address.
    | PeerPreferredAddressAvailable of PeerPreferredAddressAvailable
    /// A later connection can resume this session.
    | ResumptionStateAvailable of ResumptionStateAvailable
    /// What became of early data.
    | ZeroRttStatusEvent of ZeroRttStatusEvent
    /// A packet in the clear, when inspection is on.
    | PacketInspection of PacketInspection
    /// A later connection can show this token.
    | NewTokenAvailable of NewTokenAvailable
    /// What the handshake settled.
    | HandshakeInformation of HandshakeInformation
    /// The connection moved to another route.
    | PathChanged of PathChanged
    /// Stream data was acknowledged.
    | SendProgress of SendProgress
    /// The peer allows more streams.
    | StreamsAvailable of StreamsAvailable
    /// Something to write down, when asked for.
    | Trace of Trace
    /// The application has to judge the peer's certificate.
    | CertificateVerdictNeeded of CertificateVerdictNeeded
    /// The application has to say which identity a client is shown.
    | ServerIdentityNeeded of ServerIdentityNeeded
    /// The connection has ended: its last effect.
    | ConnectionClosed of ConnectionClosed

    member private this.Display =
        match this with
        | SendDatagram run -> string run
        | ReceiveStreamData data -> string data
        | ReceiveDatagramData data -> string data
        | PeerResetStream reset -> string reset
        | PeerStopSending stop -> string stop
        | StateEvent event -> string event
        | ConnectionLifecycleEvent event -> string event
        | PeerPreferredAddressAvailable address -> string address
        | ResumptionStateAvailable state -> string state
        | ZeroRttStatusEvent event -> string event
        | PacketInspection packet -> string packet
        | NewTokenAvailable token -> string token
        | HandshakeInformation information -> string information
        | PathChanged change -> string change
        | SendProgress progress -> string progress
        | StreamsAvailable streams -> string streams
        | Trace trace -> string trace
        | CertificateVerdictNeeded needed -> string needed
        | ServerIdentityNeeded needed -> string needed
        | ConnectionClosed closed -> string closed

    override this.ToString() = this.Display

    /// The connection that the effect belongs to; `ConnectionHandle.none` for none.
    member this.Connection =
        match this with
        | SendDatagram run -> run.Connection
        | ReceiveStreamData data -> data.Connection
        | ReceiveDatagramData data -> data.Connection
        | PeerResetStream reset -> reset.Connection
        | PeerStopSending stop -> stop.Connection
        | StateEvent event -> event.Connection
        | ConnectionLifecycleEvent event -> event.Connection
        | PeerPreferredAddressAvailable address -> address.Connection
        | ResumptionStateAvailable state -> state.Connection
        | ZeroRttStatusEvent event -> event.Connection
        | PacketInspection packet -> packet.Connection
        | NewTokenAvailable token -> token.Connection
        | HandshakeInformation information -> information.Connection
        | PathChanged change -> change.Connection
        | SendProgress progress -> progress.Connection
        | StreamsAvailable streams -> streams.Connection
        | Trace trace -> trace.Connection
        | CertificateVerdictNeeded needed -> needed.Connection
        | ServerIdentityNeeded needed -> needed.Connection
        | ConnectionClosed closed -> closed.Connection

/// Runs of datagrams.
module SendDatagram =

    /// How many datagrams the run holds.
    let count (run: SendDatagram) : int =
        if run.SegmentSize <= 0 || run.Bytes.Length <= run.SegmentSize then
            1
        else
            (run.Bytes.Length + run.SegmentSize - 1) / run.SegmentSize

    /// The datagrams of the run, in order, sharing its memory.
    let datagrams (run: SendDatagram) : Bytes list =
        if count run = 1 then
            [ run.Bytes ]
        else
            [ for start in 0 .. run.SegmentSize .. run.Bytes.Length - 1 ->
                  run.Bytes.Slice(start, min run.SegmentSize (run.Bytes.Length - start)) ]
