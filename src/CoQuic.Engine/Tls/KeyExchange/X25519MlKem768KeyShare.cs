using System;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// X25519MLKEM768, a hybrid of ML-KEM-768 and X25519: who would read along has to break both. The client's share is an
/// encapsulation key and an X25519 key, the server's a ciphertext and an X25519 key, and the secret is both secrets, ML-KEM's first.
/// </summary>
/// <remarks>Of the lattice part only the seed is kept, since the library's expanded keys cannot be cleared.</remarks>
internal sealed class X25519MlKem768KeyShare : IKeyShare
{
    public const int ClientShareSize = MlKem768.EncapsulationKeySize + X25519.PointSize;
    public const int ServerShareSize = MlKem768.CiphertextSize + X25519.PointSize;
    private const int SecretSize = MlKem768.SecretSize + X25519.PointSize;

    private readonly byte[] _seed;
    private readonly X25519KeyShare _x25519;

    private X25519MlKem768KeyShare(byte[] seed, X25519KeyShare x25519)
    {
        _seed = seed;
        _x25519 = x25519;
        PublicKey = Bytes.CopyOf([.. MlKem768.EncapsulationKeyOf(seed), .. x25519.PublicKey.Span]);
    }

    public Bytes PublicKey { get; }

    public static X25519MlKem768KeyShare Generate(IEntropy entropy)
    {
        byte[] seed = new byte[MlKem768.SeedSize];
        entropy.Fill(seed);
        return new X25519MlKem768KeyShare(seed, X25519KeyShare.Generate(entropy));
    }

    /// <summary>The server's side: a fresh secret for the client's encapsulation key, and a fresh X25519 key.</summary>
    public static bool TryAnswer(
        ReadOnlySpan<byte> clientShare, IEntropy entropy, [NotNullWhen(true)] out KeyShareAnswer? answer)
    {
        answer = null;
        if (clientShare.Length != ClientShareSize)
            return false;
        ReadOnlySpan<byte> encapsulationKey = clientShare[..MlKem768.EncapsulationKeySize];
        using X25519KeyShare x25519 = X25519KeyShare.Generate(entropy);
        if (!MlKem768.IsEncapsulationKey(encapsulationKey)
            || !x25519.TryAgree(clientShare[MlKem768.EncapsulationKeySize..], out byte[]? x25519Secret))
        {
            return false;
        }

        byte[] share = new byte[ServerShareSize];
        byte[] secret = new byte[SecretSize];
        MlKem768.Encapsulate(
            encapsulationKey, entropy, share.AsSpan(0, MlKem768.CiphertextSize), secret.AsSpan(0, MlKem768.SecretSize));
        x25519.PublicKey.Span.CopyTo(share.AsSpan(MlKem768.CiphertextSize));
        Append(x25519Secret, secret);
        answer = new KeyShareAnswer(Bytes.Wrap(share), secret);
        return true;
    }

    public bool TryAgree(ReadOnlySpan<byte> peerPublicKey, [NotNullWhen(true)] out byte[]? sharedSecret)
    {
        sharedSecret = null;
        if (peerPublicKey.Length != ServerShareSize
            || !_x25519.TryAgree(peerPublicKey[MlKem768.CiphertextSize..], out byte[]? x25519Secret))
        {
            return false;
        }
        sharedSecret = new byte[SecretSize];
        MlKem768.Decapsulate(
            _seed, peerPublicKey[..MlKem768.CiphertextSize], sharedSecret.AsSpan(0, MlKem768.SecretSize));
        Append(x25519Secret, sharedSecret);
        return true;
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_seed);
        _x25519.Dispose();
    }

    /// <summary>Puts the X25519 secret behind ML-KEM's, and clears it where it was.</summary>
    private static void Append(byte[] x25519Secret, byte[] secret)
    {
        x25519Secret.CopyTo(secret.AsSpan(MlKem768.SecretSize));
        CryptographicOperations.ZeroMemory(x25519Secret);
    }
}
