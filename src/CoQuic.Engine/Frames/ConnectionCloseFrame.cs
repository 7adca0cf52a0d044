using System;

namespace CoQuic.Engine;

/// <summary>
/// CONNECTION_CLOSE (RFC 9000 §19.19), of the transport (0x1c) or of the application (0x1d). When read, a view of the
/// packet.
/// </summary>
internal readonly ref struct ConnectionCloseFrame
{
    private ConnectionCloseFrame(bool isApplication, ulong errorCode, ulong frameType, ReadOnlySpan<byte> reasonPhrase)
    {
        IsApplication = isApplication;
        ErrorCode = errorCode;
        FrameType = frameType;
        ReasonPhrase = reasonPhrase;
    }

    /// <summary>Whether the error code is the application's.</summary>
    public bool IsApplication { get; }

    public ulong ErrorCode { get; }

    /// <summary>The frame at fault, 0 when unknown; only of the transport.</summary>
    public ulong FrameType { get; }

    /// <summary>Should be UTF-8, and need not.</summary>
    public ReadOnlySpan<byte> ReasonPhrase { get; }

    public int Size => HeaderSize(ReasonPhrase.Length) + ReasonPhrase.Length;

    public static ConnectionCloseFrame Transport(
        TransportErrorCode code, ulong frameType, ReadOnlySpan<byte> reasonPhrase) =>
        new(false, (ulong)code, frameType, reasonPhrase);

    public static ConnectionCloseFrame Application(ulong errorCode, ReadOnlySpan<byte> reasonPhrase) =>
        new(true, errorCode, 0, reasonPhrase);

    /// <summary>Reads the fields that follow the frame type 0x1c or 0x1d.</summary>
    public static bool TryRead(scoped ref QuicReader reader, ulong type, out ConnectionCloseFrame frame)
    {
        frame = default;
        QuicReader ahead = reader;
        bool isApplication = type == Engine.FrameType.ConnectionCloseApplication;
        ulong frameType = 0;
        if (!ahead.TryReadVarInt(out ulong errorCode)
            || (!isApplication && !ahead.TryReadVarInt(out frameType))
            || !ahead.TryReadLengthPrefixed(out ReadOnlySpan<byte> reasonPhrase))
        {
            return false;
        }

        frame = new ConnectionCloseFrame(isApplication, errorCode, frameType, reasonPhrase);
        reader = ahead;
        return true;
    }

    /// <summary>
    /// The same frame with its reason cut to fit into some room, at a character's border if it is UTF-8.
    /// </summary>
    public ConnectionCloseFrame FitInto(int room)
    {
        int length = Math.Clamp(room - HeaderSize(ReasonPhrase.Length), 0, ReasonPhrase.Length);
        while (length > 0 && length < ReasonPhrase.Length && (ReasonPhrase[length] & 0xc0) == 0x80)
            length--;
        return new ConnectionCloseFrame(IsApplication, ErrorCode, FrameType, ReasonPhrase[..length]);
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)(IsApplication
            ? Engine.FrameType.ConnectionCloseApplication
            : Engine.FrameType.ConnectionCloseTransport));
        writer.WriteVarInt(ErrorCode);
        if (!IsApplication)
            writer.WriteVarInt(FrameType);
        writer.WriteLengthPrefixed(ReasonPhrase);
    }

    private int HeaderSize(int reasonLength) =>
        1 + VarInt.Size(ErrorCode) + (IsApplication ? 0 : VarInt.Size(FrameType)) + VarInt.Size((ulong)reasonLength);
}
