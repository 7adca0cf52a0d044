module CoQuic.Engine.Tests.Streams.StreamScheduleTests

open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Streams.StreamSetHarness

let private write (streams: StreamSet) id offset length priority =
    let refusal = streams.Send(id, Bytes.Wrap(bytesAt offset length), false, priority)

    Expect.isFalse refusal.HasValue "accepted"

/// The streams whose bytes packets of 100 bytes carry, until nothing is left.
let private order (streams: StreamSet) =
    [ while streams.HasPending do
          for frame in fst (transmit 100 streams) do
              match frame with
              | Data(id, _, _, _, _) -> id.Index
              | _ -> () ]

let private runs order =
    List.foldBack
        (fun id runs ->
            match runs with
            | next :: _ when next = id -> runs
            | _ -> id :: runs)
        order
        []

[<Tests>]
let tests =
    testList
        "stream schedule"
        [ testCase "the stream of the highest priority goes first, whatever came first (RFC 9000 §2.3)"
          <| fun () ->
              let streams = client ()
              write streams (clientBidi 0UL) 0UL 500 0
              write streams (clientBidi 1UL) 0UL 500 -3
              write streams (clientBidi 2UL) 0UL 500 7
              Expect.equal (runs (order streams)) [ 2UL; 0UL; 1UL ] "by priority"

          testCase "streams of one priority take turns"
          <| fun () ->
              let streams = client ()
              write streams (clientBidi 0UL) 0UL 400 1
              write streams (clientBidi 1UL) 0UL 400 1
              write streams (clientBidi 2UL) 0UL 400 2
              let order = order streams |> List.skipWhile (fun id -> id = 2UL)
              Expect.equal (List.truncate 4 order) [ 0UL; 1UL; 0UL; 1UL ] "one packet each"

          testCase "without fairness a stream goes on until it is done"
          <| fun () ->
              let streams = create { options with Fair = false }
              write streams (clientBidi 0UL) 0UL 400 1
              write streams (clientBidi 1UL) 0UL 400 1
              Expect.equal (runs (order streams)) [ 0UL; 1UL ] "one after the other"

          testCase "a stream that waits moves when its priority changes"
          <| fun () ->
              let streams = client ()
              write streams (clientBidi 0UL) 0UL 300 0
              write streams (clientBidi 1UL) 0UL 300 5
              write streams (clientBidi 0UL) 300UL 300 9
              Expect.equal (runs (order streams)) [ 0UL; 1UL ] "the raised one first"

          testCase "lost bytes keep their stream's priority, and go before new ones"
          <| fun () ->
              let streams = client ()
              write streams (clientBidi 0UL) 0UL 50 0
              write streams (clientBidi 1UL) 0UL 50 5
              let _, records = transmit 1200 streams
              write streams (clientBidi 2UL) 0UL 50 9
              lose streams records
              Expect.equal (runs (order streams)) [ 1UL; 0UL; 2UL ] "repaired first"

          testCase "a stream that has nothing to send leaves, and its level with it"
          <| fun () ->
              let schedule = StreamSchedule StreamQueueKind.Fresh
              let stream = Stream(clientBidi 0UL, SendingPart(100UL, 0UL), null)
              schedule.Update(stream, true)
              Expect.isFalse schedule.IsEmpty "it waits"
              schedule.Update(stream, false)
              Expect.isTrue schedule.IsEmpty "nobody waits" ]
