using System;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>Makes the key shares of a handshake (RFC 8446 §4.2.8).</summary>
public interface IKeyExchange
{
    /// <summary>Makes a fresh key share. It serves one handshake.</summary>
    /// <param name="group">The group; one of those configured.</param>
    /// <param name="entropy">Where the private key's bits come from.</param>
    IKeyShare Generate(NamedGroup group, IEntropy entropy);
}

/// <summary>A key pair of one handshake. Disposing of it clears the private key.</summary>
public interface IKeyShare : IDisposable
{
    /// <summary>What goes into the key_share extension (RFC 8446 §4.2.8.2).</summary>
    Bytes PublicKey { get; }

    /// <summary>Computes the shared secret.</summary>
    /// <param name="peerPublicKey">What the peer's key_share extension held; any bytes whatever.</param>
    /// <param name="sharedSecret">The secret, which the caller clears after use.</param>
    /// <returns>Whether the peer's key is valid for the group.</returns>
    bool TryAgree(ReadOnlySpan<byte> peerPublicKey, [NotNullWhen(true)] out byte[]? sharedSecret);
}
