namespace CoQuic.FSharp

open System

/// What a program hears.
type Event<'message> =
    /// From the network.
    | Network of signal: Signal
    /// From outside the network: posted by somebody, or from an `After` of the program's own.
    | Message of message: 'message

/// What a program wants done. Values: compare them, print them, keep them.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type Command<'message> =
    /// Open a connection; `Opened` or `Refused` answers.
    | Open of tag: OpenTag * request: OpenRequest
    /// Open a stream; `StreamOpened` answers once the peer allows it.
    | OpenStream of connection: ConnectionHandle * kind: StreamKind * tag: StreamTag
    /// Send bytes on a stream.
    | Send of SendStreamData
    /// Send a DATAGRAM.
    | SendDatagram of SendDatagramData
    /// Give the peer credit for bytes that were used.
    | Consume of ConsumeStreamData
    /// Abandon our sending part of a stream.
    | Reset of ResetStream
    /// Ask the peer to send no more on a stream.
    | StopSending of StopSending
    /// End a connection at once.
    | Close of CloseConnection
    /// Update the keys as soon as the rules allow it (RFC 9001 §6).
    | RequestKeyUpdate of connection: ConnectionHandle
    /// Move a connection to another route.
    | RequestMigration of connection: ConnectionHandle * target: MigrationTarget
    /// Judge a peer's certificate, as a `CertificateVerdictNeeded` asked for.
    | AnswerCertificate of AnswerCertificate
    /// Say who the server is for a client, as a `ServerIdentityNeeded` asked for.
    | AnswerIdentity of AnswerIdentity
    /// Hear this message once the delay is over; not before the next turn.
    | After of delay: TimeSpan * message: 'message
    /// Forget every `After` whose message equals this one.
    | Cancel of message: 'message
    /// Close what is open, with error code 0, and end. No event follows, and commands behind it are void.
    | Stop

    member private this.Display =
        match this with
        | Open(tag, request) -> $"Open {tag}: {request}"
        | OpenStream(connection, kind, tag) -> $"OpenStream {tag}: {kind} on {connection}"
        | Send data -> string data
        | SendDatagram datagram -> string datagram
        | Consume data -> string data
        | Reset reset -> string reset
        | StopSending stop -> string stop
        | Close close -> string close
        | RequestKeyUpdate connection -> $"RequestKeyUpdate {connection}"
        | RequestMigration(connection, target) -> $"RequestMigration {connection}: {target}"
        | AnswerCertificate answer -> string answer
        | AnswerIdentity answer -> string answer
        | After(delay, message) -> $"After {delay.TotalMilliseconds} ms: {message}"
        | Cancel message -> $"Cancel {message}"
        | Stop -> "Stop"

    override this.ToString() = this.Display

/// Commands in short.
module Command =

    /// Opens a connection to a host and UDP port, 1 to 65535; the tag is any number.
    let connect (tag: OpenTag) (host: string) (port: int) : Command<'message> =
        Command.Open(tag, OpenRequest.create host port)

    let private sendWith fin connection stream bytes : Command<'message> =
        Command.Send
            { Connection = connection
              Stream = stream
              Bytes = bytes
              Fin = fin
              Priority = 0 }

    /// Sends bytes on a stream.
    let send (connection: ConnectionHandle) (stream: StreamId) (bytes: Bytes) : Command<'message> =
        sendWith false connection stream bytes

    /// Sends the last bytes of a stream, possibly none, and ends it.
    let sendLast (connection: ConnectionHandle) (stream: StreamId) (bytes: Bytes) : Command<'message> =
        sendWith true connection stream bytes

    /// Gives credit for all bytes of a `StreamData` signal.
    let consume (data: ReceiveStreamData) : Command<'message> =
        Command.Consume
            { Connection = data.Connection
              Stream = data.Stream
              Count = uint64 data.Bytes.Length }

    /// Abandons our sending part of a stream, with the application protocol's error code, below 2^62.
    let reset (connection: ConnectionHandle) (stream: StreamId) (errorCode: uint64) : Command<'message> =
        Command.Reset
            { Connection = connection
              Stream = stream
              ApplicationErrorCode = errorCode }

    /// Asks the peer to send no more on a stream, with the application protocol's error code, below 2^62.
    let stopSending (connection: ConnectionHandle) (stream: StreamId) (errorCode: uint64) : Command<'message> =
        Command.StopSending
            { Connection = connection
              Stream = stream
              ApplicationErrorCode = errorCode }

    /// Closes a connection with an application error code, 0 for none, and a reason for people.
    let close (connection: ConnectionHandle) (errorCode: uint64) (reason: string) : Command<'message> =
        Command.Close
            { Connection = connection
              ApplicationErrorCode = errorCode
              Reason = reason }

    /// The same command, with its messages mapped.
    let map (mapping: 'message -> 'other) (command: Command<'message>) : Command<'other> =
        match command with
        | Command.Open(tag, request) -> Command.Open(tag, request)
        | Command.OpenStream(connection, kind, tag) -> Command.OpenStream(connection, kind, tag)
        | Command.Send data -> Command.Send data
        | Command.SendDatagram datagram -> Command.SendDatagram datagram
        | Command.Consume data -> Command.Consume data
        | Command.Reset reset -> Command.Reset reset
        | Command.StopSending stop -> Command.StopSending stop
        | Command.Close close -> Command.Close close
        | Command.RequestKeyUpdate connection -> Command.RequestKeyUpdate connection
        | Command.RequestMigration(connection, target) -> Command.RequestMigration(connection, target)
        | Command.AnswerCertificate answer -> Command.AnswerCertificate answer
        | Command.AnswerIdentity answer -> Command.AnswerIdentity answer
        | Command.After(delay, message) -> Command.After(delay, mapping message)
        | Command.Cancel message -> Command.Cancel(mapping message)
        | Command.Stop -> Command.Stop

/// An application: pure, and ignorant of where it runs. The same one runs on sockets, in the simulator and by hand.
type Program<'model, 'message> =
    {
        /// The first model, and what it wants done.
        Init: 'model * Command<'message> list
        /// What an event makes of the model at an instant, and what is wanted then.
        Update: TimeUs -> Event<'message> -> 'model -> 'model * Command<'message> list
    }
