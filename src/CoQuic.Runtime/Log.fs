namespace CoQuic.Runtime

open System
open System.Net
open System.Runtime.CompilerServices
open Microsoft.Extensions.Logging
open Microsoft.Extensions.Logging.Abstractions
open CoQuic.FSharp

/// What is logged. Numbers, names and categories are a contract with whoever filters by them: docs/runtime.md lists them.
[<RequireQualifiedAccess>]
module private LogEvents =

    let endpointStarted level =
        LoggerMessage.Define<string, IPEndPoint>(
            level,
            EventId(1, "EndpointStarted"),
            "{Agent} runs at {LocalEndPoint}."
        )

    let endpointStopped level =
        LoggerMessage.Define<string, IPEndPoint>(
            level,
            EventId(2, "EndpointStopped"),
            "{Agent} at {LocalEndPoint} has stopped."
        )

    let programFailed =
        LoggerMessage.Define<string, IPEndPoint>(
            LogLevel.Error,
            EventId(3, "ProgramFailed"),
            "{Agent} at {LocalEndPoint} ends with all its connections, since its program failed."
        )

    let socketLimited =
        LoggerMessage.Define<string>(LogLevel.Warning, EventId(4, "SocketLimited"), "{Problem}")

    let qlogIncomplete =
        LoggerMessage.Define<string>(LogLevel.Warning, EventId(5, "QlogIncomplete"), "{Problem}")

    let secretsWritten =
        LoggerMessage.Define<string>(
            LogLevel.Warning,
            EventId(6, "SecretsWritten"),
            "The secrets of connections go to {Path}: whoever has that file can decrypt them."
        )

    let connectionReady =
        LoggerMessage.Define<ConnectionHandle, IPEndPoint, string, QuicVersion, CipherSuite, bool>(
            LogLevel.Debug,
            EventId(10, "ConnectionReady"),
            "{Connection} with {RemoteEndPoint} is ready: {ApplicationProtocol}, QUIC {Version}, {CipherSuite}, resumed: {WasResumed}."
        )

    let connectionClosed =
        LoggerMessage.Define<ConnectionHandle, IPEndPoint, string>(
            LogLevel.Debug,
            EventId(11, "ConnectionClosed"),
            "{Connection} with {RemoteEndPoint} has ended. {Reason}"
        )

    let connectionFailed =
        LoggerMessage.Define<ConnectionHandle, IPEndPoint, string>(
            LogLevel.Information,
            EventId(12, "ConnectionFailed"),
            "{Connection} with {RemoteEndPoint} has failed. {Reason}"
        )

    let connectionRefused =
        LoggerMessage.Define<ConnectionHandle, IPEndPoint>(
            LogLevel.Warning,
            EventId(13, "ConnectionRefused"),
            "{Connection} with {RemoteEndPoint} is closed unaccepted: as many as may wait to be accepted wait already."
        )

    let connectionMoved =
        LoggerMessage.Define<ConnectionHandle, IPEndPoint, IPEndPoint>(
            LogLevel.Debug,
            EventId(14, "ConnectionMoved"),
            "{Connection} with {OldRemoteEndPoint} goes on with {RemoteEndPoint}."
        )

/// A logger that throws is not heard: no connection depends on it.
[<Sealed>]
type private GuardedLogger(logger: ILogger) =
    interface ILogger with
        member _.BeginScope state = logger.BeginScope state

        member _.IsEnabled level =
            try
                logger.IsEnabled level
            with _ ->
                false

        member _.Log(level, event, state, error, format) =
            try
                logger.Log(level, event, state, error, format)
            with _ ->
                ()

