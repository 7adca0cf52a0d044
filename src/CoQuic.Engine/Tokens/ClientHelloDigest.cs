using System;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// The beginning of a ClientHello, to see whether it is the same after a Retry (RFC 9000 §17.2.5.3): how many bytes of it were looked
/// at, and 8 bytes of their digest.
/// </summary>
internal readonly record struct ClientHelloDigest(ushort Length, ulong Value)
{
    /// <summary>Its bytes in a token.</summary>
    public const int Size = sizeof(ushort) + sizeof(ulong);

    /// <summary>
    /// No more of a ClientHello is looked at: as much is sure to be in a first datagram, also when a token takes room in it.
    /// </summary>
    public const int MaximumCompared = 900;

    /// <summary>Looks at the CRYPTO frames of an Initial packet.</summary>
    /// <param name="payload">The packet's frames.</param>
    /// <param name="maximumLength">How many bytes to look at, at most; there may be fewer.</param>
    public static ClientHelloDigest Of(ReadOnlySpan<byte> payload, int maximumLength = MaximumCompared)
    {
        byte[] hello = new byte[maximumLength];
        int length = Gather(payload, hello);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(hello.AsSpan(0, length), hash);
        return new ClientHelloDigest((ushort)length, BinaryPrimitives.ReadUInt64BigEndian(hash));
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteUInt16(Length);
        writer.WriteUInt64(Value);
    }

    public static bool TryRead(ref QuicReader reader, out ClientHelloDigest digest)
    {
        bool isRead = reader.TryReadUInt16(out ushort length) & reader.TryReadUInt64(out ulong value);
        digest = new ClientHelloDigest(length, value);
        return isRead;
    }

    /// <summary>Puts CRYPTO frames in their order; what is malformed ends it, as the connection will see for itself.</summary>
    private static int Gather(ReadOnlySpan<byte> payload, Span<byte> hello)
    {
        var crypto = new CryptoStream();
        var reader = new QuicReader(payload);
        while (!reader.IsAtEnd && FrameReader.ReadType(ref reader, PacketType.Initial, out _, out ulong type) is null)
        {
            if (type == FrameType.Padding)
                PaddingFrame.TryRead(ref reader, out _);
            else if (type != FrameType.Crypto || !CryptoFrame.TryRead(ref reader, out CryptoFrame frame)
                || crypto.OnCrypto(frame.Offset, frame.Data.ToArray()) is not null)
                break;
        }

        int length = 0;
        while (length < hello.Length && crypto.TryRead(out Bytes bytes))
        {
            ReadOnlySpan<byte> next = bytes.Span[..Math.Min(bytes.Length, hello.Length - length)];
            next.CopyTo(hello[length..]);
            length += next.Length;
        }

        return length;
    }
}
