/// Clients that come back, over loopback: sessions that go on, and early data.
module CoQuic.Runtime.Tests.EarlyDataTests

open System
open System.Net
open System.Threading.Tasks
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Tests
open CoQuic.Runtime.Tests.ConnectionKit

let private key fill =
    { Current = Secret.ofBytes (Bytes.ofArray (Array.create 32 fill))
      Previous = Secret.empty }

/// A server under known ticket keys, which takes early data or refuses it.
let private serverThat (takesEarlyData: bool) =
    let options = serverOptions IPAddress.Loopback

    { options with
        Runtime.Endpoint.ZeroRtt.Allow = takesEarlyData
        Runtime.Endpoint.TicketKeys = key 1uy
        Runtime.Endpoint.ReplayGuard = Some(SharedReplayGuard() :> IReplayGuard) }

/// It hears everything and answers nothing.
let private silentSocket () =
    new Sockets.UdpClient(IPEndPoint(IPAddress.Loopback, 0))

let private portOf (socket: Sockets.UdpClient) =
    match socket.Client.LocalEndPoint with
    | :? IPEndPoint as endPoint -> endPoint.Port
    | _ -> failtest "it is bound"

/// Hands on what a client sends to a server and the server's answers, from what has arrived already to the socket's end.
let private forward (between: Sockets.UdpClient) (server: IPEndPoint) =
    task {
        let mutable client = server

        try
            while true do
                let! received = between.ReceiveAsync()

                if received.RemoteEndPoint.Equals server then
                    let! _ = between.SendAsync(received.Buffer, client)
                    ()
                else
                    client <- received.RemoteEndPoint
                    let! _ = between.SendAsync(received.Buffer, server)
                    ()
        with
        | :? ObjectDisposedException
        | :? Sockets.SocketException -> ()
    }

let private stateOf connection =
    task {
        let! state = inTime (QuicConnection.resumptionState connection)
        return Expect.wantOk state "a ticket"
    }

/// A first visit: what the client can come back with.
let private visit server =
    task {
        let! connected, accepted = pair server
        let! state = stateOf connected
        do! within (connected.DisposeAsync().AsTask())
        ignore accepted
        return state
    }

let private comeBack state earlyData server =
    connect (clientOptions server |> ClientOptions.resuming state earlyData)

/// The next stream's bytes, sent back.
let private echoOne (connection: QuicConnection) =
    task {
        let! stream = acceptStream connection
        let! bytes = readAll stream
        do! write stream bytes true
        return bytes
    }

let private ask (connection: QuicConnection) bytes =
    task {
        let! stream = openStream connection QuicStreamType.Bidirectional
        do! within (write stream bytes true)
        return! readAll stream
    }

