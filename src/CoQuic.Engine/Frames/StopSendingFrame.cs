namespace CoQuic.Engine;

/// <summary>STOP_SENDING (RFC 9000 §19.5): what arrives on a stream is thrown away.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="ApplicationErrorCode">Why, in the application's terms.</param>
internal readonly record struct StopSendingFrame(StreamId StreamId, ulong ApplicationErrorCode)
{
    public int Size => 1 + VarInt.Size(StreamId.Value) + VarInt.Size(ApplicationErrorCode);

    /// <summary>Reads the fields that follow the frame type.</summary>
    public static bool TryRead(ref QuicReader reader, out StopSendingFrame frame)
    {
        frame = default;
        QuicReader ahead = reader;
        if (!ahead.TryReadVarInt(out ulong streamId) || !ahead.TryReadVarInt(out ulong applicationErrorCode))
            return false;

        frame = new StopSendingFrame(new StreamId(streamId), applicationErrorCode);
        reader = ahead;
        return true;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)FrameType.StopSending);
        writer.WriteVarInt(StreamId.Value);
        writer.WriteVarInt(ApplicationErrorCode);
    }
}
