using System;

namespace CoQuic.Engine;

/// <summary>
/// NEW_TOKEN (RFC 9000 §19.7): a token for the client's next connection. When read, a view of the packet.
/// </summary>
internal readonly ref struct NewTokenFrame(ReadOnlySpan<byte> token)
{
    public ReadOnlySpan<byte> Token { get; } = token;

    public int Size => 1 + VarInt.Size((ulong)Token.Length) + Token.Length;

    /// <summary>Reads the fields that follow the frame type. An empty token is malformed.</summary>
    public static bool TryRead(scoped ref QuicReader reader, out NewTokenFrame frame)
    {
        frame = default;
        QuicReader ahead = reader;
        if (!ahead.TryReadLengthPrefixed(out ReadOnlySpan<byte> token) || token.IsEmpty)
            return false;
        frame = new NewTokenFrame(token);
        reader = ahead;
        return true;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)FrameType.NewToken);
        writer.WriteLengthPrefixed(Token);
    }
}
