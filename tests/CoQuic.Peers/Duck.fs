/// DATAGRAM frames (RFC 9221) as QUIC stacks try them with each other (`siduck`): a client says "quack", the server answers
/// "quack-ack". Both are programs without a socket.
module CoQuic.Peers.Duck

open System
open CoQuic.FSharp

/// The application protocol.
let protocol = "siduck"

let private question = Bytes.ofString "quack"
let private answer = Bytes.ofString "quack-ack"

/// SIDUCK_ONLY_QUACKS_ECHO: the peer said something else.
let private onlyQuacksEcho = 0x101UL

/// The largest DATAGRAM frame taken, in bytes.
let private maximumFrame = 1200UL

/// A DATAGRAM frame may be lost: it is sent again after this long, and so often at most.
let private patience = TimeSpan.FromMilliseconds 250.0

let private maximumQuestions = 40

/// The same endpoint, taking DATAGRAM frames.
let configure (config: EndpointConfig) : EndpointConfig =
    { config with
        Transport.MaxDatagramFrameSize = maximumFrame }

let private say connection bytes : Command<'message> =
    Command.SendDatagram
        { Connection = connection
          Bytes = bytes
          Priority = 0 }

/// Answers every client.
let server: Program<unit, unit> =
    { Init = (), []
      Update =
        fun _ event () ->
            match event with
            | Network(Signal.Datagram datagram) when datagram.Bytes = question -> (), [ say datagram.Connection answer ]
            | Network(Signal.Datagram datagram) -> (), [ Command.close datagram.Connection onlyQuacksEcho "no quack" ]
            | Network _
            | Message() -> (), [] }

/// How far a client came.
type Progress =
    | Connecting
    | Asking of connection: ConnectionHandle * questions: int
    | Answered of questions: int
    | Failed of reason: string

/// The question is due again.
type Due = Due

let private ask connection questions =
    Asking(connection, questions), [ say connection question; Command.After(patience, Due) ]

let private stopWith progress = progress, [ Command.Stop ]

let private onSignal progress signal =
    match progress, signal with
    | Connecting, Signal.HandshakeReady(connection, _) -> ask connection 1
    | Asking(_, questions), Signal.Datagram datagram when datagram.Bytes = answer -> stopWith (Answered questions)
    | Asking _, Signal.Datagram _ -> stopWith (Failed "The server's answer was not 'quack-ack'.")
    | _, Signal.Declined error -> stopWith (Failed(string error))
    | _, Signal.Refused(_, error) -> stopWith (Failed(string error))
    | _, Signal.Closed closed -> stopWith (Failed(string closed.Reason))
    | _ -> progress, []

let private onDue progress =
    match progress with
    | Asking(connection, questions) when questions < maximumQuestions -> ask connection (questions + 1)
    | Asking _ -> stopWith (Failed $"The server answered none of {maximumQuestions} questions.")
    | Connecting
    | Answered _
    | Failed _ -> progress, []

/// Asks one server until it answers.
let client (request: OpenRequest) : Program<Progress, Due> =
    { Init = Connecting, [ Command.Open(1, request) ]
      Update =
        fun _ event progress ->
            match event with
            | Network signal -> onSignal progress signal
            | Message Due -> onDue progress }
