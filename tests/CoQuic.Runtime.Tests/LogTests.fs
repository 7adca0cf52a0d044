module CoQuic.Runtime.Tests.LogTests

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.IO
open System.Net
open System.Net.Security
open System.Security.Cryptography.X509Certificates
open System.Threading.Tasks
open Expecto
open Microsoft.Extensions.Logging
open Microsoft.Extensions.Logging.Abstractions
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Runtime.Tests.ConnectionKit

type private Entry =
    { Category: string
      Level: LogLevel
      Event: EventId
      Message: string
      Values: Map<string, string>
      Error: exn | null }

/// Keeps what is logged at a level and above.
type private Recorder(least: LogLevel) =
    let entries = ConcurrentQueue<Entry>()

    let valuesOf (state: obj) =
        match state with
        | :? IReadOnlyList<KeyValuePair<string, objnull>> as values ->
            Map [ for pair in values -> pair.Key, string pair.Value ]
        | _ -> Map.empty

    let logger category =
        { new ILogger with
            member _.BeginScope _ = null
            member _.IsEnabled level = level >= least

            member _.Log(level, event, state, error, format) =
                entries.Enqueue
                    { Category = category
                      Level = level
                      Event = event
                      Message = format.Invoke(state, error)
                      Values = valuesOf (box state |> nonNull)
                      Error = error } }

    member _.Entries: Entry list = List.ofSeq entries

    member this.Names: string list =
        [ for entry in this.Entries -> string entry.Event.Name ]

    member this.Only(name: string) : Entry =
        match this.Entries |> List.filter (fun entry -> entry.Event.Name = name) with
        | [ entry ] -> entry
        | found -> failtest $"{found.Length} entries {name} among {this.Names}"

    interface ILoggerFactory with
        member _.AddProvider _ = ()
        member _.CreateLogger category = logger category
        member _.Dispose() = ()

/// What an application must not suffer from.
type private Thrower() =
    interface ILoggerFactory with
        member _.AddProvider _ = ()

        member _.CreateLogger _ =
            { new ILogger with
                member _.BeginScope _ = null
                member _.IsEnabled _ = true
                member _.Log(_, _, _, _, _) = raise (IOException "The disk is full.") }

        member _.Dispose() = ()

let private logging (factory: ILoggerFactory) (options: RuntimeOptions) =
    { options with
        LoggerFactory = Some factory }

let private loggedServer factory =
    let options = serverOptions IPAddress.Loopback

    { options with
        Runtime = logging factory options.Runtime }

let private loggedClient factory server =
    let options = clientOptions server

    { options with
        Runtime = logging factory options.Runtime }

exception private Crash

/// Fails as soon as it hears anything.
let private crashing: Program<unit, unit> =
    { Init = (), []
      Update = fun _ _ () -> raise Crash }

let private handshake: HandshakeInformation =
    { Connection = ConnectionHandle.create 1UL
      Version = QuicVersion.V1
      ApplicationProtocol = "test"
      CipherSuite = CipherSuite.Aes128GcmSha256
      Group = NamedGroup.X25519
      PeerCertificate = Bytes.empty
      WasResumed = false }

/// Each event once.
let private logEverything (log: Log) =
    let here = IPEndPoint(IPAddress.Loopback, 1)
    let connection = ConnectionHandle.create 1UL
    let unreachable = RuntimeError.PortUnreachable here
    let crash = Crash

    fun () ->
        log.Started("agent", here)
        log.Stopped("agent", here)
        log.ProgramFailed("agent", here, crash)
        log.QlogIncomplete "incomplete"
        log.SecretsWritten "keys"
        log.ConnectionReady(connection, here, handshake)
        log.ConnectionEnded(connection, here, unreachable)
        log.ConnectionRefused(connection, here)
        log.ConnectionMoved(connection, here, here)

let private allocated (work: unit -> unit) =
    // The first time, code is compiled and values are made that stay.
    work ()
    let before = GC.GetAllocatedBytesForCurrentThread()
    work ()
    GC.GetAllocatedBytesForCurrentThread() - before

