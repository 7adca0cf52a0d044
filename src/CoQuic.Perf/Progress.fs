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

    /// Round trip and window of a connection.
    let private describePath (statistics: ConnectionStatistics) =
        let rtt = statistics.SmoothedRtt.TotalMilliseconds
        let window = float statistics.CongestionWindow / 1024.0
        $" · rtt %.2f{rtt} ms · window %.0f{window} KiB"

    /// What is going on, with the rate so far, and what is known of one of the connections.
    let describe (now: TimeUs) (run: Run) (statistics: ConnectionStatistics option) : string =
        let rate (since: TimeUs) =
            let amount, unit = Report.amount run.Config.Mode run.Totals.Counted
            let rate = amount / Math.Max((now - since).TotalSeconds, 0.001)

            // Gbit are few, requests are many.
            if rate < 100.0 then
                $"%.2f{rate} {unit}"
            else
                $"%.0f{rate} {unit}"

        let path = statistics |> Option.map describePath |> Option.defaultValue ""

        match run.Phase with
        | RunPhase.Waiting -> "connecting"
        | RunPhase.WarmingUp _ -> "warming up"
        | RunPhase.Working -> rate run.StartedAt + path
        | RunPhase.Measuring(since, _) -> rate since + path
        | RunPhase.Draining _
        | RunPhase.Over -> "finishing"

    let private refresh = TimeSpan.FromMilliseconds 200.0

    /// The connection whose round trip and window are shown: the oldest that is open.
    let private shown (run: Run) =
        run.Sessions.Values
        |> Seq.tryFind (fun session -> session.IsStarted && not session.IsClosing)
        |> Option.map _.Connection

    let private draw
        (look: unit -> TimeUs * Run)
        (ask: ConnectionHandle -> Task<ConnectionStatistics option>)
        (completion: Task)
        (context: ProgressContext)
        : Task =
        task {
            let item = context.AddTask("connecting", maxValue = 1.0)

            while not completion.IsCompleted do
                let now, run = look ()

                let! statistics =
                    match shown run with
                    | Some connection -> ask connection
                    | None -> Task.FromResult None

                item.Value <- fraction now run
                item.Description <- describe now run statistics
                let! _ = Task.WhenAny(completion, Task.Delay refresh)
                ()
        }

    /// Draws a line on standard error until the run has ended, and wipes it. Where nobody watches it draws nothing. `look` gives
    /// the run as it is, `ask` what a connection has done.
    let watch
        (look: unit -> TimeUs * Run)
        (ask: ConnectionHandle -> Task<ConnectionStatistics option>)
        (completion: Task)
        : Task =
        if not Console.IsErrorRedirected then
            let terminal =
                AnsiConsole.Create(AnsiConsoleSettings(Out = AnsiConsoleOutput Console.Error))

            let columns: ProgressColumn array =
                [| SpinnerColumn()
                   ProgressBarColumn()
                   PercentageColumn()
                   TaskDescriptionColumn() |]

            terminal.Progress().AutoClear(true).Columns(columns).StartAsync(draw look ask completion)
        else
            completion
