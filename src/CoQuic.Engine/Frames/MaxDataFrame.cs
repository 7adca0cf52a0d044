namespace CoQuic.Engine;

/// <summary>MAX_DATA (RFC 9000 §19.9): raises the flow control limit of the connection.</summary>
/// <param name="MaximumData">The most bytes that may be sent on all streams together.</param>
internal readonly record struct MaxDataFrame(ulong MaximumData)
{
    public int Size => 1 + VarInt.Size(MaximumData);

    /// <summary>Reads the fields that follow the frame type.</summary>
    public static bool TryRead(ref QuicReader reader, out MaxDataFrame frame)
    {
        bool read = reader.TryReadVarInt(out ulong maximumData);
        frame = new MaxDataFrame(maximumData);
        return read;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)FrameType.MaxData);
        writer.WriteVarInt(MaximumData);
    }
}
