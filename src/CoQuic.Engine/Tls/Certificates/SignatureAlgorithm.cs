using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CoQuic.Engine;

/// <summary>The kinds of key that can sign a handshake.</summary>
internal enum SigningKeyKind : byte
{
    Unsupported,
    Secp256r1,
    Secp384r1,
    Rsa,
}

/// <summary>Which key makes which signature (RFC 8446 §4.2.3).</summary>
internal static class SignatureAlgorithm
{
    private const string EllipticCurveKey = "1.2.840.10045.2.1";
    private const string RsaEncryptionKey = "1.2.840.113549.1.1.1";

    /// <summary>What a CertificateVerify may be signed with, most preferred first.</summary>
    public static readonly IReadOnlyList<SignatureScheme> HandshakeSchemes =
    [
        SignatureScheme.EcdsaSecp256r1Sha256,
        SignatureScheme.RsaPssRsaeSha256,
        SignatureScheme.EcdsaSecp384r1Sha384,
        SignatureScheme.RsaPssRsaeSha384,
        SignatureScheme.RsaPssRsaeSha512,
    ];

    /// <summary>What certificates may be signed with besides: most authorities still sign with PKCS #1 v1.5.</summary>
    public static readonly IReadOnlyList<SignatureScheme> CertificateSchemes =
    [
        .. HandshakeSchemes,
        SignatureScheme.RsaPkcs1Sha256,
        SignatureScheme.RsaPkcs1Sha384,
        SignatureScheme.RsaPkcs1Sha512,
    ];

    /// <summary>The DER of the named curves' identifiers, as a public key's parameters hold them.</summary>
    private static ReadOnlySpan<byte> Secp256r1Parameters => [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

    private static ReadOnlySpan<byte> Secp384r1Parameters => [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];

    public static SigningKeyKind Of(PublicKey key) => key.Oid.Value switch
    {
        RsaEncryptionKey => SigningKeyKind.Rsa,
        EllipticCurveKey => OfCurve(key.EncodedParameters?.RawData),
        _ => SigningKeyKind.Unsupported,
    };

    /// <summary>RFC 8446 §4.2.3: in TLS 1.3 an ECDSA scheme names the curve too.</summary>
    public static bool Matches(this SigningKeyKind key, SignatureScheme scheme) => scheme switch
    {
        SignatureScheme.EcdsaSecp256r1Sha256 => key == SigningKeyKind.Secp256r1,
        SignatureScheme.EcdsaSecp384r1Sha384 => key == SigningKeyKind.Secp384r1,
        SignatureScheme.RsaPssRsaeSha256 or SignatureScheme.RsaPssRsaeSha384 or SignatureScheme.RsaPssRsaeSha512 =>
            key == SigningKeyKind.Rsa,
        _ => false,
    };

    /// <summary>The schemes that a key can sign a handshake with, most preferred first.</summary>
    public static IReadOnlyList<SignatureScheme> SchemesOf(SigningKeyKind key)
    {
        List<SignatureScheme> schemes = [];
        foreach (SignatureScheme scheme in HandshakeSchemes)
        {
            if (key.Matches(scheme))
                schemes.Add(scheme);
        }
        return schemes;
    }

    public static bool IsEcdsa(this SignatureScheme scheme) =>
        scheme is SignatureScheme.EcdsaSecp256r1Sha256 or SignatureScheme.EcdsaSecp384r1Sha384;

    public static HashAlgorithmName Hash(this SignatureScheme scheme) => scheme switch
    {
        SignatureScheme.EcdsaSecp384r1Sha384 or SignatureScheme.RsaPssRsaeSha384 => HashAlgorithmName.SHA384,
        SignatureScheme.RsaPssRsaeSha512 => HashAlgorithmName.SHA512,
        _ => HashAlgorithmName.SHA256,
    };

    private static SigningKeyKind OfCurve(ReadOnlySpan<byte> parameters)
    {
        if (parameters.SequenceEqual(Secp256r1Parameters))
            return SigningKeyKind.Secp256r1;
        return parameters.SequenceEqual(Secp384r1Parameters) ? SigningKeyKind.Secp384r1 : SigningKeyKind.Unsupported;
    }
}
