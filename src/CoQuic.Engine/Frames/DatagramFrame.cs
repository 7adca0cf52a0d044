using System;

namespace CoQuic.Engine;

/// <summary>DATAGRAM (RFC 9221 §4): application data that is sent once. When read, a view of the packet.</summary>
internal readonly ref struct DatagramFrame(ReadOnlySpan<byte> data)
{
    public ReadOnlySpan<byte> Data { get; } = data;

    /// <summary>With the Length field.</summary>
    public int Size => SizeFor(Data.Length);

    /// <summary>The size, with the Length field, of a frame with so much data.</summary>
    public static int SizeFor(int dataLength) => 1 + VarInt.Size((ulong)dataLength) + dataLength;

    /// <summary>Reads the fields that follow the frame type 0x30 or 0x31.</summary>
    public static bool TryRead(scoped ref QuicReader reader, ulong type, out DatagramFrame frame)
    {
        frame = default;
        if (type == FrameType.Datagram)
        {
            frame = new DatagramFrame(reader.ReadRest());
            return true;
        }

        if (!reader.TryReadLengthPrefixed(out ReadOnlySpan<byte> data))
            return false;
        frame = new DatagramFrame(data);
        return true;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)FrameType.DatagramWithLength);
        writer.WriteLengthPrefixed(Data);
    }
}
