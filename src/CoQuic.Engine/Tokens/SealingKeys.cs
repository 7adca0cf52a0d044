namespace CoQuic.Engine;

/// <summary>
/// The secret keys under which a server seals what it gives to clients instead of keeping it: address-validation tokens and session
/// tickets. Shards, and restarts, share state by sharing keys.
/// </summary>
/// <remarks>
/// To rotate, what was <see cref="Current"/> becomes <see cref="Previous"/>: what it sealed still opens until the next rotation. Nonces
/// are random, so a key should seal at most 2^32 times (NIST SP 800-38D §8.3). Printed, keys show no more than their lengths.
/// </remarks>
public sealed record SealingKeys
{
    /// <summary>The length of a key in bytes: AES-256.</summary>
    public const int KeyLength = 32;

    /// <summary>No keys of one's own: the endpoint draws one when it is made, and a restart forgets it.</summary>
    public static readonly SealingKeys Drawn = new();

    /// <summary>The key that seals, and opens: 32 bytes, or empty to have one drawn.</summary>
    public Bytes Current { get; init; }

    /// <summary>The key before it, which only opens: 32 bytes, or empty when there is none.</summary>
    public Bytes Previous { get; init; }

    /// <summary>Whether the lengths are right, and there is no previous key without a current one.</summary>
    internal bool IsValid =>
        Current.IsEmpty ? Previous.IsEmpty : Current.Length == KeyLength && Previous.Length is 0 or KeyLength;

    /// <summary>These keys, or ones with a current key from <paramref name="entropy"/> when there is none.</summary>
    internal SealingKeys OrDrawn(IEntropy entropy)
    {
        if (!Current.IsEmpty)
            return this;
        byte[] key = new byte[KeyLength];
        entropy.Fill(key);
        return new SealingKeys { Current = Bytes.Wrap(key) };
    }

    /// <summary>The lengths of the keys.</summary>
    public override string ToString() => $"SealingKeys {{ Current = {Current.Length} bytes, Previous = {Previous.Length} bytes }}";
}
