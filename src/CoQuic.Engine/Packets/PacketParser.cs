using System;

namespace CoQuic.Engine;

/// <summary>
/// Cuts a datagram into packets (RFC 9000 §12.2), reading no more of each than its unprotected fields.
/// </summary>
internal static class PacketParser
{
    /// <summary>
    /// Reads the packet at the front. The next one begins <see cref="ProtectedPacket.Length"/> bytes further; packets
    /// without a Length field (1-RTT, Retry, Version Negotiation) take all the bytes there are.
    /// </summary>
    /// <param name="datagram">What is left of a datagram.</param>
    /// <param name="shortHeaderConnectionIdLength">The length of our own connection IDs.</param>
    /// <param name="packet">The packet.</param>
    /// <returns>
    /// False when these bytes are no packet of a version that we speak: the rest of the datagram is dropped.
    /// </returns>
    public static bool TryReadNext(
        ReadOnlySpan<byte> datagram, int shortHeaderConnectionIdLength, out ProtectedPacket packet)
    {
        packet = default;
        var reader = new QuicReader(datagram);
        if (!reader.TryReadByte(out byte firstByte))
            return false;
        return InvariantHeader.IsLongHeader(firstByte)
            ? TryReadLong(reader, firstByte, out packet)
            : TryReadShort(reader, firstByte, shortHeaderConnectionIdLength, out packet);
    }

    private static bool TryReadShort(
        QuicReader reader, byte firstByte, int connectionIdLength, out ProtectedPacket packet)
    {
        packet = default;
        if (!reader.TryReadBytes(connectionIdLength, out ReadOnlySpan<byte> destination))
            return false;
        packet = new ProtectedPacket
        {
            Type = PacketType.OneRtt,
            HasFixedBit = (firstByte & PacketHeader.FixedBit) != 0,
            DestinationConnectionId = new ConnectionId(destination),
            PacketNumberOffset = reader.Position,
            Length = reader.Position + reader.Remaining,
        };
        return true;
    }

    private static bool TryReadLong(QuicReader reader, byte firstByte, out ProtectedPacket packet)
    {
        packet = default;
        if (!InvariantHeader.TryReadLong(ref reader, out InvariantHeader header))
            return false;

        // RFC 9000 §17.2: a longer connection ID is no version 1; whoever sends Version Negotiation echoes ours.
        if (header.DestinationConnectionId.Length > ConnectionId.MaximumLength
            || header.SourceConnectionId.Length > ConnectionId.MaximumLength)
        {
            return false;
        }

        if (header.Version == QuicVersion.Negotiation)
        {
            packet = WithoutLength(PacketType.VersionNegotiation, reader, firstByte, header);
            return true;
        }

        return VersionProfile.Find(header.Version) is { } version
            && TryReadVersioned(reader, firstByte, header, version, out packet);
    }

    private static bool TryReadVersioned(
        QuicReader reader, byte firstByte, InvariantHeader header, VersionProfile version, out ProtectedPacket packet)
    {
        packet = default;
        PacketType type = PacketHeader.LongType(firstByte, version);
        if (type == PacketType.Retry)
        {
            packet = WithoutLength(type, reader, firstByte, header);
            return true;
        }

        ReadOnlySpan<byte> token = default;
        if (type == PacketType.Initial && !reader.TryReadLengthPrefixed(out token))
            return false;
        if (!reader.TryReadVarInt(out ulong length) || length > (ulong)reader.Remaining)
            return false;

        packet = new ProtectedPacket
        {
            Type = type,
            Version = header.Version,
            HasFixedBit = (firstByte & PacketHeader.FixedBit) != 0,
            DestinationConnectionId = new ConnectionId(header.DestinationConnectionId),
            SourceConnectionId = new ConnectionId(header.SourceConnectionId),
            Token = token,
            PacketNumberOffset = reader.Position,
            Length = reader.Position + (int)length,
        };
        return true;
    }

    private static ProtectedPacket WithoutLength(
        PacketType type, QuicReader reader, byte firstByte, InvariantHeader header) => new()
        {
            Type = type,
            Version = header.Version,
            HasFixedBit = (firstByte & PacketHeader.FixedBit) != 0,
            DestinationConnectionId = new ConnectionId(header.DestinationConnectionId),
            SourceConnectionId = new ConnectionId(header.SourceConnectionId),
            Length = reader.Position + reader.Remaining,
        };
}
