namespace CoQuic.Engine;

/// <summary>A run of PADDING frames (RFC 9000 §19.1), each a zero byte.</summary>
/// <param name="Size">How many there are, at least 1.</param>
internal readonly record struct PaddingFrame(int Size)
{
    /// <summary>Reads all the PADDING that follows the first frame's type.</summary>
    public static bool TryRead(ref QuicReader reader, out PaddingFrame frame)
    {
        frame = new PaddingFrame(1 + reader.SkipZeros());
        return true;
    }

    public void Write(ref QuicWriter writer) => writer.WriteZeros(Size);
}
