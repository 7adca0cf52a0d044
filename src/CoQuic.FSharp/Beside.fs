namespace CoQuic.FSharp

/// One of two programs beside each other.
[<RequireQualifiedAccess>]
type ProgramSide =
    /// The first.
    | First
    /// The second.
    | Second

/// The model of two programs beside each other.
type Beside<'first, 'second> =
    {
        /// The first program's model.
        First: 'first
        /// The second program's model.
        Second: 'second
        /// Who has which connection.
        Sharing: Sharing<ProgramSide>
        /// What was told of accepted connections that nobody has yet, newest first.
        Undecided: Map<ConnectionHandle, Signal list>
    }

/// Two programs, and whose a connection is that neither of them opened.
[<NoEquality; NoComparison>]
type internal Parts<'first, 'message1, 'second, 'message2> =
    { First: Program<'first, 'message1>
      Second: Program<'second, 'message2>
      Choose: HandshakeInformation option -> ProgramSide }

/// Turns two programs on one endpoint.
module internal Beside =

    let private wanted side wrap commands (model: Beside<'first, 'second>) =
        let sharing, commands = Sharing.commands side wrap commands model.Sharing
        { model with Sharing = sharing }, commands

    let private tellFirst parts now event (model: Beside<'first, 'second>) =
        if Sharing.isStopped ProgramSide.First model.Sharing then
            model, Sharing.hearNoMore event
        else
            let next, commands = parts.First.Update now event model.First
            wanted ProgramSide.First Choice1Of2 commands { model with First = next }

    let private tellSecond parts now event (model: Beside<'first, 'second>) =
        if Sharing.isStopped ProgramSide.Second model.Sharing then
            model, Sharing.hearNoMore event
        else
            let next, commands = parts.Second.Update now event model.Second
            wanted ProgramSide.Second Choice2Of2 commands { model with Second = next }

    let private tell parts now side signal model =
        match side with
        | ProgramSide.First -> tellFirst parts now (Network signal) model
        | ProgramSide.Second -> tellSecond parts now (Network signal) model

    let private tellBoth parts now signal model =
        let model, commands = tellFirst parts now (Network signal) model
        let model, more = tellSecond parts now (Network signal) model
        model, commands @ more

    let private tellAll parts now side signals model =
        let tellNext model signal =
            let model, commands = tell parts now side signal model
            commands, model

        let commands, model = List.mapFold tellNext model signals
        model, List.concat commands

    let private waiting connection (model: Beside<'first, 'second>) =
        Map.tryFind connection model.Undecided |> Option.defaultValue []

    /// Whoever has stopped already takes no new connection.
    let private decide parts now connection information signals (model: Beside<'first, 'second>) =
        let side = parts.Choose information

        let model =
            { model with
                Undecided = Map.remove connection model.Undecided
                Sharing = Sharing.own connection side model.Sharing }

        if Sharing.isStopped side model.Sharing then
            model, [ Command.close connection 0UL "" ]
        else
            tellAll parts now side signals model

    let private onUnowned parts now signal (model: Beside<'first, 'second>) =
        match signal, Signal.connection signal with
        | Signal.HandshakeReady(_, information), Some connection ->
            decide parts now connection information (List.rev (signal :: waiting connection model)) model
        | Signal.Closed _, Some connection ->
            { model with
                Undecided = Map.remove connection model.Undecided },
            []
        | (Signal.CertificateVerdictNeeded _ | Signal.ServerIdentityNeeded _), _ ->
            tellFirst parts now (Network signal) model
        | _, Some connection ->
            { model with
                Undecided = Map.add connection (signal :: waiting connection model) model.Undecided },
            []
        | _, None -> tellBoth parts now signal model

    let private onSignal parts now signal (model: Beside<'first, 'second>) =
        let owner, signal, sharing = Sharing.recipient signal model.Sharing
        let model = { model with Sharing = sharing }

        match owner with
        | Some side -> tell parts now side signal model
        | None -> onUnowned parts now signal model

    /// Once both have stopped, the endpoint may end.
    let private endIfBothStopped (model: Beside<'first, 'second>, commands) =
        if model.Sharing.Stopped.Count = 2 then
            model, commands @ [ Command.Stop ]
        else
            model, commands

    let init parts =
        let first, commands = parts.First.Init
        let second, more = parts.Second.Init

        let model: Beside<_, _> =
            { First = first
              Second = second
              Sharing = Sharing.none
              Undecided = Map.empty }

        let model, commands = wanted ProgramSide.First Choice1Of2 commands model
        let model, more = wanted ProgramSide.Second Choice2Of2 more model
        endIfBothStopped (model, commands @ more)

    let update parts now event model =
        match event with
        | Network signal -> onSignal parts now signal model
        | Message(Choice1Of2 message) -> tellFirst parts now (Message message) model
        | Message(Choice2Of2 message) -> tellSecond parts now (Message message) model
        |> endIfBothStopped
