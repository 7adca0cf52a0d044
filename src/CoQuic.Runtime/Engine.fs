namespace CoQuic.Runtime

open System
open CoQuic.FSharp

/// The engine as an agent turns it: one input at one instant, one result.
type internal IEngine =
    inherit IDisposable

    abstract Feed: now: TimeUs * input: Input -> QueryResult

    /// Opens a connection; no handle when it is refused.
    abstract Open: now: TimeUs * request: OpenConnection -> struct (ConnectionHandle option * QueryResult)

    /// The connections it holds, closing and draining ones included.
    abstract ConnectionCount: int

    /// What a connection has done so far; none when it is not held any more.
    abstract Statistics: connection: ConnectionHandle -> ConnectionStatistics option

    /// What was dropped so far, by reason.
    abstract Drops: unit -> Map<DropReason, uint64>

    /// Takes a received run, and its memory.
    abstract Receive: now: TimeUs * run: inref<OwnedDatagram> -> QueryResult
