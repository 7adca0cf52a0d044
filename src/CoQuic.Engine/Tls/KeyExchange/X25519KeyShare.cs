using System;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>An X25519 key pair (RFC 7748 §6.1).</summary>
internal sealed class X25519KeyShare : IKeyShare
{
    private static readonly byte[] NoSecret = new byte[X25519.PointSize];

    private readonly byte[] _privateKey;

    /// <summary>Takes over the private key: 32 bytes, clamped by the function itself (RFC 7748 §5).</summary>
    public X25519KeyShare(byte[] privateKey)
    {
        _privateKey = privateKey;
        byte[] publicKey = new byte[X25519.PointSize];
        X25519.MultiplyBase(privateKey, publicKey);
        PublicKey = Bytes.Wrap(publicKey);
    }

    public Bytes PublicKey { get; }

    public static X25519KeyShare Generate(IEntropy entropy)
    {
        byte[] privateKey = new byte[X25519.ScalarSize];
        entropy.Fill(privateKey);
        return new X25519KeyShare(privateKey);
    }

    public bool TryAgree(ReadOnlySpan<byte> peerPublicKey, [NotNullWhen(true)] out byte[]? sharedSecret)
    {
        sharedSecret = null;
        if (peerPublicKey.Length != X25519.PointSize)
            return false;

        // RFC 8446 §7.4.2, RFC 7748 §6.1: an all-zero result comes from a point of small order, and is refused.
        byte[] secret = new byte[X25519.PointSize];
        X25519.Multiply(_privateKey, peerPublicKey, secret);
        if (CryptographicOperations.FixedTimeEquals(secret, NoSecret))
            return false;
        sharedSecret = secret;
        return true;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_privateKey);
}
