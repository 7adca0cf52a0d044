module CoQuic.Peers.Tests.LoopbackTests

open System
open System.IO
open System.Net
open System.Net.Sockets
open System.Threading.Tasks
open Expecto
open CoQuic.FSharp
open CoQuic.Peers

/// A port that was free a moment ago.
let private freePort () =
    use socket =
        new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)

    socket.Bind(IPEndPoint(IPAddress.Loopback, 0))
    (nonNull socket.LocalEndPoint :?> IPEndPoint).Port

let private common () =
    { Host = "127.0.0.1"
      Port = freePort ()
      Alpn = "hq-interop"
      Versions = [ QuicVersion.V1 ]
      KeyLog = None
      ZeroRtt = false }

/// Against hanging only.
let private deadline = TimeSpan.FromSeconds 60.0

/// Serves files of these sizes, and lets a client fetch the paths, both with changed options. A look at the client's exit status
/// and at what it has.
let private fetchWith
    (server: ServeOptions -> ServeOptions)
    (client: FetchOptions -> FetchOptions)
    (sizes: (string * int) list)
    keyLog
    paths
    look
    =
    task {
        let folder = (Directory.CreateTempSubdirectory "coquic-peers-tests-").FullName
        let www = Path.Combine(folder, "www")
        let downloads = Path.Combine(folder, "downloads")
        Directory.CreateDirectory www |> ignore

        try
            for name, size in sizes do
                File.WriteAllBytes(Path.Combine(www, name), Array.init size (fun index -> byte (index * 17)))

            let common = common ()

            let withKeyLog =
                { common with
                    KeyLog = keyLog |> Option.map (fun (name: string) -> Path.Combine(folder, name)) }

            let stop = TaskCompletionSource()

            let serving =
                HqServer.run
                    (server
                        { Common = withKeyLog
                          Www = www
                          Certificate = None
                          Retry = false })
                    stop.Task

            let fetching =
                HqClient.run (
                    client
                        { Common = common
                          Directory = downloads
                          Paths = paths
                          ReuseToken = false
                          Resume = None }
                )

            let! status = fetching.WaitAsync deadline
            stop.SetResult()
            let! served = serving.WaitAsync deadline
            Expect.equal served 0 "the server ends in order"
            look folder status
        finally
            Directory.Delete(folder, true)
    }

let private fetch sizes keyLog paths look = fetchWith id id sizes keyLog paths look

let private isSame (folder: string) name =
    let read side =
        File.ReadAllBytes(Path.Combine(folder, side, name))

    Expect.sequenceEqual (read "downloads") (read "www") name

[<Tests>]
let tests =
    testSequenced
    <| testList
        "interop endpoint on loopback"
        [ testCaseTask "many small files arrive over one connection, and its secrets are written down"
          <| fun () ->
              let files = [ for index in 1..150 -> $"file{index}", index * 7 ]

              fetch files (Some "keys") [ for name, _ in files -> "/" + name ] (fun folder status ->
                  Expect.equal status 0 "the client succeeds"
                  files |> List.iter (fst >> isSame folder)
                  let keys = File.ReadAllText(Path.Combine(folder, "keys"))
                  Expect.stringContains keys "SERVER_TRAFFIC_SECRET_0 " "the secrets")

          testCaseTask "a file that is not there is a reset stream, and the others arrive"
          <| fun () ->
              fetch
                  [ "here", 100_000; "empty", 0 ]
                  None
                  [ "/here"; "/nothing"; "/empty"; "/../outside" ]
                  (fun folder status ->
                      Expect.equal status 1 "the client says so"
                      isSame folder "here"
                      isSame folder "empty"
                      Expect.isFalse (File.Exists(Path.Combine(folder, "downloads", "nothing"))) "no file")

          for name, server, client in
              [ "after a Retry", (fun (asked: ServeOptions) -> { asked with Retry = true }), id
                "without a second Retry, thanks to the first connection's token",
                (fun asked -> { asked with Retry = true }),
                (fun (asked: FetchOptions) -> { asked with ReuseToken = true })
                "in version 2, which the server chooses",
                (fun asked ->
                    { asked with
                        Common =
                            { asked.Common with
                                Versions = [ QuicVersion.V2; QuicVersion.V1 ] } }),
                (fun asked ->
                    { asked with
                        Common =
                            { asked.Common with
                                Versions = [ QuicVersion.V2; QuicVersion.V1 ] } }) ] do
              testCaseTask $"files arrive {name}"
              <| fun () ->
                  fetchWith server client [ "one", 1_000; "two", 200_000 ] None [ "/one"; "/two" ] (fun folder status ->
                      Expect.equal status 0 "the client succeeds"
                      isSame folder "one"
                      isSame folder "two")

          testCaseTask "a client that comes back goes on with its session, and asks in early data"
          <| fun () ->
              task {
                  let folder = (Directory.CreateTempSubdirectory "coquic-peers-tests-").FullName
                  let inside name = Path.Combine(folder, name)

                  try
                      File.WriteAllText(inside "file", "content")
                      let common = { common () with ZeroRtt = true }
                      let stop = TaskCompletionSource()

                      let serving =
                          HqServer.run
                              { Common = common
                                Www = folder
                                Certificate = None
                                Retry = false }
                              stop.Task

                      let fetch () =
                          (HqClient.run
                              { Common = common
                                Directory = inside "downloads"
                                Paths = [ "/file" ]
                                ReuseToken = false
                                Resume = Some(inside "session") })
                              .WaitAsync
                              deadline

                      let! first = fetch ()
                      let before = File.ReadAllBytes(inside "session")
                      let! second = fetch ()
                      stop.SetResult()
                      let! _ = serving.WaitAsync deadline
                      Expect.equal (first, second) (0, 0) "both succeed"
                      Expect.notEqual (File.ReadAllBytes(inside "session")) before "the session is a newer one"
                      Expect.equal (File.ReadAllText(Path.Combine(inside "downloads", "file"))) "content" "the file"
                  finally
                      Directory.Delete(folder, true)
              } ]
