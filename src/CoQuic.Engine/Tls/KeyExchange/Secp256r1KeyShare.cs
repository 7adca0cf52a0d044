using System;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>A secp256r1 key pair: the platform's curve arithmetic, with a private key that we draw.</summary>
internal sealed class Secp256r1KeyShare : IKeyShare
{
    public const int ScalarSize = 32;

    /// <summary>0x04, x, y: the only point format of TLS 1.3 (RFC 8446 §4.2.8.2).</summary>
    private const int PointSize = 1 + (2 * ScalarSize);

    private const byte UncompressedPoint = 4;

    private readonly ECDiffieHellman _key;

    /// <summary>
    /// Makes the key pair of a private key from 1 to n − 1, big-endian. The array is the caller's to clear.
    /// </summary>
    public Secp256r1KeyShare(byte[] privateKey)
    {
        _key = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = privateKey });
        ECPoint point = _key.ExportParameters(includePrivateParameters: false).Q;
        PublicKey = Bytes.CopyOf([UncompressedPoint, .. point.X!, .. point.Y!]);
    }

    public Bytes PublicKey { get; }

    public static Secp256r1KeyShare Generate(IEntropy entropy)
    {
        byte[] privateKey = Secp256r1Scalars.Draw(entropy);
        try
        {
            return new Secp256r1KeyShare(privateKey);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(privateKey);
        }
    }

    public bool TryAgree(ReadOnlySpan<byte> peerPublicKey, [NotNullWhen(true)] out byte[]? sharedSecret)
    {
        sharedSecret = null;
        if (peerPublicKey.Length != PointSize || peerPublicKey[0] != UncompressedPoint)
            return false;
        try
        {
            // The platform checks that the point is on the curve, as RFC 8446 §4.2.8.2 demands.
            using ECDiffieHellman peer = ECDiffieHellman.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint
                {
                    X = peerPublicKey.Slice(1, ScalarSize).ToArray(),
                    Y = peerPublicKey[(1 + ScalarSize)..].ToArray(),
                },
            });
            using ECDiffieHellmanPublicKey publicKey = peer.PublicKey;
            sharedSecret = _key.DeriveRawSecretAgreement(publicKey);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    public void Dispose() => _key.Dispose();
}
