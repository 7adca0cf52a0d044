using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>A Retry packet (RFC 9000 §17.2.5): a server's demand that the client show it is where it says.</summary>
internal readonly ref struct RetryPacket
{
    public const int IntegrityTagLength = 16;

    private readonly ReadOnlySpan<byte> _withoutTag;
    private readonly ReadOnlySpan<byte> _tag;

    private RetryPacket(ReadOnlySpan<byte> packet, InvariantHeader header, ReadOnlySpan<byte> token)
    {
        Version = header.Version;
        DestinationConnectionId = new ConnectionId(header.DestinationConnectionId);
        SourceConnectionId = new ConnectionId(header.SourceConnectionId);
        Token = token;
        _withoutTag = packet[..^IntegrityTagLength];
        _tag = packet[^IntegrityTagLength..];
    }

    public QuicVersion Version { get; }

    public ConnectionId DestinationConnectionId { get; }

    public ConnectionId SourceConnectionId { get; }

    /// <summary>The Retry Token, never empty. A view of the datagram.</summary>
    public ReadOnlySpan<byte> Token { get; }

    /// <summary>Reads a Retry packet of version 1 or 2. One with an empty token is none (RFC 9000 §17.2.5.2).</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out RetryPacket packet)
    {
        packet = default;
        if (!PacketParser.TryReadNext(datagram, 0, out ProtectedPacket read) || read.Type != PacketType.Retry)
            return false;
        var reader = new QuicReader(datagram);
        _ = reader.TryReadByte(out _);
        if (!InvariantHeader.TryReadLong(ref reader, out InvariantHeader header) || reader.Remaining <= IntegrityTagLength)
            return false;
        packet = new RetryPacket(datagram, header, reader.Rest[..^IntegrityTagLength]);
        return true;
    }

    /// <summary>The length of a packet with these fields.</summary>
    public static int Size(in ConnectionId destination, in ConnectionId source, int tokenLength) =>
        1 + sizeof(uint) + 1 + destination.Length + 1 + source.Length + tokenLength + IntegrityTagLength;

    /// <summary>Writes a Retry packet with its integrity tag.</summary>
    /// <param name="version">The version of the Initial that is answered.</param>
    /// <param name="destination">The Source Connection ID of that Initial.</param>
    /// <param name="source">An ID of our choice, other than the Initial's Destination Connection ID.</param>
    /// <param name="originalDestination">The Destination Connection ID of that Initial.</param>
    /// <param name="token">The token, not empty.</param>
    /// <param name="writer">Where to.</param>
    public static void Write(
        QuicVersion version,
        in ConnectionId destination,
        in ConnectionId source,
        in ConnectionId originalDestination,
        ReadOnlySpan<byte> token,
        ref QuicWriter writer)
    {
        VersionProfile profile = VersionProfile.Of(version);
        int start = writer.Position;
        writer.WriteByte(PacketHeader.LongFirstByte(PacketType.Retry, profile));
        writer.WriteUInt32(version.Value);
        writer.WriteByteLengthPrefixed(destination.Span);
        writer.WriteByteLengthPrefixed(source.Span);
        writer.WriteBytes(token);
        ComputeTag(profile, originalDestination, writer.Written[start..], writer.Free[..IntegrityTagLength]);
        writer.Advance(IntegrityTagLength);
    }

    /// <summary>Whether whoever sent this saw our Initial (RFC 9001 §5.8).</summary>
    /// <param name="originalDestination">The Destination Connection ID of the Initial that we sent.</param>
    public bool HasValidIntegrityTag(in ConnectionId originalDestination)
    {
        Span<byte> expected = stackalloc byte[IntegrityTagLength];
        ComputeTag(VersionProfile.Of(Version), originalDestination, _withoutTag, expected);
        return CryptographicOperations.FixedTimeEquals(expected, _tag);
    }

    /// <summary>
    /// The tag over the Retry pseudo-packet: the ID that the client chose, then the packet without its tag.
    /// </summary>
    private static void ComputeTag(
        VersionProfile profile, in ConnectionId originalDestination, ReadOnlySpan<byte> packet, Span<byte> tag)
    {
        byte[] pseudoPacket = [(byte)originalDestination.Length, .. originalDestination.Span, .. packet];
        using var aead = new AesGcm(profile.RetryKey, IntegrityTagLength);
        aead.Encrypt(profile.RetryNonce, [], [], tag, pseudoPacket);
    }
}
