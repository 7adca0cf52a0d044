module CoQuic.Runtime.Tests.ShardTests

open System
open System.Net
open System.Net.Sockets
open System.Threading.Tasks
open Expecto
open CoQuic.Engine
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Tests
open CoQuic.Runtime.Tests.ConnectionKit

let private requireLinux () =
    if not (OperatingSystem.IsLinux()) then
        Capability.missing "linux" "only Linux spreads datagrams over sockets"

let private sharded count (options: ServerOptions) = { options with Shards = count }

let private listenWith count =
    listen (serverOptions IPAddress.Loopback |> sharded count)

let private echo (connection: QuicConnection) =
    task {
        let mutable isOpen = true

        while isOpen do
            match! QuicConnection.acceptStream connection with
            | Ok stream ->
                do! stream.CopyToAsync stream
                stream.CompleteWrites()
            | Error _ -> isOpen <- false
    }

let private serveEcho server =
    task {
        let mutable isOpen = true

        while isOpen do
            match! QuicServer.accept server with
            | Ok connection -> ignore (echo connection)
            | Error _ -> isOpen <- false
    }

let private exchange (client: QuicConnection) bytes =
    task {
        let! stream = openStream client QuicStreamType.Bidirectional
        let writing = write stream bytes true
        let! answer = readAll stream
        do! within writing
        Expect.isTrue (answer = bytes) "the answer"
    }

/// Three shards, and what each of them handed to another.
let private three () =
    let shards = Expect.wantOk (Shards.create 3 (LoadBalancing.own ())) "three shards"

    [| for shard, scheme in shards -> shard, scheme |]

/// Random bytes, the same every time.
type private Drawn(seed: int) =
    let random = Random seed

    interface IEntropy with
        member _.Fill destination = random.NextBytes destination

/// A datagram with a short header to a new connection ID of a shard.
let private datagramTo (scheme: LoadBalancedConnectionIds) (mark: byte) =
    let id = scheme.Generate(Drawn(int mark))
    Array.concat [ [| 0x40uy |]; id.Span.ToArray(); Array.replicate 20 mark ]

let private runOf (datagrams: byte[] list) : ReceivedRun =
    { Buffer = Memory(Array.concat datagrams)
      SegmentSize = datagrams.Head.Length
      Ecn = EcnCodepoint.Ect0
      Route =
        { Local = UdpAddress.unspecified
          Remote = UdpAddress.unspecified } }

let private inboxOf (shard: Shard) =
    let mutable run = Unchecked.defaultof<ReceivedRun>

    [ while shard.Inbox.TryTake &run do
          run.Buffer.ToArray() ]

/// What the first datagram of a server says its connection ID is (RFC 8999 §5.1).
let private sourceId (datagram: byte[]) =
    let destinationLength = int datagram[5]
    let at = 6 + destinationLength
    datagram[at + 1 .. at + int datagram[at]]

/// Hands datagrams on between one client and a server, and shows the server's first one.
let private relay (server: IPEndPoint) =
    let socket =
        new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)

    socket.Bind(IPEndPoint(IPAddress.Loopback, 0))
    let first = TaskCompletionSource<byte[]>()

    let forward =
        task {
            let buffer = Array.zeroCreate<byte> 65_536
            let mutable client: EndPoint = server

            while true do
                let! received = socket.ReceiveFromAsync(ArraySegment buffer, server)
                let datagram = buffer[.. received.ReceivedBytes - 1]

                if received.RemoteEndPoint.Equals server then
                    first.TrySetResult datagram |> ignore
                    let! _ = socket.SendToAsync(ArraySegment datagram, client)
                    ()
                else
                    client <- received.RemoteEndPoint
                    let! _ = socket.SendToAsync(ArraySegment datagram, server)
                    ()
        }

    ignore forward
    socket, first.Task

