namespace CoQuic.Engine;

/// <summary>PATH_RESPONSE (RFC 9000 §19.18): answers PATH_CHALLENGE with the same data.</summary>
/// <param name="Data">The 8 bytes, as a big-endian number.</param>
internal readonly record struct PathResponseFrame(ulong Data)
{
    public const int Size = 1 + sizeof(ulong);

    /// <summary>Reads the field that follows the frame type.</summary>
    public static bool TryRead(ref QuicReader reader, out PathResponseFrame frame)
    {
        bool read = reader.TryReadUInt64(out ulong data);
        frame = new PathResponseFrame(data);
        return read;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)FrameType.PathResponse);
        writer.WriteUInt64(Data);
    }
}
