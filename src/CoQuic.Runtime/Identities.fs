namespace CoQuic.Runtime

open System
open System.IO
open System.Threading
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open CoQuic
open CoQuic.FSharp

/// The identities of a server, one a name, which can be exchanged while it runs: handshakes that begin afterwards are shown the new
/// one. For any number of threads and servers.
[<Sealed>]
type ServerIdentityStore(fallback: ServerIdentity | null) =

    let mutable identities: Map<string, ServerIdentity> = Map.empty
    let mutable fallback = fallback
    let change = Lock()

    /// Host names are compared without regard to case (RFC 6066 §3).
    let key (serverName: string) = serverName.ToLowerInvariant()

    let find (serverName: string | null) =
        serverName
        |> Option.ofObj
        |> Option.bind (fun name -> Map.tryFind (key name) (Volatile.Read &identities))
        |> Option.orElse (Option.ofObj (Volatile.Read &fallback))

    /// A store without any identity.
    new() = ServerIdentityStore null

    /// Puts in the identity for a host name, in place of what was there.
    member _.Set(serverName: string, identity: ServerIdentity) : unit =
        change.Enter()

        try
            Volatile.Write(&identities, Map.add (key serverName) identity identities)
        finally
            change.Exit()

    /// Takes out the identity for a host name.
    member _.Remove(serverName: string) : unit =
        change.Enter()

        try
            Volatile.Write(&identities, Map.remove (key serverName) identities)
        finally
            change.Exit()

    /// The identity for clients that name no host, or one that is not here; null refuses them.
    member _.Fallback
        with get () = Volatile.Read &fallback
        and set (identity: ServerIdentity | null) = Volatile.Write(&fallback, identity)

    interface IServerIdentitySelector with
        member _.Select serverName = find serverName |> Option.toObj

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

    /// Reads a certificate, the chain that leads from it to a root, and its private key from a PKCS #12 file (.pfx, .p12); an empty
    /// password for none.
    let ofPfxFile (path: string) (password: string) : Result<ServerIdentity, RuntimeError> =
        try
            let loaded =
                X509CertificateLoader.LoadPkcs12CollectionFromFile(path, password, X509KeyStorageFlags.Exportable)

            let own, others = List.ofSeq loaded |> List.partition _.HasPrivateKey

            match own with
            | certificate :: _ -> ofCertificate certificate (X509Certificate2Collection(List.toArray others))
            | [] -> Error(RuntimeError.FileUnusable(path, "it has no private key"))
        with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? ArgumentException
        | :? CryptographicException as error -> Error(RuntimeError.FileUnusable(path, error.Message))

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
