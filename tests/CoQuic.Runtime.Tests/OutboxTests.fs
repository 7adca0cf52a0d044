module CoQuic.Runtime.Tests.OutboxTests

open System
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Tests

let private run (bytes: byte[]) : OutgoingRun =
    { Bytes = ReadOnlyMemory bytes
      SegmentSize = 2
      Ecn = EcnCodepoint.NotEct
      Route =
        { Local = UdpAddress.unspecified
          Remote = UdpAddress.unspecified } }

let private send (outbox: Outbox) bytes =
    let run = run bytes
    outbox.Send &run

[<Tests>]
let tests =
    testList
        "outbox"
        [ testCase "what the socket has room for goes out at once"
          <| fun () ->
              let socket = new FakeSocket(Room = 10)
              let outbox = Outbox socket
              send outbox [| 1uy; 2uy; 3uy |]
              Expect.equal socket.Sent [ [| 1uy; 2uy |]; [| 3uy |] ] "both datagrams"
              Expect.isFalse outbox.IsBlocked "nothing waits"

          Properties.property "whatever room there is and when, all datagrams go out once and in order"
          <| fun (runs: byte[] list) (rooms: byte list) ->
              let socket = new FakeSocket()
              let outbox = Outbox socket

              let rooms =
                  List.map (fun room -> int room % 4) rooms @ List.replicate runs.Length 1000

              for i, bytes in List.indexed runs do
                  socket.Room <- rooms[i]
                  send outbox bytes

              for room in List.skip runs.Length rooms do
                  socket.Room <- room
                  outbox.Flush()

              socket.Room <- Int32.MaxValue
              outbox.Flush()
              Expect.isFalse outbox.IsBlocked "nothing waits"
              Expect.equal socket.Sent (runs |> List.collect (Array.chunkBySize 2 >> List.ofArray)) "in order"

          testCase "a blocked outbox says when it is full"
          <| fun () ->
              let outbox = Outbox(new FakeSocket())
              let mutable count = 0

              while outbox.HasRoom do
                  send outbox [| 1uy |]
                  count <- count + 1
                  Expect.isLessThan count 1000 "it is bounded"

              Expect.isTrue outbox.IsBlocked "they wait" ]
