namespace CoQuic.Runtime.Tests

open System.Collections.Concurrent
open CoQuic.FSharp
open CoQuic.Runtime

/// An engine without QUIC: it has one connection a peer's route, hands received datagrams to the program as they are, and sends
/// DATAGRAMs as they are. What it was fed can be looked at.
type internal FakeEngine() =
    let fed = ConcurrentQueue<Input>()
    let mutable route = None

    let connection = ConnectionHandle.create 1UL

    let lifecycle event =
        ConnectionLifecycleEvent
            { Connection = connection
              Event = event }

    let send bytes =
        SendDatagram
            { Connection = connection
              Route = route
              Ecn = EcnCodepoint.NotEct
              IsPmtuProbe = false
              Bytes = bytes
              SegmentSize = max 1 bytes.Length }

    let received bytes =
        ReceiveDatagramData
            { Connection = connection
              Bytes = bytes }

    let pending effects =
        { QueryResult.ofEffects effects with
            SendPending = true }

    /// How many timer inputs it takes to do the work of "much": an engine bounds the work of a call.
    member val Continuations = 0 with get, set

    member _.Fed = List.ofSeq fed

    interface IEngine with
        member this.Feed(_, input) =
            fed.Enqueue input

            match input with
            | Input.SendDatagram datagram when Bytes.toString datagram.Bytes = "much" -> pending []
            | Input.SendDatagram datagram -> QueryResult.ofEffects [ send datagram.Bytes ]
            | Input.CloseConnection _ -> QueryResult.ofEffects [ send (Bytes.ofString "closed") ]
            | Input.TimerExpired when this.Continuations > 0 ->
                this.Continuations <- this.Continuations - 1

                if this.Continuations > 0 then
                    pending []
                else
                    QueryResult.ofEffects [ received (Bytes.ofString "done") ]
            | _ -> QueryResult.empty

        member _.ConnectionCount = if route.IsSome then 1 else 0
        member _.Statistics _ = None
        member _.Drops() = Map.empty

        member _.Open(_, request) =
            route <- Some request.Route
            struct (Some connection, QueryResult.ofEffects [ lifecycle Lifecycle.Created ])

        member _.Receive(_, run) =
            let isNew = route.IsNone
            route <- Option.ofNullable run.Route
            let bytes = Bytes.Wrap(System.Memory.op_Implicit run.Buffer)

            QueryResult.ofEffects
                [ if isNew then
                      lifecycle Lifecycle.Accepted
                  received bytes ]

        member _.Dispose() = ()
