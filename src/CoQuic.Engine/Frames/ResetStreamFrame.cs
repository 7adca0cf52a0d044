namespace CoQuic.Engine;

/// <summary>RESET_STREAM (RFC 9000 §19.4): the sending part of a stream ends here, its data lost.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="ApplicationErrorCode">Why, in the application's terms.</param>
/// <param name="FinalSize">The bytes that were ever sent on it, for flow control (RFC 9000 §4.5).</param>
internal readonly record struct ResetStreamFrame(StreamId StreamId, ulong ApplicationErrorCode, ulong FinalSize)
{
    public int Size => 1 + VarInt.Size(StreamId.Value) + VarInt.Size(ApplicationErrorCode) + VarInt.Size(FinalSize);

    /// <summary>Reads the fields that follow the frame type.</summary>
    public static bool TryRead(ref QuicReader reader, out ResetStreamFrame frame)
    {
        frame = default;
        QuicReader ahead = reader;
        if (!ahead.TryReadVarInt(out ulong streamId)
            || !ahead.TryReadVarInt(out ulong applicationErrorCode)
            || !ahead.TryReadVarInt(out ulong finalSize))
        {
            return false;
        }

        frame = new ResetStreamFrame(new StreamId(streamId), applicationErrorCode, finalSize);
        reader = ahead;
        return true;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)FrameType.ResetStream);
        writer.WriteVarInt(StreamId.Value);
        writer.WriteVarInt(ApplicationErrorCode);
        writer.WriteVarInt(FinalSize);
    }
}
