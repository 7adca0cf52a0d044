module CoQuic.Runtime.Tests.QlogTests

open System
open System.IO
open System.Net
open System.Text.Json
open System.Threading.Tasks
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Runtime.Tests.ConnectionKit

let private withDirectory directory (options: RuntimeOptions) =
    { options with
        QlogDirectory = Some directory }

/// The records of a JSON text sequence (RFC 7464).
let private records (path: string) =
    [ for record in File.ReadAllText(path).Split('\u001e', StringSplitOptions.RemoveEmptyEntries) ->
          JsonDocument.Parse(record).RootElement ]

let private names (path: string) =
    records path
    |> List.choose (fun record ->
        match record.TryGetProperty "name" with
        | true, name -> Some(string (name.GetString()))
        | _ -> None)

/// The phases of 1-RTT keys that a file tells of, with what brought them about.
let private keyPhases (path: string) =
    [ for record in records path do
          match record.TryGetProperty "name" with
          | true, name when name.GetString() = "quic:key_updated" ->
              let data = record.GetProperty "data"

              match data.TryGetProperty "key_phase", data.GetProperty("trigger").GetString() with
              | (true, phase), trigger when trigger <> "tls" -> string trigger, phase.GetInt32()
              | _ -> ()
          | _ -> () ]

let private nothing _ _ = Task.CompletedTask

/// Once a byte has come back the handshake is confirmed, and what was asked for is done: the second one goes under new keys.
let private renewKeys (connection: QuicConnection) served : Task =
    task {
        connection.RequestKeyUpdate()
        do! exchange connection served
        do! exchange connection served
    }

/// A connection that carries a little, with qlog on both sides; the directory is deleted behind it.
let private traced (before: QuicConnection -> QuicConnection -> Task) (check: string -> unit) =
    task {
        let directory = Path.Combine(Path.GetTempPath(), $"coquic-qlog-{Guid.NewGuid():N}")

        try
            let options = serverOptions IPAddress.Loopback

            let server =
                listen
                    { options with
                        Runtime = withDirectory directory options.Runtime }

            let client = clientOptions server

            let! connection =
                connect
                    { client with
                        Runtime = withDirectory directory client.Runtime }

            let! served = accept server
            do! before connection served
            let! stream = openStream connection QuicStreamType.Unidirectional
            do! within (write stream (Array.zeroCreate 10_000) true)
            let! incoming = inTime (served.AcceptInboundStreamAsync().AsTask())
            let! _ = readAll incoming
            do! within (connection.DisposeAsync().AsTask())
            do! within ((server :> IAsyncDisposable).DisposeAsync().AsTask())
            check directory
        finally
            if Directory.Exists directory then
                Directory.Delete(directory, true)
    }

[<Tests>]
let tests =
    testList
        "qlog files"
        [ testCaseTask "each side of a connection leaves one file, named after its first destination and role"
          <| fun () ->
              traced nothing (fun directory ->
                  let files =
                      Directory.GetFiles directory
                      |> Array.map (Path.GetFileName >> string)
                      |> Array.sort

                  Expect.equal files.Length 2 "two files"
                  let id = files[0].Split('_')[0]
                  Expect.equal files [| $"{id}_client.sqlog"; $"{id}_server.sqlog" |] "of one connection"

                  for file in Directory.GetFiles directory do
                      let records = records file
                      Expect.isGreaterThan records.Length 20 "events"
                      Expect.isTrue (fst ((List.head records).TryGetProperty "trace")) "the header is first"
                      let names = names file
                      Expect.equal (List.head names) "quic:connection_started" "then the start"
                      Expect.equal (List.last names) "quic:connection_closed" "and the end is last"
                      Expect.contains names "quic:packet_sent" "packets"
                      Expect.contains names "quic:packet_received" "both ways")

          testCaseTask "keys that the application asks for are seen at both ends"
          <| fun () ->
              traced renewKeys (fun directory ->
                  let phases role =
                      Directory.GetFiles(directory, $"*_{role}.sqlog")
                      |> Array.exactlyOne
                      |> keyPhases

                  let twice trigger = [ trigger, 1; trigger, 1 ]
                  Expect.equal (phases "client") (twice "local_update") "who asked"
                  Expect.equal (phases "server") (twice "remote_update") "who followed")

          testCaseTask "a directory that cannot be is an error before anything runs"
          <| fun () ->
              task {
                  let file = Path.GetTempFileName()

                  try
                      let options = clientOptionsFor "localhost" 4433

                      let! refused =
                          QuicClient.connect
                              { options with
                                  Runtime = withDirectory (Path.Combine(file, "below")) options.Runtime }

                      match refused with
                      | Error(RuntimeError.FileUnusable(path, _)) -> Expect.stringContains path "below" "it is named"
                      | _ -> failtest "it is refused"
                  finally
                      File.Delete file
              }

          testCase "a disk that fails is told once, and events are taken all the same"
          <| fun () ->
              let directory = Path.Combine(Path.GetTempPath(), $"coquic-qlog-{Guid.NewGuid():N}")

              let told = Collections.Concurrent.ConcurrentQueue<string>()
              let utc () = DateTimeOffset.UnixEpoch

              let files = Expect.wantOk (QlogFiles.Open(directory, utc, told.Enqueue)) "it opens"
              Directory.Delete directory
              let id = ConnectionId(ReadOnlySpan [| 1uy; 2uy |])

              for connection in 1UL .. 3UL do
                  let started = CoQuic.Engine.QlogConnectionStarted(Role.Client, id, id, id)
                  files.Record(ConnectionHandle connection, TimeUs 0L, started)

              (files :> IDisposable).Dispose()
              Expect.equal told.Count 1 "once"
              Expect.equal files.Lost 0L "no event was refused"

          testCaseTask "statistics of a connection are there while it lives"
          <| fun () ->
              task {
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! connection = connect (clientOptions server)
                  let! stream = openStream connection QuicStreamType.Unidirectional
                  do! within (write stream (Array.zeroCreate 10_000) true)
                  let! statistics = inTime (QuicConnection.statistics connection)

                  match statistics with
                  | Some statistics ->
                      Expect.isGreaterThan statistics.PacketsSent 0UL "packets"
                      Expect.isTrue statistics.HandshakeDuration.HasValue "the handshake's duration"
                  | None -> failtest "the connection is held"

                  do! within (connection.DisposeAsync().AsTask())
                  let! gone = inTime (QuicConnection.statistics connection)
                  Expect.isNone gone "nothing is left"
              } ]
