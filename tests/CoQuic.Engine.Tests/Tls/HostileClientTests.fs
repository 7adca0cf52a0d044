/// What a server answers to a ClientHello, and to messages after it, that break the rules.
module CoQuic.Engine.Tests.Tls.HostileClientTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Tls.Messages
open CoQuic.Engine.Tests.Tls.Pair

let private alertCode (description: AlertDescription) =
    TransportErrorCodes.OfAlert(byte description)

let private x25519Share (key: byte array) =
    Array.append (word16 (int NamedGroup.X25519)) (vector16 key)

let private someIdentity =
    Array.append (vector16 [| 1uy; 2uy |]) (Array.zeroCreate 4)

/// A pre_shared_key of one identity that nobody issued.
let private someOffer =
    Array.append (vector16 someIdentity) (vector16 (vector8 (Array.zeroCreate 32)))

/// A fault of a ClientHello and the error that it must give.
let private faults =
    [ "no quic_transport_parameters (RFC 9001 §8.2)",
      mapExtensions (without ExtensionType.QuicTransportParameters),
      alertCode AlertDescription.MissingExtension

      "no application protocol (RFC 9001 §8.1)",
      mapExtensions (without ExtensionType.ApplicationLayerProtocolNegotiation),
      alertCode AlertDescription.NoApplicationProtocol

      for required in
          [ ExtensionType.SupportedGroups
            ExtensionType.KeyShare
            ExtensionType.SignatureAlgorithms ] do
          $"no {required} (RFC 8446 §9.2)",
          mapExtensions (without required),
          alertCode AlertDescription.MissingExtension

      "no supported_versions",
      mapExtensions (without ExtensionType.SupportedVersions),
      alertCode AlertDescription.ProtocolVersion

      "TLS 1.2 alone",
      mapExtensions (replacing ExtensionType.SupportedVersions [| 2uy; 3uy; 3uy |]),
      alertCode AlertDescription.ProtocolVersion

      "no extensions at all",
      (fun hello -> message HandshakeType.ClientHello (bodyOf hello |> Array.truncate 45)),
      alertCode AlertDescription.ProtocolVersion

      "a legacy_session_id (RFC 9001 §8.4)",
      (fun hello ->
          let body = bodyOf hello

          message HandshakeType.ClientHello (Array.concat [ body[..33]; vector8 (Array.zeroCreate 32); body[35..] ])),
      TransportErrorCode.ProtocolViolation

      "a compression method (RFC 8446 §4.1.2)", set 48 1uy, alertCode AlertDescription.IllegalParameter

      "an extension twice (RFC 8446 §4.2)",
      mapExtensions (adding (int ExtensionType.SupportedVersions) [| 2uy; 3uy; 4uy |]),
      alertCode AlertDescription.IllegalParameter

      "an extension that belongs elsewhere (RFC 8446 §4.2)",
      mapExtensions (adding (int ExtensionType.OidFilters) [| 0uy; 0uy |]),
      alertCode AlertDescription.IllegalParameter

      "bytes behind the extensions",
      (fun hello -> message HandshakeType.ClientHello (Array.append (bodyOf hello) [| 0uy |])),
      alertCode AlertDescription.DecodeError

      "two shares of one group (RFC 8446 §4.2.8)",
      mapExtensions (
          replacing
              ExtensionType.KeyShare
              (vector16 (Array.append (x25519Share (Array.create 32 9uy)) (x25519Share (Array.create 32 8uy))))
      ),
      alertCode AlertDescription.IllegalParameter

      "a share of a group that is not among its groups (RFC 8446 §4.2.8)",
      mapExtensions (replacing ExtensionType.SupportedGroups (vector16 (word16 (int NamedGroup.Secp256r1)))),
      alertCode AlertDescription.IllegalParameter

      "a share that is too short",
      mapExtensions (replacing ExtensionType.KeyShare (vector16 (x25519Share (Array.create 31 9uy)))),
      alertCode AlertDescription.IllegalParameter

      "a share of small order (RFC 7748 §6.1)",
      mapExtensions (replacing ExtensionType.KeyShare (vector16 (x25519Share (Array.zeroCreate 32)))),
      alertCode AlertDescription.IllegalParameter

      "an empty share",
      mapExtensions (replacing ExtensionType.KeyShare (vector16 (x25519Share [||]))),
      alertCode AlertDescription.DecodeError

      "a pre_shared_key that is not last (RFC 8446 §4.2.11)",
      mapExtensions (adding (int ExtensionType.PreSharedKey) someOffer >> adding 0x2a2a [||]),
      alertCode AlertDescription.IllegalParameter

      "a pre_shared_key without its modes (RFC 8446 §4.2.9)",
      mapExtensions (
          without ExtensionType.PskKeyExchangeModes
          >> adding (int ExtensionType.PreSharedKey) someOffer
      ),
      alertCode AlertDescription.MissingExtension

      for what, content in
          [ "that is empty", [||]
            "without identities", Array.append (vector16 [||]) (vector16 (vector8 (Array.zeroCreate 32)))
            "without binders", Array.append (vector16 someIdentity) (vector16 [||])
            "with an empty identity",
            Array.append
                (vector16 (Array.append (vector16 [||]) (Array.zeroCreate 4)))
                (vector16 (vector8 (Array.zeroCreate 32)))
            "with a short binder", Array.append (vector16 someIdentity) (vector16 (vector8 (Array.zeroCreate 31))) ] do
          $"a pre_shared_key {what} (RFC 8446 §4.2.11)",
          mapExtensions (adding (int ExtensionType.PreSharedKey) content),
          alertCode AlertDescription.DecodeError

      "a pre_shared_key with fewer binders than identities (RFC 8446 §4.2.11)",
      mapExtensions (
          adding
              (int ExtensionType.PreSharedKey)
              (Array.append
                  (vector16 (Array.append someIdentity someIdentity))
                  (vector16 (vector8 (Array.zeroCreate 32))))
      ),
      alertCode AlertDescription.IllegalParameter

      "early_data with a content (RFC 8446 §4.2.10)",
      mapExtensions (adding (int ExtensionType.EarlyData) [| 0uy |]),
      alertCode AlertDescription.DecodeError

      "early_data without a pre_shared_key (RFC 8446 §4.2.10)",
      mapExtensions (adding (int ExtensionType.EarlyData) [||]),
      alertCode AlertDescription.MissingExtension

      "psk_key_exchange_modes without any (RFC 8446 §4.2.9)",
      mapExtensions (replacing ExtensionType.PskKeyExchangeModes (vector8 [||])),
      alertCode AlertDescription.DecodeError

      for what, content in
          [ "empty list", vector16 [||]
            "empty name", vector16 (Array.append [| 0uy |] (vector16 [||]))
            "name that is not ASCII", vector16 (Array.append [| 0uy |] (vector16 [| 0xffuy |]))
            "list that ends early", [| 0uy; 9uy; 0uy |] ] do
          $"a server_name with an {what}",
          mapExtensions (replacing ExtensionType.ServerName content),
          alertCode AlertDescription.DecodeError

      for what, content in [ "no protocol", vector16 [||]; "an empty protocol", vector16 (vector8 [||]) ] do
          $"an offer of {what} (RFC 7301 §3.1)",
          mapExtensions (replacing ExtensionType.ApplicationLayerProtocolNegotiation content),
          alertCode AlertDescription.DecodeError

      "groups of half a code point",
      mapExtensions (replacing ExtensionType.SupportedGroups (vector16 [| 0uy; 29uy; 0uy |])),
      alertCode AlertDescription.DecodeError ]

