namespace CoQuic.FSharp

open System

/// What a client's endpoint needs to open a connection.
[<StructuredFormatDisplay("{Display}")>]
type OpenConnection =
    {
        /// The name sent as SNI and matched against the certificate: a DNS name or an IP address literal.
        ServerName: string
        /// The route of the first path.
        Route: RouteHandle
        /// Identifies the server's address to token storage: 0x04 + IPv4 + port, or 0x06 + IPv6 + port, or anything.
        AddressValidationIdentity: Bytes
        /// The ID that the server sends to; none lets the endpoint's scheme generate one.
        SourceConnectionId: ConnectionId option
        /// The first ID sent to, at least 8 bytes (RFC 9000 §7.2); none draws 8 random bytes.
        InitialDestinationConnectionId: ConnectionId option
        /// The version of the first flight; none takes that of `ResumptionState`, or the first that the endpoint supports.
        InitialVersion: QuicVersion option
        /// What an earlier connection gave as `ResumptionStateAvailable`, or empty.
        ResumptionState: Secret
        /// What an earlier connection gave as `NewTokenAvailable`, used no more than once (RFC 9000 §8.1.3), or, when the
        /// application obeys a Retry by itself, its token. At most 900 bytes; empty for none.
        Token: Bytes
        /// The destination of the first attempt's Initial, when this one continues it after a Retry (RFC 9000 §7.3). Only for a
        /// host that parses Retry packets: a connection obeys them by itself.
        OriginalDestinationConnectionId: ConnectionId option
        /// The source of that Retry, which is also `InitialDestinationConnectionId`.
        RetrySourceConnectionId: ConnectionId option
        /// Whether `InitialVersion` was chosen from a Version Negotiation packet: then the server has to confirm the choice
        /// (RFC 9368 §4). Only for a host that parses those packets: a connection reacts to them by itself.
        HasReactedToVersionNegotiation: bool
        /// Early data settings.
        ZeroRtt: ZeroRttConfig
    }

    member private this.Display = $"OpenConnection to {this.ServerName} on {this.Route}"

    override this.ToString() = this.Display

/// What a client's endpoint needs to open a connection.
module OpenConnection =

    /// A connection on `route` to the server of this name, with fresh connection IDs.
    let create (serverName: string) (route: RouteHandle) : OpenConnection =
        { ServerName = serverName
          Route = route
          AddressValidationIdentity = Bytes.empty
          SourceConnectionId = None
          InitialDestinationConnectionId = None
          InitialVersion = None
          ResumptionState = Secret.empty
          Token = Bytes.empty
          OriginalDestinationConnectionId = None
          RetrySourceConnectionId = None
          HasReactedToVersionNegotiation = false
          ZeroRtt = ZeroRttConfig.disabled }

/// A run of one or more UDP payloads as received from one route. The endpoint leaves the bytes as they are.
[<Struct; StructuredFormatDisplay("{Display}")>]
type InboundDatagram =
    {
        /// The datagrams, one behind the other.
        Bytes: Bytes
        /// Each datagram's size in bytes, the last possibly shorter; 0 means that there is one.
        SegmentSize: int
        /// The route they came on; none stands for the connection's first.
        Route: RouteHandle option
        /// The mark they carried.
        Ecn: EcnCodepoint
        /// Identifies the peer's address, as in `OpenConnection`.
        AddressValidationIdentity: Bytes
    }

    member private this.Display =
        let route =
            match this.Route with
            | Some route -> $" from {route}"
            | None -> ""

        let run =
            if this.SegmentSize > 0 && this.Bytes.Length > this.SegmentSize then
                $" in datagrams of {this.SegmentSize}"
            else
                ""

        $"InboundDatagram{route}: {this.Bytes}{run}, {this.Ecn}"

    override this.ToString() = this.Display

/// Received datagrams.
module InboundDatagram =

    /// One datagram from a route, about which nothing else is known.
    let create (route: RouteHandle) (bytes: Bytes) : InboundDatagram =
        { Bytes = bytes
          SegmentSize = 0
          Route = Some route
          Ecn = EcnCodepoint.Unavailable
          AddressValidationIdentity = Bytes.empty }

    /// What arrives when a run that was sent comes in unchanged on `route`.
    let ofRun (route: RouteHandle) (run: SendDatagram) : InboundDatagram =
        { create route run.Bytes with
            SegmentSize = run.SegmentSize
            Ecn = run.Ecn }

