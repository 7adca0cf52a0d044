module CoQuic.Engine.Tests.Endpoints.DatagramRunsTests

open System
open System.Collections.Generic
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

let private route number =
    DatagramAddressing(ConnectionHandle 1UL, Nullable(RouteHandle number))

let private home = route 1UL

/// A writer of datagrams: each is filled with its own number.
type private Writer() =
    let runs = DatagramRuns()
    let effects = List<Effect>()
    let mutable written = 0

    member _.Write (addressing: DatagramAddressing) (length: int) =
        let room = runs.Reserve(length, effects)
        room.Slice(0, length).Fill(byte written)
        written <- written + 1
        runs.Commit(length, addressing, effects)

    /// Reserves more than it uses, as a packet does that is not full.
    member _.WritePart addressing reserved (length: int) =
        let room = runs.Reserve(reserved, effects)
        room.Slice(0, length).Fill(byte written)
        written <- written + 1
        runs.Commit(length, addressing, effects)

    member _.Flush() = runs.Flush effects
    member _.Reclaim() = runs.Reclaim()
    member _.Runs = [ for effect in effects -> effect :?> SendDatagramEffect ]

let private finish (writer: Writer) =
    writer.Flush()
    writer.Runs

/// Sizes of the datagrams of a run, as whoever sends it splits it.
let private sizes (run: SendDatagramEffect) =
    [ for start in 0 .. run.SegmentSize .. run.Bytes.Length - 1 -> min run.SegmentSize (run.Bytes.Length - start) ]

let private shapes (lengths: int list) =
    let writer = Writer()

    for length in lengths do
        writer.Write home length

    finish writer |> List.map sizes

[<Tests>]
let tests =
    testList
        "Endpoints.DatagramRuns"
        [ testCase "nothing was written: nothing is sent"
          <| fun () -> Expect.isEmpty (finish (Writer())) "no effect"

          testCase "a flush twice sends once"
          <| fun () ->
              let writer = Writer()
              writer.Write home 100
              writer.Flush()
              writer.Flush()
              Expect.hasLength writer.Runs 1 "one run"

          testCase "datagrams of one size join"
          <| fun () -> Expect.equal (shapes [ 1200; 1200; 1200 ]) [ [ 1200; 1200; 1200 ] ] "one run"

          testCase "a shorter one joins and ends the run"
          <| fun () -> Expect.equal (shapes [ 1200; 700; 1200 ]) [ [ 1200; 700 ]; [ 1200 ] ] "two runs"

          testCase "two short ones of one size behind a long one do not join each other's run"
          <| fun () -> Expect.equal (shapes [ 1200; 700; 700 ]) [ [ 1200; 700 ]; [ 700 ] ] "two runs"

          testCase "a longer one begins a run"
          <| fun () -> Expect.equal (shapes [ 700; 1200 ]) [ [ 700 ]; [ 1200 ] ] "two runs"

          testCase "room that was reserved and not used leaves no gap"
          <| fun () ->
              let writer = Writer()
              writer.WritePart home 1200 1200
              writer.WritePart home 1200 300
              writer.WritePart home 1200 1200
              let runs = finish writer
              Expect.equal (runs |> List.map sizes) [ [ 1200; 300 ]; [ 1200 ] ] "sizes"
              Expect.equal (runs[1].Bytes.ToArray()) (Array.create 1200 2uy) "the bytes behind"

          testCase "another route, connection, mark, or a probe begins a run"
          <| fun () ->
              let marked =
                  DatagramAddressing(ConnectionHandle 1UL, Nullable(RouteHandle 1UL), EcnCodepoint.Ect0)

              let other = DatagramAddressing(ConnectionHandle 2UL, Nullable(RouteHandle 1UL))

              for different in
                  [ route 2UL
                    marked
                    other
                    DatagramAddressing(ConnectionHandle 1UL, Nullable()) ] do
                  let writer = Writer()
                  writer.Write home 1200
                  writer.Write different 1200
                  let runs = finish writer
                  Expect.hasLength runs 2 $"{different}"
                  Expect.equal runs[1].Route different.Route "its route"
                  Expect.equal runs[1].Ecn different.Ecn "its mark"
                  Expect.equal runs[1].Connection different.Connection "its connection"

          testCase "probes never join, since each may be too large for the path"
          <| fun () ->
              let probe =
                  DatagramAddressing(ConnectionHandle 1UL, Nullable(RouteHandle 1UL), EcnCodepoint.NotEct, true)

              let writer = Writer()
              writer.Write probe 1400
              writer.Write probe 1400
              let runs = finish writer
              Expect.hasLength runs 2 "each alone"
              Expect.all runs _.IsPmtuProbe "both are marked as probes"

          testCase "a run has at most 64 segments"
          <| fun () -> Expect.equal (shapes (List.replicate 130 500) |> List.map List.length) [ 64; 64; 2 ] "three runs"

          testCase "a full chunk ends the run"
          <| fun () ->
              let runs = shapes (List.replicate 60 1200)
              Expect.equal (runs |> List.map List.length) [ 54; 6 ] "54 times 1200 bytes fit in 65,000"

          testCase "a datagram larger than a chunk has one of its own"
          <| fun () -> Expect.equal (shapes [ 1200; 65_507; 1200 ]) [ [ 1200 ]; [ 65_507 ]; [ 1200 ] ] "three runs"

          testCase "memory that was copied is written again, but not what waits to be flushed"
          <| fun () ->
              let writer = Writer()
              writer.Write home 1200
              writer.Reclaim()
              writer.Write home 1200
              writer.Flush()
              let both = Array.append (Array.create 1200 0uy) (Array.create 1200 1uy)
              Expect.equal (writer.Runs[0].Bytes.ToArray()) both "two datagrams"
              writer.Reclaim()
              writer.Write home 1200
              writer.Flush()
              Expect.equal (writer.Runs[1].Bytes.ToArray()) (Array.create 1200 2uy) "the third"
              Expect.equal (writer.Runs[0].Bytes.Slice(0, 1200)) writer.Runs[1].Bytes "lies where the first lay"

          property "every datagram comes out whole, in order, on its route, and stays as it was"
          <| fun (datagrams: (uint16 * bool) list) ->
              let writer = Writer()

              let written =
                  [ for index, (length, isAway) in List.indexed datagrams ->
                        let length = 1 + int length % 1472
                        writer.Write (route (if isAway then 2UL else 1UL)) length
                        Array.create length (byte index), (if isAway then 2UL else 1UL) ]

              let sent =
                  [ for run in finish writer do
                        let size = run.SegmentSize

                        for start in 0..size .. run.Bytes.Length - 1 ->
                            run.Bytes.Slice(start, min size (run.Bytes.Length - start)).ToArray(), run.Route.Value.Value ]

              Expect.equal sent written "the same datagrams"

          property "what was handed out never changes, whatever is written behind it"
          <| fun (lengths: uint16 list) ->
              let writer = Writer()

              let copies =
                  [ for length in lengths do
                        writer.Write home (1 + int length % 1472)
                        writer.Flush()
                        List.last(writer.Runs).Bytes.ToArray() ]

              Expect.equal [ for run in writer.Runs -> run.Bytes.ToArray() ] copies "unchanged" ]
