/// Sockets that the caller has opened.
module CoQuic.Runtime.Tests.OwnSocketTests

open System
open System.Net
open System.Net.Sockets
open Expecto
open CoQuic.Runtime
open CoQuic.Runtime.Tests.ConnectionKit

let private udp () =
    new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)

let private boundAt (address: IPAddress) =
    let socket = udp ()
    socket.Bind(IPEndPoint(address, 0))
    socket

let private isClosed (socket: Socket) =
    try
        socket.Available |> ignore
        false
    with :? ObjectDisposedException ->
        true

let private serverOn (socket: Socket) =
    let options = serverOptions IPAddress.IPv6Loopback

    { options with
        Runtime.Socket = Some socket }

let private clientOn (socket: Socket) (server: QuicServer) =
    let options = clientOptionsFor (string IPAddress.Loopback) server.LocalEndPoint.Port

    { options with
        Runtime.Socket = Some socket }

[<Tests>]
let tests =
    testList
        "a socket of the caller's"
        [ testCaseTask "serves and connects at its own address, and is closed with the endpoint"
          <| fun () ->
              task {
                  let listening = boundAt IPAddress.Any
                  let connecting = boundAt IPAddress.Loopback
                  let server = listen (serverOn listening)

                  Expect.equal
                      (box server.LocalEndPoint)
                      listening.LocalEndPoint
                      "the server is at the socket's address"

                  let opening = connect (clientOn connecting server)
                  let! accepted = accept server
                  let! client = opening
                  do! exchange client accepted
                  Expect.equal (box accepted.RemoteEndPoint) connecting.LocalEndPoint "the client came from its socket"

                  do! client.DisposeAsync()
                  do! server.DisposeAsync()
                  Expect.isTrue (isClosed listening && isClosed connecting) "both are closed"
              }

          testCaseTask "can be handed to the class face"
          <| fun () ->
              task {
                  let socket = boundAt IPAddress.Loopback
                  let options = QuicServerOptions(Socket = socket)
                  options.ServerCertificate <- CoQuic.Runtime.Tests.ClassFaceTests.certificate.Value
                  options.ApplicationProtocols.Add(Security.SslApplicationProtocol "test")
                  let! server = inTime (QuicServer.ListenAsync(options).AsTask())
                  Expect.equal (box server.LocalEndPoint) socket.LocalEndPoint "where the socket is"
                  do! server.DisposeAsync()
              }

          for name, make in
              [ "is not bound", udp
                "is connected",
                (fun () ->
                    let socket = boundAt IPAddress.Loopback
                    socket.Connect(IPEndPoint(IPAddress.Loopback, 9))
                    socket)
                "is not for UDP",
                (fun () -> new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
                "is closed",
                (fun () ->
                    let socket = boundAt IPAddress.Loopback
                    socket.Dispose()
                    socket) ] do
              testCase $"that {name} is refused, with that reason"
              <| fun () ->
                  match QuicServer.start (serverOn (make ())) with
                  | Error(RuntimeError.InvalidOption("Socket", problem)) -> Expect.stringContains problem name "why"
                  | Error error -> failtest $"another error: {error}"
                  | Ok _ -> failtest "it was taken"

          testCase "serves one shard alone, and is closed when nothing can start"
          <| fun () ->
              let socket = boundAt IPAddress.Loopback

              match QuicServer.start { serverOn socket with Shards = 2 } with
              | Error(RuntimeError.InvalidOption("Socket", _)) -> Expect.isTrue (isClosed socket) "closed"
              | Error error -> failtest $"another error: {error}"
              | Ok _ -> failtest "it was taken" ]
