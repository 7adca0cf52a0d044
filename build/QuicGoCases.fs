/// What is tried with quic-go.
module CoQuic.Build.QuicGoCases

open CoQuic.Build.PeerCase

let private retried = "\"packet_type\":\"retry\""
let private offered = "\"packet_type\":\"version_negotiation\""
let private versionTwo = "QUIC v2"
let private chaCha20 = "ChaCha20Poly1305Sha256"
let private updated = "\"key_phase_bit\":true"

/// quic-go's own interop server under one of its test cases.
let private server (quicGo: QuicGo.QuicGo) testCase (setting: Setting) =
    theirs
        [ "TESTCASE", testCase
          "LISTEN", $"127.0.0.1:{setting.Port}"
          "WWW", setting.Site.Www
          "CERTIFICATE", setting.Site.Certificate
          "PRIVATE_KEY", setting.Site.Key
          "LOG", setting.Inside "server.log" ]
        quicGo.Server
        []

/// quic-go's own interop client.
let private client (quicGo: QuicGo.QuicGo) testCase paths (setting: Setting) =
    theirs
        [ "TESTCASE", testCase
          "DOWNLOADS", setting.Downloads
          "LOG", setting.Inside "client.log" ]
        quicGo.Client
        [ for path in paths -> $"https://127.0.0.1:{setting.Target}{path}" ]

/// The server of our own program on quic-go.
let private ownServer (quicGo: QuicGo.QuicGo) options (setting: Setting) =
    theirs
        []
        quicGo.Peer
        ([ "-address"; $"127.0.0.1:{setting.Port}"; "-www"; setting.Site.Www ]
         @ [ "-certificate"; setting.Site.Certificate; "-key"; setting.Site.Key ]
         @ options)

let private ownClient (quicGo: QuicGo.QuicGo) options paths (setting: Setting) =
    theirs
        []
        quicGo.Peer
        ([ "-address"; $"127.0.0.1:{setting.Target}"; "-download"; setting.Downloads ]
         @ options
         @ paths)

let private case name server clients paths says =
    { Peer = "quic-go"
      Name = name
      Server = server
      Clients = clients
      Link = []
      Paths = paths
      Says = says
      Look = fun _ -> None }

/// The same over a bad link.
let private over (name, link) case =
    { case with
        Name = $"{case.Name}, {name}"
        Link = link }

let private lossy =
    "2 % lost, 2 % late, 1 % twice, 1 % with a wrong bit",
    [ "--drop"
      "2"
      "--reorder"
      "2"
      "--duplicate"
      "1"
      "--corrupt"
      "1"
      "--seed"
      "1" ]

let private broken = "30 % lost", [ "--drop"; "30"; "--seed"; "2" ]

let private rebinding =
    "through a NAT that forgets the client", [ "--rebind-after"; "100" ]

let private large = [ PeerSite.large ]
let private first = List.truncate 1 PeerSite.small

/// quic-go updates its keys after a hundred packets, and in version 2 by the label of version 1, "quic ku", where RFC 9369 §3.3 has
/// "quicv2 ku" (0.46, internal/handshake/updatable_aead.go): that is how far a connection in version 2 goes.
let private underHundredPackets = List.truncate 10 PeerSite.small
let private others = List.skip 1 PeerSite.small

/// We fetch, quic-go serves.
let private fetching quicGo =
    let fetch name testCase options paths says =
        case $"our client, quic-go's server: {name}" (server quicGo testCase) [ ourClient options paths ] paths says

    let fetchTwice name testCase more says =
        case
            $"our client, quic-go's server: {name}"
            (server quicGo testCase)
            [ ourClient [ "--resume"; "SESSION" ] first
              ourClient ([ "--resume"; "SESSION" ] @ more) others ]
            PeerSite.small
            says

    [ fetch "10 MiB" "transfer" [] large []
      fetch "2,000 files over one connection" "transfer" [] PeerSite.all []
      fetch "Retry" "retry" [] PeerSite.small [ retried ]
      fetch "ChaCha20-Poly1305 alone" "chacha20" [ "--cipher"; "chacha20" ] large [ chaCha20 ]
      fetch "a key update of ours" "transfer" [ "--key-update" ] large [ updated ]
      fetch "Version Negotiation" "versionnegotiation" [ "--version-probe" ] PeerSite.small [ offered ]
      fetchTwice "resumption" "resumption" [] [ "resumed" ]
      fetchTwice "0-RTT" "zerortt" [ "--zero-rtt" ] [ "early data: Accepted" ]
      case
          "our client, a server on quic-go: version 2"
          (ownServer quicGo [ "-versions"; "v2,v1" ])
          [ ourClient [ "--versions"; "v2" ] underHundredPackets ]
          underHundredPackets
          [ versionTwo ]
      case
          "our client, a server on quic-go: version 2 and Retry"
          (ownServer quicGo [ "-versions"; "v2"; "-retry" ])
          [ ourClient [ "--versions"; "v2" ] underHundredPackets ]
          underHundredPackets
          [ versionTwo; retried ]
      case
          "our client, a server on quic-go: DATAGRAM"
          (ownServer quicGo [ "-datagram" ])
          [ askingDuck ]
          []
          [ "quack-ack" ] ]

/// quic-go fetches, we serve.
let private serving quicGo =
    let serve name options testCase paths says =
        case $"quic-go's client, our server: {name}" (ourServer options) [ client quicGo testCase paths ] paths says

    [ serve "10 MiB" [] "transfer" large []
      serve "2,000 files over one connection" [] "transfer" PeerSite.all []
      serve "a connection for each of 100 files" [] "multiconnect" PeerSite.small []
      serve "Retry" [ "--retry" ] "retry" PeerSite.small []
      serve "ChaCha20-Poly1305 alone" [] "chacha20" large [ chaCha20 ]
      serve "its key updates" [] "keyupdate" large [ updated ]
      serve "resumption" [] "resumption" PeerSite.small [ "resumed" ]
      serve "0-RTT" [ "--zero-rtt" ] "zerortt" PeerSite.small [ "resumed"; "\"packet_type\":\"0RTT\"" ]
      { serve "Version Negotiation" [] "versionnegotiation" first [] with
          Paths = [] }
      for algorithm in [ "newreno"; "bbr"; "copa"; "pcc"; "pcc-vivace" ] do
          serve $"10 MiB with {algorithm}" [ "--congestion-control"; algorithm ] "transfer" large []
      case
          "a client on quic-go, our server: version 2"
          (ourServer [ "--versions"; "v2,v1" ])
          [ ownClient quicGo [ "-versions"; "v2" ] underHundredPackets ]
          underHundredPackets
          [ versionTwo ]
      case "a client on quic-go, our server: DATAGRAM" ourDuck [ ownClient quicGo [ "-datagram" ] [] ] [] [] ]

/// Bad links, both ways.
let private badLinks quicGo =
    let fetch testCase options paths =
        case "our client, quic-go's server" (server quicGo testCase) [ ourClient options paths ] paths []

    let serve testCase paths =
        case "quic-go's client, our server" (ourServer []) [ client quicGo testCase paths ] paths []

    [ over lossy (fetch "transfer" [] large)
      over lossy (serve "transfer" large)
      over broken (fetch "handshake" [ "--handshake-timeout"; "60" ] first)
      over broken (serve "handshake" first)
      over
          rebinding
          { serve "transfer" large with
              Says = [ "path_challenge" ] } ]

/// Every case.
let all quicGo : Case list =
    fetching quicGo @ serving quicGo @ badLinks quicGo
