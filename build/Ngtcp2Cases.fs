/// What is tried with ngtcp2, whose endpoints speak HTTP/3.
module CoQuic.Build.Ngtcp2Cases

open CoQuic.Build.PeerCase

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

let private case = PeerCase.create "ngtcp2"

let private large = [ PeerSite.large ]
let private small = PeerSite.small
let private first = List.truncate 1 small
let private others = List.skip 1 small

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
      fetch "Retry" [ "-V" ] [] small [ Seen.retry ]
      fetch "version 2" [] [ "--versions"; "v2" ] small [ Seen.versionTwo ]
      fetch "from version 1 to 2" [ "--preferred-versions=v2,v1" ] [ "--versions"; "v2,v1" ] small [ Seen.versionTwo ]
      fetch "Version Negotiation" [] [ "--version-probe" ] small [ Seen.versionNegotiation ]
      fetch "ChaCha20-Poly1305 alone" [] [ "--cipher"; "chacha20" ] large [ Seen.chaCha20 ]
      fetch "a key update of ours" [] [ "--key-update" ] large [ Seen.keyUpdate ]
      fetch "through a NAT that forgets us" [] [ "--rebind" ] large [ Seen.pathValidation ]
      fetch "a migration of ours" [] [ "--migrate" ] large [ Seen.pathValidation ]
      fetch "at its preferred address" [ "ELSEWHERE" ] [] large [ Seen.pathValidation ]
      fetchTwice "resumption" [] [ Seen.resumption ]
      fetchTwice "0-RTT" [ "--zero-rtt" ] [ Seen.earlyData ]
      { fetch "10 MiB over a bad link" [] [] large [] with
          Link = badLink } ]

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
      serve "Retry" [ "--retry" ] [] small [ Seen.tokenOfRetry ]
      serve "version 2" both [ "-v"; "v2" ] small [ Seen.versionTwo ]
      serve
          "from version 1 to 2"
          both
          [ "--preferred-versions=v2,v1"; "--available-versions=v2,v1" ]
          small
          [ Seen.versionTwo ]
      serve "Version Negotiation" [] [ "-v"; "0x1a2a3a4a"; "--preferred-versions=v1" ] small []
      serve
          "ChaCha20-Poly1305 alone"
          []
          [ "--ciphers=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305" ]
          large
          [ Seen.chaCha20 ]
      serve "its key update" [] [ "--key-update=1ms"; "--delay-stream=50ms" ] large [ Seen.keyUpdate ]
      serve "its migration" [] [ "--change-local-addr=5ms" ] large [ Seen.pathValidation ]
      serve "its NAT's rebinding" [] [ "--change-local-addr=5ms"; "--nat-rebinding" ] large [ Seen.pathValidation ]
      serve
          "at the address that we prefer"
          [ "--host"; "0.0.0.0"; "--preferred-address"; "127.0.0.2:PORT" ]
          []
          large
          [ Seen.pathValidation ]
      serveTwice "resumption" [] [ "--disable-early-data" ] [ Seen.resumption ]
      serveTwice "0-RTT" [ "--zero-rtt" ] [] [ Seen.resumption; Seen.earlyPacket ]
      { serve "10 MiB over a bad link" [] [] large [] with
          Link = badLink } ]

/// Every case.
let all ngtcp2 : Case list = fetching ngtcp2 @ serving ngtcp2
