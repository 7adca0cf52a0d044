namespace CoQuic.Engine;

/// <summary>DATA_BLOCKED (RFC 9000 §19.12): the connection's flow control limit holds the sender up.</summary>
/// <param name="MaximumData">The limit at which it happened.</param>
internal readonly record struct DataBlockedFrame(ulong MaximumData)
{
    public int Size => 1 + VarInt.Size(MaximumData);

    /// <summary>Reads the fields that follow the frame type.</summary>
    public static bool TryRead(ref QuicReader reader, out DataBlockedFrame frame)
    {
        bool read = reader.TryReadVarInt(out ulong maximumData);
        frame = new DataBlockedFrame(maximumData);
        return read;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)FrameType.DataBlocked);
        writer.WriteVarInt(MaximumData);
    }
}
