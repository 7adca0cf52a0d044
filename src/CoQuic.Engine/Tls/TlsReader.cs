using System;
using System.Buffers.Binary;

namespace CoQuic.Engine;

/// <summary>
/// A cursor over the presentation language of TLS (RFC 8446 §3). A failed read leaves the position where it was.
/// </summary>
internal ref struct TlsReader(ReadOnlySpan<byte> buffer)
{
    private ReadOnlySpan<byte> _rest = buffer;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public readonly int Remaining => _rest.Length;

    public bool TryReadUInt8(out byte value)
    {
        value = 0;
        if (!TryReadBytes(1, out ReadOnlySpan<byte> bytes))
            return false;
        value = bytes[0];
        return true;
    }

    public bool TryReadUInt16(out ushort value)
    {
        value = 0;
        if (!TryReadBytes(2, out ReadOnlySpan<byte> bytes))
            return false;
        value = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return true;
    }

    public bool TryReadUInt32(out uint value)
    {
        value = 0;
        if (!TryReadBytes(4, out ReadOnlySpan<byte> bytes))
            return false;
        value = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return true;
    }

    public bool TryReadUInt64(out ulong value)
    {
        value = 0;
        if (!TryReadBytes(8, out ReadOnlySpan<byte> bytes))
            return false;
        value = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        return true;
    }

    public bool TryReadBytes(int length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (_rest.Length < length)
            return false;
        bytes = _rest[..length];
        _rest = _rest[length..];
        return true;
    }

    /// <summary>A vector whose length takes one byte, <c>opaque x&lt;0..2^8-1&gt;</c>.</summary>
    public bool TryReadVector8(out ReadOnlySpan<byte> bytes) => TryReadVector(1, out bytes);

    /// <summary>A vector whose length takes two bytes.</summary>
    public bool TryReadVector16(out ReadOnlySpan<byte> bytes) => TryReadVector(2, out bytes);

    /// <summary>A vector whose length takes three bytes.</summary>
    public bool TryReadVector24(out ReadOnlySpan<byte> bytes) => TryReadVector(3, out bytes);

    private bool TryReadVector(int lengthBytes, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (_rest.Length < lengthBytes)
            return false;
        int length = 0;
        for (int i = 0; i < lengthBytes; i++)
            length = (length << 8) | _rest[i];
        if (_rest.Length - lengthBytes < length)
            return false;
        bytes = _rest.Slice(lengthBytes, length);
        _rest = _rest[(lengthBytes + length)..];
        return true;
    }
}
