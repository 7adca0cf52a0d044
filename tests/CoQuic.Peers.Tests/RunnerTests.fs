module CoQuic.Peers.Tests.RunnerTests

open System
open System.Diagnostics
open System.IO
open Expecto
open CoQuic.Peers
open CoQuic.Peers.Tests.Loopback

let private demandWith session (variables: (string * string) list) =
    let values = Map variables
    Runner.demand (fun name -> Map.tryFind name values) session

let private demand = demandWith "SESSION"

let private client testCase requests =
    demand [ "ROLE", "client"; "TESTCASE", testCase; "REQUESTS", requests ]

let private server testCase =
    demand [ "ROLE", "server"; "TESTCASE", testCase ]

let private two = "https://server4:443/a https://server4:443/b"

let private lines demand =
    match demand with
    | Runner.CommandLines lines -> [ for line in lines -> String.Join(" ", line) ]
    | other -> failtest $"no command lines: {other}"

/// A link between the endpoints, as the options of a relay; none lets them meet.
let private straight: string list = []
let private through options : string list = options

/// What the runner calls its cases, the link of each, how many files of which size, and what qlog files say then.
let private cases =
    let few = [ "a", 5_000; "b", 10_000 ]
    let large = [ "a", 3_000_000 ]

    [ "handshake", straight, few, []
      "transfer", straight, [ "a", 2_000_000; "b", 3_000_000 ], []
      "longrtt", straight, few, []
      "retry", straight, few, [ "\"packet_type\":\"retry\"" ]
      "resumption", straight, few, []
      "zerortt", straight, few, []
      "chacha20", straight, large, []
      "keyupdate", straight, large, [ "key_updated" ]
      "v2", straight, few, [ "\"version\":\"6b3343cf\"" ]
      "multiconnect", straight, [ for index in 1..8 -> $"file{index}", 1_000 ], []
      "multiplexing", straight, [ for index in 1..400 -> $"file{index}", 32 ], []
      "versionnegotiation", straight, few, [ "\"packet_type\":\"version_negotiation\"" ]
      "ecn", straight, [ "a", 100_000 ], [ "ect0" ]
      "ipv6", straight, few, []
      "blackhole", straight, large, []
      "amplificationlimit", straight, few, []
      "connectionmigration", straight, [ "a", 2_000_000 ], [ "path_response" ]
      "handshakeloss", through [ "--drop"; "30" ], [ for index in 1..4 -> $"file{index}", 1_000 ], []
      "handshakecorruption", through [ "--corrupt"; "30" ], [ for index in 1..4 -> $"file{index}", 1_000 ], []
      "transferloss", through [ "--drop"; "2"; "--reorder"; "2" ], [ "a", 1_000_000 ], []
      "transfercorruption", through [ "--corrupt"; "2"; "--duplicate"; "2" ], [ "a", 1_000_000 ], []
      "rebind-addr", through [ "--rebind-after"; "80" ], large, [ "path_challenge" ]
      "rebind-port", through [ "--rebind-after"; "50" ], large, [ "path_challenge" ] ]

let private writeCertificate (site: Site) =
    use key =
        Security.Cryptography.ECDsa.Create Security.Cryptography.ECCurve.NamedCurves.nistP256

    let request =
        Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=localhost",
            key,
            Security.Cryptography.HashAlgorithmName.SHA256
        )

    let now = DateTimeOffset.UtcNow
    use certificate = request.CreateSelfSigned(now.AddDays -1.0, now.AddDays 1.0)
    File.WriteAllText(site.Inside "cert.pem", certificate.ExportCertificatePem())
    File.WriteAllText(site.Inside "priv.key", key.ExportPkcs8PrivateKeyPem())

/// Does what the runner does with one case: a server and a client under its environment, and a look at the files.
let private perform (site: Site) testCase link files =
    task {
        writeCertificate site
        let port = freePort ()
        let near = if testCase = "ipv6" then "[::1]" else "127.0.0.1"
        let relayPort = freePort ()
        let asked = if List.isEmpty link then port else relayPort

        let demand role =
            demandWith
                (site.Inside "session")
                [ "ROLE", role
                  "TESTCASE", testCase
                  "WWW", site.Www
                  "CERTS", site.Folder
                  "DOWNLOADS", site.Downloads
                  "PORT", string port
                  "PREFERRED_ADDRESSES", $"127.0.0.2:{port}"
                  "SERVER_PARAMS", "--qlog " + site.QlogFolder
                  "CLIENT_PARAMS", "--qlog " + site.QlogFolder
                  "REQUESTS", String.Join(" ", [ for name, _ in files -> $"https://{near}:{asked}/{name}" ]) ]

        let commandLines role =
            match demand role with
            | Runner.CommandLines lines -> lines
            | other -> failtest $"no command lines: {other}"

        let fetch () =
            task {
                for line in commandLines "client" do
                    let! status = run line
                    Expect.equal status 0 "the client succeeds"
            }

        let serving = List.exactlyOne (commandLines "server")

        let relay =
            [ "relay"
              "--port"
              string relayPort
              "--to"
              $"127.0.0.1:{port}"
              "--seed"
              "1" ]
            @ link

        do! beside serving (fun () -> if List.isEmpty link then fetch () else beside relay fetch)
    }

