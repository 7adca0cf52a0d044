using System;
using System.Diagnostics;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// Seals state that a client keeps for a server and gives back: AES-256-GCM under the current of its <see cref="SealingKeys"/>. What
/// was sealed under the previous one opens too.
/// </summary>
/// <remarks>Sealed state is a random nonce, the ciphertext, and the tag.</remarks>
internal sealed class StateSealer : IDisposable
{
    /// <summary>What sealed state is longer than the state.</summary>
    public const int Overhead = NonceLength + TagLength;

    private const int NonceLength = 12;
    private const int TagLength = 16;

    private readonly IEntropy _entropy;
    private readonly AesGcm _current;
    private readonly AesGcm? _previous;

    /// <param name="keys">Valid keys, the current one not empty.</param>
    /// <param name="entropy">Where nonces come from.</param>
    public StateSealer(SealingKeys keys, IEntropy entropy)
    {
        Debug.Assert(keys.IsValid && !keys.Current.IsEmpty, "keys are checked with the configuration, and drawn before");
        _entropy = entropy;
        _current = new AesGcm(keys.Current.Span, TagLength);
        _previous = keys.Previous.IsEmpty ? null : new AesGcm(keys.Previous.Span, TagLength);
    }

    /// <summary>Seals state.</summary>
    /// <param name="state">What only we may read.</param>
    /// <param name="associatedData">What opening must present again, byte for byte, such as the use that the state is for.</param>
    /// <param name="sealedState">Where to: <see cref="Overhead"/> bytes more than the state.</param>
    public void Seal(ReadOnlySpan<byte> state, ReadOnlySpan<byte> associatedData, Span<byte> sealedState)
    {
        Debug.Assert(sealedState.Length == state.Length + Overhead, "the room is exact");
        Span<byte> nonce = sealedState[..NonceLength];
        _entropy.Fill(nonce);
        _current.Encrypt(nonce, state, sealedState[NonceLength..^TagLength], sealedState[^TagLength..], associatedData);
    }

    /// <summary>Opens what was sealed under one of the keys. Whatever the bytes are, it does not throw.</summary>
    /// <param name="sealedState">What came back, of any length.</param>
    /// <param name="associatedData">What was given when sealing.</param>
    /// <param name="state">The state; cleared when false.</param>
    /// <param name="length">How many bytes of it there are.</param>
    /// <returns>False when it is none of ours, was changed, or does not fit in <paramref name="state"/>.</returns>
    public bool TryOpen(
        ReadOnlySpan<byte> sealedState, ReadOnlySpan<byte> associatedData, Span<byte> state, out int length)
    {
        length = 0;
        int plainLength = sealedState.Length - Overhead;
        if (plainLength < 0 || plainLength > state.Length)
            return false;
        bool isOpen = TryOpen(_current, sealedState, associatedData, state[..plainLength])
            || (_previous is not null && TryOpen(_previous, sealedState, associatedData, state[..plainLength]));
        length = isOpen ? plainLength : 0;
        return isOpen;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _current.Dispose();
        _previous?.Dispose();
    }

    private static bool TryOpen(
        AesGcm key, ReadOnlySpan<byte> sealedState, ReadOnlySpan<byte> associatedData, Span<byte> state)
    {
        try
        {
            key.Decrypt(
                sealedState[..NonceLength], sealedState[NonceLength..^TagLength], sealedState[^TagLength..], state, associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }
}
