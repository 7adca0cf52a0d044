using System;

namespace CoQuic.Engine;

/// <summary>A whole handshake message: its header of type and 24-bit length (RFC 8446 §4), then its body.</summary>
internal readonly ref struct HandshakeMessage(ReadOnlySpan<byte> encoded)
{
    public const int HeaderSize = 4;

    /// <summary>Header and body: what the transcript takes in.</summary>
    public ReadOnlySpan<byte> Encoded { get; } = encoded;

    public HandshakeType Type => (HandshakeType)Encoded[0];

    public ReadOnlySpan<byte> Body => Encoded[HeaderSize..];

    /// <summary>The size that a header announces, the header included.</summary>
    public static int SizeOf(ReadOnlySpan<byte> header) => HeaderSize + ((header[1] << 16) | (header[2] << 8) | header[3]);

    public static void WriteHeader(Span<byte> destination, HandshakeType type, int bodyLength)
    {
        destination[0] = (byte)type;
        destination[1] = (byte)(bodyLength >> 16);
        destination[2] = (byte)(bodyLength >> 8);
        destination[3] = (byte)bodyLength;
    }

    /// <summary>Encodes a message whose body is at hand.</summary>
    public static byte[] Encode(HandshakeType type, ReadOnlySpan<byte> body)
    {
        byte[] encoded = new byte[HeaderSize + body.Length];
        WriteHeader(encoded, type, body.Length);
        body.CopyTo(encoded.AsSpan(HeaderSize));
        return encoded;
    }
}
