using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// A Version Negotiation packet (RFC 8999 §6, RFC 9000 §17.2.1): what a server offers instead of an unknown version.
/// </summary>
internal readonly ref struct VersionNegotiationPacket
{
    private readonly ReadOnlySpan<byte> _supportedVersions;

    private VersionNegotiationPacket(InvariantHeader header, ReadOnlySpan<byte> supportedVersions)
    {
        DestinationConnectionId = header.DestinationConnectionId;
        SourceConnectionId = header.SourceConnectionId;
        _supportedVersions = supportedVersions;
    }

    /// <summary>The Source Connection ID of the packet that is answered; up to 255 bytes.</summary>
    public ReadOnlySpan<byte> DestinationConnectionId { get; }

    /// <summary>The Destination Connection ID of the packet that is answered; up to 255 bytes.</summary>
    public ReadOnlySpan<byte> SourceConnectionId { get; }

    /// <summary>How many versions are offered, at least 1.</summary>
    public int Count => _supportedVersions.Length / sizeof(uint);

    public QuicVersion this[int index] =>
        new(BinaryPrimitives.ReadUInt32BigEndian(_supportedVersions[(sizeof(uint) * index)..]));

    public static bool TryRead(ReadOnlySpan<byte> datagram, out VersionNegotiationPacket packet)
    {
        packet = default;
        if (!InvariantHeader.TryRead(datagram, 0, out InvariantHeader header)
            || !header.IsLong
            || header.Version != QuicVersion.Negotiation)
        {
            return false;
        }

        int headerLength = HeaderSize(header.DestinationConnectionId, header.SourceConnectionId);
        ReadOnlySpan<byte> versions = datagram[headerLength..];
        if (versions.IsEmpty || versions.Length % sizeof(uint) != 0)
            return false;
        packet = new VersionNegotiationPacket(header, versions);
        return true;
    }

    /// <summary>The length of the answer to a packet.</summary>
    public static int Size(in InvariantHeader received, int versions) =>
        HeaderSize(received.DestinationConnectionId, received.SourceConnectionId) + (sizeof(uint) * versions);

    /// <summary>Writes the answer to a packet, whose connection IDs it echoes.</summary>
    /// <param name="room">Where to: at least <see cref="Size"/> bytes.</param>
    /// <param name="received">The long header of the packet that is answered.</param>
    /// <param name="versions">What we speak, and perhaps a reserved version (RFC 9000 §6.3).</param>
    /// <returns>The packet's length.</returns>
    public static int Write(Span<byte> room, in InvariantHeader received, IReadOnlyList<QuicVersion> versions)
    {
        // RFC 9000 §17.2.1: the fixed bit keeps QUIC apart from other protocols on the same port.
        var writer = new QuicWriter(room);
        writer.WriteByte(PacketHeader.LongHeaderForm | PacketHeader.FixedBit);
        writer.WriteUInt32(QuicVersion.Negotiation.Value);
        writer.WriteByteLengthPrefixed(received.SourceConnectionId);
        writer.WriteByteLengthPrefixed(received.DestinationConnectionId);
        for (int i = 0; i < versions.Count; i++)
            writer.WriteUInt32(versions[i].Value);
        return writer.Position;
    }

    public bool Offers(QuicVersion version)
    {
        for (int i = 0; i < Count; i++)
        {
            if (this[i] == version)
                return true;
        }

        return false;
    }

    private static int HeaderSize(ReadOnlySpan<byte> destination, ReadOnlySpan<byte> source) =>
        1 + sizeof(uint) + 1 + destination.Length + 1 + source.Length;
}
