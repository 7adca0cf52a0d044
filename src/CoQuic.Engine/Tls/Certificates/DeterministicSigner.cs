using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.EC;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Utilities;

namespace CoQuic.Engine;

/// <summary>
/// ECDSA on P-256 whose nonce follows from key and message (RFC 6979): the same input gives the same signature. For
/// simulation; <see cref="PlatformSigner"/> is for the world.
/// </summary>
public sealed class DeterministicSigner : IExportableSigner
{
    private static readonly ECDomainParameters Domain = new(CustomNamedCurves.GetByName("secp256r1"));

    private readonly ECPrivateKeyParameters _key;

    /// <summary>Takes a private key.</summary>
    /// <param name="privateKey">A number from 1 to n − 1, big-endian, 32 bytes.</param>
    /// <exception cref="ArgumentException">The number is out of range.</exception>
    public DeterministicSigner(ReadOnlySpan<byte> privateKey) =>
        _key = new ECPrivateKeyParameters(new BigInteger(1, privateKey), Domain);

    /// <inheritdoc/>
    public IReadOnlyList<SignatureScheme> Schemes { get; } = [SignatureScheme.EcdsaSecp256r1Sha256];

    /// <inheritdoc/>
    public byte[] Sign(SignatureScheme scheme, ReadOnlySpan<byte> data)
    {
        ECDsaSigner signer = new(new HMacDsaKCalculator(new Sha256Digest()));
        signer.Init(forSigning: true, _key);
        BigInteger[] signature = signer.GenerateSignature(SHA256.HashData(data));
        return StandardDsaEncoding.Instance.Encode(Domain.N, signature[0], signature[1]);
    }

    /// <inheritdoc/>
    public bool TryExportPem([NotNullWhen(true)] out string? privateKeyPem)
    {
        byte[] point = PublicPoint();
        int size = (point.Length - 1) / 2;
        using ECDsa key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            D = BigIntegers.AsUnsignedByteArray(size, _key.D),
            Q = new System.Security.Cryptography.ECPoint { X = point[1..(1 + size)], Y = point[(1 + size)..] },
        });
        privateKeyPem = key.ExportPkcs8PrivateKeyPem();
        return true;
    }

    /// <summary>The public key: 0x04, x, y.</summary>
    internal byte[] PublicPoint() => Domain.G.Multiply(_key.D).Normalize().GetEncoded(compressed: false);
}
