/// What a client answers to a server's messages that break the rules.
module CoQuic.Engine.Tests.Tls.HostileServerTests

open System
open System.Security.Cryptography
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Tls.Identities
open CoQuic.Engine.Tests.Tls.Messages
open CoQuic.Engine.Tests.Tls.Pair
open CoQuic.Engine.Tests.Tls.ScriptedServer

let private alertCode (description: AlertDescription) =
    TransportErrorCodes.OfAlert(byte description)

let private serverShare group (key: byte array) =
    Array.append (word16 group) (vector16 key)

/// Sets the last eight bytes of the random.
let private sentinel (last: byte) (hello: byte array) =
    let copy = Array.copy hello
    Array.blit [| yield! "DOWNGRD"B; last |] 0 copy 30 8
    copy

/// A fault of a ServerHello and the alert that it must give.
let private helloFaults =
    [ "a legacy_version other than TLS 1.2", set 5 4uy, AlertDescription.IllegalParameter

      "a session ID that we did not send (RFC 8446 §4.1.3)",
      (fun hello ->
          let body = bodyOf hello
          message HandshakeType.ServerHello (Array.concat [ body[..33]; vector8 [| 1uy; 2uy |]; body[35..] ])),
      AlertDescription.IllegalParameter

      "a compression method", set 41 1uy, AlertDescription.IllegalParameter
      "a cipher suite that was not offered", set 40 4uy, AlertDescription.IllegalParameter

      "no supported_versions", mapExtensions (without ExtensionType.SupportedVersions), AlertDescription.ProtocolVersion

      for last in [ 0uy; 1uy ] do
          $"a downgrade sentinel that ends in {last} (RFC 8446 §4.1.3)",
          mapExtensions (without ExtensionType.SupportedVersions) >> sentinel last,
          AlertDescription.IllegalParameter

      "TLS 1.2 in supported_versions",
      mapExtensions (replacing ExtensionType.SupportedVersions [| 3uy; 3uy |]),
      AlertDescription.IllegalParameter

      "no key share", mapExtensions (without ExtensionType.KeyShare), AlertDescription.MissingExtension

      "a share of a group for which we sent none",
      mapExtensions (replacing ExtensionType.KeyShare (serverShare (int NamedGroup.Secp256r1) (Array.create 65 4uy))),
      AlertDescription.IllegalParameter

      "a share that is too long",
      mapExtensions (replacing ExtensionType.KeyShare (serverShare (int NamedGroup.X25519) (Array.create 33 9uy))),
      AlertDescription.IllegalParameter

      "a share of small order",
      mapExtensions (replacing ExtensionType.KeyShare (serverShare (int NamedGroup.X25519) (Array.zeroCreate 32))),
      AlertDescription.IllegalParameter

      "an extension that we did not send", mapExtensions (adding 0x2a2a [||]), AlertDescription.UnsupportedExtension

      "an extension that belongs into EncryptedExtensions",
      mapExtensions (adding (int ExtensionType.ApplicationLayerProtocolNegotiation) [| 0uy |]),
      AlertDescription.IllegalParameter

      "bytes behind its end",
      (fun hello -> message HandshakeType.ServerHello (Array.append (bodyOf hello) [| 0uy |])),
      AlertDescription.DecodeError ]

let private extensionFaults =
    [ "no quic_transport_parameters (RFC 9001 §8.2)",
      mapExtensions (without ExtensionType.QuicTransportParameters),
      AlertDescription.MissingExtension

      "no application protocol (RFC 9001 §8.1)",
      mapExtensions (without ExtensionType.ApplicationLayerProtocolNegotiation),
      AlertDescription.NoApplicationProtocol

      "two application protocols",
      mapExtensions (
          replacing
              ExtensionType.ApplicationLayerProtocolNegotiation
              (vector16 (Array.append (vector8 "hq-interop"B) (vector8 "h3"B)))
      ),
      AlertDescription.DecodeError

      "an application protocol that was not offered",
      mapExtensions (replacing ExtensionType.ApplicationLayerProtocolNegotiation (vector16 (vector8 "h3"B))),
      AlertDescription.IllegalParameter

      "an extension that we did not send", mapExtensions (adding 0x2a2a [||]), AlertDescription.UnsupportedExtension

      "early_data that we did not send",
      mapExtensions (adding (int ExtensionType.EarlyData) [||]),
      AlertDescription.UnsupportedExtension

      "a key_share (RFC 8446 §4.2)",
      mapExtensions (adding (int ExtensionType.KeyShare) [||]),
      AlertDescription.IllegalParameter

      "an extension twice",
      mapExtensions (adding (int ExtensionType.QuicTransportParameters) [||]),
      AlertDescription.IllegalParameter

      "bytes behind their end",
      (fun original -> message HandshakeType.EncryptedExtensions (Array.append (bodyOf original) [| 0uy |])),
      AlertDescription.DecodeError ]

