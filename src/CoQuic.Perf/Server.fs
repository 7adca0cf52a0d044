namespace CoQuic.Perf

open System
open CoQuic.FSharp

/// When a server ends by itself. Usually it does not.
type ServerExit =
    {
        /// After this time.
        After: TimeSpan option
        /// Once a second has passed in silence and every connection is gone, if there was one.
        WhenIdleAndEmpty: bool
        /// Once a session has been completed, and all that are still there have been.
        WhenSessionsComplete: bool
    }

/// What a server posts to itself.
[<RequireQualifiedAccess>]
type ServerMessage =
    | TimeIsUp
    /// A second has passed.
    | Tick

type Server =
    {
        Exit: ServerExit
        /// By the number of the connection's handle, which is compared faster than a handle.
        Sessions: Map<uint64, ServerSession>
        HasAccepted: bool
        /// Whether some session was completed.
        HasCompleted: bool
        /// Whether anything happened since the last tick.
        IsActive: bool
    }

/// The `coquic-perf/1` server: one session a connection, described by its client.
[<RequireQualifiedAccess>]
module Server =
    let neverExit =
        { After = None
          WhenIdleAndEmpty = false
          WhenSessionsComplete = false }

    let private tick = Command.After(TimeSpan.FromSeconds 1.0, ServerMessage.Tick)

    let private init exit =
        { Exit = exit
          Sessions = Map.empty
          HasAccepted = false
          HasCompleted = false
          IsActive = false },
        [ match exit.After with
          | Some time -> Command.After(time, ServerMessage.TimeIsUp)
          | None -> ()
          if exit.WhenIdleAndEmpty then
              tick ]

    /// Ends once sessions are finished, where that was asked for.
    let private endWhenFinished (server, commands) =
        let isOver =
            server.Exit.WhenSessionsComplete
            && server.HasCompleted
            && Map.forall (fun _ session -> ServerSession.isFinished session) server.Sessions

        server, (if isOver then commands @ [ Command.Stop ] else commands)

    let private onSession (handle: ConnectionHandle) step server =
        match Map.tryFind handle.Value server.Sessions with
        | None -> server, []
        | Some session ->
            let session, commands = step session

            { server with
                Sessions = Map.add handle.Value session server.Sessions
                HasCompleted = server.HasCompleted || ServerSession.isComplete session
                IsActive = true },
            commands

    let private accept (handle: ConnectionHandle) server =
        { server with
            Sessions = Map.add handle.Value ServerSession.start server.Sessions
            HasAccepted = true
            IsActive = true },
        []

    let private forget (handle: ConnectionHandle) server =
        { server with
            Sessions = Map.remove handle.Value server.Sessions
            IsActive = true },
        []

    let private onSignal signal server =
        match signal with
        | Signal.Accepted handle -> accept handle server
        | Signal.StreamData data ->
            onSession data.Connection (ServerSession.onStreamData data.Connection data) server
            |> endWhenFinished
        | Signal.SendProgress progress ->
            onSession progress.Connection (ServerSession.onSendProgress progress.Connection progress) server
            |> endWhenFinished
        | Signal.PeerStopSending stop ->
            onSession stop.Connection (fun session -> ServerSession.onPeerStopSending stop.Stream session, []) server
        | Signal.Closed closed -> forget closed.Connection server |> endWhenFinished
        // A stream without its end is not counted, and nothing else concerns a session.
        | Signal.PeerReset _
        | Signal.Opened _
        | Signal.Refused _
        | Signal.HandshakeReady _
        | Signal.Confirmed _
        | Signal.StreamOpened _
        | Signal.Datagram _
        | Signal.PathChanged _
        | Signal.PreferredAddress _
        | Signal.ResumptionState _
        | Signal.NewToken _
        | Signal.ZeroRtt _
        | Signal.CertificateVerdictNeeded _
        | Signal.ServerIdentityNeeded _
        | Signal.Inspected _
        | Signal.Declined _ -> server, []

    let private onMessage message server =
        match message with
        | ServerMessage.TimeIsUp -> server, [ Command.Stop ]
        | ServerMessage.Tick when server.HasAccepted && server.Sessions.IsEmpty && not server.IsActive ->
            server, [ Command.Stop ]
        | ServerMessage.Tick -> { server with IsActive = false }, [ tick ]

    /// The server as a program.
    let program exit : Program<Server, ServerMessage> =
        { Init = init exit
          Update =
            fun _ event server ->
                match event with
                | Network signal -> onSignal signal server
                | Message message -> onMessage message server }
