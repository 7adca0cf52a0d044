module CoQuic.Engine.Tests.Datagrams.DatagramQueueTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

let private payload length (fill: byte) =
    Bytes.Wrap(ReadOnlyMemory(Array.create length fill))

let private room = 1_100

/// Writes one packet, and reads back what it holds.
let private packet (room: int) (queue: DatagramQueue) =
    let buffer = Array.zeroCreate<byte> room
    let mutable writer = QuicWriter(Span buffer)
    let sent = SentFrameList()
    queue.WriteFrames(room, &writer, sent)
    let written = writer.Position
    let mutable reader = QuicReader(ReadOnlySpan(buffer, 0, written))
    let payloads = ResizeArray<byte[]>()
    let mutable frameType = 0UL

    while reader.Remaining > 0 && reader.TryReadVarInt(&frameType) do
        let mutable frame = DatagramFrame()

        if DatagramFrame.TryRead(&reader, frameType, &frame) then
            payloads.Add(frame.Data.ToArray())

    if sent.Count <> payloads.Count then
        failwith "each frame is recorded once"

    List.ofSeq payloads

let rec private drain room queue =
    match packet room queue with
    | [] -> []
    | payloads -> payloads @ drain room queue

/// The naive queue: what waits, oldest first, with its priority.
let private add (waiting: (int * byte[]) list) entry =
    let rec shorten waiting =
        let bytes = waiting |> List.sumBy (fun (_, payload) -> Array.length payload)

        if
            waiting.Length > DatagramQueue.MaximumCount
            || bytes > DatagramQueue.MaximumBytes
        then
            let lowest = waiting |> List.map fst |> List.min
            shorten (List.removeAt (waiting |> List.findIndex (fun (priority, _) -> priority = lowest)) waiting)
        else
            waiting

    shorten (waiting @ [ entry ])

let private inOrder waiting =
    waiting |> List.sortBy (fun (priority, _) -> -priority) |> List.map snd

[<Tests>]
let tests =
    testList
        "Datagrams.DatagramQueue (RFC 9221 §5)"
        [ testCase "an empty queue writes nothing"
          <| fun () ->
              let queue = DatagramQueue()
              Expect.isFalse queue.HasPending "nothing waits"
              Expect.isEmpty (packet room queue) "nothing is written"

          testCase "payloads go in order, the highest priority first"
          <| fun () ->
              let queue = DatagramQueue()

              for priority, fill in [ 0, 1uy; 5, 2uy; 0, 3uy; -1, 4uy; 5, 5uy ] do
                  queue.Add(payload 1 fill, priority)

              Expect.equal (packet room queue |> List.map Array.head) [ 2uy; 5uy; 1uy; 3uy; 4uy ] "the order"
              Expect.isFalse queue.HasPending "each is sent once"

          testCase "an empty payload is a datagram too"
          <| fun () ->
              let queue = DatagramQueue()
              queue.Add(Bytes.Empty, 0)
              Expect.equal (packet room queue) [ [||] ] "one, without bytes"

          testCase "what does not fit waits for the next packet"
          <| fun () ->
              let queue = DatagramQueue()

              for fill in 1uy .. 5uy do
                  queue.Add(payload 500 fill, 0)

              Expect.equal
                  [ for _ in 1..3 -> packet room queue |> List.map Array.head ]
                  [ [ 1uy; 2uy ]; [ 3uy; 4uy ]; [ 5uy ] ]
                  "two each"

          testCase "what no packet can carry is given up, and does not hold up the rest"
          <| fun () ->
              let queue = DatagramQueue()
              queue.Add(payload room 1uy, 0)
              queue.Add(payload 10 2uy, 0)
              Expect.equal (packet room queue |> List.map Array.head) [ 2uy ] "the one that fits"
              Expect.equal queue.Dropped 1UL "the other is counted"

          testCase "when too many wait, the oldest of the lowest priority is given up and counted"
          <| fun () ->
              let queue = DatagramQueue()
              queue.Add(payload 1 100uy, 9)

              for number in 1 .. DatagramQueue.MaximumCount do
                  queue.Add(payload 1 (byte (number % 50)), 0)

              Expect.equal (queue.Count, queue.Dropped) (DatagramQueue.MaximumCount, 1UL) "the bound holds"
              let sent = drain 20_000 queue |> List.map Array.head
              Expect.equal (List.take 2 sent) [ 100uy; 2uy ] "the important one stays, the first of the others is gone"

          testCase "what is less important than all that waits is given up at once"
          <| fun () ->
              let queue = DatagramQueue()

              for _ in 1 .. DatagramQueue.MaximumCount do
                  queue.Add(payload 1 1uy, 0)

              queue.Add(payload 1 2uy, -1)
              Expect.all (drain 20_000 queue) (fun payload -> payload[0] = 1uy) "the others stay"

          testCase "bytes are bounded as well as count"
          <| fun () ->
              let queue = DatagramQueue()

              for _ in 1..40 do
                  queue.Add(payload 60_000 1uy, 0)

              Expect.isLessThanOrEqual queue.BufferedBytes DatagramQueue.MaximumBytes "bytes"
              Expect.equal (uint64 queue.Count + queue.Dropped) 40UL "none is lost count of"

          property "it does what a sorted list does"
          <| fun (entries: (byte * uint16) list) (burst: bool) ->
              let queue = DatagramQueue()

              // A burst of large payloads runs into the bounds.
              let sizes = if burst then 40_000, 65_000 else 0, 300

              let waiting =
                  ([], List.indexed entries)
                  ||> List.fold (fun waiting (index, (priority, length)) ->
                      let length = fst sizes + int length % (snd sizes - fst sizes)
                      let priority = int priority % 4 - 1
                      queue.Add(payload length (byte index), priority)
                      add waiting (priority, Array.create length (byte index)))

              Expect.equal queue.Count waiting.Length "how many wait"

              Expect.equal
                  queue.BufferedBytes
                  (waiting |> List.sumBy (fun (_, payload) -> payload.Length))
                  "how much waits"

              Expect.equal (uint64 (entries.Length - waiting.Length)) queue.Dropped "what was given up"
              Expect.isTrue (drain 70_000 queue = inOrder waiting) "the payloads, in order"
              Expect.equal (queue.Count, queue.BufferedBytes) (0, 0) "nothing is left" ]

