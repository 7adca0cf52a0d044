namespace global

open System
open System.Threading.Tasks

/// What DOTNET_STARTUP_HOOKS lets a program begin with, so that it ends at once when a task has failed and nobody looked. The name and
/// the shape are the runtime's.
[<AbstractClass; Sealed>]
type StartupHook =
    static member Initialize() : unit =
        TaskScheduler.UnobservedTaskException.Add(fun unobserved ->
            Environment.FailFast("A task failed, and nobody looked.", unobserved.Exception))
