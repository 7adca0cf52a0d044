namespace CoQuic.FSharp

[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Program =

    let mapMessages
        (wrap: 'message -> 'other)
        (unwrap: 'other -> 'message option)
        (program: Program<'model, 'message>)
        : Program<'model, 'other> =
        let outward (model, commands) =
            model, List.map (Command.map wrap) commands

        let update now event model =
            match event with
            | Network signal -> program.Update now (Network signal) model |> outward
            | Message message ->
                match unwrap message with
                | Some message -> program.Update now (Message message) model |> outward
                | None -> model, []

        { Init = outward program.Init
          Update = update }

    let beside
        (choose: HandshakeInformation option -> ProgramSide)
        (first: Program<'first, 'message1>)
        (second: Program<'second, 'message2>)
        : Program<Beside<'first, 'second>, Choice<'message1, 'message2>> =
        let parts =
            { First = first
              Second = second
              Choose = choose }

        { Init = Beside.init parts
          Update = Beside.update parts }

    let byProtocol
        (applicationProtocol: string)
        (first: Program<'first, 'message1>)
        (second: Program<'second, 'message2>)
        : Program<Beside<'first, 'second>, Choice<'message1, 'message2>> =
        let choose (information: HandshakeInformation option) =
            match information with
            | Some information when information.ApplicationProtocol = applicationProtocol -> ProgramSide.First
            | Some _
            | None -> ProgramSide.Second

        beside choose first second

    let perConnection
        (program: ConnectionHandle -> Program<'model, 'message>)
        : Program<PerConnection<'model>, ConnectionHandle * 'message> =
        { Init = PerConnection.init, []
          Update = PerConnection.update program }
