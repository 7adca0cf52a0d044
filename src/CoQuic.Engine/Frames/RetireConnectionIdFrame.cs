namespace CoQuic.Engine;

/// <summary>
/// RETIRE_CONNECTION_ID (RFC 9000 §19.16): the sender no longer uses a connection ID that the receiver issued.
/// </summary>
/// <param name="SequenceNumber">The number of the connection ID.</param>
internal readonly record struct RetireConnectionIdFrame(ulong SequenceNumber)
{
    public int Size => 1 + VarInt.Size(SequenceNumber);

    /// <summary>Reads the fields that follow the frame type.</summary>
    public static bool TryRead(ref QuicReader reader, out RetireConnectionIdFrame frame)
    {
        bool read = reader.TryReadVarInt(out ulong sequenceNumber);
        frame = new RetireConnectionIdFrame(sequenceNumber);
        return read;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)FrameType.RetireConnectionId);
        writer.WriteVarInt(SequenceNumber);
    }
}
