using System;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>
/// The key exchange of RFC 8446 §7.4 for every <see cref="NamedGroup"/>; private keys are drawn from the entropy handed
/// in.
/// </summary>
public sealed class KeyExchange : IKeyExchange
{
    /// <summary>The only instance: it holds nothing.</summary>
    public static readonly KeyExchange Instance = new();

    private KeyExchange()
    {
    }

    /// <inheritdoc/>
    public IKeyShare Generate(NamedGroup group, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        return group switch
        {
            NamedGroup.X25519 => X25519KeyShare.Generate(entropy),
            NamedGroup.Secp256r1 => Secp256r1KeyShare.Generate(entropy),
            NamedGroup.X25519MlKem768 => X25519MlKem768KeyShare.Generate(entropy),
            _ => throw new ArgumentOutOfRangeException(nameof(group), group, "No key exchange exists for this group."),
        };
    }

    /// <inheritdoc/>
    public bool TryAnswer(
        NamedGroup group,
        ReadOnlySpan<byte> peerPublicKey,
        IEntropy entropy,
        [NotNullWhen(true)] out KeyShareAnswer? answer)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        if (group == NamedGroup.X25519MlKem768)
            return X25519MlKem768KeyShare.TryAnswer(peerPublicKey, entropy, out answer);

        // Both sides of a Diffie-Hellman exchange do the same.
        using IKeyShare own = Generate(group, entropy);
        answer = own.TryAgree(peerPublicKey, out byte[]? secret) ? new KeyShareAnswer(own.PublicKey, secret) : null;
        return answer is not null;
    }
}
