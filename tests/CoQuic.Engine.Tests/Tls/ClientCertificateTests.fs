/// Clients that show a certificate, or should have (RFC 8446 §4.3.2, §4.4.2, §4.4.3).
module CoQuic.Engine.Tests.Tls.ClientCertificateTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Tls.Identities
open CoQuic.Engine.Tests.Tls.Messages
open CoQuic.Engine.Tests.Tls.Pair

let private asking isRequired verifier =
    { server with
        Clients = Some(ClientAuthentication(isRequired, verifier, midYear)) }

let private required = asking true NoCertificateVerifier.Instance
let private requested = asking false NoCertificateVerifier.Instance

let private knowing identity = { client with Own = Some identity }

let private known = lazy SimulationIdentity.Create(Seeded 40, "client.example")

let private expectComplete outcome =
    Expect.isNone outcome.Error "nobody finds a fault"
    Expect.isTrue (isComplete outcome) "both sides are complete"
    Expect.equal (secrets outcome.ClientEvents).Count 4 "with all secrets"

/// The client's messages of the Handshake level, changed before they arrive.
let private runChanging change =
    let wire: Wire =
        fun from level data ->
            if from = Role.Client && level = EncryptionLevel.Handshake then
                [ messages data |> change |> Array.concat ]
            else
                [ data ]

    runOver wire (clientSession (knowing known.Value)) (serverSession required)

let private changing kind change =
    List.map (fun message -> if kindOf message = kind then change message else message)

let private entry (der: byte array) extensions =
    Array.append (vector24 der) (encodeExtensions extensions)

let private certificateOf context entries (_: byte array) =
    message HandshakeType.Certificate (Array.append (vector8 context) (vector24 (Array.concat entries)))

let private der = lazy known.Value.CertificateChain[0].ToArray()

let private faults =
    [ "a Certificate with a request context",
      changing HandshakeType.Certificate (fun original -> certificateOf [| 1uy |] [ entry der.Value [] ] original),
      AlertDescription.IllegalParameter

      "a Certificate with an extension that was not asked for",
      changing HandshakeType.Certificate (certificateOf [||] [ entry der.Value [ 0x2a2a, [||] ] ]),
      AlertDescription.UnsupportedExtension

      "a Certificate that is noise",
      changing HandshakeType.Certificate (certificateOf [||] [ entry [| 1uy; 2uy; 3uy |] [] ]),
      AlertDescription.BadCertificate

      "an empty CertificateEntry",
      changing HandshakeType.Certificate (certificateOf [||] [ entry [||] [] ]),
      AlertDescription.DecodeError

      "an empty Certificate where one is required",
      changing HandshakeType.Certificate (certificateOf [||] []),
      AlertDescription.CertificateRequired

      "another certificate than the one whose key signed",
      changing HandshakeType.Certificate (certificateOf [||] [ entry (identity.CertificateChain[0].ToArray()) [] ]),
      AlertDescription.DecryptError

      "no Certificate",
      List.filter (fun message -> kindOf message <> HandshakeType.Certificate),
      AlertDescription.UnexpectedMessage

      "no CertificateVerify",
      List.filter (fun message -> kindOf message <> HandshakeType.CertificateVerify),
      AlertDescription.UnexpectedMessage

      "nothing but a Finished",
      List.filter (fun message -> kindOf message = HandshakeType.Finished),
      AlertDescription.UnexpectedMessage

      "a CertificateVerify with one bit flipped in its signature",
      changing HandshakeType.CertificateVerify (fun original ->
          set (original.Length - 1) (original[original.Length - 1] ^^^ 1uy) original),
      AlertDescription.DecryptError

      "a CertificateVerify of a scheme for another kind of key",
      changing HandshakeType.CertificateVerify (set 4 8uy >> set 5 4uy),
      AlertDescription.IllegalParameter

      "a CertificateVerify of a scheme that was not offered",
      changing HandshakeType.CertificateVerify (set 4 4uy >> set 5 1uy),
      AlertDescription.IllegalParameter

      "a Finished with one bit flipped",
      changing HandshakeType.Finished (fun original -> set 7 (original[7] ^^^ 0x10uy) original),
      AlertDescription.DecryptError ]

let private root = lazy selfSigned authority (newKey ())

let private ofClients =
    { leaf with
        Names = [ "client.example" ]
        ExtendedUsage = Some clientAuthentication }

let private certified subject =
    identityOf (signedBy root.Value subject (newKey ())) []

let private trustingRoot () =
    asking true (PlatformCertificateVerifier.TrustingOnly [ root.Value ])

