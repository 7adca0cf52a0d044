namespace CoQuic.FSharp

/// What a host tells a running program.
[<RequireQualifiedAccess>]
type Occurrence<'message> =
    /// An input to the endpoint had this result.
    | Result of result: QueryResult
    /// `Action.Open` had this result; there is no connection where the endpoint refused.
    | Opened of tag: OpenTag * connection: ConnectionHandle option * result: QueryResult
    /// `Action.Open` failed before the endpoint was asked.
    | OpenFailed of tag: OpenTag * error: OpenError
    /// Somebody posted a message.
    | Posted of message: 'message
    /// The timer of the last `SetTimer` went off; an early call is harmless.
    | Elapsed

/// A program joined to an interpreter: what every host turns.
[<NoEquality; NoComparison>]
type Running<'model, 'message> =
    {
        /// The program.
        Program: Program<'model, 'message>
        /// Its model.
        Model: 'model
        /// What is known of its connections.
        Interpreter: Interpreter
        /// What `After` asked for, by due time and then by order of request.
        Timers: Map<TimeUs * uint64, 'message>
        /// How many `After` commands there were.
        TimersStarted: uint64
        /// What the host was last told to set its timer to.
        Deadline: TimeUs option
        /// Whether the program has said `Stop`.
        IsStopped: bool
    }

