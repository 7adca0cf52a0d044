namespace CoQuic.FSharp

open System

/// What a program hears.
type Event<'message> =
    /// From the network.
    | Network of signal: Signal
    /// From outside the network: posted by somebody, or from an `After` of the program's own.
    | Message of message: 'message

/// What a program wants done. Values: compare them, print them, keep them.
[<RequireQualifiedAccess>]
type Command<'message> =
    /// Open a connection; `Opened` or `Refused` answers.
    | Open of tag: OpenTag * request: OpenRequest
    /// Open a stream; `StreamOpened` answers once the peer allows it.
    | OpenStream of connection: ConnectionHandle * kind: StreamKind * tag: StreamTag
    | Send of SendStreamData
    | SendDatagram of SendDatagramData
    | Consume of ConsumeStreamData
    | Reset of ResetStream
    | StopSending of StopSending
    | Close of CloseConnection
    | RequestKeyUpdate of connection: ConnectionHandle
    | RequestMigration of connection: ConnectionHandle * target: MigrationTarget
    | AnswerCertificate of AnswerCertificate
    | AnswerIdentity of AnswerIdentity
    /// Hear this message once the delay is over; not before the next turn.
    | After of delay: TimeSpan * message: 'message
    /// Forget every `After` whose message equals this one.
    | Cancel of message: 'message
    /// Close what is open, with error code 0, and end. No event follows, and commands behind it are void.
    | Stop

/// Commands in short.
module Command =

    /// Opens a connection to a host.
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

    /// Abandons our sending part of a stream.
    let reset (connection: ConnectionHandle) (stream: StreamId) (errorCode: uint64) : Command<'message> =
        Command.Reset
            { Connection = connection
              Stream = stream
              ApplicationErrorCode = errorCode }

    /// Asks the peer to send no more on a stream.
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

/// An application: pure, and ignorant of where it runs. The same one runs on sockets, in the simulator and by hand.
type Program<'model, 'message> =
    {
        /// The first model, and what it wants done.
        Init: 'model * Command<'message> list
        /// What an event makes of the model at an instant, and what is wanted then.
        Update: TimeUs -> Event<'message> -> 'model -> 'model * Command<'message> list
    }
