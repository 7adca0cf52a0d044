namespace CoQuic.FSharp

open System
open System.Security.Cryptography.X509Certificates
open CoQuic

/// Who a server is: a certificate chain, and the key of its first certificate.
type ServerIdentity = Engine.ServerIdentity

/// Why PEM texts gave no identity, or no roots.
[<RequireQualifiedAccess>]
type IdentityError =
    /// The texts cannot be used; the problem is a sentence for people.
    | Unusable of problem: string

/// Who a server is.
module ServerIdentity =

    /// The identity of two PEM texts: the chain, the server's own certificate first, and its unencrypted private key.
    let ofPem (certificateChain: string) (privateKey: string) : Result<ServerIdentity, IdentityError> =
        match ServerIdentity.TryFromPem(certificateChain, privateKey) with
        | true, identity, _ -> Ok(nonNull identity)
        | false, _, problem -> Error(IdentityError.Unusable(nonNull problem))

    /// A new self-signed identity for localhost, 127.0.0.1, ::1 and these names, valid between two calendar times. Clients must
    /// trust it explicitly. The platform draws the key.
    let selfSigned (names: string seq) (notBefore: DateTimeOffset) (notAfter: DateTimeOffset) : ServerIdentity =
        Engine.SelfSignedIdentity.Create(names, notBefore, notAfter)

    /// An identity for a simulated server of this name: the same seed gives the same key, certificate and signatures.
    let simulated (seed: uint64) (name: string) : ServerIdentity =
        Engine.SimulationIdentity.Create(SeededEntropy(seed, $"identity {name}"), name)

/// Whose certificates are trusted.
module Trust =

    /// Trusts the certificates of a PEM text, as roots, and no others.
    let onlyPem (roots: string) : Result<ICertificateVerifier, IdentityError> =
        match Engine.PlatformCertificateVerifier.TryTrustingOnlyPem roots with
        | true, verifier, _ -> Ok(nonNull verifier)
        | false, _, problem -> Error(IdentityError.Unusable(nonNull problem))

    /// Trusts one identity's certificate, which is its own root. Its name and its time are still checked.
    let only (identity: ServerIdentity) : ICertificateVerifier =
        let certificate =
            X509CertificateLoader.LoadCertificate(identity.CertificateChain[0].ToArray())

        Engine.PlatformCertificateVerifier.TrustingOnly [ certificate ]
