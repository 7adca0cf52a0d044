module CoQuic.Engine.Tests.Tls.HandshakeTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties
open CoQuic.Engine.Tests.Tls.Identities
open CoQuic.Engine.Tests.Tls.Messages
open CoQuic.Engine.Tests.Tls.Pair

let private suites =
    [ CipherSuite.Aes128GcmSha256
      CipherSuite.Aes256GcmSha384
      CipherSuite.ChaCha20Poly1305Sha256 ]

let private groups =
    [ NamedGroup.X25519; NamedGroup.Secp256r1; NamedGroup.X25519MlKem768 ]

let private expectComplete outcome =
    Expect.isNone outcome.Error "nobody finds a fault"
    Expect.isTrue (isComplete outcome) "both sides are complete"
    let client, server = secrets outcome.ClientEvents, secrets outcome.ServerEvents

    for level in [ EncryptionLevel.Handshake; EncryptionLevel.OneRtt ] do
        Expect.equal client[level, KeyDirection.Read] server[level, KeyDirection.Write] $"{level} to the client"
        Expect.equal client[level, KeyDirection.Write] server[level, KeyDirection.Read] $"{level} to the server"

    Expect.equal (client.Count, server.Count) (4, 4) "two levels, two directions"

let private parameters events =
    events
    |> List.choose (fun (event: TlsEvent) ->
        match event with
        | :? TlsEvent.PeerTransportParameters as parameters -> Some parameters.Data
        | _ -> None)

let private sent outcome role =
    let events =
        if role = Role.Client then
            outcome.ClientEvents
        else
            outcome.ServerEvents

    events
    |> List.choose (fun (event: TlsEvent) ->
        match event with
        | :? TlsEvent.HandshakeBytes as sent -> Some sent.Data
        | _ -> None)

let private showing identity =
    { server with
        Identities = SingleServerIdentity identity }

let private matrix =
    [ for suite in suites do
          for group in groups do
              for name, identity in keyTypes do
                  testCase $"{suite} with {group} and a certificate on {name} completes with equal secrets"
                  <| fun () ->
                      let outcome =
                          run
                              { client with
                                  Suites = [ suite ]
                                  Groups = [ group ] }
                              { showing identity.Value with
                                  Groups = groups }

                      expectComplete outcome
                      Expect.equal outcome.Client.CipherSuite suite "the suite"
                      Expect.equal outcome.Server.CipherSuite suite "the suite, on the server"
                      Expect.equal (outcome.Client.Group, outcome.Server.Group) (group, group) "the group" ]

let private flow =
    [ testCase "each side hears of secrets and bytes in the order of RFC 9001 §4.1.5"
      <| fun () ->
          let outcome = run client server

          Expect.equal
              (List.map word outcome.ClientEvents)
              [ "Initial bytes"
                "Handshake Read"
                "Handshake Write"
                "PeerTransportParameters"
                "Handshake bytes"
                "OneRtt Write"
                "OneRtt Read"
                "HandshakeComplete" ]
              "the client's"

          Expect.equal
              (List.map word outcome.ServerEvents)
              [ "PeerTransportParameters"
                "Initial bytes"
                "Handshake Write"
                "Handshake Read"
                "Handshake bytes"
                "OneRtt Write"
                "OneRtt Read"
                "HandshakeComplete" ]
              "the server's: 1-RTT packets are read when the handshake is complete (RFC 9001 §5.7)"

      testCase "transport parameters reach the other side as they are"
      <| fun () ->
          let outcome = run client server
          Expect.equal (parameters outcome.ClientEvents) [ server.Parameters ] "the server's"
          Expect.equal (parameters outcome.ServerEvents) [ client.Parameters ] "the client's"

      testCase "the server's preference decides among the protocols that the client offers"
      <| fun () ->
          let outcome =
              run
                  { client with
                      Protocols = [ "hq-interop"; "unheard-of"; "h3" ] }
                  server

          Expect.equal outcome.Client.ApplicationProtocol "h3" "on the client"
          Expect.equal outcome.Server.ApplicationProtocol "h3" "on the server"

      testCase "the client sees the server's chain"
      <| fun () ->
          let outcome = run client server
          Expect.sequenceEqual outcome.Client.PeerCertificates identity.CertificateChain "the chain"
          Expect.isEmpty outcome.Server.PeerCertificates "the client has none"
          Expect.isFalse outcome.Client.WasResumed "a full handshake"

      testCase "bytes that come one at a time give the same result"
      <| fun () ->
          let single: Wire = fun _ _ data -> [ for each in data -> [| each |] ]

          let fragmented = runOver single (clientSession client) (serverSession server)

          expectComplete fragmented

          // Both runs draw from their sources in the same order, so only their seeds must be fresh.
          let fresh () =
              let outcome =
                  runOver
                      single
                      (clientSession { client with Entropy = Seeded 2 })
                      (serverSession { server with Entropy = Seeded 3 })

              sent outcome Role.Client, sent outcome Role.Server

          let whole =
              run { client with Entropy = Seeded 2 } { server with Entropy = Seeded 3 }

          Expect.equal (fresh ()) (sent whole Role.Client, sent whole Role.Server) "byte for byte"

      rareProperty 10 "however bytes are cut, the handshake completes"
      <| fun (cuts: byte list) ->
          let cut: Wire =
              fun _ _ data ->
                  let sizes = cuts |> List.map (fun cut -> 1 + int cut) |> List.scan (+) 0

                  let edges =
                      (sizes |> List.filter (fun edge -> edge < data.Length)) @ [ data.Length ]

                  edges |> List.pairwise |> List.map (fun (low, high) -> data[low .. high - 1])

          isComplete (runOver cut (clientSession client) (serverSession server))

      testCase "the same seeds give the same bytes and the same events"
      <| fun () ->
          let once () =
              let outcome =
                  run { client with Entropy = Seeded 7 } { server with Entropy = Seeded 8 }

              outcome.ClientEvents, outcome.ServerEvents

          Expect.equal (once ()) (once ()) "seed and inputs decide everything"

      testCase "another seed gives other secrets"
      <| fun () ->
          let secretsOf seed =
              let outcome = run { client with Entropy = Seeded seed } server
              secrets outcome.ClientEvents

          Expect.notEqual (secretsOf 7) (secretsOf 8) "the client's seed matters" ]

