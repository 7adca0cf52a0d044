namespace CoQuic.Runtime

open System
open System.Collections.Generic
open System.Runtime.InteropServices

/// Runs that become one, so that one system call serves several connections.
[<RequireQualifiedAccess>]
module internal OutgoingRuns =

    /// What is no larger than a datagram that opens a connection (RFC 9000 §14.1) is a handshake's, a request or an answer: who hears several
    /// of them at once answers the first only after the last.
    let private isBulk (run: inref<OutgoingRun>) =
        run.Bytes.Length > CoQuic.Engine.DatagramSizes.Smallest

    /// Whether datagrams go the same way, and are cut alike: all of one size but the last.
    let private areAlike (run: inref<OutgoingRun>) (next: inref<OutgoingRun>) =
        let isLast = next.Bytes.Length < run.SegmentSize

        (next.SegmentSize = run.SegmentSize || isLast)
        && run.Bytes.Length % run.SegmentSize = 0
        && run.Ecn = next.Ecn
        && run.Route = next.Route

    /// Makes a run longer by the one that lies directly behind it in memory, if it can be; nothing is copied.
    let tryJoin (run: byref<OutgoingRun>) (next: inref<OutgoingRun>) : bool =
        let mutable first = ArraySegment<byte>()
        let mutable second = ArraySegment<byte>()

        let isBehind =
            MemoryMarshal.TryGetArray(run.Bytes, &first)
            && MemoryMarshal.TryGetArray(next.Bytes, &second)
            && obj.ReferenceEquals(first.Array, second.Array)
            && first.Offset + first.Count = second.Offset

        if isBehind && isBulk &run && isBulk &next && areAlike &run &next then
            run <-
                { run with
                    Bytes = ReadOnlyMemory(first.Array, first.Offset, first.Count + second.Count) }

            true
        else
            false

/// Runs on their way to the socket. The newest is held until it is known whether the next can join it. What the socket has no room
/// for waits here, in order; nothing is lost.
[<Sealed>]
type internal Outbox(socket: IUdpSocket) =

    /// With so many runs waiting the agent takes no more input, as input makes output.
    static let capacity = 64

    let waiting = Queue<struct (OutgoingRun * int)>()
    let mutable held = Unchecked.defaultof<OutgoingRun>
    let mutable isHolding = false

    let rec sendWaiting () =
        if waiting.Count > 0 then
            let struct (run, position) = waiting.Peek()
            let next = socket.Send(&run, position)

            if next >= run.Bytes.Length then
                waiting.Dequeue() |> ignore
                sendWaiting ()
            elif next > position then
                // The front changes its position; the others keep their order behind it.
                waiting.Dequeue() |> ignore
                waiting.Enqueue(struct (run, next))

                for _ in 2 .. waiting.Count do
                    waiting.Enqueue(waiting.Dequeue())

    let sendNow (run: inref<OutgoingRun>) =
        let next = if waiting.Count = 0 then socket.Send(&run, 0) else 0

        if next < run.Bytes.Length then
            waiting.Enqueue(struct (run, next))

    let release () =
        if isHolding then
            isHolding <- false
            sendNow &held
            // Its memory is not for an agent to keep that has nothing to say for a while.
            held <- Unchecked.defaultof<OutgoingRun>

    /// Whether runs wait for room.
    member _.IsBlocked = waiting.Count > 0

    /// Whether there is room for what more input would make.
    member _.HasRoom = waiting.Count < capacity

    /// Takes a run, which goes out with the next `Release` at the latest.
    member _.Send(run: inref<OutgoingRun>) =
        if not (isHolding && OutgoingRuns.tryJoin &held &run) then
            release ()
            held <- run
            isHolding <- true

    /// Sends a run that must not share a call with others: a system that refuses it refuses nothing else.
    member _.SendAlone(run: inref<OutgoingRun>) =
        release ()
        sendNow &run

    /// No more is to be sent just now: what is held goes out, or behind those that wait.
    member _.Release() = release ()

    /// Sends what waits, as far as there is room now.
    member _.Flush() = sendWaiting ()