/// Turns a program. Pure: the host performs the actions, in order, and reports what comes of them.
module Running =

    /// A turn under way: what changes often, actions so far, newest first, and signals that commands raised, newest first. The
    /// running program gets its model and its interpreter back when the turn is over.
    [<Struct; NoEquality; NoComparison>]
    type private Turn<'model, 'message> =
        { Running: Running<'model, 'message>
          Model: 'model
          Interpreter: Interpreter
          Actions: Action list
          Raised: Event<'message> list }

    let private act action turn =
        { turn with
            Actions = action :: turn.Actions }

    /// The interpreter's timer is one of two that make the host's deadline; `settle` tells the host.
    let private perform action turn =
        match action with
        | Action.SetTimer _
        | Action.ClearTimer -> turn
        | Action.Transmit _
        | Action.Reenter
        | Action.Feed _
        | Action.Open _
        | Action.Migrate _
        | Action.Record _
        | Action.Stop -> act action turn

    let rec private raiseOutputs outputs turn =
        match outputs with
        | [] -> turn
        | Perform action :: rest -> turn |> perform action |> raiseOutputs rest
        | Notify signal :: rest ->
            { turn with
                Raised = Network signal :: turn.Raised }
            |> raiseOutputs rest

    /// A command that the interpreter understands.
    let private interpret (interpreter, outputs) (turn: Turn<'model, 'message>) =
        { turn with Interpreter = interpreter } |> raiseOutputs outputs

    let private startTimer now delay message turn =
        let running = turn.Running

        { turn with
            Running =
                { running with
                    Timers =
                        running.Timers
                        |> Map.add (TimeUs.after delay now, running.TimersStarted) message
                    TimersStarted = running.TimersStarted + 1UL } }

    let private cancelTimers message turn =
        { turn with
            Running =
                { turn.Running with
                    Timers = turn.Running.Timers |> Map.filter (fun _ waiting -> waiting <> message) } }

    let private closeWithoutError handle =
        Action.Feed(
            Input.CloseConnection
                { Connection = handle
                  ApplicationErrorCode = 0UL
                  Reason = "" }
        )

    let private stop turn =
        let closes =
            [ for KeyValue(handle, _) in turn.Interpreter.Connections -> closeWithoutError handle ]

        let turn = closes |> List.fold (fun turn close -> act close turn) turn

        { act Action.Stop turn with
            Running =
                { turn.Running with
                    Timers = Map.empty
                    IsStopped = true } }

    let private execute now turn command =
        match command with
        | _ when turn.Running.IsStopped -> turn
        | Command.Open(tag, request) -> interpret (Interpreter.openConnection tag request turn.Interpreter) turn
        | Command.OpenStream(handle, kind, tag) ->
            interpret (Interpreter.openStream handle kind tag turn.Interpreter) turn
        | Command.Send data -> act (Action.Feed(Input.SendStreamData data)) turn
        | Command.SendDatagram datagram -> act (Action.Feed(Input.SendDatagram datagram)) turn
        | Command.Consume data -> act (Action.Feed(Input.ConsumeStreamData data)) turn
        | Command.Reset reset -> act (Action.Feed(Input.ResetStream reset)) turn
        | Command.StopSending stop -> act (Action.Feed(Input.StopSending stop)) turn
        | Command.Close close -> act (Action.Feed(Input.CloseConnection close)) turn
        | Command.RequestKeyUpdate handle -> act (Action.Feed(Input.RequestKeyUpdate handle)) turn
        | Command.RequestMigration(handle, target) -> act (Action.Migrate(handle, target)) turn
        | Command.AnswerCertificate answer -> act (Action.Feed(Input.AnswerCertificate answer)) turn
        | Command.AnswerIdentity answer -> act (Action.Feed(Input.AnswerIdentity answer)) turn
        | Command.After(delay, message) -> startTimer now delay message turn
        | Command.Cancel message -> cancelTimers message turn
        | Command.Stop -> stop turn

    /// A stopped program has no use for a connection that comes into being late.
    let private hearNoMore event turn =
        match event with
        | Network(Signal.Opened(_, handle))
        | Network(Signal.Accepted handle) -> act (closeWithoutError handle) turn
        | Network _
        | Message _ -> turn

    let rec private executeAll now commands turn =
        match commands with
        | [] -> turn
        | command :: rest -> execute now turn command |> executeAll now rest

    let private update now event turn =
        if turn.Running.IsStopped then
            hearNoMore event turn
        else
            let model, commands = turn.Running.Program.Update now event turn.Model
            { turn with Model = model } |> executeAll now commands

    let rec private updateAll now events turn =
        match events with
        | [] -> turn
        | event :: rest -> update now event turn |> updateAll now rest

    /// What commands raised comes after all that was there before; and so on, until nothing is raised.
    let rec private hearRaised now turn =
        match turn.Raised with
        | [] -> turn
        | raised -> { turn with Raised = [] } |> updateAll now (List.rev raised) |> hearRaised now

    /// Outputs in their places: actions are collected, a signal updates the model at once.
    let rec private hear now outputs turn =
        match outputs with
        | [] -> turn
        | Perform action :: rest -> turn |> perform action |> hear now rest
        | Notify signal :: rest -> turn |> update now (Network signal) |> hear now rest

    let private follow now (interpreter, outputs) (turn: Turn<'model, 'message>) =
        { turn with Interpreter = interpreter } |> hear now outputs

    let private takeDue (now: TimeUs) turn =
        let isDue (at: TimeUs, _: uint64) = at.Microseconds <= now.Microseconds

        let due =
            turn.Running.Timers |> Map.toSeq |> Seq.takeWhile (fst >> isDue) |> Seq.toList

        let timers =
            due
            |> List.fold (fun timers (key, _) -> Map.remove key timers) turn.Running.Timers

        List.map snd due,
        { turn with
            Running =
                { turn.Running with
                    Timers = timers
                    Deadline = None } }

    let private elapse now turn =
        let messages, turn = takeDue now turn

        let turn = updateAll now (List.map Message messages) turn
        follow now (Interpreter.elapsed now turn.Interpreter) turn

    let private onOccurrence now occurrence turn =
        let interpreter = turn.Interpreter

        match occurrence with
        | Occurrence.Result result -> follow now (Interpreter.fold now interpreter result) turn
        | Occurrence.Opened(tag, handle, result) ->
            follow now (Interpreter.opened now tag handle interpreter result) turn
        | Occurrence.OpenFailed(tag, error) -> follow now (Interpreter.refused tag error interpreter) turn
        | Occurrence.Posted message -> update now (Message message) turn
        | Occurrence.Elapsed -> elapse now turn

    let private firstTimer (timers: Map<TimeUs * uint64, 'message>) =
        if timers.IsEmpty then
            None
        else
            Some(timers |> Map.minKeyValue |> fst |> fst)

    /// The host has one timer: the earlier of the endpoint's and the program's.
    let private settle (turn: Turn<'model, 'message>) =
        let running = turn.Running
        let deadline = TimeUs.earliest turn.Interpreter.Wakeup (firstTimer running.Timers)

        let turn =
            if TimeUs.isSame deadline running.Deadline then
                turn
            else
                act
                    (match deadline with
                     | Some at -> Action.SetTimer at
                     | None -> Action.ClearTimer)
                    turn

        { running with
            Model = turn.Model
            Interpreter = turn.Interpreter
            Deadline = deadline },
        List.rev turn.Actions

    let private finish now turn = turn |> hearRaised now |> settle

    let private turnOf (running: Running<'model, 'message>) : Turn<'model, 'message> =
        { Running = running
          Model = running.Model
          Interpreter = running.Interpreter
          Actions = []
          Raised = [] }

    /// The program at its first instant, and what its host has to do.
    let start (now: TimeUs) (program: Program<'model, 'message>) : Running<'model, 'message> * Action list =
        let model, commands = program.Init

        let running =
            { Program = program
              Model = model
              Interpreter = Interpreter.empty
              Timers = Map.empty
              TimersStarted = 0UL
              Deadline = None
              IsStopped = false }

        turnOf running |> executeAll now commands |> finish now

    /// Most inputs change nothing but what the endpoint holds: there is nothing to fold then (the interpreter's second law).
    let private isSilent (running: Running<'model, 'message>) (result: QueryResult) =
        result.Effects.IsEmpty
        && result.LocalError.IsNone
        && TimeUs.isSame result.NextWakeup running.Interpreter.Wakeup

    /// What an occurrence makes of the program, and what its host has to do. A stopped program hears nothing, but its
    /// endpoint is still interpreted, so that the host can send what closing takes.
    let deliver
        (now: TimeUs)
        (occurrence: Occurrence<'message>)
        (running: Running<'model, 'message>)
        : Running<'model, 'message> * Action list =
        match occurrence with
        | Occurrence.Result result when isSilent running result ->
            running, (if result.SendPending then [ Action.Reenter ] else [])
        | Occurrence.Result _
        | Occurrence.Opened _
        | Occurrence.OpenFailed _
        | Occurrence.Posted _
        | Occurrence.Elapsed -> turnOf running |> onOccurrence now occurrence |> finish now
