/// What a bulk transfer costs by the packet, in bytes that the heap gives out, through engine, interpreter and program: the whole
/// stack but sockets. The figure is the same on every machine.
module CoQuic.FSharp.Tests.CostTests

open System
open System.Collections.Generic
open Expecto
open CoQuic.FSharp
open CoQuic.FSharp.Tests.TransferProgram

/// A side of a transfer with its host, which counts what handling its inputs allocates.
[<Sealed>]
type private Side<'model>(endpoint: Endpoint, program: Program<'model, unit>) =
    let route = RouteHandle 1UL
    let actions, sent = Queue<Action>(), Queue<SendDatagram>()
    let mutable running, first = Running.start TimeUs.zero program
    let mutable isPending = false

    do List.iter actions.Enqueue first

    let deliver now occurrence =
        let next, more = Running.deliver now occurrence running
        running <- next

        for action in more do
            actions.Enqueue action

    let connect now tag request =
        let input = OpenRequest.toInput route Bytes.empty request
        let handle, result = Endpoint.connect now input endpoint
        deliver now (Occurrence.Opened(tag, handle, result))

    let perform now action =
        match action with
        | Action.Transmit run -> sent.Enqueue run
        | Action.Reenter -> isPending <- true
        | Action.Feed input -> deliver now (Occurrence.Result(Endpoint.apply now input endpoint))
        | Action.Open(tag, request) -> connect now tag request
        | _ -> ()

    let rec settle now =
        while actions.Count > 0 do
            perform now (actions.Dequeue())

        if isPending then
            isPending <- false
            deliver now (Occurrence.Result(Endpoint.timerExpired now endpoint))
            settle now

    let counting work =
        let before = GC.GetAllocatedBytesForCurrentThread()
        work ()
        GC.GetAllocatedBytesForCurrentThread() - before

    member _.Model = running.Model

    /// Runs on their way.
    member _.Sent = sent

    /// Lets time pass; what it allocates.
    member _.Wake(now: TimeUs) =
        counting (fun () ->
            deliver now Occurrence.Elapsed
            settle now)

    /// Takes a run in, in memory of its own; what handling it allocates.
    member _.Hear(now: TimeUs, run: SendDatagram) =
        let memory = Memory(Bytes.toArray run.Bytes)

        counting (fun () ->
            let datagram =
                OwnedDatagram(memory, run.SegmentSize, Nullable route, run.Ecn, Bytes.empty)

            deliver now (Occurrence.Result(Endpoint.receiveOwned now datagram endpoint))
            settle now)

let private chunk = Bytes.ofArray (Array.zeroCreate (1024 * 1024))

/// Opens a stream and sends so many MiB.
let private sender count : Program<unit, unit> =
    { Init = (), [ Command.connect 1 "server" 443 ]
      Update =
        fun _ event () ->
            match event with
            | Network(Signal.HandshakeReady(connection, _)) ->
                (), [ Command.OpenStream(connection, StreamKind.Bidirectional, 1) ]
            | Network(Signal.StreamOpened(_, connection, stream)) ->
                (),
                [ for number in 1..count do
                      if number < count then
                          Command.send connection stream chunk
                      else
                          Command.sendLast connection stream chunk ]
            | _ -> (), [] }

/// Counts the bytes that come in.
let private receiver: Program<int, unit> =
    { Init = 0, []
      Update =
        fun _ event total ->
            match event with
            | Network(Signal.StreamData data) -> total + data.Bytes.Length, []
            | _ -> total, [] }

let private endpointOf role config =
    let sources =
        Sources.create
            (SeededEntropy(1UL, string role))
            TimeUs.zero
            (DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))

    let config =
        { config with
            DefersSends = true
            Transport.ReceiveCredit = ReceiveCredit.Automatic }

    match Endpoint.create sources config with
    | Ok endpoint -> endpoint
    | Error error -> failtest $"{error}"

/// What a side has allocated, and the packets and bytes that it has sent.
type private Account =
    { Allocated: int64
      Packets: int
      Bytes: int64 }

let private nothing =
    { Allocated = 0L
      Packets = 0
      Bytes = 0L }

/// Moves the runs of one side to the other: the accounts of both afterwards.
let private carry now (source: Side<'source>) (target: Side<'target>) (ofSource, ofTarget) =
    let mutable ofSource, ofTarget = ofSource, ofTarget

    while source.Sent.Count > 0 do
        let run = source.Sent.Dequeue()

        ofSource <-
            { ofSource with
                Packets = ofSource.Packets + SendDatagram.count run
                Bytes = ofSource.Bytes + int64 run.Bytes.Length }

        ofTarget <-
            { ofTarget with
                Allocated = ofTarget.Allocated + target.Hear(now, run) }

    ofSource, ofTarget

let private wake now (side: Side<'model>) account =
    { account with
        Allocated = account.Allocated + side.Wake now }

/// A transfer of so many MiB; the accounts of sender and receiver.
let private transfer count =
    let client = Side(endpointOf Role.Client clientConfig, sender count)
    let server = Side(endpointOf Role.Server serverConfig, receiver)
    let mutable now = TimeUs.zero
    let mutable accounts = nothing, nothing

    while server.Model < count * chunk.Length && now < TimeUs.ofSeconds 60.0 do
        now <- TimeUs.after (TimeSpan.FromMicroseconds 500.0) now
        accounts <- wake now client (fst accounts), wake now server (snd accounts)
        accounts <- carry now client server accounts
        let ofServer, ofClient = carry now server client (snd accounts, fst accounts)
        accounts <- ofClient, ofServer

    Expect.equal server.Model (count * chunk.Length) "all has arrived"
    accounts

/// Beyond the bytes that effects carry, by the packet.
let private bound = 100.0

[<Tests>]
let tests =
    testSequenced
    <| testList
        "cost by the packet"
        [ testCase "a bulk transfer allocates little beyond its bytes, at both ends"
          <| fun () ->
              // What is needed once (a handshake, windows that have grown, records of all that is in flight) is in both transfers.
              let sentBefore, receivedBefore = transfer 40
              let sent, received = transfer 120
              let packets = float (sent.Packets - sentBefore.Packets)
              let beyond account = account.Allocated - account.Bytes

              Expect.isGreaterThan packets 20_000.0 "packets"
              Expect.isLessThan (float (beyond sent - beyond sentBefore) / packets) bound "bytes a packet sent"

              Expect.isLessThan
                  (float (beyond received - beyond receivedBefore) / packets)
                  bound
                  "bytes a packet received" ]