let private entry (der: byte array) =
    Array.append (vector24 der) (vector16 [||])

let private certificateOf context entries =
    message HandshakeType.Certificate (Array.append (vector8 context) (vector24 (Array.concat entries)))

let private der = identity.CertificateChain[0].ToArray()

let private certificateFaults =
    [ "no certificate (RFC 8446 §4.4.2.4)", certificateOf [||] [], AlertDescription.DecodeError
      "a request context", certificateOf [| 1uy |] [ entry der ], AlertDescription.IllegalParameter
      "an empty certificate", certificateOf [||] [ entry [||] ], AlertDescription.DecodeError
      "a certificate that is noise", certificateOf [||] [ entry [| 1uy; 2uy; 3uy |] ], AlertDescription.BadCertificate
      "a certificate with a byte behind it",
      certificateOf [||] [ entry (Array.append der [| 0uy |]) ],
      AlertDescription.BadCertificate

      "a certificate in PEM",
      certificateOf
          [||]
          [ entry (
                Text.Encoding.ASCII.GetBytes(
                    PemEncoding.WriteString(ReadOnlySpan("CERTIFICATE".ToCharArray()), ReadOnlySpan der)
                )
            ) ],
      AlertDescription.BadCertificate

      "more certificates than are looked at",
      certificateOf [||] (List.replicate (TlsLimits.MaximumCertificateChainLength + 1) (entry der)),
      AlertDescription.BadCertificate

      "a status_request that we did not send",
      certificateOf
          [||]
          [ Array.append (vector24 der) (encodeExtensions [ int ExtensionType.StatusRequest, [| 1uy |] ]) ],
      AlertDescription.UnsupportedExtension ]

let private faultOf script = (converse script).Fault

let private p384 =
    lazy
        (let key = ECDsa.Create ECCurve.NamedCurves.nistP384
         identityOf (selfSigned leaf key) [], key)

let private signatures =
    [ testCase "the scripted server is believed when it breaks no rule"
      <| fun () ->
          let conversation = converse honest
          Expect.isNone conversation.Fault "no fault"
          Expect.isTrue conversation.Client.IsHandshakeComplete "complete"
          Expect.equal conversation.Answer (conversation.FinishedAfter [||]) "and the client's Finished is the one owed"

      testCase "a signature scheme that was not offered is refused"
      <| fun () ->
          for scheme in [ SignatureScheme.RsaPkcs1Sha256; LanguagePrimitives.EnumOfValue 0x0203us ] do
              Expect.equal
                  (faultOf { honest with Scheme = scheme })
                  (Some(alertCode AlertDescription.IllegalParameter))
                  $"{scheme}"

      testCase "a scheme for another kind of key is refused"
      <| fun () ->
          for scheme in [ SignatureScheme.RsaPssRsaeSha256; SignatureScheme.EcdsaSecp384r1Sha384 ] do
              Expect.equal
                  (faultOf { honest with Scheme = scheme })
                  (Some(alertCode AlertDescription.IllegalParameter))
                  $"{scheme}"

      testCase "in TLS 1.3 the scheme names the curve: P-384 does not sign for P-256 (RFC 8446 §4.2.3)"
      <| fun () ->
          let identity, key = p384.Value

          let script =
              { honest with
                  Certificate = CertificateMessage.Encode(ReadOnlySpan(), identity.CertificateChain)
                  Sign =
                      fun content ->
                          key.SignData(content, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence) }

          Expect.equal (faultOf script) (Some(alertCode AlertDescription.IllegalParameter)) "the alert"

      testCase "a signature by another key is refused, though nobody verifies the certificate"
      <| fun () ->
          let other = SimulationIdentity.Create(Seeded 99, "server.example")

          let script =
              { honest with
                  Sign = fun content -> other.Signer.Sign(honest.Scheme, ReadOnlySpan content) }

          Expect.equal (faultOf script) (Some(alertCode AlertDescription.DecryptError)) "the alert"

      testCase "a signature as a client is none as a server (RFC 8446 §4.4.3)"
      <| fun () ->
          let asClient (content: byte array) =
              let hash = content[content.Length - 32 ..]
              honest.Sign(CertificateVerify.SignedContent(Role.Client, ReadOnlySpan hash))

          Expect.equal
              (faultOf { honest with Sign = asClient })
              (Some(alertCode AlertDescription.DecryptError))
              "the alert"

      testCase "noise and nothing are no signatures"
      <| fun () ->
          for noise in [ [||]; [| 1uy |]; Array.create 70 0x30uy; Array.zeroCreate 512 ] do
              Expect.equal
                  (faultOf { honest with Sign = fun _ -> noise })
                  (Some(alertCode AlertDescription.DecryptError))
                  $"{noise.Length} bytes"

      testCase "an RSA key of 1024 bits is too weak"
      <| fun () ->
          let key = RSA.Create 1024
          let certificate = selfSigned leaf key

          let script =
              { honest with
                  Certificate = certificateOf [||] [ entry certificate.RawData ]
                  Scheme = SignatureScheme.RsaPssRsaeSha256
                  Sign = fun content -> key.SignData(content, HashAlgorithmName.SHA256, RSASignaturePadding.Pss) }

          Expect.equal (faultOf script) (Some(alertCode AlertDescription.InsufficientSecurity)) "the alert" ]

