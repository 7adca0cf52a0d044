module CoQuic.Runtime.Tests.ConnectionTests

open System
open System.IO
open System.Net
open System.Net.Sockets
open System.Threading
open System.Threading.Tasks
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Tests
open CoQuic.Runtime.Tests.ConnectionKit

let private never = CancellationToken.None

/// Sends every stream's bytes back, until the connection ends.
let private echo (connection: QuicConnection) =
    task {
        let mutable isOpen = true

        while isOpen do
            let! stream = QuicConnection.acceptStream connection

            match stream with
            | Ok stream ->
                let answer =
                    task {
                        do! stream.CopyToAsync stream
                        stream.CompleteWrites()
                    }

                ignore answer
            | Error _ -> isOpen <- false
    }

let private serveEcho (server: QuicServer) =
    task {
        let mutable isOpen = true

        while isOpen do
            let! connection = QuicServer.accept server

            match connection with
            | Ok connection -> ignore (echo connection)
            | Error _ -> isOpen <- false
    }

let private exchange connection (bytes: byte[]) =
    task {
        let! stream = openStream connection QuicStreamType.Bidirectional
        let writing = write stream bytes true
        let! answer = readAll stream
        do! within writing
        return answer
    }

let private echoes (address: IPAddress) =
    testCaseTask $"what a stream carries comes back unchanged over {address}"
    <| fun () ->
        task {
            SocketKit.require address
            use server = listen (serverOptions address)
            ignore (serveEcho server)
            let! connection = connect (clientOptions server)

            for length in [ 0; 1; 1200; 100_000; int (min Scale.current.TransferBytes 10_000_000L) ] do
                let bytes = pattern length
                let! answer = exchange connection bytes
                Expect.isTrue (answer = bytes) $"{length} bytes"

            do! within (connection.DisposeAsync().AsTask())
        }

/// A socket that hears everything and answers nothing.
let private silentPort () =
    let socket =
        new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)

    socket.Bind(IPEndPoint(IPAddress.Loopback, 0))
    socket

let private portOf (socket: Socket) =
    match socket.LocalEndPoint with
    | :? IPEndPoint as endPoint -> endPoint.Port
    | _ -> failtest "it is bound"

let private withHandshakeTimeout timeout (options: ClientOptions) =
    { options with
        Runtime =
            options.Runtime
            |> changeTransport (fun transport ->
                { transport with
                    HandshakeTimeout = timeout }) }

let private expectQuicError kind (operation: Task) =
    task {
        let! error = failure<QuicException> operation $"a {kind}"
        Expect.equal error.QuicError kind (error.ToString())
        return error
    }

