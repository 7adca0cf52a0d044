namespace CoQuic.Runtime

open System
open System.Collections.Concurrent
open CoQuic.Engine
open CoQuic.FSharp

/// Runs for one shard that came in at others.
[<Sealed>]
type internal ShardInbox() =

    /// More is lost, as if the socket's buffer were full.
    static let capacity = 1024

    let waiting = ConcurrentQueue<ReceivedRun>()

    /// Wakes the shard.
    member val Ring: unit -> unit = ignore with get, set

    member _.IsEmpty = waiting.IsEmpty

    /// From any thread.
    member this.Offer(run: ReceivedRun) =
        if waiting.Count < capacity then
            waiting.Enqueue run
            this.Ring()

    /// The shard's own.
    member _.TryTake(run: byref<ReceivedRun>) : bool = waiting.TryDequeue &run

/// One of the agents of a server that share a port, and its way to the others. The system sends what comes from one address to one of
/// them; a client that moved may come to another, which hands its datagrams over to the owner of their connection ID.
[<Sealed>]
type internal Shard(number: int, scheme: LoadBalancedConnectionIds, serverId: Bytes, inboxes: ShardInbox[]) =

    let read = Array.zeroCreate<byte>(serverId.Length + 1)

    /// A client chooses the ID of its first packets itself, and does not move before the handshake is confirmed (RFC 9000 §9): long
    /// headers come to where their connection is. What is none of this server's is nobody's better than ours.
    let ownerOf (datagram: ReadOnlySpan<byte>) : int =
        if
            datagram[0] >= 0x80uy
            || not (scheme.TryReadServerId(datagram.Slice 1, Span read))
        then
            number
        else
            let owner = int read[serverId.Length]
            let isOurs = serverId.Span.SequenceEqual(ReadOnlySpan(read, 0, serverId.Length))
            if isOurs && owner < inboxes.Length then owner else number

    let ownerAt (run: ReceivedRun) position =
        ownerOf (Span.op_Implicit (run.Buffer.Span.Slice position))

    /// Where the datagrams of one owner from `start` on end.
    let endOf (run: ReceivedRun) start owner =
        let mutable finish = start + run.SegmentSize

        while finish < run.Buffer.Length && ownerAt run finish = owner do
            finish <- finish + run.SegmentSize

        min finish run.Buffer.Length

    /// What came in for this one at others.
    member _.Inbox = inboxes[number]

    /// Takes what is this one's of a run, and hands the rest over.
    member _.Sort(run: ReceivedRun, take: ReceivedRun -> unit) =
        let mutable start = 0

        while start < run.Buffer.Length do
            let owner = ownerAt run start
            let finish = endOf run start owner

            let part =
                { run with
                    Buffer = run.Buffer.Slice(start, finish - start) }

            if owner = number then
                take part
            else
                inboxes[owner].Offer part

            start <- finish

/// What the shards of a server have in common.
[<RequireQualifiedAccess>]
module internal Shards =

    /// A byte of each connection ID is a shard's number.
    let maximum = 256

    let private keyLength = 32

    let private orDrawn (key: Secret) : Secret =
        if (Secret.reveal key).IsEmpty then
            let bytes = Array.zeroCreate<byte> keyLength
            Security.Cryptography.RandomNumberGenerator.Fill(Span bytes)
            Secret.ofBytes (Bytes.ofArray bytes)
        else
            key

    /// Each has its part of a limit; 0 means none.
    let private part count limit = (limit + count - 1) / count

    /// One set of keys and one replay guard a server, so that what one shard gives out is good at all; and to each its part of the
    /// server's limits.
    let share (count: int) (endpoint: EndpointConfig) : EndpointConfig =
        { endpoint with
            TokenKeys.Current = orDrawn endpoint.TokenKeys.Current
            TicketKeys.Current = orDrawn endpoint.TicketKeys.Current
            StatelessResetKey = orDrawn endpoint.StatelessResetKey
            ReplayGuard = endpoint.ReplayGuard |> Option.orElseWith (fun () -> Some(SharedReplayGuard()))
            MaxServerConnections = part count endpoint.MaxServerConnections
            MaxHalfOpenConnections = part count endpoint.MaxHalfOpenConnections
            RetryThreshold = part count endpoint.RetryThreshold }

    /// What keeps a server from having so many; none when nothing does.
    let problem (count: int) (isNative: bool) : RuntimeError option =
        if count < 1 || count > maximum then
            Some(RuntimeError.InvalidOption("Shards", $"a server has 1 to {maximum}, not {count}"))
        elif count > 1 && isNative then
            Some(RuntimeError.InvalidOption("Shards", "a native engine makes connection IDs of its own"))
        elif count > 1 && not (OperatingSystem.IsLinux()) then
            Some(RuntimeError.InvalidOption("Shards", "only Linux spreads datagrams to one port over several sockets"))
        else
            None

    /// The shards, and their connection IDs.
    let create
        (count: int)
        (balancing: LoadBalancing)
        : Result<(Shard * LoadBalancedConnectionIds) list, RuntimeError> =
        let inboxes = Array.init count (fun _ -> ShardInbox())

        let rec next number shards =
            if number = count then
                Ok(List.rev shards)
            else
                LoadBalancing.scheme (Some number) balancing
                |> Result.bind (fun scheme ->
                    next (number + 1) ((Shard(number, scheme, balancing.ServerId, inboxes), scheme) :: shards))

        next 0 []