/// A notice from the host that a datagram was too big for the path.
[<StructuredFormatDisplay("{Display}")>]
type PathMtuUpdate =
    {
        /// The route it was sent on.
        Route: RouteHandle
        /// The largest UDP payload that fits, in bytes.
        MaxUdpPayloadSize: int
        /// The start of the datagram as quoted by ICMP, to check that it was ours; may be empty.
        QuotedPacket: Bytes
    }

    member private this.Display =
        $"PathMtuUpdate {this.Route}: at most {this.MaxUdpPayloadSize} bytes"

    override this.ToString() = this.Display

/// Bytes to send on a stream; the first bytes or FIN on a new identifier open it.
[<StructuredFormatDisplay("{Display}")>]
type SendStreamData =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The stream.
        Stream: StreamId
        /// The bytes; held, not copied, until they are acknowledged.
        Bytes: Bytes
        /// Whether the stream ends behind them.
        Fin: bool
        /// Higher goes first where streams and datagrams compete; 0 is usual.
        Priority: int
    }

    member private this.Display =
        let fin = if this.Fin then ", fin" else ""

        let priority =
            if this.Priority = 0 then
                ""
            else
                $", priority {this.Priority}"

        $"SendStreamData {this.Connection} {this.Stream}: {this.Bytes}{fin}{priority}"

    override this.ToString() = this.Display

/// A DATAGRAM to send (RFC 9221).
[<StructuredFormatDisplay("{Display}")>]
type SendDatagramData =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The payload.
        Bytes: Bytes
        /// Higher goes first; 0 is usual.
        Priority: int
    }

    member private this.Display =
        let priority =
            if this.Priority = 0 then
                ""
            else
                $", priority {this.Priority}"

        $"SendDatagram {this.Connection}: {this.Bytes}{priority}"

    override this.ToString() = this.Display

/// Received bytes that the application is done with: the peer may send as many more (RFC 9000 §4.1).
[<StructuredFormatDisplay("{Display}")>]
type ConsumeStreamData =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The stream.
        Stream: StreamId
        /// How many bytes, on top of those consumed before.
        Count: uint64
    }

    member private this.Display =
        $"ConsumeStreamData {this.Connection} {this.Stream}: {this.Count} bytes"

    override this.ToString() = this.Display

/// The end of our sending part of a stream, without its remaining data (RFC 9000 §19.4).
[<StructuredFormatDisplay("{Display}")>]
type ResetStream =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The stream.
        Stream: StreamId
        /// The application protocol's error code, below 2^62.
        ApplicationErrorCode: uint64
    }

    member private this.Display =
        $"ResetStream {this.Connection} {this.Stream}: error {this.ApplicationErrorCode}"

    override this.ToString() = this.Display

/// A request that the peer stop sending on a stream (RFC 9000 §19.5).
[<StructuredFormatDisplay("{Display}")>]
type StopSending =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The stream.
        Stream: StreamId
        /// The application protocol's error code, below 2^62.
        ApplicationErrorCode: uint64
    }

    member private this.Display =
        $"StopSending {this.Connection} {this.Stream}: error {this.ApplicationErrorCode}"

    override this.ToString() = this.Display

/// The immediate close of a connection by the application (RFC 9000 §10.2).
[<StructuredFormatDisplay("{Display}")>]
type CloseConnection =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The application protocol's error code, below 2^62.
        ApplicationErrorCode: uint64
        /// A sentence for people; may be empty.
        Reason: string
    }

    member private this.Display =
        let reason =
            match this.Reason with
            | "" -> ""
            | text when text.Length <= 60 -> $", \"{text}\""
            | text -> $", \"{text.Substring(0, 60)}…\""

        $"CloseConnection {this.Connection}: error {this.ApplicationErrorCode}{reason}"

    override this.ToString() = this.Display

/// A move to another route (RFC 9000 §9).
[<StructuredFormatDisplay("{Display}")>]
type RequestMigration =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The new route.
        Route: RouteHandle
        /// Why it moves.
        Reason: MigrationReason
        /// Identifies the peer's address there.
        AddressValidationIdentity: Bytes
    }

    member private this.Display =
        $"RequestMigration {this.Connection}: to {this.Route}, {this.Reason}"

    override this.ToString() = this.Display

