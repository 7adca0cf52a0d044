namespace CoQuic.Engine;

/// <summary>
/// HANDSHAKE_DONE (RFC 9000 §19.20): the server confirms the handshake. It has no fields, so there is nothing to read.
/// </summary>
internal readonly record struct HandshakeDoneFrame
{
    public const int Size = 1;

    public static void Write(ref QuicWriter writer) => writer.WriteByte((byte)FrameType.HandshakeDone);
}
