module CoQuic.Demo.Tests.PeerTests

open System
open System.Security.Cryptography
open Expecto
open CoQuic.FSharp
open CoQuic.Demo
open CoQuic.Demo.FileProtocol

let private connection = ConnectionHandle.create 1UL
let private stream = StreamId.clientBidirectional 0UL

/// A disk in memory: what it reads, block by block, and what was written.
type private MemoryDisk(content: byte array) =
    let blocks = content |> Array.chunkBySize 1000
    let mutable next = 0
    let mutable created = { Name = ""; Length = 0UL }
    let written = ResizeArray<byte>()

    member _.Perform(task: DiskTask) =
        match task with
        | DiskTask.OpenFile ->
            Some(
                DiskAnswer.Opened
                    { Name = "file"
                      Length = uint64 content.Length }
            )
        | DiskTask.ReadBlock when next < blocks.Length ->
            next <- next + 1
            Some(DiskAnswer.Block(Bytes.copyOf blocks[next - 1]))
        | DiskTask.ReadBlock -> Some(DiskAnswer.Ended(Bytes.ofArray (SHA256.HashData content)))
        | DiskTask.Create header ->
            created <- header
            None
        | DiskTask.Append bytes ->
            written.AddRange(bytes.ToArray())
            None
        | DiskTask.Finish -> Some(DiskAnswer.Stored(created, Bytes.ofArray (SHA256.HashData(written.ToArray()))))

let private content = Array.init 12_345 (fun index -> byte (index * 31))

let private step (program: Program<Peer, DiskAnswer>) second signal (peer, commands) =
    let peer, more = program.Update (TimeUs.ofSeconds second) (Network signal) peer
    peer, commands @ more

let private dataOf commands =
    commands
    |> List.choose (function
        | Command.Send data -> Some(data.Bytes, data.Fin)
        | _ -> None)

let private arrives (bytes: Bytes, fin) =
    Signal.StreamData
        { Connection = connection
          Stream = stream
          Offset = 0UL
          Bytes = bytes
          Fin = fin
          FinalSize = None }

let private closed =
    Signal.Closed
        { Connection = connection
          Reason =
            { Origin = CloseOrigin.Peer
              Code = CloseCode.Application 0UL
              Reason = "" } }

let private acknowledged =
    Signal.SendProgress
        { Connection = connection
          Stream = stream
          Released = 1_000_000UL
          Buffered = 0UL }

let private remote = Some { Host = "127.0.0.1"; Port = 1 }

/// A client that has sent its file, and what it sent.
let private sent () =
    let disk = MemoryDisk content
    let program = Rim.program disk.Perform remote [ Errand.SendFile ]

    let peer, commands =
        (fst program.Init, [])
        |> step program 1.0 (Signal.Opened(0, connection))
        |> step program 1.5 (Signal.HandshakeReady(connection, None))
        |> step program 2.0 (Signal.StreamOpened(0, connection, stream))

    program, peer, dataOf commands

/// A server that hears all of this, and its answer.
let private receive (pieces: (Bytes * bool) list) =
    let disk = MemoryDisk Array.empty
    let program = Rim.program disk.Perform None [ Errand.ReceiveFile ]

    let start =
        (fst program.Init, [])
        |> step program 1.0 (Signal.Accepted connection)
        |> step program 1.5 (Signal.HandshakeReady(connection, None))

    let peer, commands =
        pieces
        |> List.fold (fun state piece -> step program 3.0 (arrives piece) state) start

    program, peer, commands

let private corrupt (bytes: Bytes, fin) =
    let changed = bytes.ToArray()
    changed[changed.Length - 1] <- changed[changed.Length - 1] ^^^ 1uy
    Bytes.ofArray changed, fin