let private request context extensions =
    message HandshakeType.CertificateRequest (Array.append (vector8 context) (encodeExtensions extensions))

let private signatureAlgorithms =
    int ExtensionType.SignatureAlgorithms, vector16 [| 4uy; 3uy |]

let private requests =
    [ testCase "a request for a client's certificate is answered with an empty one (RFC 8446 §4.4.2)"
      <| fun () ->
          let conversation =
              converse
                  { honest with
                      Requests = [ request [||] [ signatureAlgorithms; 0x2a2a, [| 1uy |] ] ] }

          Expect.isNone conversation.Fault "no fault; the unknown extension is ignored"
          let empty = CertificateMessage.Encode(ReadOnlySpan(), [||])

          Expect.equal
              conversation.Answer
              (Array.append empty (conversation.FinishedAfter empty))
              "an empty Certificate, then the Finished over it"

      testCase "a request that is malformed is refused"
      <| fun () ->
          for what, requests, expected in
              [ "without signature_algorithms", [ request [||] [] ], AlertDescription.MissingExtension
                "with a context", [ request [| 1uy |] [ signatureAlgorithms ] ], AlertDescription.IllegalParameter
                "twice", List.replicate 2 (request [||] [ signatureAlgorithms ]), AlertDescription.UnexpectedMessage
                "with a key_share",
                [ request [||] [ signatureAlgorithms; int ExtensionType.KeyShare, [||] ] ],
                AlertDescription.IllegalParameter
                "that ends early", [ message HandshakeType.CertificateRequest [| 0uy |] ], AlertDescription.DecodeError ] do
              Expect.equal (faultOf { honest with Requests = requests }) (Some(alertCode expected)) what ]

let private afterwards kind body =
    let outcome = run client server

    outcome.Client.OnCryptoData(EncryptionLevel.OneRtt, ReadOnlySpan(message kind body))
    |> Option.ofObj
    |> Option.map _.Code,
    outcome.Client

let private ticket extensions =
    Array.concat
        [ [| 0uy; 0uy; 0x0euy; 0x10uy; 1uy; 2uy; 3uy; 4uy |]
          vector8 [| 5uy |]
          vector16 [| 6uy; 7uy |]
          encodeExtensions extensions ]

let private connected =
    [ testCase "a session ticket is told with its fields, and breaks nothing"
      <| fun () ->
          for extensions, allowsEarlyData in
              [ [], false
                [ int ExtensionType.EarlyData, Array.create 4 0xffuy; 0x2a2a, [||] ], true ] do
              let fault, session = afterwards HandshakeType.NewSessionTicket (ticket extensions)
              Expect.isNone fault "no fault"

              match session.TryGetEvent() with
              | true, (:? TlsEvent.SessionTicketReceived as received) ->
                  Expect.equal
                      received.Ticket
                      (NewSessionTicket(3600u, 0x01020304u, bytes [ 5uy ], bytes [ 6uy; 7uy ], allowsEarlyData))
                      "its fields"
              | _ -> failtest "an event"

      testCase "a ticket with another max_early_data_size is a protocol violation (RFC 9001 §4.6.1)"
      <| fun () ->
          let extensions = [ int ExtensionType.EarlyData, [| 0uy; 0uy; 1uy; 0uy |] ]

          Expect.equal
              (afterwards HandshakeType.NewSessionTicket (ticket extensions) |> fst)
              (Some TransportErrorCode.ProtocolViolation)
              "the code"

      testCase "a ticket that is malformed is a decode error"
      <| fun () ->
          for body in [ [||]; (ticket [])[..8]; Array.append (ticket []) [| 0uy |] ] do
              Expect.equal
                  (afterwards HandshakeType.NewSessionTicket body |> fst)
                  (Some(alertCode AlertDescription.DecodeError))
                  $"{body.Length} bytes"

      testCase "a CertificateRequest after the handshake is a protocol violation (RFC 9001 §4.4)"
      <| fun () ->
          Expect.equal
              (afterwards HandshakeType.CertificateRequest (bodyOf (request [||] [ signatureAlgorithms ]))
               |> fst)
              (Some TransportErrorCode.ProtocolViolation)
              "the code"

      for kind in
          [ HandshakeType.KeyUpdate
            HandshakeType.ServerHello
            HandshakeType.EncryptedExtensions
            HandshakeType.Certificate
            HandshakeType.Finished
            HandshakeType.EndOfEarlyData ] do
          testCase $"{kind} after the handshake is unexpected (RFC 9001 §6)"
          <| fun () ->
              Expect.equal
                  (afterwards kind [| 0uy |] |> fst)
                  (Some(alertCode AlertDescription.UnexpectedMessage))
                  "the alert" ]

