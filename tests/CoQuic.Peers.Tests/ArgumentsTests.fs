module CoQuic.Peers.Tests.ArgumentsTests

open System
open Expecto
open CoQuic.Peers

let private parse (line: string) =
    Arguments.parse (line.Split(' ', StringSplitOptions.RemoveEmptyEntries))

let private common =
    { Host = "127.0.0.1"
      Port = 4433
      Alpn = "hq-interop"
      KeyLog = None }

[<Tests>]
let tests =
    testList
        "interop command line"
        [ testCase "a server needs no more than a directory"
          <| fun () -> Expect.equal (parse "server --www w") (Ok(Serve(common, "w", None))) "the server"

          testCase "every option is taken"
          <| fun () ->
              let all =
                  { Host = "::1"
                    Port = 443
                    Alpn = "x"
                    KeyLog = Some "k" }

              Expect.equal
                  (parse
                      "server --host ::1 --port 443 --alpn x --keylog k --www w --certificate-chain c --private-key p")
                  (Ok(Serve(all, "w", Some("c", "p"))))
                  "a server"

              Expect.equal
                  (parse "client --host ::1 --port 443 --alpn x --keylog k --download d /a /b")
                  (Ok(Fetch(all, "d", [ "/a"; "/b" ])))
                  "a client"

          for line in
              [ ""
                "listen"
                "server"
                "server --www w --port 65536"
                "server --www w --certificate-chain c"
                "client /a"
                "client --download d"
                "client --download d --speed 9 /a"
                "client --download d /a/x /b/x" ] do
              testCase $"'{line}' is refused"
              <| fun () ->
                  match parse line with
                  | Error(_ :: _) -> ()
                  | other -> failtest $"not refused: {other}" ]
