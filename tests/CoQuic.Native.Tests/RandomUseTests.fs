/// Callers that do anything at any time, over a network that loses, repeats and damages: what sections 6 to 10 of docs/abi.md promise of
/// every result holds for each of thousands.
module CoQuic.Native.Tests.RandomUseTests

open System
open System.Collections.Generic
open Expecto
open CoQuic.Native
open CoQuic.Native.Tests.Abi
open CoQuic.Native.Tests.Two
open CoQuic.Tests

let private connectionOf told =
    match told with
    | Send send -> send.Connection
    | StreamData data -> data.On
    | Datagram(connection, _)
    | Reset(connection, _, _, _)
    | StopSending(connection, _, _)
    | State(connection, _)
    | Life(connection, _)
    | PreferredAddress connection
    | Resumption(connection, _)
    | EarlyData(connection, _)
    | Inspection(connection, _, _)
    | NewToken(connection, _) -> connection

/// Where an effect stands among those of its connection (row 8.2-1 to 8.2-3).
let private rankOf told =
    match told with
    | Life(_, 1uy) -> 0
    | Send _ -> 1
    | StreamData _ -> 2
    | Datagram _ -> 3
    | Reset _ -> 4
    | StopSending _ -> 5
    | State _ -> 6
    | PreferredAddress _ -> 7
    | Resumption _ -> 8
    | EarlyData _ -> 9
    | NewToken _ -> 10
    | Inspection _ -> 11
    | Life(_, 2uy) -> 12
    | Life _ -> 100

/// The byte at a place of any stream: what is delivered can be judged without what was sent.
let private byteAt (stream: uint64) (offset: uint64) = byte (stream * 7UL + offset * 31UL)

let private content stream offset length =
    Array.init length (fun index -> byteAt stream (offset + uint64 index))

/// What one endpoint has told so far.
type private Ledger() =
    let events = Dictionary<uint64, string list>()
    let delivered = Dictionary<uint64 * uint64, uint64>()

    let once =
        [ "CREATED"
          "ACCEPTED"
          "READY"
          "CONFIRMED"
          "FAILED"
          "CLOSED"
          "RESUMPTION_STATE" ]

    let onEvent connection name =
        let before = events.GetValueOrDefault(connection, [])
        Expect.isFalse (List.contains name before) $"{name} comes once"
        Expect.isFalse (List.contains "CLOSED" before) $"{name} comes before CLOSED"

        if name = "READY" || name = "CONFIRMED" then
            Expect.isFalse (List.contains "FAILED" before) $"{name} never follows FAILED"

        events[connection] <- name :: before

    let onData (data: StreamData) =
        let stream = data.On, data.Stream
        Expect.equal data.Offset (delivered.GetValueOrDefault(stream, 0UL)) "data is in order"
        Expect.isTrue (data.Data = content data.Stream data.Offset data.Data.Length) "and what was written"
        delivered[stream] <- data.Offset + uint64 data.Data.Length

    /// Connections that were told of, and neither closed nor refused with their first datagram (row 10.5-2).
    member _.Living refused =
        [ for KeyValue(connection, names) in events do
              if not (List.contains "CLOSED" names || Set.contains connection refused) then
                  connection ]

    member _.Take result =
        for told in result.Effects do
            if List.contains (nameOf told) once then
                onEvent (connectionOf told) (nameOf told)

            match told with
            | StreamData data -> onData data
            | _ -> ()

        for connection, effects in result.Effects |> List.groupBy connectionOf do
            let ranks = effects |> List.map rankOf
            Expect.equal ranks (List.sort ranks) $"the effects of {connection} are in order"

type private World =
    { Two: Two
      Random: Random
      Ledgers: Map<Side, Ledger>
      mutable Refused: Set<uint64>
      Written: Dictionary<Side * uint64 * uint64, uint64> }

let private chance world percent = world.Random.Next 100 < percent

/// What a side sends is under way, or lost, or doubled.
let private disturb world (datagrams: Send list) =
    [ for datagram in datagrams do
          if not (chance world 5) then
              datagram

          if chance world 3 then
              datagram ]

/// Gives a side an input, and judges the result.
let private perform world side work =
    let two = world.Two
    let endpoint = endpointOf two side
    let result = work endpoint two.Now
    world.Ledgers[side].Take result

    let expected =
        if result.IsPending then
            Some two.Now
        else
            time (Calls.NextWakeup endpoint)

    Expect.equal result.Wakeup expected "the wake-up is the endpoint's"
    Expect.equal (Calls.HasSendContinuationPending endpoint <> 0uy) result.IsPending "and so is the continuation"

    for told in result.Effects do
        match told with
        | Life(connection, 1uy) when
            int (Calls.ConnectionCount endpoint) < (world.Ledgers[side].Living world.Refused).Length
            ->
            world.Refused <- world.Refused.Add connection
        | _ -> ()

    let refused = if side = Server then world.Refused else Set.empty

    Expect.equal
        (int (Calls.ConnectionCount endpoint))
        (world.Ledgers[side].Living refused).Length
        "all that live are counted"

    let leaving = disturb world (sent result)

    match side with
    | Client -> two.ToServer <- two.ToServer @ leaving
    | Server -> two.ToClient <- two.ToClient @ leaving

    result

