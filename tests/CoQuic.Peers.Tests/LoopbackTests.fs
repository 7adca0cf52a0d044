module CoQuic.Peers.Tests.LoopbackTests

open System.IO
open Expecto
open CoQuic.Peers.Tests.Loopback

let private port = freePort () |> string

let private server (site: Site) options =
    [ "server"; "--port"; port; "--www"; site.Www; "--qlog"; site.QlogFolder ]
    @ options

let private client (site: Site) options names =
    [ "client"
      "--port"
      port
      "--download"
      site.Downloads
      "--qlog"
      site.QlogFolder ]
    @ options
    @ [ for name in names -> "/" + name ]

/// Fetches both files under these options, and looks at what the qlog files say.
let private fetching serving asking look =
    // More than a window: the server waits for packets that the client sends after what its options ask for.
    let files = [ "one", 1_000; "two", 3_000_000 ]

    withSite files (fun site ->
        task {
            do!
                beside (server site serving) (fun () ->
                    task {
                        let! status = run (client site asking (List.map fst files))
                        Expect.equal status 0 "the client succeeds"
                    })

            expectSame site (List.map fst files)
            look site.Qlog
        })

let private says (words: string list) (qlog: string) =
    for word in words do
        Expect.stringContains qlog word "qlog"

let private cases =
    [ "after a Retry", [ "--retry" ], [], says [ "\"packet_type\":\"retry\"" ]
      "without a second Retry, thanks to the first connection's token",
      [ "--retry" ],
      [ "--reuse-token" ],
      says [ "\"packet_type\":\"retry\"" ]
      "in version 2, which the server chooses",
      [ "--versions"; "v2,v1" ],
      [ "--versions"; "v2,v1" ],
      says [ "\"version\":\"6b3343cf\"" ]
      "in version 2 from the start", [ "--versions"; "v2" ], [ "--versions"; "v2" ], says [ "\"version\":\"6b3343cf\"" ]
      "after Version Negotiation", [], [ "--version-probe" ], says [ "\"packet_type\":\"version_negotiation\"" ]
      "under ChaCha20-Poly1305 alone", [ "--cipher"; "chacha20" ], [], ignore
      "over HTTP/3", [ "--alpn"; "h3" ], [ "--alpn"; "h3" ], ignore
      "with new keys", [], [ "--key-update" ], says [ "key_updated"; "\"key_phase_bit\":true" ]
      "through a NAT that forgets the client", [], [ "--rebind" ], says [ "path_challenge" ]
      "while the client migrates", [], [ "--migrate" ], says [ "path_challenge"; "path_response" ]
      "at the address that the server prefers",
      [ "--host"; "0.0.0.0"; "--preferred-address"; $"127.0.0.2:{port}" ],
      [],
      says [ "path_response" ]
      for algorithm in [ "newreno"; "bbr"; "copa"; "pcc"; "pcc-vivace" ] do
          $"under {algorithm}", [ "--congestion-control"; algorithm ], [ "--congestion-control"; algorithm ], ignore ]

[<Tests>]
let tests =
    testSequenced
    <| testList
        "interop endpoint on loopback"
        [ for name, serving, asking, look in cases do
              testCaseTask $"files arrive {name}" <| fun () -> fetching serving asking look

          testCaseTask "no cipher suite in common is no connection"
          <| fun () ->
              withSite [ "one", 1 ] (fun site ->
                  beside (server site [ "--cipher"; "chacha20" ]) (fun () ->
                      task {
                          let! status = run (client site [ "--cipher"; "aes128,aes256" ] [ "one" ])
                          Expect.equal status 1 "the client says so"
                      }))

          testCaseTask "many small files arrive over one connection, and its secrets are written down"
          <| fun () ->
              let files = [ for index in 1..150 -> $"file{index}", index * 7 ]

              withSite files (fun site ->
                  task {
                      do!
                          beside (server site [ "--keylog"; site.Inside "keys" ]) (fun () ->
                              task {
                                  let! status = run (client site [] (List.map fst files))
                                  Expect.equal status 0 "the client succeeds"
                              })

                      expectSame site (List.map fst files)
                      let keys = File.ReadAllText(site.Inside "keys")
                      Expect.stringContains keys "SERVER_TRAFFIC_SECRET_0 " "the secrets"
                  })

          testCaseTask "a file that is not there is a reset stream, and the others arrive"
          <| fun () ->
              withSite [ "here", 100_000; "empty", 0 ] (fun site ->
                  task {
                      do!
                          beside (server site []) (fun () ->
                              task {
                                  let! status = run (client site [] [ "here"; "nothing"; "empty"; "../outside" ])
                                  Expect.equal status 1 "the client says so"
                              })

                      expectSame site [ "here"; "empty" ]
                      Expect.isFalse (File.Exists(Path.Combine(site.Downloads, "nothing"))) "no file"
                  })

          testCaseTask "a client that comes back goes on with its session, and asks in early data"
          <| fun () ->
              withSite [ "file", 1_000 ] (fun site ->
                  task {
                      let session = site.Inside "session"

                      let fetch () =
                          run (client site [ "--zero-rtt"; "--resume"; session ] [ "file" ])

                      do!
                          beside (server site [ "--zero-rtt" ]) (fun () ->
                              task {
                                  let! first = fetch ()
                                  let before = File.ReadAllBytes session
                                  let! second = fetch ()
                                  Expect.equal (first, second) (0, 0) "both succeed"
                                  Expect.notEqual (File.ReadAllBytes session) before "the session is a newer one"
                              })

                      expectSame site [ "file" ]
                  })

          testCaseTask "a DATAGRAM is answered"
          <| fun () ->
              task {
                  do!
                      beside [ "server"; "--port"; port; "--datagram" ] (fun () ->
                          task {
                              let! status = run [ "client"; "--port"; port; "--datagram" ]
                              Expect.equal status 0 "quack-ack"
                          })
              } ]