/// The verdict that a `CertificateVerdictNeeded` asked for. One that is late, or answers another question, is refused.
[<StructuredFormatDisplay("{Display}")>]
type AnswerCertificate =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The question's number.
        QuestionId: uint64
        /// The verdict.
        Verdict: Verdict
    }

    member private this.Display =
        $"AnswerCertificate {this.Connection}: question {this.QuestionId}, {this.Verdict}"

    override this.ToString() = this.Display

/// The identity that a `ServerIdentityNeeded` asked for. One that is late, or answers another question, is refused.
[<StructuredFormatDisplay("{Display}")>]
type AnswerIdentity =
    {
        /// The connection.
        Connection: ConnectionHandle
        /// The question's number.
        QuestionId: uint64
        /// The name under which the endpoint's selector has the identity; none refuses the client with unrecognized_name.
        Name: string option
    }

    member private this.Display =
        let name = this.Name |> Option.defaultValue "none"
        $"AnswerIdentity {this.Connection}: question {this.QuestionId}, {name}"

    override this.ToString() = this.Display

/// Everything that an endpoint takes. A value: it can be recorded and fed again.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type Input =
    /// Opens a connection.
    | OpenConnection of OpenConnection
    /// Datagrams came in.
    | InboundDatagram of InboundDatagram
    /// The wake-up that a result named is due, or a result had `SendPending`.
    | TimerExpired
    /// The host learnt that a path carries less.
    | PathMtuUpdate of PathMtuUpdate
    /// The calendar time at this instant, in place of what was known.
    | AnchorCalendar of utc: DateTimeOffset
    /// Sends bytes on a stream.
    | SendStreamData of SendStreamData
    /// Queues a DATAGRAM.
    | SendDatagram of SendDatagramData
    /// Gives the peer credit for bytes that were used.
    | ConsumeStreamData of ConsumeStreamData
    /// Abandons our sending part of a stream.
    | ResetStream of ResetStream
    /// Asks the peer to send no more on a stream.
    | StopSending of StopSending
    /// Ends a connection at once.
    | CloseConnection of CloseConnection
    /// Updates the keys as soon as the rules allow it (RFC 9001 §6).
    | RequestKeyUpdate of connection: ConnectionHandle
    /// Moves a connection to another route.
    | RequestMigration of RequestMigration
    /// Judges the peer's certificate.
    | AnswerCertificate of AnswerCertificate
    /// Says who the server is for a client.
    | AnswerIdentity of AnswerIdentity

    member private this.Display =
        match this with
        | OpenConnection input -> string input
        | InboundDatagram input -> string input
        | TimerExpired -> "TimerExpired"
        | PathMtuUpdate input -> string input
        | AnchorCalendar utc -> $"AnchorCalendar {utc:u}"
        | SendStreamData input -> string input
        | SendDatagram input -> string input
        | ConsumeStreamData input -> string input
        | ResetStream input -> string input
        | StopSending input -> string input
        | CloseConnection input -> string input
        | RequestKeyUpdate connection -> $"RequestKeyUpdate {connection}"
        | RequestMigration input -> string input
        | AnswerCertificate input -> string input
        | AnswerIdentity input -> string input

    override this.ToString() = this.Display

/// Inputs.
module Input =

    /// The name of an input's case.
    let name (input: Input) : string =
        match input with
        | Input.OpenConnection _ -> "OpenConnection"
        | Input.InboundDatagram _ -> "InboundDatagram"
        | Input.TimerExpired -> "TimerExpired"
        | Input.PathMtuUpdate _ -> "PathMtuUpdate"
        | Input.AnchorCalendar _ -> "AnchorCalendar"
        | Input.SendStreamData _ -> "SendStreamData"
        | Input.SendDatagram _ -> "SendDatagram"
        | Input.ConsumeStreamData _ -> "ConsumeStreamData"
        | Input.ResetStream _ -> "ResetStream"
        | Input.StopSending _ -> "StopSending"
        | Input.CloseConnection _ -> "CloseConnection"
        | Input.RequestKeyUpdate _ -> "RequestKeyUpdate"
        | Input.RequestMigration _ -> "RequestMigration"
        | Input.AnswerCertificate _ -> "AnswerCertificate"
        | Input.AnswerIdentity _ -> "AnswerIdentity"
