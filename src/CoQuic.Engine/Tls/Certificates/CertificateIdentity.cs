using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CoQuic.Engine;

/// <summary>
/// Who an endpoint is: a certificate chain, and a signer that holds the key of the first certificate. Read, checked and encoded once,
/// it serves any number of handshakes of any number of endpoints.
/// </summary>
public sealed class CertificateIdentity
{
    /// <summary>Joins a chain and a signer.</summary>
    /// <param name="certificateChain">DER, its own certificate first, each certified by the next; at least one.</param>
    /// <param name="signer">Holds the first certificate's key.</param>
    public CertificateIdentity(IReadOnlyList<Bytes> certificateChain, IHandshakeSigner signer)
    {
        ArgumentNullException.ThrowIfNull(certificateChain);
        ArgumentNullException.ThrowIfNull(signer);
        ArgumentOutOfRangeException.ThrowIfZero(certificateChain.Count, nameof(certificateChain));
        CertificateChain = [.. certificateChain];
        Signer = signer;
        EncodedChain = CertificateMessage.Encode([], CertificateChain);
    }

    /// <summary>The certificates, DER, its own first.</summary>
    public IReadOnlyList<Bytes> CertificateChain { get; }

    /// <summary>Signs with the key of the first certificate.</summary>
    public IHandshakeSigner Signer { get; }

    /// <summary>The Certificate message of a handshake (RFC 8446 §4.4.2).</summary>
    internal byte[] EncodedChain { get; }

    /// <summary>Reads an identity from PEM texts.</summary>
    /// <param name="certificatePem">The chain, its own certificate first.</param>
    /// <param name="keyPem">The unencrypted private key: PKCS #8, SEC 1 or PKCS #1.</param>
    /// <param name="identity">The identity.</param>
    /// <param name="problem">Why there is none: a sentence for people.</param>
    public static bool TryFromPem(
        string certificatePem,
        string keyPem,
        [NotNullWhen(true)] out CertificateIdentity? identity,
        [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(certificatePem);
        ArgumentNullException.ThrowIfNull(keyPem);
        identity = null;
        X509Certificate2Collection chain = [];
        try
        {
            if (!TryImportChain(chain, certificatePem, out problem))
                return false;
            AsymmetricAlgorithm? key = ImportKey(chain[0], keyPem, out problem);
            identity = key is null ? null : Join([.. chain], key, out problem);
            return identity is not null;
        }
        finally
        {
            foreach (X509Certificate2 certificate in chain)
                certificate.Dispose();
        }
    }

    /// <summary>Takes an identity from a certificate that has its private key.</summary>
    /// <param name="certificate">Its own certificate; it is not kept.</param>
    /// <param name="intermediates">The certificates that lead from it to a root; they are not kept.</param>
    /// <param name="identity">The identity.</param>
    /// <param name="problem">Why there is none: a sentence for people.</param>
    public static bool TryFromCertificate(
        X509Certificate2 certificate,
        IEnumerable<X509Certificate2> intermediates,
        [NotNullWhen(true)] out CertificateIdentity? identity,
        [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(intermediates);
        identity = null;
        AsymmetricAlgorithm? key = certificate.GetECDsaPrivateKey() ?? (AsymmetricAlgorithm?)certificate.GetRSAPrivateKey();
        problem = "The certificate has no private key that can sign a handshake.";
        if (key is not null)
            identity = Join([certificate, .. intermediates], key, out problem);
        return identity is not null;
    }

    private static bool TryImportChain(
        X509Certificate2Collection chain, string pem, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        try
        {
            chain.ImportFromPem(pem);
        }
        catch (Exception e) when (PeerCertificate.IsMalformed(e))
        {
            problem = $"The certificate cannot be read: {e.Message}";
        }
        if (problem is null && chain.Count == 0)
            problem = "There is no certificate in the PEM text of the certificate chain.";
        return problem is null;
    }

    private static AsymmetricAlgorithm? ImportKey(X509Certificate2 certificate, string pem, out string? problem)
    {
        bool isRsa = SignatureAlgorithm.Of(certificate.PublicKey) == SigningKeyKind.Rsa;
        AsymmetricAlgorithm key = isRsa ? RSA.Create() : ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            problem = null;
            return key;
        }
        catch (Exception e) when (PeerCertificate.IsMalformed(e))
        {
            key.Dispose();
            problem = $"The private key cannot be read, or is of another kind than the certificate's: {e.Message}";
            return null;
        }
    }

    /// <summary>Joins certificate and key if they fit. The key is taken over, or disposed of.</summary>
    private static CertificateIdentity? Join(IReadOnlyList<X509Certificate2> chain, AsymmetricAlgorithm key, out string? problem)
    {
        problem = FaultOf(chain[0], key);
        if (problem is not null)
        {
            key.Dispose();
            return null;
        }

        IHandshakeSigner signer = key is RSA rsa
            ? new PlatformSigner(rsa)
            : new PlatformSigner((ECDsa)key, SignatureAlgorithm.Of(chain[0].PublicKey));
        List<Bytes> certificates = [];
        foreach (X509Certificate2 certificate in chain)
            certificates.Add(Bytes.CopyOf(certificate.RawDataMemory.Span));
        return new CertificateIdentity(certificates, signer);
    }

    private static string? FaultOf(X509Certificate2 certificate, AsymmetricAlgorithm key)
    {
        try
        {
            if (SignatureAlgorithm.Of(certificate.PublicKey) == SigningKeyKind.Unsupported)
                return "The certificate's key cannot sign a handshake: ECDSA on P-256 or P-384, or RSA, is needed.";
            if (key is RSA { KeySize: < TlsLimits.MinimumRsaKeyBits or > TlsLimits.MaximumRsaKeyBits } rsa)
                return $"An RSA key of {rsa.KeySize} bits is not accepted: {TlsLimits.MinimumRsaKeyBits} to "
                    + $"{TlsLimits.MaximumRsaKeyBits} bits are needed.";
            byte[] publicKey = key.ExportSubjectPublicKeyInfo();
            return publicKey.AsSpan().SequenceEqual(certificate.PublicKey.ExportSubjectPublicKeyInfo())
                ? null
                : "The private key is not the key of the certificate.";
        }
        catch (Exception e) when (PeerCertificate.IsMalformed(e))
        {
            return $"The certificate or its key cannot be used: {e.Message}";
        }
    }
}
