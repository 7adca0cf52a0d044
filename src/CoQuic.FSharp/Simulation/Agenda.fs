namespace CoQuic.FSharp

open System.Collections.Generic

/// What is to happen at an instant.
[<Struct; NoEquality; NoComparison>]
type internal Happening =
    /// A datagram comes to a stage of a link, or, behind the last one, to its receiver.
    | Passing of link: LinkRun * stage: int * flight: Flight
    | TimerDue of node: NodeRun * at: TimeUs
    | Post of poster: NodeRun * number: int

/// What is to happen, and the clock, which jumps from one happening to the next.
[<Sealed>]
type internal Agenda() =

    let queue = PriorityQueue<Happening, struct (int64 * int64)>()
    let mutable now = TimeUs.zero
    let mutable order = 0L

    /// The virtual time.
    member _.Now = now

    /// What is planned for the past happens at once; happenings of the same instant keep the order in which they were planned.
    member _.Plan(at: TimeUs, happening: Happening) =
        queue.Enqueue(happening, struct ((TimeUs.Max(at, now)).Microseconds, order))
        order <- order + 1L

    /// When the next thing happens; none when nothing will.
    member _.Next =
        let mutable happening = Unchecked.defaultof<Happening>
        let mutable priority = struct (0L, 0L)

        if queue.TryPeek(&happening, &priority) then
            let struct (at, _) = priority
            ValueSome(TimeUs at)
        else
            ValueNone

    /// The clock jumps to the next happening. There has to be one.
    member this.Take() =
        now <- this.Next.Value
        queue.Dequeue()
