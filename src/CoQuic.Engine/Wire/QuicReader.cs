using System;
using System.Buffers.Binary;

namespace CoQuic.Engine;

/// <summary>
/// A cursor over received bytes. A read that fails leaves the position where it was; what it hands out are views of the
/// buffer.
/// </summary>
/// <remarks>
/// A read of several fields takes place on a copy of the reader, which replaces the original when all went well.
/// </remarks>
internal ref struct QuicReader(ReadOnlySpan<byte> buffer)
{
    private readonly ReadOnlySpan<byte> _buffer = buffer;
    private int _position;

    /// <summary>Bytes read so far: also the offset in the buffer of what comes next.</summary>
    public readonly int Position => _position;

    public readonly int Remaining => _buffer.Length - _position;

    public readonly bool IsAtEnd => _position == _buffer.Length;

    /// <summary>All bytes not read yet.</summary>
    public readonly ReadOnlySpan<byte> Rest => _buffer[_position..];

    public bool TryReadByte(out byte value)
    {
        value = 0;
        if (IsAtEnd)
            return false;
        value = _buffer[_position++];
        return true;
    }

    public bool TryReadUInt16(out ushort value)
    {
        bool read = BinaryPrimitives.TryReadUInt16BigEndian(Rest, out value);
        _position += read ? sizeof(ushort) : 0;
        return read;
    }

    public bool TryReadUInt32(out uint value)
    {
        bool read = BinaryPrimitives.TryReadUInt32BigEndian(Rest, out value);
        _position += read ? sizeof(uint) : 0;
        return read;
    }

    public bool TryReadUInt64(out ulong value)
    {
        bool read = BinaryPrimitives.TryReadUInt64BigEndian(Rest, out value);
        _position += read ? sizeof(ulong) : 0;
        return read;
    }

    public bool TryReadVarInt(out ulong value)
    {
        value = 0;
        ReadOnlySpan<byte> rest = Rest;
        if (rest.IsEmpty)
            return false;

        // RFC 9000 §16: the two high bits of the first byte are log2 of the encoded length.
        int length = 1 << (rest[0] >> 6);
        if (rest.Length < length)
            return false;
        value = length switch
        {
            1 => rest[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(rest) & 0x3fffu,
            4 => BinaryPrimitives.ReadUInt32BigEndian(rest) & 0x3fffffffu,
            _ => BinaryPrimitives.ReadUInt64BigEndian(rest) & VarInt.MaxValue,
        };
        _position += length;
        return true;
    }

    public bool TryReadBytes(int length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if ((uint)length > (uint)Remaining)
            return false;
        bytes = _buffer.Slice(_position, length);
        _position += length;
        return true;
    }

    /// <summary>Reads a variable-length integer and as many bytes as it says.</summary>
    public bool TryReadLengthPrefixed(out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        int start = _position;
        if (TryReadVarInt(out ulong length) && length <= (ulong)Remaining)
            return TryReadBytes((int)length, out bytes);
        _position = start;
        return false;
    }

    /// <summary>
    /// Reads a length byte and as many bytes as it says: a connection ID of any version (RFC 8999 §5.1).
    /// </summary>
    public bool TryReadByteLengthPrefixed(out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        int start = _position;
        if (TryReadByte(out byte length) && TryReadBytes(length, out bytes))
            return true;
        _position = start;
        return false;
    }

    /// <summary>Reads all that is left.</summary>
    public ReadOnlySpan<byte> ReadRest()
    {
        ReadOnlySpan<byte> rest = Rest;
        _position = _buffer.Length;
        return rest;
    }

    /// <summary>Passes over every zero byte up to the first other one.</summary>
    /// <returns>How many there were.</returns>
    public int SkipZeros()
    {
        ReadOnlySpan<byte> rest = Rest;
        int index = rest.IndexOfAnyExcept((byte)0);
        int zeros = index < 0 ? rest.Length : index;
        _position += zeros;
        return zeros;
    }
}
