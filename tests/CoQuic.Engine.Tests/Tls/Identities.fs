/// Certificates made for the tests: kinds of key, times, names, authorities.
module CoQuic.Engine.Tests.Tls.Identities

open System
open System.Net
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open CoQuic.Engine
open CoQuic.Engine.Tests.Tls.Pair

/// What a certificate says.
type Subject =
    { Names: string list
      NotBefore: DateTimeOffset
      NotAfter: DateTimeOffset
      KeyUsage: X509KeyUsageFlags
      ExtendedUsage: string option
      IsAuthority: bool }

let serverAuthentication = "1.3.6.1.5.5.7.3.1"
let clientAuthentication = "1.3.6.1.5.5.7.3.2"

/// A server's certificate for server.example, valid through 2026.
let leaf =
    { Names = [ "server.example" ]
      NotBefore = DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)
      NotAfter = DateTimeOffset(2026, 12, 31, 0, 0, 0, TimeSpan.Zero)
      KeyUsage = X509KeyUsageFlags.DigitalSignature
      ExtendedUsage = Some serverAuthentication
      IsAuthority = false }

let authority =
    { leaf with
        Names = [ "an authority" ]
        KeyUsage = X509KeyUsageFlags.KeyCertSign
        ExtendedUsage = None
        IsAuthority = true }

let private request subject (key: AsymmetricAlgorithm) =
    let name = X500DistinguishedName $"CN={subject.Names.Head}"

    let request =
        match key with
        | :? RSA as rsa -> CertificateRequest(name, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
        | :? ECDsa as ecdsa -> CertificateRequest(name, ecdsa, HashAlgorithmName.SHA256)
        | _ -> invalidArg (nameof key) "ECDSA or RSA"

    let names = SubjectAlternativeNameBuilder()

    for name in subject.Names do
        match IPAddress.TryParse name with
        | true, (NonNull address) -> names.AddIpAddress address
        | _ -> names.AddDnsName name

    if not subject.IsAuthority then
        request.CertificateExtensions.Add(names.Build())

    request.CertificateExtensions.Add(X509BasicConstraintsExtension(subject.IsAuthority, false, 0, true))
    request.CertificateExtensions.Add(X509KeyUsageExtension(subject.KeyUsage, true))

    for usage in Option.toList subject.ExtendedUsage do
        let usages = OidCollection()
        usages.Add(Oid usage) |> ignore
        request.CertificateExtensions.Add(X509EnhancedKeyUsageExtension(usages, false))

    request

let newKey () =
    ECDsa.Create ECCurve.NamedCurves.nistP256

/// A certificate that its own key signs.
let selfSigned subject key =
    (request subject key).CreateSelfSigned(subject.NotBefore, subject.NotAfter)

/// A certificate that an authority signs; with its key.
let signedBy (issuer: X509Certificate2) subject (key: ECDsa) =
    (request subject key).Create(issuer, subject.NotBefore, subject.NotAfter, [| 1uy; 2uy; 3uy |]).CopyWithPrivateKey
        key

/// The identity of a certificate that has its key.
let identityOf certificate intermediates =
    match CertificateIdentity.TryFromCertificate(certificate, intermediates) with
    | true, (NonNull identity), _ -> identity
    | _, _, problem -> failwith $"{problem}"

let private selfSignedIdentity (key: AsymmetricAlgorithm) = identityOf (selfSigned leaf key) []

/// One identity for each kind of key that can sign a handshake.
let keyTypes =
    [ "P-256", lazy selfSignedIdentity (newKey ())
      "P-384", lazy selfSignedIdentity (ECDsa.Create ECCurve.NamedCurves.nistP384)
      "RSA", lazy selfSignedIdentity (RSA.Create 2048)
      "P-256 with RFC 6979", lazy identity ]
