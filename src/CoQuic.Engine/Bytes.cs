using System;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CoQuic.Engine;

/// <summary>An immutable sequence of bytes: equality, hash and order by content, short hexadecimal when printed.</summary>
/// <remarks>
/// A view over memory that nobody changes any more. <see cref="CopyOf"/> makes one from bytes that may still change;
/// <see cref="Wrap"/> takes memory over without copying, and the caller promises to leave it alone.
/// </remarks>
public readonly struct Bytes : IEquatable<Bytes>, IComparable<Bytes>, IComparable
{
    private const int PrintedBytes = 16;

    private readonly ReadOnlyMemory<byte> _memory;

    private Bytes(ReadOnlyMemory<byte> memory) => _memory = memory;

    /// <summary>No bytes.</summary>
    public static Bytes Empty => default;

    /// <summary>The number of bytes.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public int Length => _memory.Length;

    /// <summary>Whether there are none.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public bool IsEmpty => _memory.IsEmpty;

    /// <summary>The bytes as memory; nobody may write to what backs it.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ReadOnlyMemory<byte> Memory => _memory;

    /// <summary>The bytes as a span.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ReadOnlySpan<byte> Span => _memory.Span;

    /// <summary>One byte.</summary>
    /// <param name="index">0 to <see cref="Length"/> − 1.</param>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public byte this[int index] => _memory.Span[index];

    /// <summary>Takes memory over without copying.</summary>
    /// <param name="memory">Bytes that nobody changes from now on.</param>
    public static Bytes Wrap(ReadOnlyMemory<byte> memory) => new(memory);

    /// <summary>Copies bytes that may still change.</summary>
    /// <param name="bytes">The bytes to copy.</param>
    public static Bytes CopyOf(ReadOnlySpan<byte> bytes) => bytes.IsEmpty ? default : new(bytes.ToArray());

    /// <summary>Reads hexadecimal digits, two a byte.</summary>
    /// <param name="hex">An even number of hexadecimal digits.</param>
    /// <exception cref="FormatException">The text is not hexadecimal.</exception>
    public static Bytes FromHex(string hex) => new(Convert.FromHexString(hex));

    /// <summary>A part, sharing the same memory.</summary>
    /// <param name="start">Bytes to leave out at the front.</param>
    /// <param name="length">Bytes to take.</param>
    public Bytes Slice(int start, int length) => new(_memory.Slice(start, length));

    /// <summary>All from a position on, sharing the same memory.</summary>
    /// <param name="start">Bytes to leave out at the front.</param>
    public Bytes Slice(int start) => new(_memory[start..]);

    /// <summary>The bytes in an array of their own.</summary>
    public byte[] ToArray() => _memory.ToArray();

    /// <summary>The same bytes, copied when they are less than half of the chunk that keeping them would keep alive.</summary>
    public Bytes Compact()
    {
        bool small = MemoryMarshal.TryGetArray(_memory, out ArraySegment<byte> segment)
            && segment.Array is { } array && Length < array.Length / 2;
        return small ? CopyOf(Span) : this;
    }

    /// <summary>The bytes as memory.</summary>
    public static implicit operator ReadOnlyMemory<byte>(Bytes bytes) => bytes._memory;

    /// <summary>The bytes as a span.</summary>
    public static implicit operator ReadOnlySpan<byte>(Bytes bytes) => bytes._memory.Span;

    /// <summary>Whether the content is the same.</summary>
    public static bool operator ==(Bytes left, Bytes right) => left.Equals(right);

    /// <summary>Whether the content differs.</summary>
    public static bool operator !=(Bytes left, Bytes right) => !left.Equals(right);

    /// <summary>Whether the left content orders before the right.</summary>
    public static bool operator <(Bytes left, Bytes right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left content orders after the right.</summary>
    public static bool operator >(Bytes left, Bytes right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left content does not order after the right.</summary>
    public static bool operator <=(Bytes left, Bytes right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left content does not order before the right.</summary>
    public static bool operator >=(Bytes left, Bytes right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public bool Equals(Bytes other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Bytes other && Equals(other);

    /// <summary>A hash of the content: the same for equal bytes, in every process.</summary>
    public override int GetHashCode()
    {
        // FNV-1a over at most 64 bytes at each end: enough to tell values apart, and cheap on a 60 KB run.
        ReadOnlySpan<byte> span = Span;
        uint hash = 2166136261u ^ (uint)span.Length;
        foreach (byte b in span[..Math.Min(64, span.Length)])
            hash = (hash ^ b) * 16777619u;
        foreach (byte b in span[Math.Max(0, span.Length - 64)..])
            hash = (hash ^ b) * 16777619u;
        return (int)hash;
    }

    /// <summary>Lexicographic order.</summary>
    /// <param name="other">What to compare with.</param>
    public int CompareTo(Bytes other) => Span.SequenceCompareTo(other.Span);

    int IComparable.CompareTo(object? obj) => obj is Bytes other ? CompareTo(other) : 1;

    /// <summary>Length and the first bytes in hexadecimal: <c>3 bytes 010203</c>, <c>1200 bytes c3000000…</c>.</summary>
    public override string ToString()
    {
        if (IsEmpty)
            return "0 bytes";
        string unit = Length == 1 ? "byte" : "bytes";
        string hex = Convert.ToHexStringLower(Span[..Math.Min(PrintedBytes, Length)]);
        return Length <= PrintedBytes ? $"{Length} {unit} {hex}" : $"{Length} {unit} {hex}…";
    }

    /// <summary>All bytes in lower-case hexadecimal.</summary>
    public string ToHex() => Convert.ToHexStringLower(Span);
}