[<Tests>]
let transfers =
    testList
        "connections"
        [ echoes IPAddress.Loopback
          echoes IPAddress.IPv6Loopback

          testCaseTask "a client that knows the server by name finds it"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  ignore (serveEcho server)
                  let! connection = connect (clientOptionsFor "localhost" server.LocalEndPoint.Port)
                  let! answer = exchange connection [| 1uy; 2uy; 3uy |]
                  Expect.equal answer [| 1uy; 2uy; 3uy |] "the answer"
                  do! within (connection.DisposeAsync().AsTask())
              }

          testCaseTask "both ends know what the handshake settled, and who the other is"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server
                  Expect.equal (string client.NegotiatedApplicationProtocol) "test" "the client's protocol"
                  Expect.equal (string accepted.NegotiatedApplicationProtocol) "test" "the server's protocol"
                  Expect.equal client.RemoteEndPoint server.LocalEndPoint "the server's address"
                  Expect.equal accepted.RemoteEndPoint.Port client.LocalEndPoint.Port "the client's port"
                  use certificate = nonNull client.RemoteCertificate
                  Expect.stringContains certificate.Subject "localhost" "the server's certificate"
                  Expect.isNull accepted.RemoteCertificate "the client showed none"
                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "many connections share one server"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  ignore (serveEcho server)

                  let one index =
                      task {
                          let! connection = connect (clientOptions server)
                          let bytes = pattern (10_000 + index)
                          let! answer = exchange connection bytes
                          do! within (connection.DisposeAsync().AsTask())
                          return answer = bytes
                      }

                  let! same = Task.WhenAll [| for index in 1..20 -> one index |]
                  Expect.isTrue (Array.forall id same) "each got its own back"
              }

          testCaseTask "many streams share one connection, more than the peer allows at once"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  ignore (serveEcho server)
                  let! connection = connect (clientOptions server)

                  let one index =
                      task {
                          let bytes = pattern (1_000 + index)
                          let! answer = exchange connection bytes
                          return answer = bytes
                      }

                  let! same = Task.WhenAll [| for index in 1..250 -> one index |]
                  Expect.isTrue (Array.forall id same) "each got its own back"
                  do! within (connection.DisposeAsync().AsTask())
              }

          testCaseTask "a unidirectional stream is read by one side and written by the other"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server
                  let! sending = openStream accepted QuicStreamType.Unidirectional
                  do! within (write sending [| 4uy |] true)
                  let! receiving = acceptStream client
                  Expect.equal receiving.Id sending.Id "the same stream"
                  Expect.equal receiving.Type QuicStreamType.Unidirectional "its kind"
                  let! bytes = readAll receiving
                  Expect.equal bytes [| 4uy |] "its bytes"
                  Expect.isFalse receiving.CanWrite "the reader cannot write"
                  Expect.isFalse sending.CanRead "the writer cannot read"

                  let! _ =
                      failure<InvalidOperationException> (write receiving [| 1uy |] false) "writing"

                  do! within sending.WritesClosed
                  do! within receiving.ReadsClosed
                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "pipes write and read a stream"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server
                  let! sending = openStream client QuicStreamType.Unidirectional
                  let writer = Pipelines.PipeWriter.Create sending
                  let bytes = pattern 100_000
                  let! _ = writer.WriteAsync(ReadOnlyMemory bytes, never).AsTask() |> inTime
                  do! within (writer.CompleteAsync().AsTask())
                  let! receiving = acceptStream accepted
                  let reader = Pipelines.PipeReader.Create receiving
                  let! all = reader.ReadAtLeastAsync(bytes.Length, never).AsTask() |> inTime
                  let buffer = all.Buffer
                  Expect.isTrue (Buffers.BuffersExtensions.ToArray &buffer = bytes) "the bytes"
                  reader.AdvanceTo all.Buffer.End
                  let! last = reader.ReadAsync(never).AsTask() |> inTime
                  Expect.isTrue last.IsCompleted "the end"
                  do! within (reader.CompleteAsync().AsTask())
                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "plain sockets carry connections as well"
          <| fun () ->
              task {
                  let plain (options: RuntimeOptions) = { options with Offload = false }
                  let options = serverOptions IPAddress.Loopback

                  use server =
                      listen
                          { options with
                              Runtime = plain options.Runtime }

                  ignore (serveEcho server)
                  let options = clientOptions server

                  let! connection =
                      connect
                          { options with
                              Runtime = plain options.Runtime }

                  let bytes = pattern 1_000_000
                  let! answer = exchange connection bytes
                  Expect.isTrue (answer = bytes) "the bytes"
                  do! within (connection.DisposeAsync().AsTask())
              }

          testCaseTask "a writer waits for a reader that does not read, and goes on when it does"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server
                  let! sending = openStream client QuicStreamType.Unidirectional
                  // More than the window that the reader may grow to, and the writer's own buffer.
                  let bytes = pattern (40 * 1024 * 1024)
                  let writing = write sending bytes true
                  let! receiving = acceptStream accepted
                  let! first = receiving.ReadAsync(Memory(Array.zeroCreate 1), never)
                  Expect.equal first 1 "the reader reads a byte and stops"

                  // What has room goes; the rest must not.
                  let! winner = Task.WhenAny(writing, Task.Delay 300)
                  Expect.isFalse (Object.ReferenceEquals(winner, writing)) "the writer waits"
                  let! rest = readAll receiving
                  Expect.isTrue (rest = bytes[1..]) "the bytes"
                  do! within writing
                  do! within (client.DisposeAsync().AsTask())
              } ]

