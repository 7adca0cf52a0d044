module CoQuic.Peers.Tests.ArgumentsTests

open System
open System.Net
open Expecto
open CoQuic.FSharp
open CoQuic.Peers

let private parse (line: string) =
    Arguments.parse (line.Split(' ', StringSplitOptions.RemoveEmptyEntries))

let private everything =
    "--host ::1 --port 443 --alpn x --versions v2,v1 --cipher chacha20,aes256 --congestion-control pcc-vivace "
    + "--handshake-timeout 60 --keylog k --qlog q --zero-rtt"

let private all =
    { Host = "::1"
      Port = 443
      Alpn = "x"
      Versions = [ QuicVersion.V2; QuicVersion.V1 ]
      CipherSuites = [ CipherSuite.ChaCha20Poly1305Sha256; CipherSuite.Aes256GcmSha384 ]
      CongestionControl = CongestionControl.PccVivace
      HandshakeTimeout = TimeSpan.FromSeconds 60.0
      KeyLog = Some "k"
      Qlog = Some "q"
      ZeroRtt = true }

let private accepted =
    [ "server --www w", Serve(ServeOptions.create Common.defaults (Files "w"))
      $"server {everything} --www w --certificate-chain c --private-key p --retry --preferred-address 127.0.0.2:4433 --preferred-address [::1]:4434",
      Serve
          { ServeOptions.create all (Files "w") with
              Certificate = Some("c", "p")
              Retry = true
              PreferredAddresses = [ IPEndPoint.Parse "127.0.0.2:4433"; IPEndPoint.Parse "[::1]:4434" ] }
      $"client {everything} --resume r --download d --key-update --rebind --version-probe /a /b",
      Fetch
          { FetchOptions.create all "d" [ "/a"; "/b" ] with
              Resume = Some "r"
              Disturbances = [ KeyUpdate; Rebinding ]
              ProbesVersions = true }
      "client --reuse-token --download d /a /b",
      Fetch
          { FetchOptions.create Common.defaults "d" [ "/a"; "/b" ] with
              ReuseToken = true }
      "client --migrate --download d /a",
      Fetch
          { FetchOptions.create Common.defaults "d" [ "/a" ] with
              Disturbances = [ Migration ] }
      "server --datagram", Serve(ServeOptions.create { Common.defaults with Alpn = "siduck" } Datagrams)
      "client --datagram --host h",
      Ask
          { Common.defaults with
              Alpn = "siduck"
              Host = "h" }
      "client --datagram --alpn siduck-00",
      Ask
          { Common.defaults with
              Alpn = "siduck-00" }
      "relay --port 1 --to 127.0.0.1:2 --drop 2.5 --corrupt 1 --reorder 3 --duplicate 100 --rebind-after 9 --seed 7 --pcap c",
      Relay
          { Port = 1
            Server = IPEndPoint(IPAddress.Loopback, 2)
            Link =
              { Drop = 0.025
                Corrupt = 0.01
                Reorder = 0.03
                Duplicate = 1.0
                RebindAfter = 9
                Seed = 7 }
            Capture = Some "c" } ]

/// Command lines with a word of the sentence that has to say what is wrong.
let private refused =
    [ "", "USAGE"
      "listen", "listen"
      "server", "--www"
      "server --www w --port 65536", "65535"
      "server --www w --port -1", "65535"
      "server --www w --certificate-chain c", "--private-key"
      "server --www w --versions v3", "v3"
      "server --www w --versions v1,", "v1,"
      "server --www w --versions v1,v1", "v1,v1"
      "server --www w --cipher des", "chacha20"
      "server --www w --congestion-control vegas", "newreno"
      "server --www w --congestion-control cubic,bbr", "cubic,bbr"
      "server --www w --handshake-timeout soon", "seconds"
      "server --www w --datagram", "exclude"
      "server --www w --rebind", "client does"
      "server --www w --preferred-address 127.0.0.2", "port"
      "server --www w --preferred-address 127.0.0.2:1 --preferred-address 127.0.0.3:1", "once"
      "client /a", "--download"
      "client --download d", "something to fetch"
      "client --download d --speed 9 /a", "--speed"
      "client --download d /a/x /b/x", "same name"
      "client --download d a", "begins with"
      "client --download d --retry /a", "server does"
      "client --download d --zero-rtt /a", "--resume"
      "client --download d --reuse-token /a", "two paths"
      "client --download d --reuse-token --resume r /a /b", "exclude"
      "client --download d --rebind --migrate /a", "exclude"
      "client --datagram /a", "--download"
      "client --datagram --rebind", "--rebind"
      "client --datagram --resume r", "--resume"
      "relay --port 1", "--to"
      "relay --to 127.0.0.1", "port"
      "relay --to 127.0.0.1:2 --drop 101", "100"
      "relay --to 127.0.0.1:2 --drop -1", "100"
      "relay --to 127.0.0.1:2 --www w", "server does" ]

[<Tests>]
let tests =
    testList
        "interop command line"
        [ for line, invocation in accepted do
              testCase $"'{line}' is taken"
              <| fun () -> Expect.equal (parse line) (Ok invocation) "what it asks for"

          for line, word in refused do
              testCase $"'{line}' is refused, and why"
              <| fun () ->
                  match parse line with
                  | Error faults -> Expect.stringContains (String.concat " " faults) word "the sentence"
                  | Ok invocation -> failtest $"not refused: {invocation}"

          testCase "all that is wrong is said at once"
          <| fun () ->
              match parse "client --port x --drop 3 /a" with
              | Error [ stranger ] ->
                  Expect.stringContains stranger "--drop" "an option of another subcommand comes first"
              | other -> failtest $"{other}"

              match parse "client --port x --cipher y a" with
              | Error faults -> Expect.hasLength faults 4 "a fault each"
              | other -> failtest $"{other}"

          for subcommand in [ "server"; "client"; "relay" ] do
              testCase $"the help of {subcommand} explains every option"
              <| fun () ->
                  match parse $"{subcommand} --help" with
                  | Ok(Help usage) ->
                      for option in
                          [ "--versions"
                            "--key-update"
                            "--rebind"
                            "--migrate"
                            "--datagram"
                            "--qlog"
                            "--preferred-address" ] do
                          Expect.stringContains usage option "an option"
                  | other -> failtest $"{other}" ]