[<Tests>]
let tests =
    testList
        "coming back"
        [ testCaseTask "a session is resumed with the state of an earlier connection"
          <| fun () ->
              task {
                  use server = listen (serverThat false)
                  let! state = visit server
                  let! connection = comeBack state false server
                  let! accepted = accept server
                  Expect.isTrue (connection.WasResumed && accepted.WasResumed) "resumed"
                  Expect.isNull connection.RemoteCertificate "no certificate was shown"
                  let echoing = echoOne accepted
                  let! answer = ask connection (pattern 1000)
                  Expect.equal answer (pattern 1000) "and works"
                  let! _ = echoing
                  do! within (connection.DisposeAsync().AsTask())
              }

          testCaseTask "early data is asked and answered, whether or not the handshake is done"
          <| fun () ->
              task {
                  use server = listen (serverThat true)
                  let! state = visit server
                  let! connection = comeBack state true server
                  let asking = ask connection (pattern 2000)
                  let! accepted = accept server
                  let! question = echoOne accepted
                  Expect.equal question (pattern 2000) "the question"
                  let! answer = asking
                  Expect.equal answer (pattern 2000) "the answer"
                  do! within connection.HandshakeCompleted
                  do! within accepted.HandshakeCompleted
                  Expect.equal connection.EarlyDataStatus ZeroRttStatus.Accepted "accepted"
                  Expect.equal (string connection.NegotiatedApplicationProtocol) "test" "the protocol"
                  do! within (connection.DisposeAsync().AsTask())
              }

          testCaseTask "streams of refused early data fail with their reason, and others go on"
          <| fun () ->
              task {
                  use generous = listen (serverThat true)
                  let! state = visit generous
                  use server = listen (serverThat false)
                  // The server hears of the client once something has been written, so that its answer cannot come before.
                  use between = silentSocket ()

                  let! connection =
                      connect (
                          clientOptionsFor "127.0.0.1" (portOf between)
                          |> ClientOptions.resuming state true
                      )

                  let! stream = openStream connection QuicStreamType.Bidirectional
                  do! within (write stream (pattern 2000) true)
                  forward between server.LocalEndPoint |> ignore
                  let! error = failure<QuicException> (readAll stream) "the stream ends"
                  Expect.equal error.QuicError QuicError.EarlyDataRejected "its reason"
                  do! within connection.HandshakeCompleted
                  Expect.equal connection.EarlyDataStatus ZeroRttStatus.Rejected "rejected"
                  let! accepted = accept server
                  let echoing = echoOne accepted
                  let! answer = ask connection (pattern 500)
                  Expect.equal answer (pattern 500) "another stream"
                  let! _ = echoing
                  do! within (connection.DisposeAsync().AsTask())
              }

          testCaseTask "refused early data is sent again where the application wants it"
          <| fun () ->
              task {
                  use generous = listen (serverThat true)
                  let! state = visit generous
                  use server = listen (serverThat false)
                  let options = clientOptions server |> ClientOptions.resuming state true

                  let! connection =
                      connect
                          { options with
                              Request.ZeroRtt.ResendRejected = true }

                  let asking = ask connection (pattern 2000)
                  let! accepted = accept server
                  let! _ = echoOne accepted
                  let! answer = asking
                  Expect.equal answer (pattern 2000) "the answer"
                  Expect.equal connection.EarlyDataStatus ZeroRttStatus.Rejected "though it was rejected"
                  do! within (connection.DisposeAsync().AsTask())
              }

          testCaseTask "a state that is of no use costs nothing: streams wait for the handshake"
          <| fun () ->
              task {
                  use server = listen (serverThat true)
                  let useless = Secret.ofBytes (Bytes.ofString "no state at all")
                  let! connection = comeBack useless true server
                  let asking = ask connection (pattern 10)
                  let! accepted = accept server
                  let! _ = echoOne accepted
                  let! answer = asking
                  Expect.equal answer (pattern 10) "the answer"
                  Expect.isFalse connection.WasResumed "a new session"
                  Expect.equal connection.EarlyDataStatus ZeroRttStatus.Unavailable "no early data"
                  do! within (connection.DisposeAsync().AsTask())
              }

          testCaseTask "a connection that fails before its handshake fails what was written early"
          <| fun () ->
              task {
                  let! state =
                      task {
                          use server = listen (serverThat true)
                          return! visit server
                      }

                  use silent = silentSocket ()
                  let port = portOf silent

                  let options = clientOptionsFor "127.0.0.1" port |> ClientOptions.resuming state true

                  let! connection =
                      connect
                          { options with
                              Runtime.Endpoint.Transport.HandshakeTimeout = TimeSpan.FromMilliseconds 200.0 }

                  let! error = failure<QuicException> (ask connection (pattern 10)) "no answer"
                  Expect.equal error.QuicError QuicError.ConnectionTimeout "why"
                  let! error = failure<QuicException> connection.HandshakeCompleted "no handshake"
                  Expect.equal error.QuicError QuicError.ConnectionTimeout "why"
              }

          testCase "a shared guard lets one of many threads claim a ticket"
          <| fun () ->
              let guard = SharedReplayGuard() :> IReplayGuard
              let ticket = Bytes.ofString "ticket"
              let now = DateTimeOffset.UnixEpoch

              let claims =
                  Array.Parallel.init 64 (fun _ -> guard.TryClaim(ticket, now, now, now + TimeSpan.FromSeconds 1.0))

              Expect.equal (claims |> Array.filter id |> Array.length) 1 "one" ]
