/// Fetches files, all of them at a time as far as the server admits streams, over one connection.
module CoQuic.Peers.HqClient

open System
open System.IO
open System.Threading.Tasks
open CoQuic.FSharp
open CoQuic.Runtime

let private complain (sentence: string) = Console.Error.WriteLine sentence

let private receive (connection: QuicConnection) (path: string) (file: string) =
    task {
        use! stream = connection.OpenOutboundStreamAsync QuicStreamType.Bidirectional
        do! stream.WriteAsync(ReadOnlyMemory(Hq.request path), true, Threading.CancellationToken.None)
        use content = File.Create file
        do! stream.CopyToAsync(content, 256 * 1024)
        return content.Length
    }

/// How long a server may take after the last file to give a session ticket.
let private ticketPatience = TimeSpan.FromSeconds 2.0

/// Whether the file arrived. A part of one is not left behind. What was asked in early data that the server refuses is asked again.
let rec private fetch connection (directory: string) (path: string) =
    task {
        let file = Path.Combine(directory, FileInfo(path).Name)

        try
            let! length = receive connection path file
            Console.Out.WriteLine $"{path}, {length} bytes"
            return true
        with
        | :? QuicException as refused when refused.QuicError = QuicError.EarlyDataRejected ->
            return! fetch connection directory path
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
        use patience = new Threading.CancellationTokenSource(ticketPatience)

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
    let common = asked.Common

    let options =
        ClientOptions.create common.Host common.Port common.Alpn
        |> ClientOptions.resuming (readSession asked.Resume) common.ZeroRtt

    let endpoint =
        options.Runtime.Endpoint
        // Interop servers have certificates that nobody vouches for.
        |> EndpointConfig.withoutVerification
        |> EndpointConfig.speaking common.Versions

    { options with
        Request =
            { options.Request with
                InitialVersion = List.tryLast common.Versions }
        Runtime =
            { options.Runtime with
                Endpoint = endpoint
                KeyLogFile = common.KeyLog }
        Tokens = tokens }

/// Waits, but not for ever, for the token that a server sends behind its handshake.
let private awaitToken (store: TokenStore) =
    task {
        let mutable patience = 100

        while store.Count = 0 && patience > 0 do
            patience <- patience - 1
            do! Task.Delay 10
    }

/// The exit status of fetching some paths over one connection.
let private fetchAll (asked: FetchOptions) (tokens: TokenStore option) (paths: string list) =
    task {
        match! QuicClient.connect (optionsOf asked tokens) with
        | Error error ->
            complain (string error)
            return 1
        | Ok connection ->
            use _ = connection :> IAsyncDisposable
            Directory.CreateDirectory asked.Directory |> ignore

            let! arrived =
                Task.WhenAll [ for path in paths -> fetch connection asked.Directory path ]

            Console.Out.WriteLine $"resumed: {connection.WasResumed}; early data: {connection.EarlyDataStatus}"

            match asked.Resume with
            | Some file -> do! keepSession connection file
            | None -> ()

            match tokens with
            | Some store -> do! awaitToken store
            | None -> ()

            return if Array.forall id arrived then 0 else 1
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
