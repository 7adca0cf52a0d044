/// What is tried with ngtcp2, whose endpoints speak HTTP/3.
module CoQuic.Build.Ngtcp2Cases

open CoQuic.Build.PeerCase

let private retried = "\"packet_type\":\"retry\""
let private offered = "\"packet_type\":\"version_negotiation\""
let private versionTwo = "QUIC v2"
let private chaCha20 = "ChaCha20Poly1305Sha256"
let private updated = "\"key_phase_bit\":true"
let private moved = "path_challenge"

let private server (ngtcp2: Ngtcp2.Ngtcp2) options (setting: Setting) =
    let option text =
        if text = "ELSEWHERE" then
            $"--preferred-ipv4-addr=127.0.0.2:{setting.Port + 1}"
        else
            text

    theirs
        ngtcp2.Environment
        ngtcp2.Server
        ([ "-q"; "-d"; setting.Site.Www ]
         @ List.map option options
         @ [ "127.0.0.1"; string setting.Port; setting.Site.Key; setting.Site.Certificate ])

let private client (ngtcp2: Ngtcp2.Ngtcp2) options paths (setting: Setting) =
    let option (text: string) =
        text.Replace("SESSION", setting.Inside "session").Replace("PARAMETERS", setting.Inside "parameters")

    theirs
        ngtcp2.Environment
        ngtcp2.Client
        ([ "-q"; "--no-quic-dump"; "--no-http-dump"; "--exit-on-all-streams-close" ]
         @ [ $"--download={setting.Downloads}"; "--timeout=30s" ]
         @ List.map option options
         @ [ "127.0.0.1"; string setting.Target ]
         @ [ for path in paths -> $"https://localhost:{setting.Target}{path}" ])

let private http3 options = [ "--alpn"; "h3" ] @ options

let private case name server clients paths says =
    { Peer = "ngtcp2"
      Name = name
      Server = server
      Clients = clients
      Link = []
      Paths = paths
      Says = says
      Look = fun _ -> None }

let private large = [ PeerSite.large ]
let private small = PeerSite.small
let private first = List.truncate 1 small
let private others = List.skip 1 small

let private lossy =
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

/// We fetch, ngtcp2 serves.
let private fetching ngtcp2 =
    let fetch name serving options paths says =
        case
            $"our client, ngtcp2's server: {name}"
            (server ngtcp2 serving)
            [ ourClient (http3 options) paths ]
            paths
            says

    let fetchTwice name more says =
        case
            $"our client, ngtcp2's server: {name}"
            (server ngtcp2 [])
            [ ourClient (http3 [ "--resume"; "SESSION" ]) first
              ourClient (http3 ([ "--resume"; "SESSION" ] @ more)) others ]
            small
            says

    [ fetch "10 MiB" [] [] large []
      fetch "100 small files" [] [] small []
      fetch "Retry" [ "-V" ] [] small [ retried ]
      fetch "version 2" [] [ "--versions"; "v2" ] small [ versionTwo ]
      fetch "from version 1 to 2" [ "--preferred-versions=v2,v1" ] [ "--versions"; "v2,v1" ] small [ versionTwo ]
      fetch "Version Negotiation" [] [ "--version-probe" ] small [ offered ]
      fetch "ChaCha20-Poly1305 alone" [] [ "--cipher"; "chacha20" ] large [ chaCha20 ]
      fetch "a key update of ours" [] [ "--key-update" ] large [ updated ]
      fetch "through a NAT that forgets us" [] [ "--rebind" ] large [ moved ]
      fetch "a migration of ours" [] [ "--migrate" ] large [ moved ]
      fetch "at its preferred address" [ "ELSEWHERE" ] [] large [ moved ]
      fetchTwice "resumption" [] [ "resumed" ]
      fetchTwice "0-RTT" [ "--zero-rtt" ] [ "early data: Accepted" ]
      { fetch "10 MiB over a bad link" [] [] large [] with
          Link = lossy } ]

/// ngtcp2 fetches, we serve.
let private serving ngtcp2 =
    let serve name options asking paths says =
        case
            $"ngtcp2's client, our server: {name}"
            (ourServer (http3 options))
            [ client ngtcp2 asking paths ]
            paths
            says

    let kept = [ "--session-file=SESSION"; "--tp-file=PARAMETERS" ]

    let serveTwice name options more says =
        case
            $"ngtcp2's client, our server: {name}"
            (ourServer (http3 options))
            [ client ngtcp2 (kept @ [ "--wait-for-ticket" ]) first
              client ngtcp2 (kept @ more) others ]
            small
            says

    let both = [ "--versions"; "v2,v1" ]

    [ serve "10 MiB" [] [] large []
      serve "100 small files" [] [] small []
      serve "Retry" [ "--retry" ] [] small []
      serve "version 2" both [ "-v"; "v2" ] small [ versionTwo ]
      serve
          "from version 1 to 2"
          both
          [ "--preferred-versions=v2,v1"; "--available-versions=v2,v1" ]
          small
          [ versionTwo ]
      serve "Version Negotiation" [] [ "-v"; "0x1a2a3a4a"; "--preferred-versions=v1" ] small []
      serve
          "ChaCha20-Poly1305 alone"
          []
          [ "--ciphers=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305" ]
          large
          [ chaCha20 ]
      serve "its key update" [] [ "--key-update=1ms"; "--delay-stream=50ms" ] large [ updated ]
      serve "its migration" [] [ "--change-local-addr=5ms" ] large [ moved ]
      serve "its NAT's rebinding" [] [ "--change-local-addr=5ms"; "--nat-rebinding" ] large [ moved ]
      serve
          "at the address that we prefer"
          [ "--host"; "0.0.0.0"; "--preferred-address"; "127.0.0.2:PORT" ]
          []
          large
          [ moved ]
      serveTwice "resumption" [] [ "--disable-early-data" ] [ "resumed" ]
      serveTwice "0-RTT" [ "--zero-rtt" ] [] [ "resumed"; "\"packet_type\":\"0RTT\"" ]
      { serve "10 MiB over a bad link" [] [] large [] with
          Link = lossy } ]

/// Every case.
let all ngtcp2 : Case list = fetching ngtcp2 @ serving ngtcp2
