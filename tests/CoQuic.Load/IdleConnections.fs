/// Many connections that do nothing.
module CoQuic.Load.IdleConnections

open System.Collections.Concurrent
open System.Threading.Tasks
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Load.Load

/// Holds what connects. `heap` asks for the bytes that are alive, `count` for the connections.
let serve () : int =
    let server = listen 4096
    let held = ConcurrentBag<QuicConnection>()

    let holding =
        task {
            while true do
                let! connection = server.AcceptConnectionAsync()
                held.Add connection
        }

    ignore (holding: Task<unit>)

    answerLines (function
        | "heap" -> Some(string (heap ()))
        | "count" -> Some(string held.Count)
        | _ -> None)

    0

/// How far it is: connections asked for, and those that are there.
type private Progress = { Asked: int; Ready: int }

/// Handshakes under way at a time.
let private window = 64

let private openNext port count progress =
    if progress.Asked < count then
        { progress with
            Asked = progress.Asked + 1 },
        [ Command.connect progress.Asked "127.0.0.1" port ]
    else
        progress, []

/// Opens connections from one socket and keeps them; `ready` is told once all are there.
let private program port count (ready: unit -> unit) : Program<Progress, unit> =
    let first = min window count

    { Init = { Asked = first; Ready = 0 }, [ for tag in 0 .. first - 1 -> Command.connect tag "127.0.0.1" port ]
      Update =
        fun _ event progress ->
            match event with
            | Network(Signal.HandshakeReady _) ->
                let progress =
                    { progress with
                        Ready = progress.Ready + 1 }

                if progress.Ready = count then
                    ready ()

                openNext port count progress
            | Network(Signal.Refused(_, error)) ->
                say $"refused: {error}"
                progress, []
            | Network(Signal.Closed closed) ->
                say $"closed: {closed.Reason}"
                progress, []
            | Network _
            | Message _ -> progress, [] }

/// Opens so many connections, says `ready`, and ends with standard input.
let connect port count : int =
    let options = RuntimeOptions.create clientEndpoint |> patient

    match Runtime.start options (program port count (fun () -> say "ready")) with
    | Error error ->
        say (string error)
        1
    | Ok agent ->
        answerLines (fun _ -> None)
        agent.Stop().Wait()
        0