let private flight = [ 0..3 ]

let private order =
    [ for left in flight do
          testCase $"the server's flight without its message {left + 1} is unexpected or incomplete"
          <| fun () ->
              let leaveOut: Wire =
                  fun from level data ->
                      if from = Role.Server && level = EncryptionLevel.Handshake then
                          [ messages data |> List.removeAt left |> Array.concat ]
                      else
                          [ data ]

              let outcome = runOver leaveOut (clientSession client) (serverSession server)
              Expect.isFalse outcome.Client.IsHandshakeComplete "the client goes no further"

              if left < 3 then
                  Expect.equal (alert outcome) (Some(Role.Client, AlertDescription.UnexpectedMessage)) "the alert"

      for first, second in
          List.allPairs flight flight
          |> List.filter (fun (first, second) -> first < second) do
          testCase $"messages {first + 1} and {second + 1} of the server's flight in each other's place are unexpected"
          <| fun () ->
              let swap: Wire =
                  fun from level data ->
                      if from = Role.Server && level = EncryptionLevel.Handshake then
                          let original = messages data

                          [ original
                            |> List.permute (fun index ->
                                if index = first then second
                                elif index = second then first
                                else index)
                            |> Array.concat ]
                      else
                          [ data ]

              let outcome = runOver swap (clientSession client) (serverSession server)
              Expect.equal (alert outcome) (Some(Role.Client, AlertDescription.UnexpectedMessage)) "the alert"

      testCase "data behind the ServerHello is a protocol violation: it spans a change of keys (RFC 9001 §4.1.3)"
      <| fun () ->
          let trailing: Wire =
              fun from level data ->
                  if from = Role.Server && level = EncryptionLevel.Initial then
                      [ Array.append data [| 8uy; 0uy; 0uy; 2uy; 0uy; 0uy |] ]
                  else
                      [ data ]

          let outcome = runOver trailing (clientSession client) (serverSession server)
          Expect.equal (code outcome) (Some(Role.Client, TransportErrorCode.ProtocolViolation)) "the code"

      testCase "data behind Finished is a protocol violation too"
      <| fun () ->
          let trailing: Wire =
              fun _ level data ->
                  if level = EncryptionLevel.Handshake then
                      [ Array.append data [| 4uy |] ]
                  else
                      [ data ]

          let outcome = runOver trailing (clientSession client) (serverSession server)
          Expect.equal (code outcome) (Some(Role.Client, TransportErrorCode.ProtocolViolation)) "the code" ]

[<Tests>]
let tests =
    testList
        "TLS hostile server"
        [ for what, change, expected in helloFaults do
              testCase $"a ServerHello with {what} is refused"
              <| fun () ->
                  let outcome = runEditing Role.Server HandshakeType.ServerHello change
                  Expect.equal (alert outcome) (Some(Role.Client, expected)) "the alert"

          for what, change, expected in extensionFaults do
              testCase $"EncryptedExtensions with {what} are refused"
              <| fun () ->
                  let outcome = runEditing Role.Server HandshakeType.EncryptedExtensions change
                  Expect.equal (alert outcome) (Some(Role.Client, expected)) "the alert"

          for what, certificate, expected in certificateFaults do
              testCase $"a Certificate with {what} is refused"
              <| fun () ->
                  Expect.equal
                      (faultOf
                          { honest with
                              Certificate = certificate })
                      (Some(alertCode expected))
                      "the alert"

          testList "signatures" signatures
          testList "certificate requests" requests
          testList "after the handshake" connected
          testList "order" order ]