/// What an endpoint tells the loggers of its application, on its agent's thread; silent where there are none.
[<Sealed>]
type internal Log private (factory: ILoggerFactory, role: Role) =

    /// Who has heard already what the system does not grant to sockets: each would say the same.
    static let told = ConditionalWeakTable<ILoggerFactory, obj>()

    let category name : ILogger =
        GuardedLogger(factory.CreateLogger $"CoQuic.Runtime.{name}")

    let endpoint = category "Endpoint"
    let connections = category "Connection"

    /// A client's endpoint comes and goes with its connection.
    let lifeLevel =
        if role = Role.Server then
            LogLevel.Information
        else
            LogLevel.Debug

    let started = LogEvents.endpointStarted lifeLevel
    let stopped = LogEvents.endpointStopped lifeLevel

    /// A peer's words may hold anything, also what looks like another line of the log.
    let printable (reason: RuntimeError) =
        string reason
        |> String.map (fun letter -> if Char.IsControl letter then '\uFFFD' else letter)

    /// Whether a connection ended as connections do, and not because anything was wrong.
    let isOrderly (reason: RuntimeError) =
        match reason with
        | RuntimeError.ConnectionClosed reason ->
            match reason.Origin, reason.Code with
            | CloseOrigin.IdleTimeout, _
            | (CloseOrigin.Peer | CloseOrigin.Local), CloseCode.Application _
            | (CloseOrigin.Peer | CloseOrigin.Local), CloseCode.Transport(TransportErrorCode.NoError, _) -> true
            | _ -> false
        | RuntimeError.Aborted _ -> true
        | _ -> false

    /// Nobody listens.
    static member val None = Log(NullLoggerFactory.Instance, Role.Client)

    /// The loggers of an endpoint of this role.
    static member Of(factory: ILoggerFactory option, role: Role) : Log =
        match factory with
        | Some factory -> Log(factory, role)
        | None -> Log.None

    /// An agent's socket is bound, and its thread runs.
    member _.Started(agent: string, localEndPoint: IPEndPoint) =
        started.Invoke(endpoint, agent, localEndPoint, null)

    /// An agent has ended as it was told to.
    member _.Stopped(agent: string, localEndPoint: IPEndPoint) =
        stopped.Invoke(endpoint, agent, localEndPoint, null)

    /// An agent has ended because its program threw.
    member _.ProgramFailed(agent: string, localEndPoint: IPEndPoint, error: exn) =
        LogEvents.programFailed.Invoke(endpoint, agent, localEndPoint, error)

    /// What the system does not grant to a socket, which `problems` looks up; once for each factory of loggers.
    member _.SocketLimited(problems: unit -> string list) =
        if endpoint.IsEnabled LogLevel.Warning && told.TryAdd(factory, obj ()) then
            for problem in problems () do
                LogEvents.socketLimited.Invoke(endpoint, problem, null)

    /// Files of qlog lack events.
    member _.QlogIncomplete(problem: string) =
        LogEvents.qlogIncomplete.Invoke(endpoint, problem, null)

    /// A key log is written.
    member _.SecretsWritten(path: string) =
        LogEvents.secretsWritten.Invoke(endpoint, path, null)

    /// A handshake is done.
    member _.ConnectionReady(connection: ConnectionHandle, remote: IPEndPoint, settled: HandshakeInformation) =
        LogEvents.connectionReady.Invoke(
            connections,
            connection,
            remote,
            settled.ApplicationProtocol,
            settled.Version,
            settled.CipherSuite,
            settled.WasResumed,
            null
        )

    /// A connection is over.
    member _.ConnectionEnded(connection: ConnectionHandle, remote: IPEndPoint, reason: RuntimeError) =
        let struct (level, event) =
            if isOrderly reason then
                struct (LogLevel.Debug, LogEvents.connectionClosed)
            else
                struct (LogLevel.Information, LogEvents.connectionFailed)

        if connections.IsEnabled level then
            event.Invoke(connections, connection, remote, printable reason, null)

    /// Nobody accepts connections any more.
    member _.ConnectionRefused(connection: ConnectionHandle, remote: IPEndPoint) =
        LogEvents.connectionRefused.Invoke(connections, connection, remote, null)

    /// A peer is at another address, or we talk to it there.
    member _.ConnectionMoved(connection: ConnectionHandle, left: IPEndPoint, remote: IPEndPoint) =
        LogEvents.connectionMoved.Invoke(connections, connection, left, remote, null)
