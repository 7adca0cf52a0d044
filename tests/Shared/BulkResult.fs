/// What the engine answers in the middle of a bulk transfer, as values: for measuring what is done with it.
module CoQuic.Tests.BulkResult

open CoQuic.FSharp

let private connection = ConnectionHandle.create 1UL

let private effect payload number =
    let stream = StreamId.clientBidirectional 0UL

    match number % 8 with
    | 0 ->
        SendProgress
            { Connection = connection
              Stream = stream
              Released = 1200UL
              Buffered = 64_000UL }
    | 1
    | 2
    | 3 ->
        SendDatagram
            { Connection = connection
              Route = Some(RouteHandle 1UL)
              Ecn = EcnCodepoint.Ect0
              IsPmtuProbe = false
              Bytes = payload
              SegmentSize = 1200 }
    | _ ->
        ReceiveStreamData
            { Connection = connection
              Stream = stream
              Offset = 1200UL * uint64 number
              Bytes = payload
              Fin = false
              FinalSize = None }

/// A result of so many effects: runs to send, stream data, and some progress.
let ofEffects (count: int) : QueryResult =
    let payload = Bytes.ofArray (Array.zeroCreate 1200)

    { QueryResult.ofEffects [ for number in 1..count -> effect payload number ] with
        NextWakeup = Some(TimeUs 1000L) }

/// An interpreter that knows the connection.
let accepted: Interpreter =
    let accepted =
        ConnectionLifecycleEvent
            { Connection = connection
              Event = Lifecycle.Accepted }

    Interpreter.fold TimeUs.zero Interpreter.empty (QueryResult.ofEffects [ accepted ])
    |> fst
