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

    member this.End(outcome: Result<IPEndPoint, RuntimeError>) =
        match outcome with
        | Ok local ->
            connection.Local <- ValueSome local
            source.TrySetResult local |> ignore
        | Error error -> this.Fail error

/// The moves of a hub's connections, one a connection at a time (RFC 9000 §9.2): each begins once the handshake is confirmed, and
/// behind the way to the address that the server prefers. To go both ways at once would take both addresses at both ends (§9.6.3).
[<Sealed>]
type internal Moves() =

    let pending = Dictionary<ConnectionHandle, PendingMove>()

    /// On their way to the address that their server prefers.
    let following = HashSet<ConnectionHandle>()

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
        if move.Connection.IsConfirmed && not (following.Contains handle) then
            command move
        else
            []

    /// A handshake was confirmed: the server may prefer to be reached elsewhere (RFC 9000 §9.6.1).
    member _.OnConfirmed(handle: ConnectionHandle, preferred: IPEndPoint option) =
        match preferred, pending.TryGetValue handle with
        | Some address, _ ->
            following.Add handle |> ignore
            [ Command.RequestMigration(handle, MigrationTarget.PreferredAddress address) ]
        | None, (true, move) -> command move
        | None, _ -> []

    /// A connection got where it went, or stayed where it was; whether it went where its server prefers, so that `OnSettled` is due.
    member _.OnEnded(handle: ConnectionHandle, outcome: Result<IPEndPoint, RuntimeError>) : bool =
        let isSettled = following.Contains handle

        if not isSettled then
            take handle |> ValueOption.iter _.End(outcome)

        isSettled

    /// It is settled whether a connection uses the address that its server prefers.
    member _.OnSettled(handle: ConnectionHandle) =
        following.Remove handle |> ignore

        match pending.TryGetValue handle with
        | true, move -> command move
        | _ -> []

    /// A connection ended.
    member _.OnClosed(handle: ConnectionHandle, error: exn) =
        following.Remove handle |> ignore

        take handle
        |> ValueOption.iter (fun move -> move.Source.TrySetException error |> ignore)
