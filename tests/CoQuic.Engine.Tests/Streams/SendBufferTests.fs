module CoQuic.Engine.Tests.Streams.SendBufferTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests
open CoQuic.Tests.Properties

/// What happens to a stream. Sizes are bytes, since those are drawn evenly; each stands for some more.
type Operation =
    | Write of length: byte
    | WriteCopy of length: byte
    /// Only a few of them count, so that streams grow before they end.
    | Fin of chance: byte
    | Send of maximum: byte
    | Ack of packet: byte
    | Lose of packet: byte
    /// A packet that was declared lost arrived after all.
    | AckLate of packet: byte

/// The byte that belongs at an offset of every test stream.
let private byteAt (offset: uint64) = byte (offset * 31UL + (offset >>> 8))

let private bytesAt offset length =
    Array.init length (fun index -> byteAt (offset + uint64 index))

let private read (buffer: SendBuffer) offset length =
    let destination = Array.zeroCreate<byte> length
    buffer.CopyTo(offset, destination)
    destination

/// A stream as a list: one entry a byte that was written, and the packets in flight.
type private Model =
    {
        Written: int
        HasFin: bool
        /// Every byte, and the FIN as the one after the last, is in one of these or unsent.
        Acked: Set<int>
        Lost: Set<int>
        Sent: int
        InFlight: (int * int * bool) list
        /// Packets that were declared lost.
        Missing: (int * int * bool) list
    }

let private empty =
    { Written = 0
      HasFin = false
      Acked = Set.empty
      Lost = Set.empty
      Sent = 0
      InFlight = []
      Missing = [] }

let private span offset length = set [ offset .. offset + length - 1 ]

/// The position that stands for the FIN: no byte has it.
let private finPosition = Int32.MaxValue

let private positions (offset, length, isFin) =
    if isFin then
        Set.add finPosition (span offset length)
    else
        span offset length

let private sendBoth (buffer: SendBuffer) maximum model =
    let found, offset, length, isFin = buffer.TryGetNext(maximum, UInt64.MaxValue)

    if not found then
        let bytesLeft =
            maximum > 0
            && (model.Sent < model.Written
                || not (Set.isEmpty (Set.remove finPosition model.Lost)))

        Expect.isFalse bytesLeft "what is lost or unsent is found"
        model
    else
        let start, isRetransmission = int offset, offset < uint64 model.Sent
        Expect.isLessThanOrEqual length maximum "the packet's room"
        Expect.equal (read buffer offset length) (bytesAt offset length) "the bytes are those that were written"

        Expect.isTrue
            (Set.isEmpty (Set.intersect (span start length) model.Acked))
            "what is acknowledged is not sent again"

        if length > 0 && isRetransmission then
            Expect.isTrue (Set.isSubset (span start length) model.Lost) "only what was lost is sent again"
        elif length > 0 then
            Expect.isTrue (Set.isEmpty (Set.remove finPosition model.Lost)) "lost bytes go first"
            Expect.equal start model.Sent "unsent bytes go in order"

        Expect.equal isFin (model.HasFin && start + length = model.Written) "FIN goes with the last byte"
        buffer.OnSent(offset, length, isFin)

        { model with
            Lost = Set.difference model.Lost (positions (start, length, isFin))
            Sent = max model.Sent (start + length)
            InFlight = model.InFlight @ [ start, length, isFin ] }

let private take index packets =
    let position = index % List.length packets
    List.item position packets, List.removeAt position packets

let private ackBoth (buffer: SendBuffer) packet model =
    let offset, length, isFin = packet
    buffer.OnAcked(uint64 offset, length, isFin)

    { model with
        Acked = Set.union model.Acked (positions packet)
        Lost = Set.difference model.Lost (positions packet) }

let private loseBoth (buffer: SendBuffer) packet model =
    let offset, length, isFin = packet
    buffer.OnLost(uint64 offset, length, isFin)

    { model with
        Lost = Set.union model.Lost (Set.difference (positions packet) model.Acked)
        Missing = packet :: model.Missing }

let private apply (buffer: SendBuffer) model operation =
    match operation with
    | Write size when not model.HasFin ->
        let length = int size * 6
        buffer.Append(Bytes.Wrap(bytesAt (uint64 model.Written) length))

        { model with
            Written = model.Written + length }
    | WriteCopy size when not model.HasFin ->
        let scratch = bytesAt (uint64 model.Written) (int size * 3)
        buffer.AppendCopy(scratch)
        Array.Clear scratch

        { model with
            Written = model.Written + scratch.Length }
    | Fin chance when chance < 8uy ->
        buffer.AppendFin()
        { model with HasFin = true }
    | Send maximum -> sendBoth buffer (int maximum * 6) model
    | Ack index when not model.InFlight.IsEmpty ->
        let packet, rest = take (int index) model.InFlight
        ackBoth buffer packet { model with InFlight = rest }
    | Lose index when not model.InFlight.IsEmpty ->
        let packet, rest = take (int index) model.InFlight
        loseBoth buffer packet { model with InFlight = rest }
    | AckLate index when not model.Missing.IsEmpty ->
        let packet, rest = take (int index) model.Missing
        ackBoth buffer packet { model with Missing = rest }
    | Write _
    | WriteCopy _
    | Fin _
    | Ack _
    | Lose _
    | AckLate _ -> model

let private released model =
    Seq.initInfinite id
    |> Seq.find (fun offset -> not (model.Acked.Contains offset))

let private check (buffer: SendBuffer) model =
    let prefix =
        if model.Acked.IsEmpty then
            0
        else
            min (released model) model.Written

    Expect.equal (int buffer.Released) prefix "what is released is the acknowledged prefix"
    Expect.equal (int buffer.BufferedBytes) (model.Written - prefix) "the rest is buffered"

    Expect.equal
        buffer.IsAllAcked
        (model.HasFin && prefix = model.Written && model.Acked.Contains finPosition)
        "all is acknowledged when the FIN is too"

