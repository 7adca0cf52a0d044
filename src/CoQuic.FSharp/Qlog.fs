namespace CoQuic.FSharp

open System
open CoQuic

/// qlog as JSON text sequences (RFC 7464), one file a connection: a header, then a line for each event. Viewers such as qvis read
/// it. Everything here is pure; the runtime writes the files.
[<RequireQualifiedAccess>]
module Qlog =

    /// The event that begins a connection's trace, if this is one.
    let private started (event: QlogEvent) : Engine.QlogConnectionStarted option =
        match event with
        | :? Engine.QlogConnectionStarted as started -> Some started
        | _ -> None

    /// The file's name, where the event is a connection's first: `<original destination ID>_<role>.sqlog`.
    let fileName (event: QlogEvent) : string option =
        started event |> Option.map Engine.QlogWriter.FileName

    /// The first record of the file, where the event is a connection's first. Without the calendar time, the same run gives the
    /// same bytes.
    let header (utc: DateTimeOffset option) (event: QlogEvent) : Bytes option =
        started event
        |> Option.map (fun started -> Engine.QlogWriter.Header(started, Option.toNullable utc))

    /// One event, so long after the connection's first.
    let line (sinceStart: TimeSpan) (event: QlogEvent) : Bytes =
        Engine.QlogWriter.Event(sinceStart, event)

    /// Whether the event is a connection's last.
    let isLast (event: QlogEvent) : bool = event :? Engine.QlogConnectionClosed

    /// A connection's whole file, from the records of its `Trace`s in order. Events that precede its first are left out.
    let file (utc: DateTimeOffset option) (records: TraceRecord list) : Bytes =
        let events =
            records
            |> List.choose (fun record ->
                match record with
                | TraceRecord.Qlog(time, event) -> Some(time, event)
                | TraceRecord.KeyLogLine _ -> None)
            |> List.skipWhile (fun (_, event) -> Option.isNone (started event))

        match events with
        | [] -> Bytes.empty
        | (start, first) :: _ ->
            Bytes.concat
                [ yield! Option.toList (header utc first)
                  for time, event in events do
                      line (time - start) event ]
