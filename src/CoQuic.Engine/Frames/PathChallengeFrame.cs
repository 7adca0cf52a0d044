namespace CoQuic.Engine;

/// <summary>PATH_CHALLENGE (RFC 9000 §19.17): asks whether the peer can be reached on a path.</summary>
/// <param name="Data">The 8 bytes, as a big-endian number.</param>
internal readonly record struct PathChallengeFrame(ulong Data)
{
    public const int Size = 1 + sizeof(ulong);

    /// <summary>Reads the field that follows the frame type.</summary>
    public static bool TryRead(ref QuicReader reader, out PathChallengeFrame frame)
    {
        bool read = reader.TryReadUInt64(out ulong data);
        frame = new PathChallengeFrame(data);
        return read;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)FrameType.PathChallenge);
        writer.WriteUInt64(Data);
    }
}
