namespace CoQuic.Runtime

open System
open CoQuic.FSharp

/// The engine as an agent turns it: one input at one instant, one result.
type internal IEngine =
    inherit IDisposable

    abstract Feed: now: TimeUs * input: Input -> QueryResult

    /// Opens a connection; no handle when it is refused.
    abstract Open: now: TimeUs * request: OpenConnection -> struct (ConnectionHandle option * QueryResult)

    /// Takes a received run, and its memory.
    abstract Receive: now: TimeUs * run: inref<OwnedDatagram> -> QueryResult
