namespace CoQuic.Runtime

open System.Collections.Generic

/// Runs on their way to the socket. What it has no room for waits here, in order; nothing is lost.
[<Sealed>]
type internal Outbox(socket: IUdpSocket) =

    /// With so many runs waiting the agent takes no more input, as input makes output.
    static let capacity = 64

    let waiting = Queue<struct (OutgoingRun * int)>()

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

    /// Whether runs wait for room.
    member _.IsBlocked = waiting.Count > 0

    /// Whether there is room for what more input would make.
    member _.HasRoom = waiting.Count < capacity

    /// Sends a run, now or behind those that wait.
    member _.Send(run: inref<OutgoingRun>) =
        let next = if waiting.Count = 0 then socket.Send(&run, 0) else 0

        if next < run.Bytes.Length then
            waiting.Enqueue(struct (run, next))

    /// Sends what waits, as far as there is room now.
    member _.Flush() = sendWaiting ()
