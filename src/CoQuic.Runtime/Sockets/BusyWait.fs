namespace CoQuic.Runtime

open System

/// How long a wait looks before it sleeps. Where answers come within microseconds, to fall asleep and be woken takes longer than
/// they do; where they do not, looking is wasted, so that it is given up for a while.
[<Sealed>]
type internal BusyWait(isWanted: bool, processors: int) =

    /// In microseconds: twice what a sleep costs on a machine at its best, both ends included.
    static let moment = 100L

    /// After a look in vain: two sides that answer each other at once, and each sleep just before they are answered, would wake each
    /// other for ever. The one that looks through the other's waking ends that.
    static let longMoment = 250L

    /// So many looks in vain, without a short one that was not, are proof enough.
    static let patience = 3

    /// So many waits then sleep at once.
    static let pause = 64

    let mutable failures = 0
    let mutable skipped = 0
    let mutable isLong = false

    /// A look in vain shows nothing where the peer could not run meanwhile.
    let isWorthwhile = isWanted && processors > 1

    let look () = if isLong then longMoment else moment

    /// With the processors that this process may use.
    new(isWanted) = BusyWait(isWanted, Environment.ProcessorCount)

    /// How long to look before the next sleep, in microseconds; 0 sleeps at once.
    member _.NextMoment() : int64 =
        if not isWorthwhile then
            0L
        elif failures < patience then
            look ()
        else
            skipped <- skipped + 1

            if skipped > pause then
                // One more try: what follows decides.
                skipped <- 0
                look ()
            else
                0L

    /// Whether something came in while we looked.
    member _.OnLooked(found: bool) : unit =
        if not found then
            failures <- min patience (failures + 1)
        elif isLong then
            // If that helped, a short look will do from now on; where things come as slowly as this, it is given up again.
            failures <- min failures (patience - 1)
        else
            failures <- 0

        isLong <- not found