[<Tests>]
let tests =
    testList
        "shards"
        [ testCase "each takes its own datagrams of a run and hands over the others', in order"
          <| fun () ->
              let shards = three ()
              let datagram number mark = datagramTo (snd shards[number]) mark

              let datagrams =
                  [ datagram 1 1uy
                    datagram 1 2uy
                    datagram 0 3uy
                    datagram 2 4uy
                    datagram 0 5uy
                    (datagram 1 6uy)[..20] ]

              let taken = ResizeArray<byte[]>()
              (fst shards[0]).Sort(runOf datagrams, (fun run -> taken.Add(run.Buffer.ToArray())))
              Expect.equal (List.ofSeq taken) [ datagrams[2]; datagrams[4] ] "its own"
              let first = Array.append datagrams[0] datagrams[1]
              Expect.equal (inboxOf (fst shards[1])) [ first; datagrams[5] ] "the second's"
              Expect.equal (inboxOf (fst shards[2])) [ datagrams[3] ] "the third's"

          testCase "what is nobody's, and what has a long header, stays where it came"
          <| fun () ->
              let shards = three ()
              let long = datagramTo (snd shards[1]) 1uy
              long[0] <- 0xe0uy
              let foreign = datagramTo (snd shards[1]) 2uy
              // Another configuration of a load balancer.
              foreign[1] <- 0xffuy

              for datagram in [ long; foreign; [| 0x40uy |]; [| 0x40uy; 1uy; 2uy |] ] do
                  let taken = ResizeArray<byte[]>()
                  (fst shards[0]).Sort(runOf [ datagram ], (fun run -> taken.Add(run.Buffer.ToArray())))
                  Expect.equal (List.ofSeq taken) [ datagram ] "as it was"

          testCase "an inbox is bounded"
          <| fun () ->
              let inbox = ShardInbox()
              let mutable rings = 0
              inbox.Ring <- fun () -> rings <- rings + 1

              for _ in 1..5000 do
                  inbox.Offer(runOf [ [| 1uy |] ])

              Expect.equal rings 1024 "what has room rings"

          testCaseTask "a server on four threads serves many clients, which move as they like"
          <| fun () ->
              task {
                  requireLinux ()
                  use server = listenWith 4
                  ignore (serveEcho server)

                  let one index =
                      task {
                          let! client = connect (clientOptions server)

                          for round in 1..4 do
                              let! moved = inTime (QuicConnection.migrate None client)
                              Expect.isOk moved $"client {index} moves, {round}"
                              do! exchange client (pattern (20_000 + index))

                          let! _ = inTime (client.RebindAsync(null).AsTask())
                          do! exchange client (pattern 300_000)
                          do! within (client.DisposeAsync().AsTask())
                      }

                  do! Task.WhenAll [| for index in 1..12 -> one index :> Task |]
              }

          testCaseTask "a session goes on at whichever shard its client comes to"
          <| fun () ->
              task {
                  requireLinux ()
                  use server = listenWith 4
                  ignore (serveEcho server)
                  let! first = connect (clientOptions server)
                  let! state = inTime (QuicConnection.resumptionState first)
                  let state = Expect.wantOk state "a ticket"
                  do! within (first.DisposeAsync().AsTask())

                  for _ in 1..10 do
                      let! again = connect (clientOptions server |> ClientOptions.resuming state false)
                      Expect.isTrue again.WasResumed "it is resumed"
                      do! within (again.DisposeAsync().AsTask())
              }

          testCaseTask "shards stop together, and the port is free"
          <| fun () ->
              task {
                  requireLinux ()
                  let server = listenWith 3
                  let! clients = Task.WhenAll [| for _ in 1..6 -> connect (clientOptions server) |]
                  do! within (QuicServer.stop server)

                  for client in clients do
                      let! _ = inTime (QuicConnection.closed client)
                      ()

                  use again =
                      UdpSockets.openSocket (SocketOptions.bind server.LocalEndPoint)
                      |> SocketKit.opened

                  Expect.equal again.LocalEndPoint server.LocalEndPoint "the port"
              }

          testCase "a busy port is an error, whoever has it"
          <| fun () ->
              requireLinux ()
              let options = serverOptions IPAddress.Loopback

              let at (server: QuicServer) count =
                  { options with
                      Shards = count
                      Runtime =
                          { options.Runtime with
                              LocalEndPoint = Some server.LocalEndPoint } }

              for first, second in [ 1, 2; 2, 1; 2, 2 ] do
                  let server = listenWith first

                  match QuicServer.start (at server second) with
                  | Error error -> Expect.equal error (RuntimeError.AddressInUse server.LocalEndPoint) "the error"
                  | Ok _ -> failtest "two servers at one port"

                  (QuicServer.stop server).Wait()

          testCase "a number of shards that cannot be is an error"
          <| fun () ->
              for count in [ 0; -1; 257 ] do
                  match QuicServer.start (serverOptions IPAddress.Loopback |> sharded count) with
                  | Error(RuntimeError.InvalidOption("Shards", _)) -> ()
                  | Error error -> failtest $"{error}"
                  | Ok _ -> failtest $"{count} shards"

          testCase "keys are drawn once, and limits shared out"
          <| fun () ->
              let endpoint = EndpointConfig.server "test" identity.Value
              let shared = Shards.share 3 endpoint

              for key in
                  [ shared.TokenKeys.Current
                    shared.TicketKeys.Current
                    shared.StatelessResetKey ] do
                  Expect.equal (Secret.reveal key).Length 32 "a key"

              Expect.isSome shared.ReplayGuard "a guard"
              Expect.equal shared.MaxServerConnections 3334 "connections"

              let given =
                  { endpoint with
                      StatelessResetKey = Secret.ofBytes (Bytes.ofArray (Array.replicate 32 7uy))
                      MaxServerConnections = 0 }

              Expect.equal (Shards.share 3 given).StatelessResetKey given.StatelessResetKey "a key that is given stays"
              Expect.equal (Shards.share 3 given).MaxServerConnections 0 "no limit stays none" ]

