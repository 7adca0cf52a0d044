module CoQuic.Runtime.Tests.OutboxTests

open System
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Tests

let private way port : UdpRoute =
    { Local = UdpAddress.unspecified
      Remote =
        { UdpAddress.unspecified with
            Port = uint16 port } }

let private runOf (bytes: ReadOnlyMemory<byte>) : OutgoingRun =
    { Bytes = bytes
      SegmentSize = 2
      Ecn = EcnCodepoint.NotEct
      Route = way 1 }

let private send (outbox: Outbox) (bytes: byte[]) =
    let run = runOf (ReadOnlyMemory bytes)
    outbox.Send &run

let private datagrams bytes = Array.chunkBySize 2 bytes

/// The datagrams of a bulk transfer.
let private fullSize = 1_400

/// Cuts a chunk into runs of these lengths, one behind the other, as connections of one endpoint write them.
let private behindOneAnother (lengths: int list) : OutgoingRun list =
    let chunk = Array.init (List.sum lengths) byte

    let cut start length =
        { runOf (ReadOnlyMemory(chunk, start, length)) with
            SegmentSize = fullSize },
        start + length

    lengths |> List.mapFold cut 0 |> fst

let private full count = count * fullSize

let private sendAll (socket: FakeSocket) (runs: OutgoingRun list) =
    let outbox = Outbox socket

    for run in runs do
        let run = run
        outbox.Send &run

    outbox.Release()

/// How many calls runs took, and that all of their datagrams went out as they were.
let private callsFor (runs: OutgoingRun list) =
    use socket = new FakeSocket(Room = Int32.MaxValue)
    sendAll socket runs

    let expected =
        runs
        |> List.collect (fun run -> run.Bytes.ToArray() |> Array.chunkBySize run.SegmentSize |> List.ofArray)

    Expect.equal socket.Sent expected "the same datagrams"
    socket.Calls

[<Tests>]
let tests =
    testList
        "outbox"
        [ testCase "what the socket has room for goes out with the next release"
          <| fun () ->
              use socket = new FakeSocket(Room = 10)
              let outbox = Outbox socket
              send outbox [| 1uy; 2uy; 3uy |]
              outbox.Release()
              Expect.equal socket.Sent [ [| 1uy; 2uy |]; [| 3uy |] ] "both datagrams"
              Expect.isFalse outbox.IsBlocked "nothing waits"
              outbox.Release()
              Expect.equal socket.Calls 1 "and once"

          Properties.property "whatever room there is and when, all datagrams go out once and in order"
          <| fun (runs: byte[] list) (rooms: byte list) ->
              use socket = new FakeSocket()
              let outbox = Outbox socket

              let rooms =
                  List.map (fun room -> int room % 4) rooms @ List.replicate runs.Length 1000

              for i, bytes in List.indexed runs do
                  socket.Room <- rooms[i]
                  send outbox bytes

              outbox.Release()

              for room in List.skip runs.Length rooms do
                  socket.Room <- room
                  outbox.Flush()

              socket.Room <- Int32.MaxValue
              outbox.Flush()
              Expect.isFalse outbox.IsBlocked "nothing waits"
              Expect.equal socket.Sent (runs |> List.collect (datagrams >> List.ofArray)) "in order"

          testCase "runs that lie behind one another in memory are one call, however many connections they are of"
          <| fun () -> Expect.equal (behindOneAnother (List.replicate 50 (full 5)) |> callsFor) 1 "calls"

          testCase "a shorter datagram may be the last of a call"
          <| fun () -> Expect.equal (behindOneAnother [ full 2; 1_300 ] |> callsFor) 1 "calls"

          testCase "nothing joins behind a shorter datagram"
          <| fun () -> Expect.equal (behindOneAnother [ full 1 + 1_300; full 1 ] |> callsFor) 2 "calls"

          for what, differ in
              [ "another way", (fun (run: OutgoingRun) -> { run with Route = way 2 })
                "another mark", (fun run -> { run with Ecn = EcnCodepoint.Ect0 })
                "another size", (fun run -> { run with SegmentSize = fullSize + 1 })
                "other memory",
                (fun run ->
                    { run with
                        Bytes = ReadOnlyMemory(run.Bytes.ToArray()) }) ] do
              testCase $"a run with {what} has a call of its own"
              <| fun () ->
                  match behindOneAnother [ full 2; full 2 ] with
                  | [ first; second ] -> Expect.equal (callsFor [ first; differ second ]) 2 "calls"
                  | _ -> failtest "two runs"

          testCase "what a handshake, a request or an answer takes has a call of its own: it is answered sooner"
          <| fun () ->
              let alike =
                  behindOneAnother [ 1_200; 1_200 ]
                  |> List.map (fun run -> { run with SegmentSize = 1_200 })

              Expect.equal (callsFor alike) 2 "calls"

          Properties.property "whatever is joined, all datagrams go out as they were"
          <| fun (lengths: byte list) ->
              lengths
              |> List.map (fun length -> 1 + int length * fullSize / 64)
              |> behindOneAnother
              |> callsFor
              |> ignore

          testCase "a run that must be alone shares its call with none, and keeps its place"
          <| fun () ->
              use socket = new FakeSocket(Room = Int32.MaxValue)
              let outbox = Outbox socket

              match behindOneAnother [ full 1; full 1; full 1 ] with
              | [ before; alone; after ] as runs ->
                  outbox.Send &before
                  outbox.SendAlone &alone
                  outbox.Send &after
                  outbox.Release()
                  Expect.equal socket.Calls 3 "calls"
                  Expect.equal socket.Sent (runs |> List.map _.Bytes.ToArray()) "in order"
              | _ -> failtest "three runs"

          testCase "a blocked outbox says when it is full"
          <| fun () ->
              let outbox = Outbox(new FakeSocket())
              let mutable count = 0

              while outbox.HasRoom do
                  send outbox [| 1uy |]
                  count <- count + 1
                  Expect.isLessThan count 1000 "it is bounded"

              Expect.isTrue outbox.IsBlocked "they wait" ]
