using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CoQuic.Engine;

/// <summary>
/// Identities for simulation: the same seed gives the same key, certificate and signatures, byte for byte.
/// </summary>
public static class SimulationIdentity
{
    private const int ScalarSize = Secp256r1KeyShare.ScalarSize;

    // A simulation may play at any time: the certificate is always valid.
    private static readonly DateTimeOffset NotBefore = new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset NotAfter = new(2999, 12, 31, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Makes a self-signed certificate on P-256.</summary>
    /// <param name="seed">A seeded source: it decides the key.</param>
    /// <param name="name">The DNS name or IP address literal in the certificate.</param>
    public static CertificateIdentity Create(IEntropy seed, string name)
    {
        ArgumentNullException.ThrowIfNull(seed);
        ArgumentNullException.ThrowIfNull(name);
        DeterministicSigner signer = new(Secp256r1Scalars.Draw(seed));
        PublicKey publicKey = PublicKeyOf(signer);
        CertificateRequest request = SelfSignedIdentity.RequestFor([name], publicKey);
        using X509Certificate2 certificate = request.Create(
            request.SubjectName, new SignatureGenerator(signer, publicKey), NotBefore, NotAfter, serialNumber: [1]);
        return new CertificateIdentity([Bytes.CopyOf(certificate.RawDataMemory.Span)], signer);
    }

    private static PublicKey PublicKeyOf(DeterministicSigner signer)
    {
        byte[] point = signer.PublicPoint();
        using ECDsa key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = point[1..(1 + ScalarSize)], Y = point[(1 + ScalarSize)..] },
        });
        return new PublicKey(key);
    }

    /// <summary>Lets the platform build a certificate that the deterministic signer signs.</summary>
    private sealed class SignatureGenerator(DeterministicSigner signer, PublicKey publicKey) : X509SignatureGenerator
    {
        /// <summary>The DER of ecdsa-with-SHA256 (RFC 5758 §3.2).</summary>
        private static ReadOnlySpan<byte> EcdsaWithSha256 =>
            [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => EcdsaWithSha256.ToArray();

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) =>
            signer.Sign(SignatureScheme.EcdsaSecp256r1Sha256, data);

        protected override PublicKey BuildPublicKey() => publicKey;
    }
}