[<Tests>]
let tests =
    testList
        "send buffer"
        [ rareProperty 5 "agrees with a list of bytes, whatever is written, sent, acknowledged and lost"
          <| fun operations ->
              let buffer = SendBuffer()

              let step model operation =
                  let next = apply buffer model operation
                  check buffer next
                  next

              List.fold step empty operations |> ignore

          testCase "small writes share a chunk and come back as one range"
          <| fun () ->
              let buffer = SendBuffer()

              for offset in 0UL .. 9_999UL do
                  buffer.Append(Bytes.Wrap(bytesAt offset 1))

              let found, offset, length, _ = buffer.TryGetNext(20_000, UInt64.MaxValue)
              Expect.equal (found, offset, length) (true, 0UL, 10_000) "one range"
              Expect.equal (read buffer 0UL 10_000) (bytesAt 0UL 10_000) "the bytes in order"

          testCase "a copy of any length comes back whole, and the writer may change what it wrote"
          <| fun () ->
              for length in [ 1; 511; 65_536; 65_537; 300_000 ] do
                  let buffer, scratch = SendBuffer(), bytesAt 0UL length
                  buffer.AppendCopy scratch
                  Array.Clear scratch
                  buffer.AppendCopy(bytesAt (uint64 length) 100)
                  Expect.equal (read buffer 0UL (length + 100)) (bytesAt 0UL (length + 100)) $"{length} bytes and 100"

          testCase "an owned chunk is not copied: the packet reads the writer's memory"
          <| fun () ->
              let buffer, memory = SendBuffer(), bytesAt 0UL 4096
              buffer.Append(Bytes.Wrap memory)
              memory[7] <- 99uy
              Expect.equal (read buffer 7UL 1) [| 99uy |] "the same memory"

          testCase "the flow control limit holds back what was never sent, and nothing else"
          <| fun () ->
              let buffer = SendBuffer()
              buffer.AppendCopy(bytesAt 0UL 1000)
              buffer.AppendFin()
              let found, _, length, isFin = buffer.TryGetNext(2000, 600UL)
              Expect.equal (found, length, isFin) (true, 600, false) "up to the limit"
              buffer.OnSent(0UL, 600, false)
              let blocked, _, _, _ = buffer.TryGetNext(2000, 600UL)
              Expect.isFalse blocked "nothing beyond the limit, no FIN either"
              buffer.OnLost(0UL, 600, false)
              let found, offset, length, _ = buffer.TryGetNext(2000, 600UL)
              Expect.equal (found, offset, length) (true, 0UL, 600) "lost bytes go again"

          testCase "a FIN after everything was sent goes alone, and again when it is lost"
          <| fun () ->
              let buffer = SendBuffer()
              buffer.AppendCopy(bytesAt 0UL 10)
              buffer.OnSent(0UL, 10, false)
              buffer.AppendFin()
              let next () = buffer.TryGetNext(0, UInt64.MaxValue)
              Expect.equal (next ()) (true, 10UL, 0, true) "the FIN alone fits where no byte fits"
              buffer.OnSent(10UL, 0, true)
              Expect.isFalse buffer.HasCreditless "it is in flight"
              buffer.OnLost(10UL, 0, true)
              Expect.equal (next ()) (true, 10UL, 0, true) "it goes again"

          testCase "bytes that were acknowledged in a second packet are not sent a third time"
          <| fun () ->
              let buffer = SendBuffer()
              buffer.AppendCopy(bytesAt 0UL 100)
              buffer.OnSent(0UL, 100, false)
              buffer.OnLost(0UL, 100, false)
              buffer.OnSent(0UL, 100, false)
              buffer.OnAcked(20UL, 30, false)
              buffer.OnLost(0UL, 100, false)

              Expect.equal
                  (buffer.TryGetNext(100, UInt64.MaxValue))
                  (true, 0UL, 20, false)
                  "before the acknowledged part"

              buffer.OnSent(0UL, 20, false)
              Expect.equal (buffer.TryGetNext(100, UInt64.MaxValue)) (true, 50UL, 50, false) "behind it"

          testCase "a discarded buffer is empty and late news of it changes nothing"
          <| fun () ->
              let buffer = SendBuffer()
              buffer.AppendCopy(bytesAt 0UL 100)
              buffer.OnSent(0UL, 60, false)
              buffer.Discard()
              buffer.OnLost(0UL, 60, false)
              buffer.OnAcked(0UL, 60, false)
              Expect.equal buffer.BufferedBytes 0UL "nothing is buffered"
              Expect.isFalse buffer.HasCreditless "nothing is sent again"

          testCase "a long transfer allocates nothing for a packet once it is under way"
          <| fun () ->
              let buffer, chunk = SendBuffer(), Bytes.Wrap(bytesAt 0UL 65_536)
              let packet = Array.zeroCreate<byte> 1200

              let turn () =
                  if buffer.End - buffer.SentEnd < 1200UL then
                      buffer.Append chunk

                  let mutable offset, length, isFin = 0UL, 0, false
                  buffer.TryGetNext(1200, UInt64.MaxValue, &offset, &length, &isFin) |> ignore
                  buffer.CopyTo(offset, packet.AsSpan(0, length))
                  buffer.OnSent(offset, length, isFin)
                  buffer.OnAcked(offset, length, isFin)

              let turns () =
                  for _ in 1..1000 do
                      turn ()

              turns ()
              Expect.equal (Allocations.ofAction turns) 0L "no allocation" ]
