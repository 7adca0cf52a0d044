namespace CoQuic.Engine;

/// <summary>PING (RFC 9000 §19.2): asks for an acknowledgment. It has no fields, so there is nothing to read.</summary>
internal readonly record struct PingFrame
{
    public const int Size = 1;

    public static void Write(ref QuicWriter writer) => writer.WriteByte((byte)FrameType.Ping);
}
