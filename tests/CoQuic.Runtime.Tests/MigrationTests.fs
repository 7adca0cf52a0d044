module CoQuic.Runtime.Tests.MigrationTests

open System
open System.Net
open System.Threading
open System.Threading.Tasks
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Runtime.Tests.ConnectionKit

/// The server's view of its client's port, as soon as it is another.
let private portAt (accepted: QuicConnection) = accepted.RemoteEndPoint.Port

let private forbidding (options: ServerOptions) =
    { options with
        Runtime =
            options.Runtime
            |> changeTransport (fun transport ->
                { transport with
                    DisableActiveMigration = true }) }

/// One byte there and back, on a stream of its own.
let private exchange (client: QuicConnection) (accepted: QuicConnection) =
    task {
        let! there = openStream client QuicStreamType.Bidirectional
        do! within (write there [| 1uy |] true)
        let! here = acceptStream accepted
        let! bytes = readAll here
        do! within (write here bytes true)
        let! answer = readAll there
        Expect.equal answer [| 1uy |] "the answer"
    }

/// A transfer while `disturb` happens in its middle; the bytes are what they were.
let private transferWhile (client: QuicConnection) (accepted: QuicConnection) disturb =
    task {
        let! sending = openStream client QuicStreamType.Unidirectional
        let bytes = pattern 8_000_000
        let writing = write sending bytes true
        let! receiving = acceptStream accepted
        let first = Array.zeroCreate<byte> 100_000
        do! within (receiving.ReadExactlyAsync(Memory first, CancellationToken.None).AsTask())
        do! disturb ()
        let! rest = readAll receiving
        do! within writing
        Expect.isTrue (Array.append first rest = bytes) "the bytes"
    }

let private migrates (name: string) address =
    testCaseTask $"a client moves to another port of {name} in the middle of a transfer, and both ends know"
    <| fun () ->
        task {
            SocketKit.require address
            use server = listen (serverOptions address)
            let! client, accepted = pair server
            let before = client.LocalEndPoint.Port

            do!
                transferWhile client accepted (fun () ->
                    task {
                        let! local = inTime (client.MigrateAsync().AsTask())
                        Expect.notEqual local.Port before "another port"
                        Expect.equal client.LocalEndPoint local "where it says it is"
                    })

            do! exchange client accepted
            Expect.equal (portAt accepted) client.LocalEndPoint.Port "where the server sees it"
            do! within (client.DisposeAsync().AsTask())
        }

[<Tests>]
let tests =
    testList
        "migration"
        [ migrates "IPv4" IPAddress.Loopback
          migrates "IPv6" IPAddress.IPv6Loopback

          testCaseTask "a client moves again and again"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server

                  // Connection IDs come one by one with those that are given up: an exchange gives them the time.
                  for _ in 1..5 do
                      let! moved = inTime (QuicConnection.migrate None client)
                      let local = Expect.wantOk moved "it moves"
                      do! exchange client accepted
                      Expect.equal (portAt accepted) local.Port "the server follows"

                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "a client moves to the port it chooses"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, _ = pair server

                  let chosen =
                      use probe = SocketKit.openOn SocketKit.portable IPAddress.Loopback
                      probe.LocalEndPoint

                  let! moved = inTime (QuicConnection.migrate (Some chosen) client)
                  Expect.equal (Expect.wantOk moved "it moves") chosen "the port"
                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "a port in use is an error, and the connection stays where it was"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server
                  let! moved = inTime (QuicConnection.migrate (Some server.LocalEndPoint) client)

                  Expect.equal moved (Error(RuntimeError.AddressInUse server.LocalEndPoint)) "the error"
                  do! exchange client accepted
                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "where the server does not want it, a move is declined"
          <| fun () ->
              task {
                  use server = listen (forbidding (serverOptions IPAddress.Loopback))
                  let! client, accepted = pair server

                  let! error = failure<QuicException> (client.MigrateAsync().AsTask()) "the move"

                  Expect.equal error.QuicError QuicError.OperationDeclined (string error)
                  do! exchange client accepted
                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "a server's side cannot move"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server

                  let! error = failure<QuicException> (accepted.MigrateAsync().AsTask()) "the move"

                  Expect.equal error.QuicError QuicError.OperationDeclined (string error)
                  let! rebound = inTime (QuicConnection.rebind None accepted)
                  Expect.isError rebound "nor be rebound"
                  do! exchange client accepted
                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "a transfer goes on when a NAT gives the client another port"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server
                  let mutable rebound = 0

                  do!
                      transferWhile client accepted (fun () ->
                          task {
                              let! local = inTime (client.RebindAsync(null).AsTask())
                              rebound <- local.Port
                          })

                  do! exchange client accepted
                  Expect.equal (portAt accepted) rebound "the server has followed"
                  do! within (client.DisposeAsync().AsTask())
              } ]