[<Tests>]
let tests =
    testList
        "TLS client certificates"
        [ for name, identity in keyTypes do
              testCase $"a client shows a certificate on {name}, and the server sees its chain"
              <| fun () ->
                  let outcome = run (knowing identity.Value) required
                  expectComplete outcome

                  Expect.sequenceEqual
                      outcome.Server.PeerCertificates
                      identity.Value.CertificateChain
                      "the client's chain"

          testCase "a server that did not ask is shown nothing"
          <| fun () ->
              let outcome = run (knowing known.Value) server
              expectComplete outcome
              Expect.isEmpty outcome.Server.PeerCertificates "nothing"

          testCase "a client without a certificate may go without where it is only requested"
          <| fun () ->
              let outcome = run client requested
              expectComplete outcome
              Expect.isEmpty outcome.Server.PeerCertificates "nothing"

          testCase "and is refused with certificate_required where it is required"
          <| fun () ->
              let outcome = run client required
              Expect.equal (alert outcome) (Some(Role.Server, AlertDescription.CertificateRequired)) "the alert"
              Expect.isFalse outcome.Server.IsHandshakeComplete "not complete"

          testCase "a client whose key makes no signature that the server can verify shows nothing"
          <| fun () ->
              let unheardOf =
                  { new IHandshakeSigner with
                      member _.Schemes = [| LanguagePrimitives.EnumOfValue 0x0807us |]
                      member _.Sign(_, _) = [||] }

              let outcome =
                  run (knowing (CertificateIdentity(known.Value.CertificateChain, unheardOf))) requested

              expectComplete outcome
              Expect.isEmpty outcome.Server.PeerCertificates "nothing"

          testCase "the client's selector is told the server's name and what it can verify"
          <| fun () ->
              let mutable asked = None

              let selector =
                  { new IClientIdentitySelector with
                      member _.Select question =
                          asked <- Some question
                          known.Value }

              let session =
                  new ClientHandshake(
                      TlsClientConfig(
                          ApplicationProtocols = client.Protocols,
                          TransportParameters = client.Parameters,
                          Entropy = Seeded 2,
                          ServerName = "server.example",
                          Verifier = NoCertificateVerifier.Instance,
                          Identities = selector,
                          Time = midYear
                      )
                  )

              expectComplete (runOver asSent session (serverSession required))

              match asked with
              | Some question ->
                  Expect.equal question.ServerName "server.example" "the name"
                  Expect.sequenceEqual question.SignatureSchemes SignatureAlgorithm.HandshakeSchemes "the schemes"
              | None -> failtest "it is asked"

          testCase "the server's verifier is asked about a client without a name, and its rejection closes"
          <| fun () ->
              let mutable asked = None

              let stubborn =
                  { new ICertificateVerifier with
                      member _.Verify question =
                          asked <- Some question
                          CertificateVerdict.Reject(AlertDescription.AccessDenied, "not this one") }

              let outcome = run (knowing known.Value) (asking false stubborn)
              Expect.equal (alert outcome) (Some(Role.Server, AlertDescription.AccessDenied)) "the alert"

              match asked with
              | Some question ->
                  Expect.equal (question.PeerRole, question.ServerName) (Role.Client, "") "a client"
                  Expect.equal question.Time midYear "the time"
              | None -> failtest "it is asked"

          testCase "by the platform's rules a client's certificate must lead to a trusted root and be for clients"
          <| fun () ->
              expectComplete (run (knowing (certified ofClients)) (trustingRoot ()))

              let forServers =
                  certified
                      { ofClients with
                          ExtendedUsage = Some serverAuthentication }

              Expect.equal
                  (alert (run (knowing forServers) (trustingRoot ())))
                  (Some(Role.Server, AlertDescription.UnsupportedCertificate))
                  "for servers"

              Expect.equal
                  (alert (run (knowing known.Value) (trustingRoot ())))
                  (Some(Role.Server, AlertDescription.UnknownCa))
                  "of nobody's"

          testCase "a HelloRetryRequest does not come in the way"
          <| fun () ->
              let outcome =
                  run
                      (knowing known.Value)
                      { required with
                          Groups = [ NamedGroup.Secp256r1 ] }

              expectComplete outcome
              Expect.isNonEmpty outcome.Server.PeerCertificates "and the client is known"

          for what, change, expected in faults do
              testCase $"a client that sends {what} is refused"
              <| fun () ->
                  let outcome = runChanging change
                  Expect.equal (alert outcome) (Some(Role.Server, expected)) "the alert"
                  Expect.isFalse outcome.Server.IsHandshakeComplete "not complete"

          testCase "a certificate that was not asked for is unexpected"
          <| fun () ->
              let wire: Wire =
                  fun from level data ->
                      if from = Role.Client && level = EncryptionLevel.Handshake then
                          [ Array.append (CertificateMessage.Encode(ReadOnlySpan(), known.Value.CertificateChain)) data ]
                      else
                          [ data ]

              Expect.equal
                  (alert (runOver wire (clientSession client) (serverSession server)))
                  (Some(Role.Server, AlertDescription.UnexpectedMessage))
                  "the alert" ]
