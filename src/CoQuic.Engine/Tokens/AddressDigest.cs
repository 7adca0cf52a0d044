using System;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// What a token remembers of the address it was issued to: 16 bytes of a digest of the identity that the host gives. An empty identity
/// gives zeros, which bind a token to no address.
/// </summary>
internal readonly record struct AddressDigest(ulong High, ulong Low)
{
    private const byte IPv4 = 4;
    private const byte IPv6 = 6;
    private const int PortLength = 2;
    private const int IPv4Length = 1 + 4 + PortLength;
    private const int IPv6Length = 1 + 16 + PortLength;

    /// <summary>Of address and port: what a Retry token is bound to (RFC 9000 §8.1.4).</summary>
    public static AddressDigest OfEndpoint(ReadOnlySpan<byte> identity) => Of(identity);

    /// <summary>
    /// Of the address alone: the port is unlikely to be the same on the connection that a NEW_TOKEN token is for (RFC 9000 §8.1.3).
    /// An identity of another shape counts whole.
    /// </summary>
    public static AddressDigest OfAddress(ReadOnlySpan<byte> identity)
    {
        bool endsInPort = (identity.Length == IPv4Length && identity[0] == IPv4)
            || (identity.Length == IPv6Length && identity[0] == IPv6);
        return Of(endsInPort ? identity[..^PortLength] : identity);
    }

    /// <summary>Whether a token with this digest may come from there.</summary>
    public bool Admits(AddressDigest source) => this == default || this == source;

    public void Write(ref QuicWriter writer)
    {
        writer.WriteUInt64(High);
        writer.WriteUInt64(Low);
    }

    public static bool TryRead(ref QuicReader reader, out AddressDigest digest)
    {
        bool isRead = reader.TryReadUInt64(out ulong high) & reader.TryReadUInt64(out ulong low);
        digest = new AddressDigest(high, low);
        return isRead;
    }

    private static AddressDigest Of(ReadOnlySpan<byte> identity)
    {
        if (identity.IsEmpty)
            return default;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(identity, hash);
        return new AddressDigest(BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]));
    }
}