[<Tests>]
let limits =
    testList
        "Datagrams.DatagramLimits (RFC 9221 §3)"
        [ testCase "nothing may be sent before the peer's limit is known, or when it is 0"
          <| fun () ->
              let limits = DatagramLimits 1000UL
              let refused = Nullable LocalErrorCode.DatagramNotSupported
              Expect.equal (limits.CheckSent(0, room)) refused "unknown"
              limits.OnPeerLimit 0UL
              Expect.equal (limits.CheckSent(0, room)) refused "0"

          testCase "the peer's limit counts the whole frame: type, length and payload"
          <| fun () ->
              let limits = DatagramLimits 0UL
              limits.OnPeerLimit 100UL
              // One byte of type, two of length.
              Expect.equal (limits.CheckSent(97, room)) (Nullable()) "100 bytes"
              Expect.equal (limits.CheckSent(98, room)) (Nullable LocalErrorCode.DatagramTooLarge) "101 bytes"

          testCase "what no packet carries is too large, whatever the peer takes"
          <| fun () ->
              let limits = DatagramLimits 0UL
              limits.OnPeerLimit 65_535UL
              Expect.equal (limits.CheckSent(room - 3, room)) (Nullable()) "it fits"

              Expect.equal
                  (limits.CheckSent(room - 2, room))
                  (Nullable LocalErrorCode.DatagramTooLarge)
                  "a byte too many"

          testCase "who advertised nothing takes nothing, and others what they advertised"
          <| fun () ->
              let code (error: TransportError | null) =
                  match error with
                  | null -> None
                  | error -> Some error.Code

              let violation = Some TransportErrorCode.ProtocolViolation
              Expect.equal (code (DatagramLimits(0UL).CheckReceived 1)) violation "none advertised"
              Expect.equal (code (DatagramLimits(100UL).CheckReceived 100)) None "as large as advertised"
              Expect.equal (code (DatagramLimits(100UL).CheckReceived 101)) violation "larger" ]