[<Tests>]
let endings =
    testList
        "endings of connections and streams"
        [ testCaseTask "a close tells the peer its code and reason, and ends what waits"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server
                  let! stream = openStream accepted QuicStreamType.Bidirectional
                  let reading = stream.ReadAsync(Memory(Array.zeroCreate 1), never).AsTask()
                  let accepting = accepted.AcceptInboundStreamAsync().AsTask()
                  do! within (client.CloseAsync(42L, "enough", never).AsTask())

                  for operation in [ reading :> Task; accepting ] do
                      let! error = expectQuicError QuicError.ConnectionAborted operation
                      Expect.equal error.ApplicationErrorCode (Nullable 42L) "the code"
                      Expect.stringContains error.Message "enough" "the reason"

                  let! later = QuicConnection.openStream QuicStreamType.Bidirectional accepted

                  match later with
                  | Error(RuntimeError.ConnectionClosed reason) ->
                      Expect.equal reason.Code (CloseCode.Application 42UL) "as a value"
                  | Error error -> failtest $"{error}"
                  | Ok _ -> failtest "the connection is closed"
              }

          testCaseTask "on a client whose connection has ended, nothing waits for ever"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, _ = pair server
                  do! within (QuicServer.stop server)
                  let! _ = inTime (QuicConnection.closed client)

                  for operation in
                      [ client.OpenOutboundStreamAsync(QuicStreamType.Bidirectional).AsTask() :> Task
                        client.AcceptInboundStreamAsync().AsTask()
                        client.MigrateAsync().AsTask() ] do
                      let! _ = expectQuicError QuicError.ConnectionAborted operation
                      ()
              }

          testCaseTask "what the peer sent before it closed can be read behind the close"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server
                  let! sending = openStream client QuicStreamType.Unidirectional
                  let bytes = pattern 10_000
                  do! within (write sending bytes true)
                  do! within sending.WritesClosed
                  do! within (client.CloseAsync 0L |> _.AsTask())
                  let! receiving = acceptStream accepted
                  let! received = readAll receiving
                  Expect.equal received bytes "all of it"
              }

          testCaseTask "an aborted write resets the stream for its reader"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server
                  let! sending = openStream client QuicStreamType.Unidirectional
                  do! within (write sending [| 1uy |] false)
                  let! receiving = acceptStream accepted
                  let! _ = receiving.ReadAsync(Memory(Array.zeroCreate 10), never)
                  let reading = receiving.ReadAsync(Memory(Array.zeroCreate 10), never).AsTask()
                  sending.Abort(QuicAbortDirection.Write, 7L)
                  let! error = expectQuicError QuicError.StreamAborted reading
                  Expect.equal error.ApplicationErrorCode (Nullable 7L) "the code"
                  let! _ = expectQuicError QuicError.StreamAborted receiving.ReadsClosed
                  let! _ = expectQuicError QuicError.OperationAborted (write sending [| 1uy |] false)
                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "an aborted read stops the stream's writer"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server
                  let! sending = openStream client QuicStreamType.Unidirectional
                  let writing = write sending (pattern 100_000_000) false
                  let! receiving = acceptStream accepted
                  receiving.Abort(QuicAbortDirection.Read, 8L)
                  let! error = expectQuicError QuicError.StreamAborted writing
                  Expect.equal error.ApplicationErrorCode (Nullable 8L) "the code"
                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "disposing of a stream ends it in order, and waits until the peer has it"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server
                  let! sending = openStream client QuicStreamType.Unidirectional
                  do! within (write sending [| 1uy; 2uy |] false)
                  do! within (sending.DisposeAsync().AsTask())
                  do! within (client.DisposeAsync().AsTask())
                  let! receiving = acceptStream accepted
                  let! bytes = readAll receiving
                  Expect.equal bytes [| 1uy; 2uy |] "the bytes and the end"

                  let! _ =
                      failure<ObjectDisposedException> (write sending [| 1uy |] false) "a write behind it"

                  ()
              }

          testCaseTask "nobody can use a connection that was disposed of"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, _ = pair server
                  do! within (client.DisposeAsync().AsTask())
                  do! within (client.DisposeAsync().AsTask())

                  Expect.throwsT<ObjectDisposedException>
                      (fun () -> client.AcceptInboundStreamAsync() |> ignore)
                      "accepting"

                  Expect.throwsT<ObjectDisposedException>
                      (fun () -> client.OpenOutboundStreamAsync QuicStreamType.Bidirectional |> ignore)
                      "opening"
              }

          testCaseTask "a server that stops closes its connections, frees its port and accepts no more"
          <| fun () ->
              task {
                  let server = listen (serverOptions IPAddress.Loopback)
                  let! client, _ = pair server
                  let accepting = server.AcceptConnectionAsync().AsTask()
                  do! within (QuicServer.stop server)
                  let! _ = expectQuicError QuicError.OperationAborted accepting
                  let! ended = inTime (QuicConnection.closed client)

                  match ended with
                  | RuntimeError.ConnectionClosed reason -> Expect.equal reason.Origin CloseOrigin.Peer "the peer's"
                  | error -> failtest $"{error}"

                  let options = serverOptions IPAddress.Loopback

                  use again =
                      listen
                          { options with
                              Runtime =
                                  { options.Runtime with
                                      LocalEndPoint = Some server.LocalEndPoint } }

                  Expect.equal again.LocalEndPoint server.LocalEndPoint "the same port"
              } ]

