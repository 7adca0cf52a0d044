namespace CoQuic.Engine;

/// <summary>
/// MAX_STREAMS (RFC 9000 §19.11): raises the number of streams of one kind that the receiver may open.
/// </summary>
/// <param name="Kind">The kind of streams; it chooses the frame type.</param>
/// <param name="MaximumStreams">How many, over the life of the connection: at most 2^60.</param>
internal readonly record struct MaxStreamsFrame(StreamKind Kind, ulong MaximumStreams)
{
    public int Size => 1 + VarInt.Size(MaximumStreams);

    /// <summary>
    /// Reads the field that follows the frame type. A count that no stream ID could express is malformed.
    /// </summary>
    public static bool TryRead(ref QuicReader reader, ulong type, out MaxStreamsFrame frame)
    {
        frame = default;
        QuicReader ahead = reader;
        if (!ahead.TryReadVarInt(out ulong maximumStreams) || maximumStreams > StreamCounts.Maximum)
            return false;
        StreamKind kind = type == FrameType.MaxStreamsBidirectional ? StreamKind.Bidirectional : StreamKind.Unidirectional;
        frame = new MaxStreamsFrame(kind, maximumStreams);
        reader = ahead;
        return true;
    }

    public void Write(ref QuicWriter writer)
    {
        ulong type = Kind == StreamKind.Bidirectional
            ? FrameType.MaxStreamsBidirectional
            : FrameType.MaxStreamsUnidirectional;
        writer.WriteByte((byte)type);
        writer.WriteVarInt(MaximumStreams);
    }
}
