module CoQuic.Engine.Tests.Tls.CertificateTests

open System
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Tls.Identities
open CoQuic.Engine.Tests.Tls.Pair

let private root = lazy selfSigned authority (newKey ())

/// A chain of root, intermediate and leaf.
let private chained subject =
    let key = newKey ()

    let intermediate = signedBy root.Value { authority with Names = [ "between" ] } key

    identityOf (signedBy intermediate subject (newKey ())) [ intermediate ]

let private trusting (certificate: X509Certificate2) : ICertificateVerifier =
    PlatformCertificateVerifier.TrustingOnly [ certificate ]

let private runWith verifier name (time: DateTimeOffset) identity =
    run
        { client with
            Verifier = verifier
            ServerName = name
            Time = time }
        { server with
            Identities = SingleServerIdentity identity }

/// A run in which the client trusts the root, in the middle of the year.
let private runChained name subject =
    runWith (trusting root.Value) name midYear (chained subject)

let private refused alertDescription = Some(Role.Client, alertDescription)

let private verification =
    [ testCase "a chain to a custom root, with an intermediate, is trusted"
      <| fun () -> Expect.isTrue (isComplete (runChained "server.example" leaf)) "complete"

      testCase "the same chain without that root is not"
      <| fun () ->
          let other =
              selfSigned
                  { authority with
                      Names = [ "somebody else" ] }
                  (newKey ())

          let outcome = runWith (trusting other) "server.example" midYear (chained leaf)
          Expect.equal (alert outcome) (refused AlertDescription.UnknownCa) "unknown_ca"

      testCase "the system does not trust a certificate of ours"
      <| fun () ->
          let outcome =
              runWith PlatformCertificateVerifier.SystemRoots "server.example" midYear identity

          Expect.equal (alert outcome) (refused AlertDescription.UnknownCa) "unknown_ca"

      testCase "a self-signed certificate is its own root when it is trusted"
      <| fun () ->
          let certificate = selfSigned leaf (newKey ())

          let outcome =
              runWith (trusting certificate) "server.example" midYear (identityOf certificate [])

          Expect.isTrue (isComplete outcome) "complete"

      testCase "time is the one handed in: too early and too late are refused"
      <| fun () ->
          for year in [ 2025; 2027 ] do
              let time = DateTimeOffset(year, 6, 15, 12, 0, 0, TimeSpan.Zero)

              // The authority is valid as long as the leaf, so an authority of its own with a long life is needed.
              let lasting =
                  selfSigned
                      { authority with
                          NotBefore = DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero)
                          NotAfter = DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero) }
                      (newKey ())

              let identity = identityOf (signedBy lasting leaf (newKey ())) []
              let outcome = runWith (trusting lasting) "server.example" time identity
              Expect.equal (alert outcome) (refused AlertDescription.CertificateExpired) $"in {year}"

      testCase "another name is refused, and so is a common name without a subject alternative name"
      <| fun () ->
          Expect.equal
              (alert (runChained "other.example" leaf))
              (refused AlertDescription.BadCertificate)
              "a name that is not there"

          let second =
              runChained
                  "other.example"
                  { leaf with
                      Names = [ "server.example"; "other.example" ] }

          Expect.isTrue (isComplete second) "the second of two names"

          let certificate =
              selfSigned
                  { authority with
                      Names = [ "server.example" ]
                      KeyUsage = X509KeyUsageFlags.DigitalSignature ||| X509KeyUsageFlags.KeyCertSign }
                  (newKey ())

          let outcome =
              runWith (trusting certificate) "server.example" midYear (identityOf certificate [])

          Expect.equal (alert outcome) (refused AlertDescription.BadCertificate) "the common name alone"

      testCase "IP address literals match IP addresses in the certificate, and no DNS name"
      <| fun () ->
          let addressed =
              { leaf with
                  Names = [ "127.0.0.1"; "::1" ] }

          for literal in [ "127.0.0.1"; "::1"; "0:0:0:0:0:0:0:1" ] do
              Expect.isTrue (isComplete (runChained literal addressed)) literal

          for literal in [ "127.0.0.2"; "server.example" ] do
              Expect.equal (alert (runChained literal addressed)) (refused AlertDescription.BadCertificate) literal

      testCase "a wildcard covers one label"
      <| fun () ->
          let wildcard =
              { leaf with
                  Names = [ "*.server.example" ] }

          Expect.isTrue (isComplete (runChained "a.server.example" wildcard)) "one label"

          for name in [ "server.example"; "a.b.server.example" ] do
              Expect.equal (alert (runChained name wildcard)) (refused AlertDescription.BadCertificate) name

      testCase "a name that is no host name is in no certificate"
      <| fun () ->
          for name in [ ""; "not a name"; "server.example/"; String('a', 300) ] do
              Expect.equal (alert (runChained name leaf)) (refused AlertDescription.BadCertificate) $"'{name}'"

      testCase "a certificate for clients is not for servers"
      <| fun () ->
          let outcome =
              runChained
                  "server.example"
                  { leaf with
                      ExtendedUsage = Some clientAuthentication }

          Expect.equal (alert outcome) (refused AlertDescription.UnsupportedCertificate) "extended key usage"

      testCase "a leaf certifies nobody"
      <| fun () ->
          let key = newKey ()
          let certificate = signedBy root.Value leaf key

          let forged =
              // The platform would not sign with a leaf, so the leaf's key signs under the leaf's name.
              let request =
                  CertificateRequest(X500DistinguishedName "CN=victim.example", newKey (), HashAlgorithmName.SHA256)

              let names = SubjectAlternativeNameBuilder()
              names.AddDnsName "victim.example"
              request.CertificateExtensions.Add(names.Build())

              request.Create(
                  certificate.SubjectName,
                  X509SignatureGenerator.CreateForECDsa key,
                  leaf.NotBefore,
                  leaf.NotAfter,
                  [| 5uy |]
              )

          let question =
              CertificateQuestion(
                  [| Bytes.CopyOf(ReadOnlySpan forged.RawData)
                     Bytes.CopyOf(ReadOnlySpan certificate.RawData) |],
                  "victim.example",
                  midYear,
                  Role.Server
              )

          match (trusting root.Value).Verify question with
          | :? CertificateVerdict.Rejected -> ()
          | other -> failtest $"{other}"

      testCase "without verification the chain and the name do not matter"
      <| fun () ->
          let outcome =
              runWith NoCertificateVerifier.Instance "other.example" (midYear.AddYears 50) (chained leaf)

          Expect.isTrue (isComplete outcome) "complete"

      testCase "a key that is not for signatures is refused even without verification (RFC 8446 §4.4.2.2)"
      <| fun () ->
          let certificate =
              selfSigned
                  { leaf with
                      KeyUsage = X509KeyUsageFlags.KeyEncipherment }
                  (newKey ())

          let outcome =
              runWith NoCertificateVerifier.Instance "server.example" midYear (identityOf certificate [])

          Expect.equal (alert outcome) (refused AlertDescription.UnsupportedCertificate) "key usage"

      testCase "a verifier's rejection closes with its alert and its reason"
      <| fun () ->
          let stubborn =
              { new ICertificateVerifier with
                  member _.Verify _ =
                      CertificateVerdict.Reject(AlertDescription.AccessDenied, "not today") }

          let outcome = runWith stubborn "server.example" midYear identity
          Expect.equal (alert outcome) (refused AlertDescription.AccessDenied) "the alert"
          Expect.equal (outcome.Error |> Option.map (fun (_, error) -> error.Reason)) (Some "not today") "the reason" ]

