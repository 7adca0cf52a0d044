namespace CoQuic.Perf

open System
open System.Threading.Tasks
open CoQuic.FSharp
open Spectre.Console

/// How far a run has come, for people who watch it in a terminal.
[<RequireQualifiedAccess>]
module Progress =
    /// The share that is done, 0 to 1: of the work of a bounded run, of the time of a timed one.
    let fraction (now: TimeUs) (run: Run) : float =
        let config = run.Config
        let counted = run.Totals.Counted

        let share (part: float) (whole: float) =
            if whole > 0.0 then
                Math.Clamp(part / whole, 0.0, 1.0)
            else
                0.0

        match run.Phase with
        | RunPhase.Waiting
        | RunPhase.WarmingUp _ -> 0.0
        | RunPhase.Measuring(since, until) -> share (now - since).TotalSeconds (until - since).TotalSeconds
        | RunPhase.Draining _
        | RunPhase.Over -> 1.0
        | RunPhase.Working ->
            match config.Mode with
            | Mode.Bulk ->
                let total = float (Option.defaultValue 0UL config.TotalBytes)
                share (float (counted.BytesSent + counted.BytesReceived)) (total * float config.Connections)
            | Mode.RequestResponse
            | Mode.ConnectRequestResponse
            | Mode.PersistentRequestResponse ->
                share (float counted.RequestsCompleted) (float (Option.defaultValue 0UL config.Requests))

    /// What is going on, with the rate so far.
    let describe (now: TimeUs) (run: Run) : string =
        let counted = run.Totals.Counted

        let rate (since: TimeUs) =
            let seconds = Math.Max((now - since).TotalSeconds, 0.001)

            match run.Config.Mode with
            | Mode.Bulk -> $"%.2f{float (counted.BytesSent + counted.BytesReceived) * 8.0 / 1e9 / seconds} Gbit/s"
            | Mode.RequestResponse
            | Mode.ConnectRequestResponse
            | Mode.PersistentRequestResponse -> $"%.0f{float counted.RequestsCompleted / seconds} requests/s"

        match run.Phase with
        | RunPhase.Waiting -> "connecting"
        | RunPhase.WarmingUp _ -> "warming up"
        | RunPhase.Working -> rate run.StartedAt
        | RunPhase.Measuring(since, _) -> rate since
        | RunPhase.Draining _
        | RunPhase.Over -> "finishing"

    let private isWatched () =
        not Console.IsOutputRedirected && not Console.IsErrorRedirected

    let private refresh = TimeSpan.FromMilliseconds 200.0

    let private draw (look: unit -> TimeUs * Run) (completion: Task) (context: ProgressContext) : Task =
        task {
            let item = context.AddTask("connecting", maxValue = 1.0)

            while not completion.IsCompleted do
                let now, run = look ()
                item.Value <- fraction now run
                item.Description <- describe now run
                let! _ = Task.WhenAny(completion, Task.Delay refresh)
                ()
        }

    /// Draws a line on standard error until the run has ended, and wipes it. Where nobody watches it draws nothing.
    let watch (look: unit -> TimeUs * Run) (completion: Task) : Task =
        if isWatched () then
            let terminal =
                AnsiConsole.Create(AnsiConsoleSettings(Out = AnsiConsoleOutput Console.Error))

            let columns: ProgressColumn array =
                [| SpinnerColumn()
                   ProgressBarColumn()
                   PercentageColumn()
                   TaskDescriptionColumn() |]

            terminal.Progress().AutoClear(true).Columns(columns).StartAsync(draw look completion)
        else
            completion
