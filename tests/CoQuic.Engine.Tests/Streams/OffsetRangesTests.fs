module CoQuic.Engine.Tests.Streams.OffsetRangesTests

open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

type Operation =
    | Add of start: byte * length: byte
    | Remove of start: byte * length: byte

/// What the ranges hold, as the naive model holds it: one member an offset.
let private offsets (ranges: OffsetRanges) =
    set
        [ for index in 0 .. ranges.Count - 1 do
              yield! [ ranges[index].Start .. ranges[index].End - 1UL ] ]

let private span start length =
    set [ for offset in 0 .. int length - 1 -> uint64 start + uint64 offset ]

let private apply (ranges: OffsetRanges) model operation =
    match operation with
    | Add(start, length) ->
        ranges.Add(uint64 start, uint64 start + uint64 length)
        Set.union model (span start length)
    | Remove(start, length) ->
        ranges.Remove(uint64 start, uint64 start + uint64 length)
        Set.difference model (span start length)

let private build operations =
    let ranges = OffsetRanges()
    ranges, List.fold (apply ranges) Set.empty operations

[<Tests>]
let tests =
    testList
        "offset ranges"
        [ property "hold what a set of offsets holds"
          <| fun operations ->
              let ranges, model = build operations
              Expect.equal (offsets ranges) model "the same offsets"

          property "stay sorted, disjoint and apart"
          <| fun operations ->
              let ranges, _ = build operations

              for index in 0 .. ranges.Count - 1 do
                  Expect.isLessThan ranges[index].Start ranges[index].End "no range is empty"

                  if index > 0 then
                      Expect.isLessThan ranges[index - 1].End ranges[index].Start "ranges that touch are joined"

          property "know what they contain"
          <| fun operations (offset: byte) ->
              let ranges, model = build operations
              Expect.equal (ranges.Contains(uint64 offset)) (model.Contains(uint64 offset)) "membership"

          property "find the first gap of a span"
          <| fun operations (start: byte) (length: byte) ->
              let ranges, model = build operations
              let missing = Set.difference (span start length) model |> Set.toList
              let found, gap = ranges.TryGetGap(uint64 start, uint64 start + uint64 length)
              Expect.equal found (not missing.IsEmpty) "a gap is found when there is one"

              if found then
                  let expected =
                      missing
                      |> List.indexed
                      |> List.takeWhile (fun (i, o) -> o = missing.Head + uint64 i)

                  Expect.equal (gap.Start, gap.Length) (missing.Head, uint64 expected.Length) "the first gap, whole" ]
