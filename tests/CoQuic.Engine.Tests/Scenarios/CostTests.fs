/// Cost grows as the work does. What is counted is the same on every machine: datagrams, and bytes that the heap gave out.
module CoQuic.Engine.Tests.Scenarios.CostTests

open System
open System.Runtime.CompilerServices
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

let private minute = TimeSpan.FromMinutes 1.0

/// Growth beyond this is more than chance: what grows with the square would be ten times as much.
let private tolerance = 1.5

type private Cost =
    { Datagrams: float
      AllocatedBytes: float }

let private connected server link =
    let pair = withConfigs (clientConfig 3UL) server 3 link
    connect pair
    Expect.isTrue (runUntil minute confirmed pair) "confirmed"
    pair

/// What some work costs both sides, by the piece.
let private costOf pieces pair work =
    let sent () = pair.Sent[Client] + pair.Sent[Server]
    let sentBefore = sent ()
    let before = GC.GetAllocatedBytesForCurrentThread()
    work ()

    { Datagrams = float (sent () - sentBefore) / float pieces
      AllocatedBytes = float (GC.GetAllocatedBytesForCurrentThread() - before) / float pieces }

let private expectNoGrowth few many =
    Expect.isLessThan many.Datagrams (tolerance * few.Datagrams) "datagrams by the piece"
    Expect.isLessThan many.AllocatedBytes (tolerance * few.AllocatedBytes) "allocated bytes by the piece"

/// Unidirectional streams of a hundred bytes, all written before the first is acknowledged.
let private streams count =
    let transport = TransportConfig(InitialMaxStreamsUni = 20_000UL)

    let server = serverConfig "test" 3UL |> having [ "Transport", box transport ]

    let pair = connected server ideal
    let payload = Array.zeroCreate<byte> 100

    let cost =
        costOf count pair (fun () ->
            for index in 0 .. count - 1 do
                let stream = StreamId(4UL * uint64 index + 2UL)
                Expect.isNone (send Client stream payload true pair) "written"

            pass (TimeSpan.FromSeconds 20.0) pair)

    let ended = told<ReceiveStreamDataEffect> Server pair |> List.filter _.Fin
    Expect.hasLength ended count "every stream has arrived"
    cost

/// A transfer of so many blocks of 64 KiB, one packet in ten lost.
let private lossy blocks =
    let pair = connected (serverConfig "test" 3UL) { ideal with Loss = 0.1 }
    let bytes = Array.zeroCreate<byte>(blocks * 65_536)

    let cost =
        costOf blocks pair (fun () ->
            Expect.isNone (send Client (StreamId 0UL) bytes true pair) "written"
            pass (TimeSpan.FromMinutes 30.0) pair)

    let received =
        told<ReceiveStreamDataEffect> Server pair
        |> List.sumBy (fun part -> part.Bytes.Length)

    Expect.equal received bytes.Length "all has arrived"
    cost

/// A hundred writes on one connection of an endpoint that holds so many.
let private amongConnections count =
    let pair = connected (serverConfig "test" 3UL) ideal

    for _ in 2..count do
        connect pair

    pass (TimeSpan.FromSeconds 5.0) pair
    Expect.equal pair.Server.ConnectionCount count "all connections are there"

    costOf 100 pair (fun () ->
        for index in 0..99 do
            Expect.isNone (send Client (StreamId(4UL * uint64 index)) [| 1uy |] true pair) "written")

/// What both ends of an idle connection may keep on the heap, together.
let private idleBound = 48.0 * 1024.0

/// So many more connections, idle, and nothing kept of how they came to be but what they keep themselves.
let private rest count pair =
    for _ in 1..count do
        connect pair

    pass (TimeSpan.FromSeconds 5.0) pair

    for effects in [ pair.ClientEffects; pair.ServerEffects ] do
        effects.Clear()
        effects.TrimExcess()

let private heap () =
    GC.Collect()
    GC.WaitForPendingFinalizers()
    float (GC.GetTotalMemory true)

/// A datagram for the server in memory that it takes over. Nobody holds that memory here any more, once this has returned.
[<MethodImpl(MethodImplOptions.NoInlining)>]
let private deliver (datagram: Bytes) pair =
    let memory = datagram.Span.ToArray()

    let input =
        OwnedDatagram(
            Memory memory,
            0,
            Nullable(RouteHandle 1UL),
            EcnCodepoint.Unavailable,
            AddressValidationIdentity = pair.ClientAddress
        )

    absorb Server (pair.Server.ReceiveOwnedDatagram(pair.Now, &input)) pair
    WeakReference memory

/// The heap is everybody's: no other test may run meanwhile.
let private idle =
    testSequenced
    <| testList
        "at rest"
        [ testCase "both ends of an idle connection keep little"
          <| fun () ->
              let pair = connected (serverConfig "test" 3UL) ideal
              pair.Watches.Clear()
              rest 49 pair
              let before = heap ()
              rest 200 pair
              let each = (heap () - before) / 200.0
              Expect.equal (pair.Client.ConnectionCount, pair.Server.ConnectionCount) (250, 250) "all are there"
              Expect.isLessThan each idleBound "bytes of the heap"

          testCase "the memory of the last datagram does not wait for the next"
          <| fun () ->
              let pair = connected (serverConfig "test" 3UL) ideal
              let mutable last = Bytes.Empty

              pair.Tamper <-
                  fun side _ datagram ->
                      if side = Client then
                          last <- datagram

                      datagram

              pass (TimeSpan.FromSeconds 5.0) pair
              Expect.isFalse last.IsEmpty "the client has acknowledged something"
              let memory = deliver last pair
              heap () |> ignore
              Expect.isFalse memory.IsAlive "nobody keeps it"
              GC.KeepAlive pair.Server ]

[<Tests>]
let tests =
    testList
        "scenario: cost"
        [ testCase "ten thousand streams on one connection cost no more by the stream than a hundred"
          <| fun () ->
              streams 100 |> ignore
              expectNoGrowth (streams 100) (streams 10_000)

          testCase "with one packet in ten lost, a long transfer costs no more by the byte than a short one"
          <| fun () ->
              lossy 4 |> ignore
              expectNoGrowth (lossy 8) (lossy 64)

          testCase "a connection costs the same alone and among a thousand"
          <| fun () ->
              amongConnections 2 |> ignore
              expectNoGrowth (amongConnections 1) (amongConnections 1_000)

          idle ]