let private names =
    [ testCase "a DNS name is sent as SNI and the server hears it"
      <| fun () ->
          let outcome = run client server
          Expect.equal outcome.Server.ServerName "server.example" "the name"

      for literal in [ "127.0.0.1"; "::1"; "2001:db8::1" ] do
          testCase $"the IP address literal {literal} is not sent as SNI (RFC 6066 §3)"
          <| fun () ->
              let outcome = run { client with ServerName = literal } server
              expectComplete outcome
              Expect.isNull outcome.Server.ServerName "no name"

      testCase "a trailing dot is not part of the name that is sent (RFC 6066 §3)"
      <| fun () ->
          let outcome =
              run
                  { client with
                      ServerName = "server.example." }
                  server

          Expect.equal outcome.Server.ServerName "server.example" "without the dot"

      testCase "a selector that knows no such name refuses the handshake with unrecognized_name"
      <| fun () ->
          let onlyOther =
              { new IServerIdentitySelector with
                  member _.Select name =
                      if name = "other.example" then identity else null }

          let outcome = run client { server with Identities = onlyOther }
          Expect.equal (alert outcome) (Some(Role.Server, AlertDescription.UnrecognizedName)) "the alert" ]

let private disagreements =
    [ testCase "without a protocol in common the server says no_application_protocol (RFC 9001 §8.1)"
      <| fun () ->
          let outcome = run { client with Protocols = [ "other" ] } server
          Expect.equal (code outcome) (Some(Role.Server, LanguagePrimitives.EnumOfValue 0x0178UL)) "error 0x0178"

      testCase "without a cipher suite in common the handshake fails"
      <| fun () ->
          let outcome =
              run
                  { client with
                      Suites = [ CipherSuite.Aes256GcmSha384 ] }
                  { server with
                      Suites = [ CipherSuite.Aes128GcmSha256 ] }

          Expect.equal (alert outcome) (Some(Role.Server, AlertDescription.HandshakeFailure)) "the alert"

      testCase "without a group in common the handshake fails"
      <| fun () ->
          let outcome =
              run
                  { client with
                      Groups = [ NamedGroup.X25519 ] }
                  { server with
                      Groups = [ NamedGroup.Secp256r1 ] }

          Expect.equal (alert outcome) (Some(Role.Server, AlertDescription.HandshakeFailure)) "the alert"

      testCase "a client that cannot check the server's kind of signature is refused"
      <| fun () ->
          let rsaOnly =
              mapExtensions (replacing ExtensionType.SignatureAlgorithms (vector16 [| 8uy; 4uy |]))

          let outcome = runEditing Role.Client HandshakeType.ClientHello rsaOnly
          Expect.equal (alert outcome) (Some(Role.Server, AlertDescription.HandshakeFailure)) "the alert"

      testCase "unknown suites, groups, versions and extensions are ignored (GREASE, RFC 8701)"
      <| fun () ->
          let hello =
              ClientHello(
                  Random = Bytes.CopyOf(ReadOnlySpan(Array.zeroCreate 32)),
                  CipherSuites =
                      [| LanguagePrimitives.EnumOfValue 0x0a0aus
                         CipherSuite.Aes128GcmSha256
                         LanguagePrimitives.EnumOfValue 0xfafaus |],
                  Groups =
                      [| LanguagePrimitives.EnumOfValue 0x1a1aus
                         LanguagePrimitives.EnumOfValue 0x11ecus
                         NamedGroup.X25519 |],
                  SignatureSchemes =
                      [| LanguagePrimitives.EnumOfValue 0x0807us
                         SignatureScheme.EcdsaSecp256r1Sha256 |],
                  ApplicationProtocols = [| bytes [ 0x6auy; 0x6auy ]; bytes [ 0x68uy; 0x33uy ] |],
                  KeyShares =
                      [| KeyShareEntry(LanguagePrimitives.EnumOfValue 0x1a1aus, bytes [ 0uy ])
                         KeyShareEntry(
                             NamedGroup.X25519,
                             KeyExchange.Instance.Generate(NamedGroup.X25519, Seeded 5).PublicKey
                         ) |],
                  TransportParameters = client.Parameters
              )

          let greased =
              hello.Encode()
              |> mapExtensions (
                  replacing ExtensionType.SupportedVersions (vector8 [| 0x3auy; 0x3auy; 3uy; 4uy |])
                  >> adding 0x2a2a [| 0uy |]
                  >> adding 0xcaca [||]
              )

          use session = serverSession server
          let error = session.OnCryptoData(EncryptionLevel.Initial, ReadOnlySpan greased)
          Expect.isNull error "no fault"
          Expect.equal session.ApplicationProtocol "h3" "negotiated" ]

