using System;
using System.Buffers.Binary;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>
/// A cursor over bytes to fill. Whoever writes has asked before whether there is room (every codec tells its size):
/// running over the end is a defect of ours, and throws.
/// </summary>
internal ref struct QuicWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;
    private int _position;

    /// <summary>Bytes written so far.</summary>
    public readonly int Position => _position;

    public readonly int Remaining => _buffer.Length - _position;

    /// <summary>What was written so far.</summary>
    public readonly Span<byte> Written => _buffer[.._position];

    /// <summary>
    /// The room that is left, to be filled by other means and then passed over with <see cref="Advance"/>.
    /// </summary>
    public readonly Span<byte> Free => _buffer[_position..];

    /// <summary>Counts bytes of <see cref="Free"/> as written.</summary>
    public void Advance(int count)
    {
        Debug.Assert((uint)count <= (uint)Remaining, "what was written lies in the buffer");
        _position += count;
    }

    public void WriteByte(byte value) => _buffer[_position++] = value;

    public void WriteUInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(Free, value);
        _position += sizeof(ushort);
    }

    public void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Free, value);
        _position += sizeof(uint);
    }

    public void WriteUInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Free, value);
        _position += sizeof(ulong);
    }

    /// <summary>Writes a variable-length integer in the fewest bytes.</summary>
    public void WriteVarInt(ulong value) => WriteVarInt(value, VarInt.Size(value));

    /// <summary>Writes a variable-length integer in a given number of bytes: 1, 2, 4 or 8, at least its size.</summary>
    public void WriteVarInt(ulong value, int size)
    {
        Debug.Assert(size >= VarInt.Size(value), "the value fits in that many bytes");
        switch (size)
        {
            case 1:
                WriteByte((byte)value);
                break;
            case 2:
                WriteUInt16((ushort)(value | 0x4000));
                break;
            case 4:
                WriteUInt32((uint)(value | 0x80000000));
                break;
            default:
                WriteUInt64(value | 0xc000000000000000);
                break;
        }
    }

    public void WriteBytes(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Free);
        _position += bytes.Length;
    }

    /// <summary>Writes the length as a variable-length integer, then the bytes.</summary>
    public void WriteLengthPrefixed(scoped ReadOnlySpan<byte> bytes)
    {
        WriteVarInt((ulong)bytes.Length);
        WriteBytes(bytes);
    }

    /// <summary>Writes the length as one byte, then the bytes: a connection ID.</summary>
    public void WriteByteLengthPrefixed(scoped ReadOnlySpan<byte> bytes)
    {
        Debug.Assert(bytes.Length <= byte.MaxValue, "the length fits in a byte");
        WriteByte((byte)bytes.Length);
        WriteBytes(bytes);
    }

    public void WriteZeros(int count)
    {
        Free[..count].Clear();
        _position += count;
    }
}