[<Tests>]
let balancing =
    let server = Bytes.ofArray [| 0xabuy; 0xcduy |]

    let balanced: LoadBalancing =
        { ConfigId = 3
          ServerId = server
          NonceLength = 9
          Key = Secret.ofBytes (Bytes.ofArray (Array.init 16 byte)) }

    let withBalancing balancing (options: ServerOptions) =
        { options with
            Runtime =
                { options.Runtime with
                    LoadBalancing = Some balancing } }

    let readsServer count =
        testCaseTask $"a load balancer finds a server with {count} shards by its connection IDs"
        <| fun () ->
            task {
                if count > 1 then
                    requireLinux ()

                use listening =
                    listen (serverOptions IPAddress.Loopback |> sharded count |> withBalancing balanced)

                let socket, first = relay listening.LocalEndPoint
                use _ = socket

                let port =
                    match socket.LocalEndPoint with
                    | :? IPEndPoint as endPoint -> endPoint.Port
                    | _ -> 0

                let! client = connect (clientOptionsFor "127.0.0.1" port)
                let! datagram = inTime first

                // What the load balancer knows: nothing of shards.
                use reader = new LoadBalancedConnectionIds(3, server, 9, Secret.reveal balanced.Key)

                let read = Array.zeroCreate<byte> 2
                let id = sourceId datagram
                Expect.equal id.Length 12 "its length"
                Expect.isTrue (reader.TryReadServerId(ReadOnlySpan id, Span read)) "it is readable"
                Expect.equal read (server.Span.ToArray()) "the server"
                do! within (client.DisposeAsync().AsTask())
            }

    testList
        "load balancers"
        [ readsServer 1
          readsServer 3

          testCase "what the draft forbids is an error"
          <| fun () ->
              for wrong in
                  [ { balanced with ConfigId = 7 }
                    { balanced with ServerId = Bytes.empty }
                    { balanced with NonceLength = 3 }
                    { balanced with
                        Key = Secret.ofBytes (Bytes.ofArray [| 1uy |]) } ] do
                  match QuicServer.start (serverOptions IPAddress.Loopback |> withBalancing wrong) with
                  | Error(RuntimeError.InvalidOption("LoadBalancing", _)) -> ()
                  | Error error -> failtest $"{error}"
                  | Ok _ -> failtest $"{wrong}" ]