let private keyLog =
    [ testCase "key-log lines name the client's random and the secrets that packets use"
      <| fun () ->
          let outcome = run { client with KeyLog = true } { server with KeyLog = true }

          let lines events =
              events
              |> List.choose (fun (event: TlsEvent) ->
                  match event with
                  | :? TlsEvent.KeyLog as line -> Some(string line)
                  | _ -> None)

          let hello = (sent outcome Role.Client).Head.ToArray()
          let random = Convert.ToHexStringLower hello[6..37]
          let known = secrets outcome.ClientEvents

          let line (label: string) key =
              $"{label} {random} {known[key].ToHex()}"

          let exporters, others =
              lines outcome.ClientEvents
              |> List.partition (fun line -> line.StartsWith "EXPORTER_SECRET ")

          let exporterFields =
              exporters |> List.map (fun line -> List.ofArray (line.Split ' '))

          match exporterFields with
          | [ [ _; named; secret ] ] -> Expect.equal (named, secret.Length) (random, 64) "one exporter, of SHA-256"
          | other -> failtest $"{other}"

          Expect.equal
              others
              [ line "CLIENT_HANDSHAKE_TRAFFIC_SECRET" (EncryptionLevel.Handshake, KeyDirection.Write)
                line "SERVER_HANDSHAKE_TRAFFIC_SECRET" (EncryptionLevel.Handshake, KeyDirection.Read)
                line "CLIENT_TRAFFIC_SECRET_0" (EncryptionLevel.OneRtt, KeyDirection.Write)
                line "SERVER_TRAFFIC_SECRET_0" (EncryptionLevel.OneRtt, KeyDirection.Read) ]
              "the client's lines"

          Expect.equal (lines outcome.ServerEvents) (lines outcome.ClientEvents) "the server's are the same"

      testCase "no secret is logged unless asked for, nor printed with its event"
      <| fun () ->
          let outcome = run client server

          for event in outcome.ClientEvents do
              match event with
              | :? TlsEvent.KeyLog -> failtest "a key-log line"
              | :? TlsEvent.SecretsAvailable as secret ->
                  let printed = string event
                  Expect.isFalse (printed.Contains(secret.Secret.ToHex()[..7])) "printed without the secret"
              | _ -> () ]

[<Tests>]
let tests =
    testList
        "TLS handshake"
        [ testList "negotiation" matrix
          testList "flow" flow
          testList "names" names
          testList "disagreements" disagreements
          testList "key log" keyLog ]
