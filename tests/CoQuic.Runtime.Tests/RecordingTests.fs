/// What happens on sockets, recorded in files, and replayed without any.
module CoQuic.Runtime.Tests.RecordingTests

open System
open System.IO
open System.Net
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Runtime.Tests.ConnectionKit

let private recordTo path (options: RuntimeOptions) = { options with RecordTo = Some path }

let private inTemporaryFolder test =
    task {
        let folder = Directory.CreateTempSubdirectory "coquic-recording-"

        try
            do! test folder.FullName
        finally
            folder.Delete true
    }

/// A server and a client on loopback, both recorded; the paths of the two files.
let private converse folder =
    task {
        let server, client =
            Path.Combine(folder, "server.jsonl"), Path.Combine(folder, "client.jsonl")

        let options = serverOptions IPAddress.Loopback

        let listening =
            listen
                { options with
                    Runtime = recordTo server options.Runtime }

        let options = clientOptions listening

        let! connection =
            connect
                { options with
                    Runtime = recordTo client options.Runtime }

        let! accepted = accept listening
        let! sending = openStream connection QuicStreamType.Unidirectional
        do! within (write sending (Array.init 100_000 byte) true)
        let! receiving = acceptStream accepted
        let! bytes = readAll receiving
        Expect.hasLength bytes 100_000 "all bytes"
        do! within (connection.DisposeAsync().AsTask())
        do! within (listening.DisposeAsync().AsTask())
        return server, client
    }

[<Tests>]
let tests =
    testList
        "recordings of sockets"
        [ testCaseTask "replay byte for byte, of the client and of the server"
          <| fun () ->
              inTemporaryFolder (fun folder ->
                  task {
                      let! server, client = converse folder

                      for path in [ server; client ] do
                          let recording = Expect.wantOk (Recordings.load path) "it is read"
                          let replayed = Expect.wantOk (Replay.run recording) "it is replayed"
                          Expect.isNone replayed.Divergence $"{path}: the same effects"
                          Expect.isGreaterThan replayed.Results.Length 10 "there were inputs"
                  })

          testCaseTask "are their owner's alone to read, and never overwrite a file"
          <| fun () ->
              inTemporaryFolder (fun folder ->
                  task {
                      let! _, client = converse folder

                      if not (OperatingSystem.IsWindows()) then
                          let mode = File.GetUnixFileMode client
                          Expect.equal mode (UnixFileMode.UserRead ||| UnixFileMode.UserWrite) "the owner"

                      let recording = Expect.wantOk (Recordings.load client) "it is read"

                      match Recordings.save client recording with
                      | Error(RuntimeError.FileUnusable(path, _)) -> Expect.equal path client "the file in the way"
                      | other -> failtest $"{other}"

                      let copy = Path.Combine(folder, "copy.jsonl")
                      Expect.wantOk (Recordings.save copy recording) "it is written"
                      Expect.equal (File.ReadAllText copy) (File.ReadAllText client) "the same lines"
                  })

          testCase "that cannot be written are an error before anything starts"
          <| fun () ->
              let path = Path.Combine(Path.GetTempPath(), "no such folder", "recording")
              let options = serverOptions IPAddress.Loopback

              match
                  QuicServer.start
                      { options with
                          Runtime = recordTo path options.Runtime }
              with
              | Error(RuntimeError.FileUnusable(unusable, _)) -> Expect.equal unusable path "its path"
              | Error error -> failtest $"{error}"
              | Ok _ -> failtest "it was written" ]
