namespace CoQuic.FSharp

/// A program with its types hidden: what the simulation turns.
type internal INodeProgram =
    abstract Start: now: TimeUs -> Action list
    abstract Result: now: TimeUs * result: QueryResult -> Action list

    abstract Opened:
        now: TimeUs * tag: OpenTag * connection: ConnectionHandle option * result: QueryResult -> Action list

    abstract OpenFailed: now: TimeUs * tag: OpenTag * error: OpenError -> Action list

    /// The post of this number, from 0, comes.
    abstract Posted: now: TimeUs * post: int -> Action list

    abstract Elapsed: now: TimeUs -> Action list
    abstract Model: objnull

/// A program at work.
[<Sealed>]
type internal NodeProgram<'model, 'message when 'message: equality>
    (program: Program<'model, 'message>, posts: 'message array) =

    let mutable running: Running<'model, 'message> voption = ValueNone

    let keep (next, actions) =
        running <- ValueSome next
        actions

    let deliver now occurrence =
        match running with
        | ValueSome current -> Running.deliver now occurrence current |> keep
        | ValueNone -> []

    interface INodeProgram with
        member _.Start now = Running.start now program |> keep
        member _.Result(now, result) = deliver now (Occurrence.Result result)

        member _.Opened(now, tag, connection, result) =
            deliver now (Occurrence.Opened(tag, connection, result))

        member _.OpenFailed(now, tag, error) =
            deliver now (Occurrence.OpenFailed(tag, error))

        member _.Posted(now, post) =
            deliver now (Occurrence.Posted posts[post])

        member _.Elapsed now = deliver now Occurrence.Elapsed

        member _.Model =
            match running with
            | ValueSome current -> box current.Model
            | ValueNone -> box (fst program.Init)

/// A host of a simulated network: a name, an endpoint, and a program.
[<AbstractClass; StructuredFormatDisplay("{Display}")>]
type Node internal (name: string, config: EndpointConfig, posts: System.TimeSpan list, start: unit -> INodeProgram) =

    /// Its host name, by which others reach it.
    member _.Name = name

    /// How its endpoint behaves.
    member _.Config = config

    /// When it is posted messages, in order of posting.
    member internal _.Posts = posts

    /// The program, from its beginning.
    member internal _.BeginProgram() = start ()

    member private _.Display = $"Node {name}: {(string config.Role).ToLowerInvariant()}"

    /// Its name, and the role of its endpoint.
    override this.ToString() = this.Display

/// A node whose program has a model of this type.
[<Sealed>]
type Node<'model, 'message when 'message: equality>
    internal
    (name: string, config: EndpointConfig, program: Program<'model, 'message>, posts: (System.TimeSpan * 'message) list)
    =
    inherit
        Node(
            name,
            config,
            List.map fst posts,
            (fun () -> NodeProgram<'model, 'message>(program, posts |> List.map snd |> Array.ofList))
        )

    member internal _.Posting(at: System.TimeSpan, message: 'message) =
        Node<'model, 'message>(name, config, program, posts @ [ at, message ])

/// Hosts of a simulated network.
module Node =

    /// A host of this name that runs a program on an endpoint. It hears datagrams on every port.
    let create (name: string) (config: EndpointConfig) (program: Program<'model, 'message>) : Node<'model, 'message> =
        Node<'model, 'message>(name, config, program, [])

    /// The same host, whose program is posted a message at this virtual time since the beginning, as a user would.
    let post (at: System.TimeSpan) (message: 'message) (node: Node<'model, 'message>) : Node<'model, 'message> =
        node.Posting(at, message)