[<Tests>]
let tests =
    testList
        "demo"
        [ testCase "a file that arrives as it was is a success at both ends"
          <| fun () ->
              let client, clientPeer, data = sent ()
              let server, serverPeer, answers = receive data
              let answer = dataOf answers
              Expect.hasLength answer 1 "one answer"

              let clientPeer, commands = (clientPeer, []) |> step client 5.0 (arrives answer.Head)

              Expect.equal commands [ Command.Stop ] "the client is done"

              let serverPeer, commands =
                  (serverPeer, []) |> step server 6.0 acknowledged |> step server 7.0 closed

              Expect.equal commands [ Command.Stop ] "the server is done"

              let success errand (elapsed: float) =
                  { Errand = errand
                    Transfer =
                      { Header =
                          { Name = "file"
                            Length = uint64 content.Length }
                        Elapsed = TimeSpan.FromSeconds elapsed
                        Sha256 = Bytes.ofArray (SHA256.HashData content) }
                    Handshake = TimeSpan.FromSeconds 0.5 }

              Expect.equal clientPeer.Successes [ success Errand.SendFile 3.0 ] "the sender's"
              Expect.equal serverPeer.Successes [ success Errand.ReceiveFile 0.0 ] "the receiver's"

          testCase "a byte that changed on the way is noticed by the sender"
          <| fun () ->
              let client, peer, data = sent ()

              let _, _, answers =
                  receive (List.mapi (fun index piece -> if index = 3 then corrupt piece else piece) data)

              let peer, commands = (peer, []) |> step client 5.0 (arrives (dataOf answers).Head)
              Expect.equal commands [ Command.Stop ] "the client is done"
              Expect.isEmpty peer.Successes "no success"
              Expect.stringContains (Option.defaultValue "" peer.Failure) "the receiver has SHA-256" "the reason"

          testCase "a file that is shorter or longer than announced is refused"
          <| fun () ->
              let _, _, data = sent ()
              let header = fst data.Head
              let _, short, _ = receive [ header, true ]
              Expect.stringContains (Option.defaultValue "" short.Failure) "announced 12345 bytes" "too short"
              let all, _ = List.splitAt (data.Length - 1) data
              let _, long, _ = receive (all @ [ Bytes.ofArray [| 0uy |], true ])
              Expect.stringContains (Option.defaultValue "" long.Failure) "announced 12345 bytes" "too long"

          testCase "a file arrives whatever the pieces"
          <| fun () ->
              let _, _, data = sent ()
              let all = Bytes.concat (List.map fst data)

              let pieces =
                  [ for index in 0 .. all.Length - 1 -> all.Slice(index, 1), index = all.Length - 1 ]

              let _, peer, _ = receive pieces
              Expect.isNone peer.Failure "no failure"
              Expect.hasLength peer.Successes 1 "one success"

          testCase "what comes in is consumed, all of it"
          <| fun () ->
              let _, _, data = sent ()
              let _, _, commands = receive data

              let consumed =
                  commands
                  |> List.sumBy (function
                      | Command.Consume data -> data.Count
                      | _ -> 0UL)

              Expect.equal consumed (data |> List.sumBy (fun (bytes, _) -> uint64 bytes.Length)) "the bytes"

          testCase "no more is read than the endpoint may hold"
          <| fun () ->
              let endless =
                  function
                  | DiskTask.OpenFile -> Some(DiskAnswer.Opened { Name = "file"; Length = 1UL <<< 40 })
                  | _ -> Some(DiskAnswer.Block(Bytes.ofArray (Array.zeroCreate 1_000_000)))

              let program = Rim.program endless remote [ Errand.SendFile ]

              let _, commands =
                  (fst program.Init, [])
                  |> step program 1.0 (Signal.Opened(0, connection))
                  |> step program 1.0 (Signal.HandshakeReady(connection, None))
                  |> step program 1.0 (Signal.StreamOpened(0, connection, stream))

              let held = dataOf commands |> List.sumBy (fun (bytes, _) -> bytes.Length)
              Expect.isLessThan held 10_000_000 "8 MiB and a block"

          testCase "a connection that ends too early is a failure that is named"
          <| fun () ->
              let program, peer, _ = sent ()
              let peer, _ = (peer, []) |> step program 3.0 closed
              Expect.stringContains (Option.defaultValue "" peer.Failure) "the connection ended" "the reason" ]