[<Tests>]
let failures =
    testList
        "connections that cannot be"
        [ testCaseTask "a busy port is an error that names it"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let options = serverOptions IPAddress.Loopback

                  let busy =
                      { options with
                          Runtime =
                              { options.Runtime with
                                  LocalEndPoint = Some server.LocalEndPoint } }

                  match QuicServer.start busy with
                  | Error error -> Expect.equal error (RuntimeError.AddressInUse server.LocalEndPoint) "the error"
                  | Ok _ -> failtest "two servers share a port"
              }

          testCaseTask "an unknown host is an error that names it"
          <| fun () ->
              task {
                  let! outcome =
                      inTime (QuicClient.connect (clientOptionsFor "no-such-host.invalid" 443))

                  match outcome with
                  | Error error ->
                      Expect.equal error (RuntimeError.HostNotFound "no-such-host.invalid") "the error"
                      Expect.stringContains (string error) "no-such-host.invalid" "its sentence"
                  | Ok _ -> failtest "it is nowhere"
              }

          testCaseTask "where nobody listens, connecting fails at once, and says so"
          <| fun () ->
              task {
                  if not LinuxSocket.isSupported then
                      Capability.missing "linux" "only Linux tells what ICMP says"

                  let free =
                      use probe = silentPort ()
                      portOf probe

                  let! outcome = inTime (QuicClient.connect (clientOptionsFor "127.0.0.1" free))

                  match outcome with
                  | Error error ->
                      Expect.equal
                          error
                          (RuntimeError.PortUnreachable(IPEndPoint(IPAddress.Loopback, free)))
                          "the error"
                  | Ok _ -> failtest "nobody is there"
              }

          testCaseTask "a server that is not there is a handshake timeout"
          <| fun () ->
              task {
                  use silent = silentPort ()

                  let options =
                      clientOptionsFor "127.0.0.1" (portOf silent)
                      |> withHandshakeTimeout (TimeSpan.FromMilliseconds 300.0)

                  let! outcome = inTime (QuicClient.connect options)

                  match outcome with
                  | Error(RuntimeError.ConnectionClosed reason) ->
                      Expect.equal reason.Origin CloseOrigin.HandshakeTimeout "the reason"
                  | Error error -> failtest $"{error}"
                  | Ok _ -> failtest "nobody is there"
              }

          testCaseTask "a connect can be cancelled, and leaves nothing behind"
          <| fun () ->
              task {
                  use silent = silentPort ()
                  use cancellation = new CancellationTokenSource()
                  let options = clientOptionsFor "127.0.0.1" (portOf silent)
                  let connecting = QuicClient.connectUntil cancellation.Token options
                  // The first datagram shows that it has begun.
                  let! _ = inTime (silent.ReceiveAsync(Array.zeroCreate<byte> 2000))
                  cancellation.Cancel()
                  let! _ = failure<OperationCanceledException> connecting "the cancelled connect"
                  ()
              }

          testCaseTask "a certificate that nobody vouches for is refused"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)

                  let strangers = ClientOptions.create "127.0.0.1" server.LocalEndPoint.Port "test"

                  let! outcome = inTime (QuicClient.connect strangers)

                  match outcome with
                  | Error(RuntimeError.ConnectionClosed reason) ->
                      match reason.Code with
                      | CloseCode.Transport _ -> ()
                      | CloseCode.Application _ -> failtest $"{reason}"
                  | Error error -> failtest $"{error}"
                  | Ok _ -> failtest "it was accepted"
              }

          testCaseTask "a configuration that cannot work is an error that lists every fault"
          <| fun () ->
              task {
                  let options = clientOptionsFor "127.0.0.1" 443

                  let impossible =
                      { options with
                          Runtime =
                              { options.Runtime with
                                  Endpoint =
                                      { options.Runtime.Endpoint with
                                          ApplicationProtocols = []
                                          MaxOutboundDatagramSize = 10 } } }

                  let! outcome = inTime (QuicClient.connect impossible)

                  match outcome with
                  | Error(RuntimeError.Configuration faults) -> Expect.hasLength faults 2 "both"
                  | Error error -> failtest $"{error}"
                  | Ok _ -> failtest "it cannot work"
              }

          testCaseTask "a cancelled accept loses no stream"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server
                  use cancellation = new CancellationTokenSource()
                  let accepting = accepted.AcceptInboundStreamAsync(cancellation.Token).AsTask()
                  cancellation.Cancel()
                  let! _ = failure<OperationCanceledException> accepting "the cancelled accept"
                  let! sending = openStream client QuicStreamType.Unidirectional
                  do! within (write sending [| 3uy |] true)
                  let! receiving = acceptStream accepted
                  let! bytes = readAll receiving
                  Expect.equal bytes [| 3uy |] "the stream is there"
                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "key log lines go to the file that is asked for"
          <| fun () ->
              task {
                  let path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())

                  try
                      use server = listen (serverOptions IPAddress.Loopback)
                      let options = clientOptions server

                      let! client =
                          connect
                              { options with
                                  Runtime =
                                      { options.Runtime with
                                          KeyLogFile = Some path } }

                      do! within (client.DisposeAsync().AsTask())
                      let labels = [ for line in File.ReadAllLines path -> line.Split(' ')[0] ]
                      Expect.contains labels "CLIENT_TRAFFIC_SECRET_0" "the client's"
                      Expect.contains labels "SERVER_TRAFFIC_SECRET_0" "the server's"
                  finally
                      File.Delete path
              }

          testCase "a key log file that cannot be written is an error that names it"
          <| fun () ->
              let path = Path.Combine(Path.GetTempPath(), "no such folder", "keys")
              let options = serverOptions IPAddress.Loopback

              match
                  QuicServer.start
                      { options with
                          Runtime =
                              { options.Runtime with
                                  KeyLogFile = Some path } }
              with
              | Error(RuntimeError.FileUnusable(unusable, _)) -> Expect.equal unusable path "its path"
              | Error error -> failtest $"{error}"
              | Ok _ -> failtest "it was written" ]
