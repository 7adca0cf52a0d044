namespace CoQuic.FSharp

/// The model of a program for each connection.
type PerConnection<'model> =
    {
        /// The models of connections that have not ended.
        Models: Map<ConnectionHandle, 'model>
        /// Who has which connection.
        Sharing: Sharing<ConnectionHandle>
    }

/// Turns a program for each connection.
module internal PerConnection =

    let private wanted connection commands (server: PerConnection<'model>) =
        let sharing, commands =
            Sharing.commands connection (fun message -> connection, message) commands server.Sharing

        { server with Sharing = sharing }, commands

    let private start
        (program: ConnectionHandle -> Program<'model, 'message>)
        connection
        (server: PerConnection<'model>)
        =
        let model, commands = (program connection).Init

        wanted
            connection
            commands
            { server with
                Models = Map.add connection model server.Models
                Sharing = Sharing.own connection connection server.Sharing }

    let private tell
        (program: ConnectionHandle -> Program<'model, 'message>)
        now
        connection
        event
        (server: PerConnection<'model>)
        =
        match Map.tryFind connection server.Models with
        | Some model when not (Sharing.isStopped connection server.Sharing) ->
            let model, commands = (program connection).Update now event model

            wanted
                connection
                commands
                { server with
                    Models = Map.add connection model server.Models }
        | Some _
        | None -> server, Sharing.hearNoMore event

    let private forget connection (server: PerConnection<'model>) =
        { server with
            Models = Map.remove connection server.Models
            Sharing =
                { server.Sharing with
                    Stopped = Set.remove connection server.Sharing.Stopped } }

    let private onSignal program now signal (server: PerConnection<'model>) =
        let owner, signal, sharing = Sharing.recipient signal server.Sharing
        let server = { server with Sharing = sharing }

        match signal, owner with
        | Signal.Accepted connection, _ ->
            let server, commands = start program connection server
            let server, more = tell program now connection (Network signal) server
            server, commands @ more
        | Signal.Closed _, Some connection ->
            let server, commands = tell program now connection (Network signal) server
            forget connection server, commands
        | _, Some connection -> tell program now connection (Network signal) server
        | _, None -> server, []

    let init: PerConnection<'model> =
        { Models = Map.empty
          Sharing = Sharing.none }

    let update program now event server =
        match event with
        | Network signal -> onSignal program now signal server
        | Message(connection, message) -> tell program now connection (Message message) server