let private everyKind =
    [ HandshakeType.ClientHello
      HandshakeType.ServerHello
      HandshakeType.NewSessionTicket
      HandshakeType.EndOfEarlyData
      HandshakeType.EncryptedExtensions
      HandshakeType.Certificate
      HandshakeType.CertificateRequest
      HandshakeType.CertificateVerify
      HandshakeType.Finished
      HandshakeType.KeyUpdate
      HandshakeType.MessageHash
      LanguagePrimitives.EnumOfValue 0uy ]

let private feed (session: TlsSession) level (data: byte array) =
    session.OnCryptoData(level, ReadOnlySpan data)
    |> Option.ofObj
    |> Option.map _.Code

let private unexpected = Some(alertCode AlertDescription.UnexpectedMessage)

let private order =
    [ for kind in everyKind |> List.except [ HandshakeType.ClientHello ] do
          testCase $"a server that waits for a ClientHello does not expect {kind}"
          <| fun () ->
              use session = serverSession server
              Expect.equal (feed session EncryptionLevel.Initial (message kind [| 0uy |])) unexpected "the alert"

      for kind in everyKind |> List.except [ HandshakeType.Finished ] do
          testCase $"a server that waits for Finished does not expect {kind}"
          <| fun () ->
              let noFinish: Wire =
                  fun from level data ->
                      if from = Role.Client && level = EncryptionLevel.Handshake then
                          [ message kind [| 0uy |] ]
                      else
                          [ data ]

              let outcome = runOver noFinish (clientSession client) (serverSession server)
              Expect.equal (alert outcome) (Some(Role.Server, AlertDescription.UnexpectedMessage)) "the alert"

      for kind in everyKind do
          testCase $"a server that is connected does not expect {kind} (RFC 9001 §6, §8.3)"
          <| fun () ->
              let outcome = run client server
              Expect.equal (feed outcome.Server EncryptionLevel.OneRtt (message kind [| 0uy |])) unexpected "the alert"

      testCase "a CRYPTO frame in a 0-RTT packet is a protocol violation (RFC 9001 §8.3)"
      <| fun () ->
          use session = serverSession server

          Expect.equal
              (feed session EncryptionLevel.ZeroRtt (message HandshakeType.EndOfEarlyData [||]))
              (Some TransportErrorCode.ProtocolViolation)
              "the code"

      testCase "new data of a level that is over is a protocol violation (RFC 9001 §4.1.3)"
      <| fun () ->
          let outcome = run client server

          for level in [ EncryptionLevel.Initial; EncryptionLevel.Handshake ] do
              Expect.equal (feed outcome.Server level [| 1uy |]) (Some TransportErrorCode.ProtocolViolation) $"{level}"

      testCase "data behind the ClientHello is a protocol violation: it spans a change of keys (RFC 9001 §4.1.3)"
      <| fun () ->
          let trailing: Wire =
              fun from level data ->
                  if from = Role.Client && level = EncryptionLevel.Initial then
                      [ Array.append data [| 20uy |] ]
                  else
                      [ data ]

          let outcome = runOver trailing (clientSession client) (serverSession server)
          Expect.equal (code outcome) (Some(Role.Server, TransportErrorCode.ProtocolViolation)) "the code"

      testCase "a message larger than the bound is refused by its header"
      <| fun () ->
          let header size =
              [| 1uy; byte (size >>> 16); byte (size >>> 8); byte size |]

          let body = TlsLimits.MaximumHandshakeMessageSize - 4
          use patient = serverSession server
          Expect.isNone (feed patient EncryptionLevel.Initial (header body)) "the largest is waited for"
          use session = serverSession server

          Expect.equal
              (feed session EncryptionLevel.Initial (header (body + 1)))
              (Some TransportErrorCode.CryptoBufferExceeded)
              "one more is not"

      testCase "after an error the session stays dead, and says the same again"
      <| fun () ->
          use session = serverSession server

          let first =
              feed session EncryptionLevel.Initial (message HandshakeType.Finished [||])

          use other = clientSession client
          other.Start()
          Expect.equal (feed session EncryptionLevel.Initial [||]) first "the same error"
          Expect.isFalse (session.TryGetEvent() |> fst) "and nothing to do" ]

[<Tests>]
let tests =
    testList
        "TLS hostile client"
        [ for what, change, expected in faults do
              testCase $"a ClientHello with {what} is refused"
              <| fun () ->
                  let outcome = runEditing Role.Client HandshakeType.ClientHello change
                  Expect.equal (code outcome) (Some(Role.Server, expected)) "the code"
                  Expect.isEmpty outcome.ServerEvents "the server says nothing else"

          yield! order ]
