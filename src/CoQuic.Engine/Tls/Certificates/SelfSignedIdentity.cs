using System;
using System.Collections.Generic;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CoQuic.Engine;

/// <summary>Self-signed certificates on P-256, for trying things out: a client must trust them explicitly.</summary>
public static class SelfSignedIdentity
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>
    /// Makes a key and a certificate for localhost, 127.0.0.1, ::1 and the names given. The platform draws key and
    /// serial number.
    /// </summary>
    /// <param name="names">DNS names and IP address literals; may be empty.</param>
    /// <param name="notBefore">The certificate is valid from here,</param>
    /// <param name="notAfter">to here.</param>
    public static CertificateIdentity Create(IEnumerable<string> names, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        ArgumentNullException.ThrowIfNull(names);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = RequestFor(["localhost", "127.0.0.1", "::1", .. names], new PublicKey(key));
        X509SignatureGenerator generator = X509SignatureGenerator.CreateForECDsa(key);
        byte[] serialNumber = RandomNumberGenerator.GetBytes(16);
        using X509Certificate2 certificate =
            request.Create(request.SubjectName, generator, notBefore, notAfter, serialNumber);
        ECDsa copy = ECDsa.Create(key.ExportParameters(includePrivateParameters: true));
        return new CertificateIdentity(
            [Bytes.CopyOf(certificate.RawDataMemory.Span)], new PlatformSigner(copy, SigningKeyKind.Secp256r1));
    }

    /// <summary>A request for a server's certificate that is no authority. The first name is the subject.</summary>
    internal static CertificateRequest RequestFor(IReadOnlyList<string> names, PublicKey key)
    {
        SubjectAlternativeNameBuilder alternativeNames = new();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
                alternativeNames.AddIpAddress(address);
            else
                alternativeNames.AddDnsName(name);
        }

        X500DistinguishedNameBuilder subject = new();
        subject.AddCommonName(names[0]);
        CertificateRequest request = new(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(alternativeNames.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(
            certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], critical: false));
        return request;
    }
}
