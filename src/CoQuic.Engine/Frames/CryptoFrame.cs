using System;

namespace CoQuic.Engine;

/// <summary>CRYPTO (RFC 9000 §19.6): bytes of the TLS handshake. When read, a view of the packet.</summary>
internal readonly ref struct CryptoFrame(ulong offset, ReadOnlySpan<byte> data)
{
    public ulong Offset { get; } = offset;

    public ReadOnlySpan<byte> Data { get; } = data;

    public int Size => HeaderSize(Offset, Data.Length) + Data.Length;

    /// <summary>Type, Offset and Length of a frame with so much data.</summary>
    public static int HeaderSize(ulong offset, int dataLength) =>
        1 + VarInt.Size(offset) + VarInt.Size((ulong)dataLength);

    /// <summary>
    /// How much data is sure to fit with its header into some room; negative when not even the header does.
    /// </summary>
    public static int FittingLength(ulong offset, int room) => room - HeaderSize(offset, Math.Max(0, room));

    /// <summary>Reads the fields that follow the frame type. Data beyond 2^62 − 1 is malformed.</summary>
    public static bool TryRead(scoped ref QuicReader reader, out CryptoFrame frame)
    {
        frame = default;
        QuicReader ahead = reader;
        if (!ahead.TryReadVarInt(out ulong offset)
            || !ahead.TryReadLengthPrefixed(out ReadOnlySpan<byte> data)
            || offset + (ulong)data.Length > VarInt.MaxValue)
        {
            return false;
        }

        frame = new CryptoFrame(offset, data);
        reader = ahead;
        return true;
    }

    /// <summary>Writes all but the data, which the caller then writes after it.</summary>
    public static void WriteHeader(ref QuicWriter writer, ulong offset, int dataLength)
    {
        writer.WriteByte((byte)FrameType.Crypto);
        writer.WriteVarInt(offset);
        writer.WriteVarInt((ulong)dataLength);
    }

    public void Write(ref QuicWriter writer)
    {
        WriteHeader(ref writer, Offset, Data.Length);
        writer.WriteBytes(Data);
    }
}