let private pem (certificate: X509Certificate2) = certificate.ExportCertificatePem()

let private problemOf certificatePem keyPem =
    match CertificateIdentity.TryFromPem(certificatePem, keyPem) with
    | true, _, _ -> None
    | false, _, problem -> Some(string problem)

let private expectProblem certificatePem keyPem (text: string) =
    match problemOf certificatePem keyPem with
    | Some problem -> Expect.stringContains problem text "the sentence"
    | None -> failtest "a problem"

let private identities =
    [ testCase "PEM texts of every supported kind of key become identities that work"
      <| fun () ->
          let keys: (AsymmetricAlgorithm * string) list =
              [ let ecdsa = newKey ()
                ecdsa, ecdsa.ExportPkcs8PrivateKeyPem()
                ecdsa, ecdsa.ExportECPrivateKeyPem()
                let p384 = ECDsa.Create ECCurve.NamedCurves.nistP384
                p384, p384.ExportPkcs8PrivateKeyPem()
                let rsa = RSA.Create 2048
                rsa, rsa.ExportPkcs8PrivateKeyPem()
                rsa, rsa.ExportRSAPrivateKeyPem() ]

          for key, keyPem in keys do
              let certificate = selfSigned leaf key

              match CertificateIdentity.TryFromPem(pem certificate, keyPem) with
              | true, (NonNull identity), _ ->
                  let outcome = runWith (trusting certificate) "server.example" midYear identity
                  Expect.isTrue (isComplete outcome) "complete"
              | _, _, problem -> failtest $"{problem}"

      testCase "a chain in PEM keeps its order"
      <| fun () ->
          let key = newKey ()
          let certificate = signedBy root.Value leaf key

          match
              CertificateIdentity.TryFromPem(pem certificate + "\n" + pem root.Value, key.ExportPkcs8PrivateKeyPem())
          with
          | true, (NonNull identity), _ ->
              Expect.equal
                  [ for each in identity.CertificateChain -> each.ToArray() ]
                  [ certificate.RawData; root.Value.RawData ]
                  "leaf, then root"
          | _, _, problem -> failtest $"{problem}"

      testCase "what cannot be read is said in a sentence"
      <| fun () ->
          let key = newKey ()
          let keyPem = key.ExportPkcs8PrivateKeyPem()
          let certificatePem = pem (selfSigned leaf key)
          expectProblem "" keyPem "no certificate"
          expectProblem "nonsense" keyPem "no certificate"
          expectProblem "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" keyPem "cannot be read"
          expectProblem certificatePem "" "private key cannot be read"
          expectProblem certificatePem (RSA.Create(2048).ExportPkcs8PrivateKeyPem()) "another kind"
          expectProblem certificatePem (newKey().ExportPkcs8PrivateKeyPem()) "not the key of the certificate"

      testCase "kinds of key that cannot sign a handshake here are named"
      <| fun () ->
          let p521 = ECDsa.Create ECCurve.NamedCurves.nistP521
          expectProblem (pem (selfSigned leaf p521)) (p521.ExportPkcs8PrivateKeyPem()) "P-256 or P-384, or RSA"
          let weak = RSA.Create 1024
          expectProblem (pem (selfSigned leaf weak)) (weak.ExportPkcs8PrivateKeyPem()) "1024 bits"

      testCase "a certificate without its private key is no identity"
      <| fun () ->
          let der = (selfSigned leaf (newKey ())).RawData

          match CertificateIdentity.TryFromCertificate(X509CertificateLoader.LoadCertificate der, []) with
          | true, _, _ -> failtest "an identity"
          | false, _, problem -> Expect.stringContains (string problem) "no private key" "the sentence"

      testCase "trusted roots come from PEM, or a sentence says why not"
      <| fun () ->
          match PlatformCertificateVerifier.TryTrustingOnlyPem(pem root.Value) with
          | true, (NonNull verifier), _ ->
              let outcome = runWith verifier "server.example" midYear (chained leaf)
              Expect.isTrue (isComplete outcome) "complete"
          | _, _, problem -> failtest $"{problem}"

          match PlatformCertificateVerifier.TryTrustingOnlyPem "nothing here" with
          | false, _, problem -> Expect.stringContains (string problem) "no certificate" "the sentence"
          | _ -> failtest "a verifier"

      testCase "a self-signed identity serves localhost by name and by address"
      <| fun () ->
          let identity =
              SelfSignedIdentity.Create([ "extra.example" ], leaf.NotBefore, leaf.NotAfter)

          let certificate =
              X509CertificateLoader.LoadCertificate(identity.CertificateChain[0].ToArray())

          for name in [ "localhost"; "127.0.0.1"; "::1"; "extra.example" ] do
              Expect.isTrue (isComplete (runWith (trusting certificate) name midYear identity)) name

          let outcome = runWith (trusting certificate) "other.example" midYear identity
          Expect.equal (alert outcome) (refused AlertDescription.BadCertificate) "and nobody else"

      testCase "a simulated identity is the same for the same seed, and valid at any time"
      <| fun () ->
          let first = SimulationIdentity.Create(Seeded 4, "server.example")
          let second = SimulationIdentity.Create(Seeded 4, "server.example")
          let other = SimulationIdentity.Create(Seeded 5, "server.example")
          Expect.sequenceEqual second.CertificateChain first.CertificateChain "the certificate"
          Expect.notEqual other.CertificateChain[0] first.CertificateChain[0] "another seed"

          let sign (identity: CertificateIdentity) =
              identity.Signer.Sign(SignatureScheme.EcdsaSecp256r1Sha256, ReadOnlySpan "text"B)

          Expect.equal (sign second) (sign first) "the signature (RFC 6979)"

          let certificate =
              X509CertificateLoader.LoadCertificate(first.CertificateChain[0].ToArray())

          for year in [ 1970; 2026; 2500 ] do
              let time = DateTimeOffset(year, 6, 15, 12, 0, 0, TimeSpan.Zero)
              Expect.isTrue (isComplete (runWith (trusting certificate) "server.example" time first)) $"{year}"

      testCase "RFC 6979 §A.2.5: the signature of \"sample\" on P-256 with SHA-256"
      <| fun () ->
          let signer =
              DeterministicSigner(
                  ReadOnlySpan(Convert.FromHexString "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
              )

          let expected =
              "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
              + "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"

          let signature =
              signer.Sign(SignatureScheme.EcdsaSecp256r1Sha256, ReadOnlySpan "sample"B)

          Expect.equal (Convert.ToHexStringLower signature) expected "r and s" ]

[<Tests>]
let tests =
    testList "TLS certificates" [ testList "verification" verification; testList "identities" identities ]
