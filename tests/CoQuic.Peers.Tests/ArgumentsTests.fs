module CoQuic.Peers.Tests.ArgumentsTests

open System
open Expecto
open CoQuic.FSharp
open CoQuic.Peers

let private parse (line: string) =
    Arguments.parse (line.Split(' ', StringSplitOptions.RemoveEmptyEntries))

let private common =
    { Host = "127.0.0.1"
      Port = 4433
      Alpn = "hq-interop"
      Versions = [ QuicVersion.V1 ]
      KeyLog = None
      ZeroRtt = false }

let private serving common www certificate : ServeOptions =
    { Common = common
      Www = www
      Certificate = certificate
      Retry = false }

let private fetching common directory paths : FetchOptions =
    { Common = common
      Directory = directory
      Paths = paths
      ReuseToken = false
      Resume = None }

[<Tests>]
let tests =
    testList
        "interop command line"
        [ testCase "a server needs no more than a directory"
          <| fun () -> Expect.equal (parse "server --www w") (Ok(Serve(serving common "w" None))) "the server"

          testCase "every option is taken"
          <| fun () ->
              let all =
                  { Host = "::1"
                    Port = 443
                    Alpn = "x"
                    Versions = [ QuicVersion.V2; QuicVersion.V1 ]
                    KeyLog = Some "k"
                    ZeroRtt = true }

              Expect.equal
                  (parse
                      "server --host ::1 --port 443 --alpn x --versions v2,v1 --keylog k --zero-rtt --www w --certificate-chain c --private-key p --retry")
                  (Ok(
                      Serve
                          { serving all "w" (Some("c", "p")) with
                              Retry = true }
                  ))
                  "a server"

              Expect.equal
                  (parse
                      "client --host ::1 --port 443 --alpn x --versions v2,v1 --keylog k --zero-rtt --resume r --reuse-token --download d /a /b")
                  (Ok(
                      Fetch
                          { fetching all "d" [ "/a"; "/b" ] with
                              ReuseToken = true
                              Resume = Some "r" }
                  ))
                  "a client"

          for line in
              [ ""
                "listen"
                "server"
                "server --www w --port 65536"
                "server --www w --certificate-chain c"
                "server --www w --versions v3"
                "server --www w --versions v1,"
                "client /a"
                "client --download d"
                "client --download d --speed 9 /a"
                "client --download d /a/x /b/x" ] do
              testCase $"'{line}' is refused"
              <| fun () ->
                  match parse line with
                  | Error(_ :: _) -> ()
                  | other -> failtest $"not refused: {other}" ]
