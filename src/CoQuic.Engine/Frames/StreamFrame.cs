using System;

namespace CoQuic.Engine;

/// <summary>
/// STREAM (RFC 9000 §19.8): data of a stream. When read, a view of the packet, which the data ends at the reader's
/// position.
/// </summary>
internal readonly ref struct StreamFrame(StreamId streamId, ulong offset, ReadOnlySpan<byte> data, bool isFin)
{
    private const byte OffBit = 0x04;
    private const byte LenBit = 0x02;
    private const byte FinBit = 0x01;

    public StreamId StreamId { get; } = streamId;

    public ulong Offset { get; } = offset;

    public ReadOnlySpan<byte> Data { get; } = data;

    /// <summary>Whether the stream ends behind this data.</summary>
    public bool IsFin { get; } = isFin;

    /// <summary>With the Length field.</summary>
    public int Size => HeaderSize(StreamId, Offset, Data.Length) + Data.Length;

    /// <summary>Type, Stream ID, Offset and Length of a frame with so much data.</summary>
    public static int HeaderSize(StreamId streamId, ulong offset, int dataLength) =>
        HeaderSizeWithoutLength(streamId, offset) + VarInt.Size((ulong)dataLength);

    /// <summary>Type, Stream ID and Offset: a frame that takes the rest of its packet needs no Length.</summary>
    public static int HeaderSizeWithoutLength(StreamId streamId, ulong offset) =>
        1 + VarInt.Size(streamId.Value) + (offset == 0 ? 0 : VarInt.Size(offset));

    /// <summary>
    /// How much data is sure to fit, with a header that has a Length, into some room; negative when not even the header
    /// does.
    /// </summary>
    public static int FittingLength(StreamId streamId, ulong offset, int room) =>
        room - HeaderSize(streamId, offset, Math.Max(0, room));

    /// <summary>Reads the fields that follow a frame type of 0x08 to 0x0f. Data beyond 2^62 − 1 is malformed.</summary>
    public static bool TryRead(scoped ref QuicReader reader, ulong type, out StreamFrame frame)
    {
        frame = default;
        QuicReader ahead = reader;
        ulong offset = 0;
        if (!ahead.TryReadVarInt(out ulong streamId) || ((type & OffBit) != 0 && !ahead.TryReadVarInt(out offset)))
            return false;
        if (!TryReadData(ref ahead, type, out ReadOnlySpan<byte> data) || offset + (ulong)data.Length > VarInt.MaxValue)
            return false;

        frame = new StreamFrame(new StreamId(streamId), offset, data, (type & FinBit) != 0);
        reader = ahead;
        return true;
    }

    /// <summary>Writes all but the data, which the caller then writes after it.</summary>
    public static void WriteHeader(ref QuicWriter writer, StreamId streamId, ulong offset, int dataLength, bool isFin)
    {
        WriteHeaderWithoutLength(ref writer, streamId, offset, isFin, LenBit);
        writer.WriteVarInt((ulong)dataLength);
    }

    /// <summary>Writes the header of a frame whose data takes the rest of the packet.</summary>
    public static void WriteHeaderWithoutLength(ref QuicWriter writer, StreamId streamId, ulong offset, bool isFin) =>
        WriteHeaderWithoutLength(ref writer, streamId, offset, isFin, 0);

    public void Write(ref QuicWriter writer)
    {
        WriteHeader(ref writer, StreamId, Offset, Data.Length, IsFin);
        writer.WriteBytes(Data);
    }

    private static void WriteHeaderWithoutLength(
        ref QuicWriter writer, StreamId streamId, ulong offset, bool isFin, byte lenBit)
    {
        writer.WriteByte((byte)((byte)FrameType.Stream | (offset == 0 ? 0 : OffBit) | lenBit | (isFin ? FinBit : 0)));
        writer.WriteVarInt(streamId.Value);
        if (offset != 0)
            writer.WriteVarInt(offset);
    }

    private static bool TryReadData(scoped ref QuicReader reader, ulong type, out ReadOnlySpan<byte> data)
    {
        if ((type & LenBit) != 0)
            return reader.TryReadLengthPrefixed(out data);
        data = reader.ReadRest();
        return true;
    }
}
