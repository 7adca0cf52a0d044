namespace CoQuic.FSharp

/// Programs made of programs. None of them knows that it is not alone.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Program =

    /// The same program with other messages. It hears those that `unwrap` knows, and those of its own `After` and `Cancel` are
    /// wrapped: `unwrap (wrap message)` has to be `Some message`.
    val mapMessages:
        wrap: ('message -> 'other) ->
        unwrap: ('other -> 'message option) ->
        program: Program<'model, 'message> ->
            Program<'model, 'other>

    /// Two programs on one endpoint. Each hears of the connections that it opened, and its own messages. `choose` says whose a
    /// connection is that somebody else opened, as soon as its handshake is complete; what happens to it before is told to that
    /// program then, except for questions about certificates and identities, which the first program is asked. The endpoint ends
    /// when both have stopped.
    val beside:
        choose: (HandshakeInformation option -> ProgramSide) ->
        first: Program<'first, 'message1> ->
        second: Program<'second, 'message2> ->
            Program<Beside<'first, 'second>, Choice<'message1, 'message2>>

    /// Two programs on one server: connections with this application protocol (ALPN) are the first one's, all others the second
    /// one's.
    val byProtocol:
        applicationProtocol: string ->
        first: Program<'first, 'message1> ->
        second: Program<'second, 'message2> ->
            Program<Beside<'first, 'second>, Choice<'message1, 'message2>>

    /// A server that runs a program for each connection that somebody opens, from `Accepted` to `Closed`; its model is dropped then.
    /// `program` is asked anew for every event: it has to be cheap, and to give the same program for the same connection. `Stop`
    /// closes the connection alone, with error code 0; the server goes on until its host stops it.
    val perConnection:
        program: (ConnectionHandle -> Program<'model, 'message>) ->
            Program<PerConnection<'model>, ConnectionHandle * 'message>
