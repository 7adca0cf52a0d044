using System;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CoQuic.Engine;

/// <summary>The certificate a peer calls its own: checks the signatures that the peer makes with its key.</summary>
internal sealed class PeerCertificate : IDisposable
{
    private readonly X509Certificate2 _certificate;

    private bool? _allowsSignatures;

    private PeerCertificate(X509Certificate2 certificate) => _certificate = certificate;

    public static bool TryLoad(
        Bytes der,
        [NotNullWhen(true)] out PeerCertificate? certificate,
        [NotNullWhen(false)] out TransportError? error)
    {
        certificate = null;
        error = AlertDescription.BadCertificate.Because("a certificate that cannot be read");
        try
        {
            X509Certificate2 loaded = X509CertificateLoader.LoadCertificate(der);
            // The loader also takes PEM, and DER with something behind it; TLS has neither.
            if (loaded.RawDataMemory.Span.SequenceEqual(der))
                certificate = new PeerCertificate(loaded);
            else
                loaded.Dispose();
        }
        catch (Exception e) when (IsMalformed(e))
        {
        }
        if (certificate is not null)
            error = null;
        return certificate is not null;
    }

    /// <summary>What the platform throws at a certificate or key that is malformed or of no kind it knows.</summary>
    public static bool IsMalformed(Exception e) =>
        e is CryptographicException or ArgumentException or FormatException or NotSupportedException or OverflowException;

    /// <summary>Whether this is what these bytes are read as.</summary>
    public bool Is(Bytes der) => _certificate.RawDataMemory.Span.SequenceEqual(der.Span);

    /// <summary>Checks the signature of a CertificateVerify (RFC 8446 §4.4.3).</summary>
    public TransportError? Verify(SignatureScheme scheme, byte[] content, Bytes signature)
    {
        try
        {
            if (!(_allowsSignatures ??= AllowsSignatures()))
                return AlertDescription.UnsupportedCertificate.Because("a certificate whose key is not for signatures");
            if (!SignatureAlgorithm.Of(_certificate.PublicKey).Matches(scheme))
                return AlertDescription.IllegalParameter.Because($"a signature of {scheme} by another kind of key");
            if (!IsKeyStrong())
                return AlertDescription.InsufficientSecurity.Because("an RSA key that is too short or too long");
            if (!IsValid(scheme, content, signature))
                return AlertDescription.DecryptError.Because("a CertificateVerify whose signature is wrong");
            return null;
        }
        catch (Exception e) when (IsMalformed(e))
        {
            return AlertDescription.BadCertificate.Because("a certificate whose key cannot be used");
        }
    }

    public void Dispose() => _certificate.Dispose();

    /// <summary>RFC 8446 §4.4.2.2: a key usage extension, if there is one, must have digitalSignature.</summary>
    private bool AllowsSignatures()
    {
        foreach (X509Extension extension in _certificate.Extensions)
        {
            if (extension is X509KeyUsageExtension usage)
                return usage.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature);
        }
        return true;
    }

    private bool IsKeyStrong()
    {
        using RSA? rsa = _certificate.GetRSAPublicKey();
        return rsa is null or { KeySize: >= TlsLimits.MinimumRsaKeyBits and <= TlsLimits.MaximumRsaKeyBits };
    }

    private bool IsValid(SignatureScheme scheme, byte[] content, Bytes signature)
    {
        HashAlgorithmName hash = scheme.Hash();
        if (scheme.IsEcdsa())
        {
            using ECDsa? key = _certificate.GetECDsaPublicKey();
            return key is not null && key.VerifyData(content, signature, hash, DSASignatureFormat.Rfc3279DerSequence);
        }

        using RSA? rsa = _certificate.GetRSAPublicKey();
        return rsa is not null && rsa.VerifyData(content, signature, hash, RSASignaturePadding.Pss);
    }
}