let private write world side connection =
    let stream = uint64 (world.Random.Next 24)
    let place = side, connection, stream
    let offset = world.Written.GetValueOrDefault(place, 0UL)
    let length = List.item (world.Random.Next 5) [ 0; 1; 10; 1_000; 20_000 ]
    let bytes = content stream offset length
    let isLast = chance world 20

    let result =
        perform world side (fun endpoint now -> send endpoint connection stream bytes isLast now)

    if result.Error.IsNone then
        world.Written[place] <- offset + uint64 bytes.Length

let private act world =
    let side = if chance world 70 then Client else Server
    let connection = uint64 (world.Random.Next(1, 5))
    let stream = uint64 (world.Random.Next 24)
    let input work = perform world side work |> ignore

    match world.Random.Next 24 with
    | 0 when side = Client ->
        let number = world.Random.Next(1, 8)
        input (fun endpoint now -> openOne number endpoint now |> snd)
    | 1 -> input (fun endpoint now -> resetStream endpoint connection stream 1UL now)
    | 2 -> input (fun endpoint now -> stopSending endpoint connection stream 2UL now)
    | 3 -> input (fun endpoint now -> sendDatagram endpoint connection (Array.zeroCreate (world.Random.Next 1_500)) now)
    | 4 when chance world 30 -> input (fun endpoint now -> close endpoint connection 3UL [||] now)
    | 5 -> input (fun endpoint now -> requestKeyUpdate endpoint connection now)
    | 6 when chance world 30 ->
        input (fun endpoint now -> requestMigration endpoint connection (uint64 (world.Random.Next(7, 10))) now)
    | 7 -> input (fun endpoint now -> updatePathMtu endpoint (Some path) (world.Random.Next(1_000, 1_500)) now)
    | 8 ->
        let noise = Array.zeroCreate (world.Random.Next 1_300)
        world.Random.NextBytes noise
        input (fun endpoint now -> receive endpoint now (Some path) noise)
    | _ -> write world side connection

/// The next datagram arrives, or the next timer is due; false when nothing is.
let private pass world =
    let two = world.Two

    let arrive side (datagram: Send) =
        two.Now <- two.Now + 300UL

        perform world side (fun endpoint now -> receiveMarked datagram.Ecn endpoint now datagram.Route datagram.Bytes)
        |> ignore

        true

    match two.ToServer, two.ToClient with
    | first :: rest, _ ->
        two.ToServer <- rest
        arrive Server first
    | [], first :: rest ->
        two.ToClient <- rest
        arrive Client first
    | [], [] ->
        let due =
            [ for side in [ Client; Server ] do
                  match time (Calls.NextWakeup(endpointOf two side)) with
                  | Some at -> at, side
                  | None -> () ]

        match List.sort due with
        | [] -> false
        | (at, side) :: _ ->
            two.Now <- max two.Now at
            perform world side timerExpired |> ignore
            true

/// However long it takes: no run of this program has half as many.
let private mostPasses = 20_000

let private closeAll world =
    for side in [ Client; Server ] do
        for connection in 1UL .. 9UL do
            perform world side (fun endpoint now -> close endpoint connection 0UL [||] now)
            |> ignore

    let mutable passes = 0

    while passes < mostPasses && pass world do
        passes <- passes + 1

    for side in [ Client; Server ] do
        Expect.equal (Calls.ConnectionCount(endpointOf world.Two side)) 0un $"{side}: all end"

let private live seed =
    let random = Random seed
    let mutable server = serverConfig ()
    server.RetryEnabled <- byte (random.Next 2)
    server.MaxServerConnections <- unativeint (random.Next 3)
    let mutable client = clientConfig ()
    client.EnableMinimalClosingStateRetention <- byte (random.Next 2)
    client.EnablePacketInspection <- byte (random.Next 2)
    client.Transport.MaxIdleTimeout <- uint64 (random.Next 2) * 5_000UL

    using (fun () -> between client server) (fun two ->
        let world =
            { Two = two
              Random = random
              Ledgers = Map [ Client, Ledger(); Server, Ledger() ]
              Refused = Set.empty
              Written = Dictionary() }

        perform world Client (fun endpoint now -> openOne 1 endpoint now |> snd)
        |> ignore

        for _ in 1..200 do
            act world

            for _ in 1 .. random.Next 6 do
                pass world |> ignore

        closeAll world)

[<Tests>]
let tests =
    testList
        "C ABI, random use"
        [ testCase "keeps every promise about results"
          <| fun () ->
              for seed in 1 .. Scale.current.Seeds do
                  live seed

          testCase "what comes twice, too late or out of order is noticed"
          <| fun () ->
              let created, ready, failed, closed =
                  Life(1UL, 0uy), State(1UL, 0uy), State(1UL, 2uy), Life(1UL, 2uy)

              let broken =
                  [ [ created; created ]
                    [ closed; ready ]
                    [ failed; ready ]
                    [ Datagram(1UL, [||])
                      Send
                          { Connection = 1UL
                            Route = None
                            Bytes = [||]
                            Ecn = 0uy
                            IsProbe = false } ]
                    [ StreamData
                          { On = 1UL
                            Stream = 0UL
                            Offset = 1UL
                            Data = [||]
                            Fin = true
                            FinalSize = Some 1UL } ] ]

              for effects in broken do
                  Expect.throws
                      (fun () ->
                          Ledger().Take
                              { Effects = effects
                                Wakeup = None
                                Error = None
                                IsPending = false })
                      $"%A{effects}" ]
