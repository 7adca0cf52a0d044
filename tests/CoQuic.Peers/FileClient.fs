/// Fetches files, all of them at a time as far as the server admits streams, over one connection.
module CoQuic.Peers.FileClient

open System
open System.IO
open System.Threading
open System.Threading.Tasks
open CoQuic.FSharp
open CoQuic.Runtime

let private complain (sentence: string) = Console.Error.WriteLine sentence

/// What all files of a connection are fetched with.
[<NoEquality; NoComparison>]
type private Way =
    { Connection: QuicConnection
      Dialect: Dialect
      Host: string
      Disturber: Disturber
      Directory: string }

/// Asks for a file, and disturbs the connection when its first bytes are there.
let private receive (way: Way) (path: string) (file: string) =
    task {
        use! stream = way.Connection.OpenOutboundStreamAsync QuicStreamType.Bidirectional
        do! stream.WriteAsync(ReadOnlyMemory(way.Dialect.Request way.Host path), true, CancellationToken.None)
        use content = File.Create file

        let take (piece: ReadOnlyMemory<byte>) : Task =
            task {
                do! way.Disturber.OnContent way.Connection
                do! content.WriteAsync piece
            }

        do! way.Dialect.Copy stream take
        return content.Length
    }

/// How long a server may take after the last file to give a session ticket.
let private ticketPatience = TimeSpan.FromSeconds 2.0

/// Whether the file arrived. A part of one is not left behind. What was asked in early data that the server refuses is asked again.
let rec private fetch (way: Way) (path: string) =
    task {
        let file = Path.Combine(way.Directory, FileInfo(path).Name)

        try
            let! length = receive way path file
            Console.Out.WriteLine $"{path}, {length} bytes"
            return true
        with
        | :? QuicException as refused when refused.QuicError = QuicError.EarlyDataRejected -> return! fetch way path
        | :? IOException
        | :? UnauthorizedAccessException as problem ->
            complain $"{path}: {problem.Message}"
            File.Delete file
            return false
    }

/// The session that an earlier run has left.
let private readSession (file: string option) =
    match file with
    | Some file when File.Exists file -> Secret.ofBytes (Bytes.ofArray (File.ReadAllBytes file))
    | Some _
    | None -> Secret.empty

/// Leaves the session to a later run, for its owner's eyes alone.
let private keepSession (connection: QuicConnection) (file: string) =
    task {
        use patience = new CancellationTokenSource(ticketPatience)

        try
            let! state = connection.WaitForResumptionStateAsync patience.Token

            let options =
                FileStreamOptions(
                    Mode = FileMode.Create,
                    Access = FileAccess.Write,
                    UnixCreateMode = Nullable(UnixFileMode.UserRead ||| UnixFileMode.UserWrite)
                )

            use target = new FileStream(file, options)
            do! target.WriteAsync state
        with :? OperationCanceledException ->
            complain "The server gave no session ticket."
    }

let private optionsOf (asked: FetchOptions) (tokens: TokenStore option) =
    let options = Endpoints.client asked.Common (readSession asked.Resume)

    let options = { options with Tokens = tokens }

    if asked.ProbesVersions then
        { options with
            Request.InitialVersion = None
            Runtime.Endpoint.EnableReservedVersionProbe = true }
    else
        options

/// Waits, but not for ever, for the token that a server sends behind its handshake.
let private awaitToken (store: TokenStore) =
    task {
        let mutable patience = 100

        while store.Count = 0 && patience > 0 do
            patience <- patience - 1
            do! Task.Delay 10
    }

/// Waits for what the server gives behind its handshake, where somebody wants it for later.
let private keepWhatIsGiven (asked: FetchOptions) (tokens: TokenStore option) connection =
    task {
        match asked.Resume with
        | Some file -> do! keepSession connection file
        | None -> ()

        match tokens with
        | Some store -> do! awaitToken store
        | None -> ()
    }

let private reportOn (connection: QuicConnection) =
    task {
        let! statistics = QuicConnection.statistics connection
        let settled = QuicConnection.handshake connection |> Option.map Endpoints.describe

        Console.Out.WriteLine
            $"""handshake: {Option.defaultValue "not done" settled}; early data: {connection.EarlyDataStatus}"""

        statistics
        |> Option.iter (fun figures -> Console.Out.WriteLine $"statistics: {figures}")
    }

/// The exit status of fetching some paths over a connection.
let private fetchOver (asked: FetchOptions) tokens paths (connection: QuicConnection) =
    task {
        use _ = connection :> IAsyncDisposable
        Directory.CreateDirectory asked.Directory |> ignore
        let dialect = Streams.dialectOf asked.Common.Alpn
        do! Streams.openControl dialect connection

        let way =
            { Connection = connection
              Dialect = dialect
              Host = asked.Common.Host
              Disturber = Disturber asked.Disturbances
              Directory = asked.Directory }

        let! arrived = Task.WhenAll [ for path in paths -> fetch way path ]

        do! keepWhatIsGiven asked tokens connection
        do! reportOn connection
        return if Array.forall id arrived then 0 else 1
    }

/// The exit status of fetching some paths over one connection.
let private fetchAll (asked: FetchOptions) (tokens: TokenStore option) (paths: string list) =
    task {
        match! QuicClient.connect (optionsOf asked tokens) with
        | Error error ->
            complain (string error)
            return 1
        | Ok connection -> return! fetchOver asked tokens paths connection
    }

/// The first path over one connection, the others over another that brings its token.
let private fetchTwice (asked: FetchOptions) =
    task {
        let store = TokenStore()
        let! first = fetchAll asked (Some store) (List.truncate 1 asked.Paths)

        if first <> 0 then
            return first
        elif store.Count = 0 then
            complain "The server gave no token."
            return 1
        else
            let before = store.Count
            let! second = fetchAll asked (Some store) (List.skip 1 asked.Paths)
            Console.Out.WriteLine $"{before} token(s) given on the first connection, one used on the second"
            return second
    }

/// Fetches what is asked for, and returns the exit status.
let run (asked: FetchOptions) : Task<int> =
    if asked.ReuseToken then
        fetchTwice asked
    else
        fetchAll asked None asked.Paths
