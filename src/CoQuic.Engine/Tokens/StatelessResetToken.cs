using System;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>A stateless reset token (RFC 9000 §10.3): 16 bytes, held inline, compared in constant time.</summary>
internal readonly struct StatelessResetToken : IEquatable<StatelessResetToken>
{
    public const int Length = 16;

    private readonly Storage _storage;

    /// <summary>Copies a token.</summary>
    /// <param name="bytes">Exactly 16 bytes.</param>
    public StatelessResetToken(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
            throw new ArgumentException("A stateless reset token has 16 bytes.", nameof(bytes));
        bytes.CopyTo(_storage);
    }

    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public ReadOnlySpan<byte> Span => _storage;

    public static bool operator ==(StatelessResetToken left, StatelessResetToken right) => left.Equals(right);

    public static bool operator !=(StatelessResetToken left, StatelessResetToken right) => !left.Equals(right);

    // RFC 9000 §10.3.1: a comparison must not tell, by the time it takes, how much of the token was right.
    public bool Equals(StatelessResetToken other) => CryptographicOperations.FixedTimeEquals(Span, other.Span);

    public override bool Equals(object? obj) => obj is StatelessResetToken other && Equals(other);

    public override int GetHashCode() => BitConverter.ToInt32(Span);

    public override string ToString() => Convert.ToHexStringLower(Span);

    [InlineArray(Length)]
    private struct Storage
    {
        private byte _first;
    }
}