[<Tests>]
let tests =
    testList
        "logging"
        [ testCaseTask "both ends tell of a connection's life, and why it ended"
          <| fun () ->
              task {
                  use there = new Recorder(LogLevel.Debug)
                  use here = new Recorder(LogLevel.Debug)
                  use server = listen (loggedServer there)
                  let connecting = connect (loggedClient here server)
                  let! accepted = accept server
                  let! client = connecting
                  do! within (client.CloseAsync(7L, "enough\nseen", Threading.CancellationToken.None).AsTask())
                  let! _ = inTime (QuicConnection.closed accepted)
                  do! within (server.DisposeAsync().AsTask())

                  let names =
                      [ "EndpointStarted"; "ConnectionReady"; "ConnectionClosed"; "EndpointStopped" ]

                  let ofLife (recorder: Recorder) =
                      recorder.Names |> List.filter (fun name -> List.contains name names)

                  Expect.equal (ofLife there) names "at the server"
                  Expect.equal (ofLife here) names "at the client"

                  let started = there.Only "EndpointStarted"
                  Expect.equal started.Category "CoQuic.Runtime.Endpoint" "its category"
                  Expect.equal started.Level LogLevel.Information "a server's start is news"
                  Expect.equal (here.Only "EndpointStarted").Level LogLevel.Debug "a client's is not"
                  Expect.equal started.Values["LocalEndPoint"] (string server.LocalEndPoint) "where"

                  let ready = there.Only "ConnectionReady"
                  Expect.equal ready.Category "CoQuic.Runtime.Connection" "its category"
                  Expect.equal ready.Values["ApplicationProtocol"] "test" "the protocol"
                  Expect.equal ready.Values["RemoteEndPoint"] (string accepted.RemoteEndPoint) "who"

                  let closed = there.Only "ConnectionClosed"
                  Expect.equal closed.Event.Id 11 "its number"
                  Expect.stringContains closed.Message "application error 7" "the code"
                  Expect.stringContains closed.Message "enough\uFFFDseen" "the reason, on one line"
              }

          testCaseTask "a handshake that fails is told with its reason"
          <| fun () ->
              task {
                  use there = new Recorder(LogLevel.Information)
                  use server = listen (loggedServer there)
                  let options = ClientOptions.create "127.0.0.1" server.LocalEndPoint.Port "another"
                  let! refused = inTime (QuicClient.connect (trusting options))
                  Expect.isError refused "no common protocol"
                  do! within (server.DisposeAsync().AsTask())
                  let failed = there.Only "ConnectionFailed"
                  Expect.equal failed.Level LogLevel.Information "its level"
                  Expect.stringContains failed.Message "transport error" "why"
              }

          testCaseTask "a connection that nobody accepts is a warning"
          <| fun () ->
              task {
                  use there = new Recorder(LogLevel.Warning)
                  use server = listen { loggedServer there with Backlog = 1 }
                  let! first = connect (clientOptions server)
                  let! second = connect (clientOptions server)
                  let! _ = inTime (QuicConnection.closed second)
                  let refused = there.Only "ConnectionRefused"
                  Expect.equal refused.Values["RemoteEndPoint"] $"127.0.0.1:{second.LocalEndPoint.Port}" "whose"
                  do! within (first.DisposeAsync().AsTask())
              }

          testCaseTask "a program's crash is an error with its exception"
          <| fun () ->
              task {
                  use recorder = new Recorder(LogLevel.Information)

                  let options =
                      EndpointConfig.server "test" identity.Value
                      |> RuntimeOptions.bound (IPEndPoint(IPAddress.Loopback, 0))
                      |> logging recorder

                  let agent = Expect.wantOk (Runtime.start options crashing) "it starts"
                  agent.Post()

                  try
                      do! inTime agent.Completion
                      failtest "it went on"
                  with Crash ->
                      ()

                  let failed = recorder.Only "ProgramFailed"
                  Expect.equal failed.Level LogLevel.Error "its level"

                  match failed.Error with
                  | NonNull Crash -> ()
                  | error -> failtest $"the exception: {error}"

                  Expect.isFalse (List.contains "EndpointStopped" recorder.Names) "it did not just stop"
              }

          testCaseTask "buffers smaller than asked for are a warning that names the sysctl, once"
          <| fun () ->
              task {
                  use recorder = new Recorder(LogLevel.Warning)
                  let options = loggedServer recorder

                  let greedy =
                      { options with
                          Runtime.SocketBufferBytes = Int32.MaxValue
                          Runtime.Offload = false }

                  for _ in 1..2 do
                      let server = listen greedy
                      do! within (server.DisposeAsync().AsTask())

                  let warning = recorder.Only "SocketLimited"
                  Expect.equal warning.Level LogLevel.Warning "its level"

                  if OperatingSystem.IsLinux() then
                      Expect.stringContains warning.Message "sysctl -w net.core.rmem_max=" "the remedy"
              }

          testCaseTask "a key log is a warning, since it gives secrets away"
          <| fun () ->
              task {
                  use recorder = new Recorder(LogLevel.Warning)
                  let path = Path.GetTempFileName()

                  try
                      let options = loggedServer recorder

                      let server =
                          listen
                              { options with
                                  Runtime.KeyLogFile = Some path }

                      do! within (server.DisposeAsync().AsTask())
                      Expect.equal (recorder.Only "SecretsWritten").Values["Path"] path "where"
                  finally
                      File.Delete path
              }

          testCaseTask "a client that moves is told with both addresses"
          <| fun () ->
              task {
                  use there = new Recorder(LogLevel.Debug)
                  use server = listen (loggedServer there)
                  let! client, accepted = pair server
                  let before = accepted.RemoteEndPoint
                  let! local = inTime (client.MigrateAsync().AsTask())
                  do! within (client.DisposeAsync().AsTask())
                  let! _ = inTime (QuicConnection.closed accepted)
                  let moved = there.Only "ConnectionMoved"
                  Expect.equal moved.Values["OldRemoteEndPoint"] (string before) "from"
                  Expect.equal moved.Values["RemoteEndPoint"] $"127.0.0.1:{local.Port}" "to"
              }

          testCaseTask "a logger that throws harms no connection"
          <| fun () ->
              task {
                  use thrower = new Thrower()
                  use server = listen (loggedServer thrower)
                  let connecting = connect (loggedClient thrower server)
                  let! accepted = accept server
                  let! client = connecting
                  let! sending = openStream client QuicStreamType.Unidirectional
                  do! within (write sending [| 1uy |] true)
                  let! receiving = acceptStream accepted
                  let! bytes = readAll receiving
                  Expect.equal bytes [| 1uy |] "what was written"
                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "options for ordinary .NET code have the loggers as well"
          <| fun () ->
              task {
                  use there = new Recorder(LogLevel.Debug)
                  use here = new Recorder(LogLevel.Debug)
                  let certificate = ClassFaceTests.certificate.Value

                  let listening =
                      QuicServerOptions(ServerCertificate = certificate, LoggerFactory = there)

                  listening.ListenEndPoint <- IPEndPoint(IPAddress.Loopback, 0)
                  listening.ApplicationProtocols.Add(SslApplicationProtocol "test")
                  let! server = inTime (QuicServer.ListenAsync(listening).AsTask())

                  let connecting =
                      QuicClientOptions(RemoteEndPoint = server.LocalEndPoint, LoggerFactory = here)

                  connecting.TrustedRoots <- X509Certificate2Collection certificate
                  connecting.ApplicationProtocols.Add(SslApplicationProtocol "test")
                  let! client = inTime (QuicClient.ConnectAsync(connecting).AsTask())
                  do! within (client.DisposeAsync().AsTask())
                  do! within (server.DisposeAsync().AsTask())
                  Expect.contains there.Names "ConnectionReady" "the server's"
                  Expect.contains here.Names "ConnectionReady" "the client's"
              }

          testCase "what nobody listens to costs no memory"
          <| fun () ->
              use off = new Recorder(LogLevel.None)
              Expect.equal (allocated (logEverything Log.None)) 0L "without loggers"
              Expect.equal (allocated (logEverything (Log.Of(Some off, Role.Server)))) 0L "with the level off"
              use on = new Recorder(LogLevel.Trace)
              Expect.isGreaterThan (allocated (logEverything (Log.Of(Some on, Role.Server)))) 0L "the check notices"

          testCase "every event has a number of its own"
          <| fun () ->
              use recorder = new Recorder(LogLevel.Trace)
              let log = Log.Of(Some recorder, Role.Server)
              logEverything log ()

              log.ConnectionEnded(
                  ConnectionHandle.create 1UL,
                  IPEndPoint(IPAddress.Loopback, 1),
                  RuntimeError.Aborted ""
              )

              log.SocketLimited(fun () -> [ "small" ])

              let numbers = [ for entry in recorder.Entries -> entry.Event.Id ] |> List.sort
              Expect.equal numbers ([ 1..6 ] @ [ 10..14 ]) "as docs/runtime.md has them" ]
