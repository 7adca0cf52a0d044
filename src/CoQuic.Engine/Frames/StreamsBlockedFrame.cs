namespace CoQuic.Engine;

/// <summary>STREAMS_BLOCKED (RFC 9000 §19.14): the limit on streams of one kind holds the sender up.</summary>
/// <param name="Kind">The kind of streams; it chooses the frame type.</param>
/// <param name="MaximumStreams">The limit at which it happened: at most 2^60.</param>
internal readonly record struct StreamsBlockedFrame(StreamKind Kind, ulong MaximumStreams)
{
    public int Size => 1 + VarInt.Size(MaximumStreams);

    /// <summary>
    /// Reads the field that follows the frame type. A count that no stream ID could express is malformed.
    /// </summary>
    public static bool TryRead(ref QuicReader reader, ulong type, out StreamsBlockedFrame frame)
    {
        frame = default;
        QuicReader ahead = reader;
        if (!ahead.TryReadVarInt(out ulong maximumStreams) || maximumStreams > StreamCounts.Maximum)
            return false;
        StreamKind kind = type == FrameType.StreamsBlockedBidirectional ? StreamKind.Bidirectional : StreamKind.Unidirectional;
        frame = new StreamsBlockedFrame(kind, maximumStreams);
        reader = ahead;
        return true;
    }

    public void Write(ref QuicWriter writer)
    {
        ulong type = Kind == StreamKind.Bidirectional
            ? FrameType.StreamsBlockedBidirectional
            : FrameType.StreamsBlockedUnidirectional;
        writer.WriteByte((byte)type);
        writer.WriteVarInt(MaximumStreams);
    }
}
