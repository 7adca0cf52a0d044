/// A sender with a controller, and a path that delivers at a rate after a while: a control loop without datagrams.
module internal CoQuic.Engine.Tests.Congestion.Loop

open System
open System.Collections.Generic
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender

/// Entropy that is always the same byte.
let constantly (value: byte) =
    { new IEntropy with
        member _.Fill destination = destination.Fill value }

/// Packets of 1,200 bytes over a bottleneck with a queue of so many bytes; each is acknowledged by itself.
type Loop(controller: ICongestionController, bytesPerSecond: float, roundTripMilliseconds: float, queueBytes: float) =
    let sender = Sender(Role.Server, controller, confirmed)
    let arrivals = PriorityQueue<uint64, struct (int64 * uint64)>()
    let mutable now = TimeUs.Zero
    let mutable idleAt = 0.0
    let mutable delivered = 0UL

    let transmit () =
        let number = sender.Send now
        let start = max idleAt (float now.Microseconds)
        let waiting = (start - float now.Microseconds) * bytesPerSecond / 1e6

        if waiting + float datagramSize <= queueBytes then
            idleAt <- start + float datagramSize * 1e6 / bytesPerSecond
            let back = int64 (idleAt + roundTripMilliseconds * 1000.0)
            arrivals.Enqueue(number, struct (back, number))

    let nextArrival () =
        let mutable number = 0UL
        let mutable priority = struct (0L, 0UL)

        if arrivals.TryPeek(&number, &priority) then
            let struct (at, _) = priority
            Some(TimeUs at)
        else
            None

    let arrive () =
        while nextArrival () |> Option.exists (fun at -> at <= now) do
            delivered <- delivered + uint64 datagramSize
            sender.Ack now [ arrivals.Dequeue() ]

    let nextRelease () =
        if sender.Path.AvailableWindow >= uint64 datagramSize then
            sender.Path.Pacer.NextRelease(now, UInt64.MaxValue) |> Option.ofNullable
        else
            None

    member _.Now = now
    member _.Sender = sender

    /// Bytes delivered so far.
    member _.Delivered = delivered

    /// Goes on until so many milliseconds, and shows each step.
    member _.Run (until: float) (see: unit -> unit) =
        let mutable isAlive = true

        while isAlive && now < ms until do
            while sender.Path.CanSend(now, datagramSize) do
                transmit ()

            match List.choose id [ nextArrival (); nextRelease (); Option.ofNullable sender.Detector.Deadline ] with
            | [] -> isAlive <- false
            | times ->
                now <- TimeUs.Max(now, List.min times)
                arrive ()
                sender.Timeout now |> ignore
                see ()
