module CoQuic.Runtime.Tests.IdentityTests

open System
open System.IO
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open Expecto
open CoQuic.Runtime

/// A certificate and its key as PEM texts.
let private pem () =
    use key = ECDsa.Create ECCurve.NamedCurves.nistP256
    let request = CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)

    use certificate =
        request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays -1.0, DateTimeOffset.UtcNow.AddDays 1.0)

    certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem()

let private withFiles texts test =
    let files = [ for _ in texts -> Path.GetTempFileName() ]

    try
        List.iter2 (fun (file: string) (text: string) -> File.WriteAllText(file, text)) files texts
        test files
    finally
        List.iter File.Delete files

let private expectUnusable path outcome =
    match outcome with
    | Error(RuntimeError.FileUnusable(named, problem) as error) ->
        Expect.stringContains named path "it names the file"
        Expect.isNotEmpty problem "and the problem"
        Expect.isFalse ((string error).Contains '\n') "in one line"
    | Error error -> failtest $"{error}"
    | Ok _ -> failtest "it was used"

[<Tests>]
let tests =
    testList
        "identities"
        [ testCase "a certificate and its key are read from PEM files"
          <| fun () ->
              let certificate, key = pem ()

              withFiles [ certificate; key ] (fun files ->
                  let identity =
                      Expect.wantOk (Identities.ofPemFiles files[0] files[1]) "the identity"

                  Expect.hasLength identity.CertificateChain 1 "one certificate")

          testCase "a certificate, its chain and its key are read from a PFX file"
          <| fun () ->
              use key = ECDsa.Create ECCurve.NamedCurves.nistP256
              let request = CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)

              use certificate =
                  request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays -1.0, DateTimeOffset.UtcNow.AddDays 1.0)

              use other = X509CertificateLoader.LoadCertificate(certificate.RawData)

              let path = Path.GetTempFileName()

              try
                  let all = X509Certificate2Collection [| certificate; other |]
                  File.WriteAllBytes(path, all.Export(X509ContentType.Pfx, "secret") |> nonNull)
                  let identity = Expect.wantOk (Identities.ofPfxFile path "secret") "the identity"
                  Expect.isNonEmpty identity.CertificateChain "its chain"
                  Identities.ofPfxFile path "wrong" |> expectUnusable path
                  let onlyCertificates = X509Certificate2Collection [| other |]
                  File.WriteAllBytes(path, onlyCertificates.Export(X509ContentType.Pfx, "") |> nonNull)
                  Identities.ofPfxFile path "" |> expectUnusable path
              finally
                  File.Delete path

              Identities.ofPfxFile "no-such.pfx" "" |> expectUnusable "no-such.pfx"

          testCase "a file that is not there is named"
          <| fun () ->
              Identities.ofPemFiles "no-such.pem" "no-such.key"
              |> expectUnusable "no-such.pem"

          testCase "a file without a certificate is named"
          <| fun () ->
              let _, key = pem ()

              withFiles [ "hello"; key ] (fun files ->
                  Identities.ofPemFiles files[0] files[1] |> expectUnusable files[0])

          testCase "a key that belongs to another certificate is refused"
          <| fun () ->
              let certificate, _ = pem ()
              let _, key = pem ()

              withFiles [ certificate; key ] (fun files ->
                  Identities.ofPemFiles files[0] files[1] |> expectUnusable files[1])

          testCase "roots that are none are refused"
          <| fun () -> withFiles [ "hello" ] (fun files -> Identities.trustPemFile files[0] |> expectUnusable files[0]) ]
