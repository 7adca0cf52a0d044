module CoQuic.Runtime.Tests.MigrationTests

open System
open System.Net
open System.Threading
open System.Threading.Tasks
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Tests
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

let private preferring (preferred: IPEndPoint) (options: ServerOptions) =
    { options with
        Runtime.Endpoint.PreferredAddress = Some { IPv4 = Some preferred; IPv6 = None } }

/// A server at an address that prefers another of the same port.
let private listenPreferring (address: string) (preferred: string) =
    let port =
        use probe = SocketKit.openOn SocketKit.portable IPAddress.Any
        probe.LocalEndPoint.Port

    let preferred = IPEndPoint(IPAddress.Parse preferred, port)

    serverOptions (IPAddress.Parse address)
    |> preferring preferred
    |> (fun options ->
        listen
            { options with
                Runtime.LocalEndPoint = Some(IPEndPoint(IPAddress.Parse address, port)) }),
    preferred

/// A connection to 127.0.0.1, whatever the server prefers, and its other end.
let private pairAt (server: QuicServer) =
    task {
        let connecting = connect (clientOptionsFor "127.0.0.1" server.LocalEndPoint.Port)
        let! accepted = accept server
        let! client = connecting
        return client, accepted
    }

/// Only Linux answers at all of 127.0.0.0/8 unasked.
let private requireLoopbacks () =
    if not (OperatingSystem.IsLinux()) then
        Capability.missing "loopbacks" "this system has one loopback address"

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

          testCaseTask "a client goes to the address that its server prefers"
          <| fun () ->
              task {
                  requireLoopbacks ()
                  let server, preferred = listenPreferring "0.0.0.0" "127.0.0.2"
                  let! client, accepted = pairAt server

                  // It goes when the handshake is confirmed, which nobody is told: exchanges give it the time.
                  let arriving =
                      task {
                          while client.RemoteEndPoint <> preferred do
                              do! exchange client accepted
                      }

                  do! inTime arriving

                  do! exchange client accepted
                  do! within (client.DisposeAsync().AsTask())
                  do! within (server.DisposeAsync().AsTask())
              }

          testCaseTask "a client that is asked to move at once does so from the address that its server prefers"
          <| fun () ->
              task {
                  requireLoopbacks ()
                  let server, preferred = listenPreferring "0.0.0.0" "127.0.0.2"
                  let! client, accepted = pairAt server
                  let before = client.LocalEndPoint.Port
                  let! local = inTime (client.MigrateAsync().AsTask())
                  Expect.notEqual local.Port before "it has moved"
                  Expect.equal client.RemoteEndPoint preferred "and speaks to the preferred address"
                  do! exchange client accepted
                  Expect.equal (portAt accepted) local.Port "where the server sees it"
                  do! within (client.DisposeAsync().AsTask())
                  do! within (server.DisposeAsync().AsTask())
              }

          testCaseTask "a client that is asked to move does so also where nobody answers at the preferred address"
          <| fun () ->
              task {
                  requireLoopbacks ()
                  let server, _ = listenPreferring "127.0.0.1" "127.0.0.2"
                  let! client, accepted = pairAt server
                  let! local = inTime (client.MigrateAsync().AsTask())
                  Expect.equal client.RemoteEndPoint server.LocalEndPoint "it speaks to the address it knew"
                  do! exchange client accepted
                  Expect.equal (portAt accepted) local.Port "where the server sees it"
                  do! within (client.DisposeAsync().AsTask())
                  do! within (server.DisposeAsync().AsTask())
              }

          testCase "moves wait for confirmation, and for the way to the preferred address"
          <| fun () ->
              let core =
                  ConnectionCore(
                      ConnectionHandle.create 1UL,
                      Role.Client,
                      IPEndPoint(IPAddress.Loopback, 1),
                      { HighWater = 1; CreditThreshold = 1 },
                      StreamQueue ignore,
                      Log.None
                  )

              let preferred = IPEndPoint(IPAddress.Loopback, 2)
              let elsewhere = IPEndPoint(IPAddress.Loopback, 3)
              let moves = Moves()
              let first, second = PendingMove(core, None), PendingMove(core, Some elsewhere)

              let asks target : Command<HubMessage> list =
                  [ Command.RequestMigration(core.Handle, target) ]

              Expect.isEmpty (moves.Begin first) "not before confirmation"
              core.IsConfirmed <- true

              Expect.equal
                  (moves.OnConfirmed(core.Handle, Some preferred))
                  (asks (MigrationTarget.PreferredAddress preferred))
                  "the preferred address comes first"

              Expect.isEmpty (moves.Begin second) "not while it is on its way there"
              Expect.isTrue first.Source.Task.IsFaulted "another took its place"
              Expect.isTrue (moves.OnEnded(core.Handle, Error RuntimeError.MigrationFailed)) "settled"
              Expect.isFalse second.Source.Task.IsCompleted "that was not its end"
              Expect.equal (moves.OnSettled core.Handle) (asks (MigrationTarget.LocalAddress elsewhere)) "now it goes"
              Expect.isFalse (moves.OnEnded(core.Handle, Ok elsewhere)) "the end of its own move"
              Expect.equal second.Source.Task.Result elsewhere "where it is"

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
