namespace CoQuic.Runtime

open System.Collections.Generic
open System.Net
open System.Threading.Tasks
open CoQuic.FSharp

/// A move that somebody waits for.
[<Sealed>]
type internal PendingMove(connection: ConnectionCore, local: IPEndPoint option) =

    let source =
        TaskCompletionSource<IPEndPoint>(TaskCreationOptions.RunContinuationsAsynchronously)

    member _.Connection = connection

    /// Where to; none for any free port.
    member _.Local = local

    /// The local address that the connection is at then.
    member _.Source = source

    member _.Fail(error: RuntimeError) =
        source.TrySetException(QuicExceptions.ofError error) |> ignore

/// The moves of a hub's connections, one a connection at a time (RFC 9000 §9.2): each begins once the handshake is confirmed.
[<Sealed>]
type internal Moves() =

    let pending = Dictionary<ConnectionHandle, PendingMove>()

    let command (move: PendingMove) =
        let target =
            match move.Local with
            | Some local -> MigrationTarget.LocalAddress local
            | None -> MigrationTarget.AnotherLocalAddress

        [ Command.RequestMigration(move.Connection.Handle, target) ]

    let take handle : PendingMove voption =
        match pending.TryGetValue handle with
        | true, move ->
            pending.Remove handle |> ignore
            ValueSome move
        | _ -> ValueNone

    /// Somebody wants to move; who wanted it before, and waits still, is told that it was in vain.
    member _.Begin(move: PendingMove) =
        let handle = move.Connection.Handle

        take handle
        |> ValueOption.iter _.Fail(RuntimeError.Aborted "Another move took its place.")

        pending.Add(handle, move)
        // RFC 9000 §9: not before the handshake is confirmed.
        if move.Connection.IsConfirmed then command move else []

    /// A handshake was confirmed.
    member _.OnConfirmed(handle: ConnectionHandle) =
        match pending.TryGetValue handle with
        | true, move -> command move
        | _ -> []

    /// A move ended, one way or the other.
    member _.OnEnded(handle: ConnectionHandle, outcome: Result<IPEndPoint, RuntimeError>) =
        match take handle, outcome with
        | ValueSome move, Ok local ->
            move.Connection.Local <- ValueSome local
            move.Source.TrySetResult local |> ignore
        | ValueSome move, Error error -> move.Fail error
        | ValueNone, _ -> ()

    /// A connection ended.
    member _.OnClosed(handle: ConnectionHandle, error: exn) =
        take handle
        |> ValueOption.iter (fun move -> move.Source.TrySetException error |> ignore)
