namespace CoQuic.Runtime

open System
open System.Threading
open CoQuic.FSharp

/// A replay guard that endpoints on several threads share: all that have the same ticket keys need the same one.
[<Sealed>]
type SharedReplayGuard(capacity: int, since: DateTimeOffset) =

    let gate = Lock()
    let inner = CoQuic.Engine.ReplayGuard(capacity, since)

    /// A guard of the usual capacity for keys that nobody had before.
    new() = SharedReplayGuard(CoQuic.Engine.ReplayGuard.DefaultCapacity, DateTimeOffset.MinValue)

    interface IReplayGuard with
        member _.TryClaim(ticketId, sentAt, now, expires) =
            // A look-up in memory: nobody waits here for longer than that.
            let scope = gate.EnterScope()

            try
                inner.TryClaim(ticketId, sentAt, now, expires)
            finally
                scope.Dispose()
