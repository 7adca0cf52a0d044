namespace CoQuic.Runtime

open System.Threading.Tasks

/// Where one application task waits until the agent has changed something. Used under its owner's lock, except for waiting.
[<Sealed>]
type internal Waiter() =
    let mutable current: TaskCompletionSource | null = null

    /// A task that the next `Release` completes. What follows it runs on the pool, never on the agent's thread.
    member _.Next() : Task =
        match current with
        | null ->
            let source =
                TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)

            current <- source
            source.Task
        | source -> source.Task

    /// Lets everybody go who waits now.
    member _.Release() =
        match current with
        | null -> ()
        | source ->
            current <- null
            source.SetResult()
