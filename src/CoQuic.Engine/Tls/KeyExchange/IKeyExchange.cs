using System;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>Makes the key shares of a handshake (RFC 8446 §4.2.8).</summary>
public interface IKeyExchange
{
    /// <summary>Makes a client's fresh key share. It serves one handshake.</summary>
    /// <param name="group">The group; one of those configured.</param>
    /// <param name="entropy">Where the private key's bits come from.</param>
    IKeyShare Generate(NamedGroup group, IEntropy entropy);

    /// <summary>Answers a client's key share with a server's, which is fresh too.</summary>
    /// <param name="group">The group; one of those configured.</param>
    /// <param name="peerPublicKey">What the client's key_share extension held; any bytes whatever.</param>
    /// <param name="entropy">Where the private key's bits come from.</param>
    /// <param name="answer">The server's share and the secret.</param>
    /// <returns>Whether the client's key is valid for the group.</returns>
    bool TryAnswer(
        NamedGroup group,
        ReadOnlySpan<byte> peerPublicKey,
        IEntropy entropy,
        [NotNullWhen(true)] out KeyShareAnswer? answer);
}

/// <summary>A client's key pair of one handshake. Disposing of it clears the private key.</summary>
public interface IKeyShare : IDisposable
{
    /// <summary>What goes into the key_share extension (RFC 8446 §4.2.8.2).</summary>
    Bytes PublicKey { get; }

    /// <summary>Computes the shared secret.</summary>
    /// <param name="peerPublicKey">What the server's key_share extension held; any bytes whatever.</param>
    /// <param name="sharedSecret">The secret, which the caller clears after use.</param>
    /// <returns>Whether the server's key is valid for the group.</returns>
    bool TryAgree(ReadOnlySpan<byte> peerPublicKey, [NotNullWhen(true)] out byte[]? sharedSecret);
}

/// <summary>A server's side of one key exchange. Disposing of it clears the secret.</summary>
/// <param name="publicKey">What goes into the server's key_share extension.</param>
/// <param name="sharedSecret">The secret, which is taken over.</param>
public sealed class KeyShareAnswer(Bytes publicKey, byte[] sharedSecret) : IDisposable
{
    /// <summary>What goes into the server's key_share extension.</summary>
    public Bytes PublicKey { get; } = publicKey;

    /// <summary>The shared secret; all zeros once this is disposed of.</summary>
    public ReadOnlySpan<byte> SharedSecret => sharedSecret;

    /// <summary>Clears the secret.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(sharedSecret);
}
