module CoQuic.Engine.Tests.Streams.ReassemblerTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests
open CoQuic.Tests.Properties

/// What happens to a reassembler. Bytes are drawn evenly; each stands for some more.
type Operation =
    | Insert of offset: byte * length: byte * owned: bool
    | Read of times: byte

let private byteAt (offset: uint64) = byte (offset * 31UL + (offset >>> 8))

let private bytesAt offset length =
    Array.init length (fun index -> byteAt (offset + uint64 index))

let private insert (reassembler: Reassembler) offset length owned =
    reassembler.Insert(offset, ReadOnlyMemory(bytesAt offset length), owned)

let private tryRead (reassembler: Reassembler) =
    match reassembler.TryRead() with
    | true, offset, data -> Some(offset, data)
    | _ -> None

let rec private drain reassembler =
    match tryRead reassembler with
    | Some piece -> piece :: drain reassembler
    | None -> []

let private span offset length =
    set [ for index in 0 .. length - 1 -> offset + uint64 index ]

/// Runs operations and returns the pieces in the order in which they came out, with every offset that arrived.
let private run (reassembler: Reassembler) operations =
    let step (pieces, arrived) operation =
        match operation with
        | Insert(offset, length, owned) ->
            let offset, length = uint64 offset * 79UL, int length * 12
            Expect.isTrue (insert reassembler offset length owned) "few ranges are fine"
            pieces, Set.union arrived (span offset length)
        | Read times ->
            let read = List.choose (fun _ -> tryRead reassembler) [ 1 .. int times % 4 ]
            pieces @ read, arrived

    let pieces, arrived = List.fold step ([], Set.empty) operations
    pieces @ drain reassembler, arrived

let private offsetsOf pieces =
    pieces
    |> List.collect (fun (offset, data: Bytes) -> [ for i in 0 .. data.Length - 1 -> offset + uint64 i ])

let private expectTrueBytes pieces =
    for offset, data: Bytes in pieces do
        Expect.equal (data.ToArray()) (bytesAt offset data.Length) "the bytes that belong there"

let private contiguous arrived =
    Seq.initInfinite uint64
    |> Seq.takeWhile (fun offset -> Set.contains offset arrived)
    |> Seq.toList

