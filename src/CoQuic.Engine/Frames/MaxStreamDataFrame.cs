namespace CoQuic.Engine;

/// <summary>MAX_STREAM_DATA (RFC 9000 §19.10): raises the flow control limit of one stream.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="MaximumStreamData">The most bytes that may be sent on it.</param>
internal readonly record struct MaxStreamDataFrame(StreamId StreamId, ulong MaximumStreamData)
{
    public int Size => 1 + VarInt.Size(StreamId.Value) + VarInt.Size(MaximumStreamData);

    /// <summary>Reads the fields that follow the frame type.</summary>
    public static bool TryRead(ref QuicReader reader, out MaxStreamDataFrame frame)
    {
        frame = default;
        QuicReader ahead = reader;
        if (!ahead.TryReadVarInt(out ulong streamId) || !ahead.TryReadVarInt(out ulong maximumStreamData))
            return false;

        frame = new MaxStreamDataFrame(new StreamId(streamId), maximumStreamData);
        reader = ahead;
        return true;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)FrameType.MaxStreamData);
        writer.WriteVarInt(StreamId.Value);
        writer.WriteVarInt(MaximumStreamData);
    }
}
