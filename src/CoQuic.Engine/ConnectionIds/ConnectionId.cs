using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace CoQuic.Engine;

/// <summary>A connection ID (RFC 9000 §5.1): 0 to 20 bytes, held inline so that looking one up allocates nothing.</summary>
public readonly struct ConnectionId : IEquatable<ConnectionId>, IComparable<ConnectionId>, IComparable
{
    /// <summary>The longest connection ID of versions 1 and 2 (RFC 9000 §17.2).</summary>
    public const int MaximumLength = 20;

    private readonly Storage _storage;
    private readonly byte _length;

    /// <summary>Copies a connection ID.</summary>
    /// <param name="bytes">0 to 20 bytes.</param>
    /// <exception cref="ArgumentException">There are more than 20 bytes.</exception>
    public ConnectionId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaximumLength)
            throw new ArgumentException("A connection ID has at most 20 bytes.", nameof(bytes));
        bytes.CopyTo(_storage);
        _length = (byte)bytes.Length;
    }

    /// <summary>The connection ID of length 0.</summary>
    public static ConnectionId Empty => default;

    /// <summary>Its length in bytes, 0 to 20.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public int Length => _length;

    /// <summary>Whether its length is 0.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public bool IsEmpty => _length == 0;

    /// <summary>Its bytes.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ReadOnlySpan<byte> Span => ((ReadOnlySpan<byte>)_storage)[.._length];

    /// <summary>Its bytes as a value of their own.</summary>
    public Bytes ToBytes() => Bytes.CopyOf(Span);

    /// <summary>Whether two connection IDs are the same.</summary>
    public static bool operator ==(ConnectionId left, ConnectionId right) => left.Equals(right);

    /// <summary>Whether two connection IDs differ.</summary>
    public static bool operator !=(ConnectionId left, ConnectionId right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(ConnectionId other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ConnectionId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        // A peer chooses at most the first bytes of what we route by, and only until the handshake is over, so mixing is enough.
        ReadOnlySpan<byte> all = _storage;
        ulong mixed = BinaryPrimitives.ReadUInt64LittleEndian(all)
            ^ (BinaryPrimitives.ReadUInt64LittleEndian(all[8..]) * 0x9E3779B97F4A7C15UL)
            ^ ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(all[16..]) << 8)
            ^ _length;
        mixed *= 0xD6E8FEB86659FD93UL;
        return (int)(mixed ^ (mixed >> 32));
    }

    /// <summary>Lexicographic order.</summary>
    /// <param name="other">What to compare with.</param>
    public int CompareTo(ConnectionId other) => Span.SequenceCompareTo(other.Span);

    int IComparable.CompareTo(object? obj) => obj is ConnectionId other ? CompareTo(other) : 1;

    /// <summary>Its bytes in hexadecimal, or <c>(empty)</c>.</summary>
    public override string ToString() => IsEmpty ? "(empty)" : Convert.ToHexStringLower(Span);

    [InlineArray(MaximumLength)]
    private struct Storage
    {
        private byte _first;
    }
}
