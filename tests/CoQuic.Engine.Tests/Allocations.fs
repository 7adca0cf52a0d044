/// How the tests measure that a hot path allocates nothing.
module CoQuic.Engine.Tests.Allocations

open System

/// The bytes that an action allocates, at its quietest: a collection that another test causes meanwhile adds to the count
/// of this thread what its allocation context had left.
let ofAction action =
    let measure () =
        let before = GC.GetAllocatedBytesForCurrentThread()
        action ()
        GC.GetAllocatedBytesForCurrentThread() - before

    List.min [ for _ in 1..10 -> measure () ]
