namespace CoQuic.Engine;

/// <summary>STREAM_DATA_BLOCKED (RFC 9000 §19.13): a stream's flow control limit holds the sender up.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="MaximumStreamData">The limit at which it happened.</param>
internal readonly record struct StreamDataBlockedFrame(StreamId StreamId, ulong MaximumStreamData)
{
    public int Size => 1 + VarInt.Size(StreamId.Value) + VarInt.Size(MaximumStreamData);

    /// <summary>Reads the fields that follow the frame type.</summary>
    public static bool TryRead(ref QuicReader reader, out StreamDataBlockedFrame frame)
    {
        frame = default;
        QuicReader ahead = reader;
        if (!ahead.TryReadVarInt(out ulong streamId) || !ahead.TryReadVarInt(out ulong maximumStreamData))
            return false;

        frame = new StreamDataBlockedFrame(new StreamId(streamId), maximumStreamData);
        reader = ahead;
        return true;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)FrameType.StreamDataBlocked);
        writer.WriteVarInt(StreamId.Value);
        writer.WriteVarInt(MaximumStreamData);
    }
}