[<Tests>]
let translation =
    testList
        "interop runner's environment"
        [ testCase "a client's requests become a command line"
          <| fun () ->
              Expect.equal
                  (lines (client "transfer" two))
                  [ "client --host server4 --port 443 --download /downloads --handshake-timeout 60 /a /b" ]
                  "one connection"

          testCase "an IPv6 literal loses its brackets, and a port is 443 unless it is said"
          <| fun () ->
              Expect.equal
                  (lines (client "handshake" "https://[::1]/a"))
                  [ "client --host ::1 --port 443 --download /downloads --handshake-timeout 60 /a" ]
                  "the address"

          testCase "a server serves /www with the certificate in /certs on port 443"
          <| fun () ->
              match lines (server "retry") with
              | [ line ] ->
                  Expect.stringContains line "--port 443 --www /www" "where and what"

                  Expect.stringContains
                      line
                      "--certificate-chain /certs/cert.pem --private-key /certs/priv.key"
                      "as whom"

                  Expect.stringEnds line "--retry" "how"
              | other -> failtest $"{other}"

          testCase "sessions and several connections are several command lines"
          <| fun () ->
              let ends testCase =
                  [ for line in lines (client testCase two) -> line.Substring(line.IndexOf "60" + 3) ]

              Expect.equal (ends "resumption") [ "--resume SESSION /a"; "--resume SESSION /b" ] "resumption"

              Expect.equal
                  (ends "zerortt")
                  [ "--resume SESSION /a"; "--resume SESSION --zero-rtt /b" ]
                  "early data only where there is a session"

              Expect.equal (ends "multiconnect") [ "/a"; "/b" ] "one connection each"

          testCase "parameters are appended"
          <| fun () ->
              let demand =
                  demand
                      [ "ROLE", "client"
                        "TESTCASE", "transfer"
                        "REQUESTS", two
                        "CLIENT_PARAMS", "--congestion-control  bbr" ]

              Expect.stringContains (List.exactlyOne (lines demand)) "--congestion-control bbr" "the parameter"

          testCase "every command line is one that the program takes"
          <| fun () ->
              for testCase, _, _, _ in cases do
                  for demand in [ client testCase two; server testCase ] do
                      match demand with
                      | Runner.CommandLines lines ->
                          for line in lines do
                              match Arguments.parse (List.toArray line) with
                              | Ok _ -> ()
                              | Error faults -> failtest $"{testCase}: {faults}"
                      | other -> failtest $"{testCase}: {other}"

          testCase "what is unknown is unsupported, what is unclear is said"
          <| fun () ->
              Expect.equal (client "http3" two) (Runner.Unsupported "http3") "HTTP/3"
              Expect.equal (server "") (Runner.Unsupported "") "nothing"

              for demand in
                  [ demand [ "ROLE", "referee"; "TESTCASE", "transfer" ]
                    client "transfer" ""
                    client "transfer" "http://server/a"
                    client "transfer" "https://server4/a https://server6/a"
                    client "resumption" "https://server4/a" ] do
                  match demand with
                  | Runner.Unclear [ _ ] -> ()
                  | other -> failtest $"{other}" ]

/// The exit status of the real program under these variables.
let private exitStatus (variables: (string * string) list) =
    let program = Path.Combine(AppContext.BaseDirectory, "coquic-interop.dll")

    let info =
        ProcessStartInfo("dotnet", [ program ], RedirectStandardError = true, RedirectStandardOutput = true)

    for name, value in variables do
        info.Environment[name] <- value

    use child = Process.Start info |> nonNull
    child.StandardError.ReadToEnd() |> ignore

    if not (child.WaitForExit deadline) then
        child.Kill()
        failtest "the program hangs"

    child.ExitCode

[<Tests>]
let performances =
    testSequenced
    <| testList
        "interop runner's cases, our client and our server"
        [ for name, link, files, words in cases do
              testCaseTask name
              <| fun () ->
                  withSite files (fun site ->
                      task {
                          do! perform site name link files
                          expectSame site (List.map fst files)
                          let qlog = site.Qlog

                          for word in words do
                              Expect.stringContains qlog word "qlog"
                      })

          testCase "an unsupported case ends the program with exit status 127"
          <| fun () ->
              Expect.equal (exitStatus [ "ROLE", "server"; "TESTCASE", "http3" ]) 127 "a server"
              Expect.equal (exitStatus [ "ROLE", "client"; "TESTCASE", "http3"; "REQUESTS", two ]) 127 "a client"

              Expect.equal
                  (exitStatus [ "ROLE", "client"; "TESTCASE", "transfer" ])
                  1
                  "nothing to fetch is another fault" ]
