namespace CoQuic.FSharp

open System.Collections.Generic

/// What holds for every endpoint, whatever its program does. One object an endpoint: it remembers what later effects must not
/// contradict.
[<Sealed>]
type internal EndpointRules() =

    let ended = HashSet<ConnectionHandle>()

    /// How far each stream's bytes have come, and whether that was the end.
    let received =
        Dictionary<struct (ConnectionHandle * StreamId), struct (uint64 * bool)>()

    let isInOrder (data: ReceiveStreamData) =
        let key = struct (data.Connection, data.Stream)

        let struct (expected, isFinished) =
            match received.TryGetValue key with
            | true, progress -> progress
            | false, _ -> struct (0UL, false)

        let next = data.Offset + uint64 data.Bytes.Length
        received[key] <- struct (next, data.Fin)

        let isFinalSize =
            not data.Fin || data.FinalSize |> Option.forall (fun size -> size = next)

        data.Offset = expected && not isFinished && isFinalSize

    let isSized (run: SendDatagram) =
        let size =
            if run.SegmentSize > 0 then
                min run.SegmentSize run.Bytes.Length
            else
                run.Bytes.Length

        size > 0 && size <= CoQuic.Engine.DatagramSizes.Largest

    let broken (effect: Effect) =
        match effect with
        | _ when ended.Contains effect.Connection -> Some EndpointRules.Silent
        | SendDatagram run when not (isSized run) -> Some EndpointRules.Sized
        | ReceiveStreamData data when not (isInOrder data) -> Some EndpointRules.Ordered
        | ConnectionClosed closed ->
            ended.Add closed.Connection |> ignore
            None
        | _ -> None

    /// No effect of a connection follows its end.
    static member Silent = "nothing is heard of a connection after its end"

    /// Stream bytes have no gap and no repetition.
    static member Ordered = "the bytes of a stream come once, in order, and then its end"

    /// A datagram can be sent.
    static member Sized = "a datagram has 1 to 65527 bytes"

    /// The first rule that a result's effects break.
    member _.Broken(result: QueryResult) : string option =
        result.Effects |> List.choose broken |> List.tryHead