[<Tests>]
let tests =
    testList
        "reassembler"
        [ rareProperty 10 "gives out every byte of the contiguous prefix once and in order"
          <| fun operations ->
              let reassembler = Reassembler()
              let pieces, arrived = run reassembler operations
              let prefix = contiguous arrived
              expectTrueBytes pieces
              Expect.equal (offsetsOf pieces) prefix "in order, without gap or repetition"
              Expect.equal reassembler.ReadBytes (uint64 prefix.Length) "it counts what it gave out"
              Expect.equal reassembler.ContiguousEnd (uint64 prefix.Length) "it knows how far the bytes reach"

          rareProperty 10 "out of order, gives out every byte that arrived once"
          <| fun operations ->
              let reassembler = Reassembler true
              let pieces, arrived = run reassembler operations
              let offsets = offsetsOf pieces
              expectTrueBytes pieces
              Expect.equal offsets.Length arrived.Count "nothing twice"
              Expect.equal (set offsets) arrived "everything"

          testCase "bytes that arrive in order pass through without a copy when the memory is ours"
          <| fun () ->
              let reassembler, memory = Reassembler(), bytesAt 0UL 1200
              reassembler.Insert(0UL, ReadOnlyMemory memory, true) |> ignore
              let _, data = (tryRead reassembler).Value
              memory[3] <- 99uy
              Expect.equal data[3] 99uy "the same memory"

          testCase "bytes that follow in the same memory are moved to those before them"
          <| fun () ->
              let reassembler = Reassembler()
              // Between the two there are 40 bytes of no use.
              let memory =
                  Array.concat [ bytesAt 0UL 100; Array.create 40 255uy; bytesAt 100UL 200 ]

              reassembler.Insert(0UL, ReadOnlyMemory(memory, 0, 100), true) |> ignore

              reassembler.Insert(100UL, ReadOnlyMemory(memory, 140, 200), true, true)
              |> ignore

              let offset, data = (tryRead reassembler).Value
              Expect.equal (offset, data.ToArray()) (0UL, bytesAt 0UL 300) "both at once"
              Expect.isNone (tryRead reassembler) "nothing else"

          testCase "bytes are not moved where others may have been given what lies between"
          <| fun () ->
              let reassembler = Reassembler()

              let memory =
                  Array.concat [ bytesAt 0UL 100; Array.create 40 255uy; bytesAt 100UL 200 ]

              reassembler.Insert(0UL, ReadOnlyMemory(memory, 0, 100), true) |> ignore
              // What is known already takes no memory, but it comes behind what others were given.
              reassembler.Insert(0UL, ReadOnlyMemory(memory, 0, 100), true, false) |> ignore

              reassembler.Insert(100UL, ReadOnlyMemory(memory, 140, 200), true, true)
              |> ignore

              Expect.equal (drain reassembler |> List.map fst) [ 0UL; 100UL ] "one after the other"
              Expect.equal memory[100..139] (Array.create 40 255uy) "untouched"

          testCase "bytes of memory that is not ours are copied"
          <| fun () ->
              let reassembler, memory = Reassembler(), bytesAt 0UL 1200
              reassembler.Insert(0UL, ReadOnlyMemory memory, false) |> ignore
              Array.Clear memory
              Expect.equal ((snd (tryRead reassembler).Value).ToArray()) (bytesAt 0UL 1200) "as they arrived"

          testCase "an early fragment is copied, so that it keeps no datagram alive"
          <| fun () ->
              let reassembler, memory = Reassembler(), bytesAt 0UL 1200
              reassembler.Insert(1UL, ReadOnlyMemory(memory, 1, 1), true) |> ignore
              Array.Clear memory
              insert reassembler 0UL 1 true |> ignore

              Expect.equal
                  (drain reassembler |> List.map (fun (_, data) -> data[0]))
                  [ byteAt 0UL; byteAt 1UL ]
                  "as it arrived"

          testCase "what early bytes keep is bounded by the span that they lie in, however small the fragments"
          <| fun () ->
              let reassembler = Reassembler()

              for index in 1UL .. 4000UL do
                  Expect.isTrue (insert reassembler (index * 16UL) 1 true) "within the bound on ranges"

              Expect.isLessThanOrEqual reassembler.HeldBytes (4000 * 16 + 2 * 4096) "the span and a block at each end"

          testCase "more separate ranges than the bound are refused"
          <| fun () ->
              let reassembler = Reassembler()

              for index in 1 .. Reassembler.MaximumRanges do
                  Expect.isTrue (insert reassembler (uint64 index * 2UL) 1 true) "up to the bound"

              Expect.isFalse (insert reassembler (uint64 Reassembler.MaximumRanges * 2UL + 2UL) 1 true) "beyond it"

          testCase "slices that nobody reads stop pinning datagrams at a bound, and nothing is lost"
          <| fun () ->
              let reassembler = Reassembler()
              let count = Reassembler.MaximumReadySlices + 100

              for index in 0 .. count - 1 do
                  insert reassembler (uint64 index * 10UL) 10 true |> ignore

              Expect.isGreaterThan reassembler.HeldBytes 0 "the rest was copied"
              let pieces = drain reassembler
              expectTrueBytes pieces
              Expect.equal (offsetsOf pieces) [ 0UL .. uint64 count * 10UL - 1UL ] "all bytes in order"

          testCase "a slice that was given out does not change when its block fills further"
          <| fun () ->
              let reassembler = Reassembler()
              insert reassembler 10UL 10 true |> ignore
              insert reassembler 0UL 10 true |> ignore
              let pieces = drain reassembler
              insert reassembler 30UL 100 true |> ignore
              insert reassembler 20UL 10 true |> ignore
              drain reassembler |> expectTrueBytes
              expectTrueBytes pieces

          testCase "memory of early bytes is free once they were read"
          <| fun () ->
              let reassembler = Reassembler()
              insert reassembler 5000UL 100_000 true |> ignore
              Expect.isGreaterThan reassembler.HeldBytes 0 "early bytes are kept"
              insert reassembler 0UL 5000 true |> ignore
              drain reassembler |> ignore
              insert reassembler 105_000UL 5000 true |> ignore
              Expect.isLessThanOrEqual reassembler.HeldBytes 4096 "at most the block where reading goes on"

          testCase "an early byte costs as little at the end of a long stream as at its beginning"
          <| fun () ->
              let reassembler, memory = Reassembler(), ReadOnlyMemory(bytesAt 0UL 65_536)

              for _ in 1..16_384 do
                  reassembler.Insert(reassembler.ReadyEnd, memory, true) |> ignore
                  reassembler.TryRead() |> ignore

              let before = GC.GetAllocatedBytesForCurrentThread()

              reassembler.Insert(reassembler.ReadyEnd + 1UL, memory.Slice(0, 1), true)
              |> ignore

              Expect.isLessThan (GC.GetAllocatedBytesForCurrentThread() - before) 100_000L "a block and little more"

          testCase "after discarding early bytes what is ready is still read"
          <| fun () ->
              let reassembler = Reassembler()
              insert reassembler 0UL 10 true |> ignore
              insert reassembler 20UL 10 true |> ignore
              reassembler.DiscardEarly()
              Expect.equal (drain reassembler |> offsetsOf) [ 0UL .. 9UL ] "the ready bytes"
              Expect.equal reassembler.HeldBytes 0 "nothing is kept"

          testCase "a long transfer in order allocates nothing for a packet once it is under way"
          <| fun () ->
              let reassembler, memory = Reassembler(), ReadOnlyMemory(bytesAt 0UL 1200)
              let mutable offset, data = 0UL, Bytes.Empty

              let turn () =
                  reassembler.Insert(reassembler.ReadyEnd, memory, true) |> ignore
                  reassembler.TryRead(&offset, &data) |> ignore

              let turns () =
                  for _ in 1..1000 do
                      turn ()

              turns ()
              Expect.equal (Allocations.ofAction turns) 0L "no allocation" ]
