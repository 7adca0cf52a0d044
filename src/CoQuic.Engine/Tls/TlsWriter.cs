using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>Writes the presentation language of TLS (RFC 8446 §3) into a buffer that grows.</summary>
internal sealed class TlsWriter
{
    private byte[] _buffer = new byte[512];
    private int _length;

    public Bytes ToBytes() => Bytes.CopyOf(_buffer.AsSpan(0, _length));

    /// <summary>What was written, when it is secret: the writer forgets it.</summary>
    public byte[] TakeSecret()
    {
        byte[] taken = _buffer.AsSpan(0, _length).ToArray();
        CryptographicOperations.ZeroMemory(_buffer);
        _length = 0;
        return taken;
    }

    public void WriteUInt8(byte value) => Reserve(1)[0] = value;

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Reserve(2), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Reserve(4), value);

    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Reserve(8), value);

    public void WriteBytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    public void WriteVector8(ReadOnlySpan<byte> bytes) => WriteVector(1, bytes);

    public void WriteVector16(ReadOnlySpan<byte> bytes) => WriteVector(2, bytes);

    public void WriteVector24(ReadOnlySpan<byte> bytes) => WriteVector(3, bytes);

    /// <summary>Begins a vector whose content is not known yet; the mark goes to <see cref="End"/>.</summary>
    public int Begin(int lengthBytes)
    {
        Reserve(lengthBytes);
        return _length;
    }

    /// <summary>Ends a vector: fills in its length.</summary>
    public void End(int mark, int lengthBytes)
    {
        int length = _length - mark;
        Debug.Assert(length < 1 << (8 * lengthBytes), "a vector longer than its length field can say");
        for (int i = 1; i <= lengthBytes; i++, length >>= 8)
            _buffer[mark - i] = (byte)length;
    }

    private void WriteVector(int lengthBytes, ReadOnlySpan<byte> bytes)
    {
        int mark = Begin(lengthBytes);
        WriteBytes(bytes);
        End(mark, lengthBytes);
    }

    private Span<byte> Reserve(int count)
    {
        if (_buffer.Length - _length < count)
            Grow(count);
        Span<byte> reserved = _buffer.AsSpan(_length, count);
        _length += count;
        return reserved;
    }

    private void Grow(int count)
    {
        byte[] larger = new byte[Math.Max(_buffer.Length * 2, _length + count)];
        _buffer.AsSpan(0, _length).CopyTo(larger);
        CryptographicOperations.ZeroMemory(_buffer);
        _buffer = larger;
    }
}
