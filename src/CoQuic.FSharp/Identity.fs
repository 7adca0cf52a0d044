namespace CoQuic.FSharp

open System
open System.Security.Cryptography.X509Certificates
open CoQuic

/// Who a server is: a certificate chain, and the key of its first certificate.
type ServerIdentity = Engine.CertificateIdentity

/// Who a client is, for servers that ask: a certificate chain, and the key of its first certificate.
type ClientIdentity = Engine.CertificateIdentity

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

/// Who a client is.
module ClientIdentity =

    /// The identity of two PEM texts: the chain, the client's own certificate first, and its unencrypted private key.
    let ofPem (certificateChain: string) (privateKey: string) : Result<ClientIdentity, IdentityError> =
        ServerIdentity.ofPem certificateChain privateKey

/// Whether a certificate is good.
[<RequireQualifiedAccess>]
type Verdict =
    /// It is.
    | Accepted
    /// It is not: the alert that closes the connection, and a sentence for people, which the peer sees too.
    | Rejected of alert: AlertDescription * reason: string

/// Whether a certificate is good.
module Verdict =

    /// The verdict as verifiers give it.
    let toEngine (verdict: Verdict) : Engine.CertificateVerdict =
        match verdict with
        | Verdict.Accepted -> Engine.CertificateVerdict.Accept
        | Verdict.Rejected(alert, reason) -> Engine.CertificateVerdict.Reject(alert, reason)

    /// What a verifier answers, as ours.
    let ofEngine (verdict: Engine.CertificateVerdict) : Verdict =
        match verdict with
        | :? Engine.CertificateVerdict.Rejected as rejected -> Verdict.Rejected(rejected.Alert, rejected.Reason)
        | _ -> Verdict.Accepted

/// What is known of a peer whose certificate is to be judged. That it holds the certificate's key is checked already.
type CertificateQuestion =
    {
        /// The certificates as the peer sent them, DER, its own first; at least one.
        Chain: Bytes list
        /// The name that a server must have: a DNS name or an IP address literal. Empty for a client.
        ServerName: string
        /// Calendar time, for periods of validity.
        Time: DateTimeOffset
        /// The role of the peer, for the uses that its certificate must allow.
        PeerRole: Role
    }

/// What is known of a peer whose certificate is to be judged.
module CertificateQuestion =

    /// The question as verifiers are asked it.
    let toEngine (question: CertificateQuestion) : Engine.CertificateQuestion =
        Engine.CertificateQuestion(List.toArray question.Chain, question.ServerName, question.Time, question.PeerRole)

/// Whose certificates are trusted.
module Trust =

    /// The platform's rules and the system's roots.
    let system: ICertificateVerifier = Engine.PlatformCertificateVerifier.SystemRoots

    /// What a verifier says to a question.
    let judge (verifier: ICertificateVerifier) (question: CertificateQuestion) : Verdict =
        question |> CertificateQuestion.toEngine |> verifier.Verify |> Verdict.ofEngine

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
