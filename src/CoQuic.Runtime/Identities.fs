namespace CoQuic.Runtime

open System
open System.IO
open System.Security.Cryptography.X509Certificates
open CoQuic
open CoQuic.FSharp

/// Where servers get their certificates from.
[<RequireQualifiedAccess>]
module Identities =

    let private readText (path: string) : Result<string, RuntimeError> =
        try
            Ok(File.ReadAllText path)
        with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? ArgumentException as error -> Error(RuntimeError.FileUnusable(path, error.Message))

    let private unusable path (IdentityError.Unusable problem) =
        RuntimeError.FileUnusable(path, problem)

    /// Reads a certificate chain, the server's own certificate first, and its unencrypted private key, from PEM files.
    let ofPemFiles (certificateChain: string) (privateKey: string) : Result<ServerIdentity, RuntimeError> =
        match readText certificateChain, readText privateKey with
        | Ok chain, Ok key ->
            ServerIdentity.ofPem chain key
            |> Result.mapError (unusable $"{certificateChain}' or '{privateKey}")
        | Error error, _
        | _, Error error -> Error error

    /// The identity of a certificate that has its private key, and of the certificates that lead from it to a root.
    let ofCertificate
        (certificate: X509Certificate2)
        (intermediates: X509Certificate2Collection)
        : Result<ServerIdentity, RuntimeError> =
        match ServerIdentity.TryFromCertificate(certificate, intermediates) with
        | true, identity, _ -> Ok(nonNull identity)
        | false, _, problem -> Error(RuntimeError.FileUnusable(certificate.Subject, nonNull problem))

    /// Trusts these certificates, as roots, and no others.
    let trust (roots: X509Certificate2Collection) : ICertificateVerifier =
        Engine.PlatformCertificateVerifier.TrustingOnly [| for root in roots -> root |]

    /// Makes a self-signed certificate for localhost and these names, which ends in a month: for development, where clients do
    /// not verify or trust it explicitly.
    let development (names: string list) : ServerIdentity =
        let now = Clock.utc ()
        ServerIdentity.selfSigned names (now.AddDays -1.0) (now.AddDays 30.0)

    /// Trusts the certificates of a PEM file, as roots, and no others.
    let trustPemFile (roots: string) : Result<ICertificateVerifier, RuntimeError> =
        readText roots
        |> Result.bind (fun text -> Trust.onlyPem text |> Result.mapError (unusable roots))
