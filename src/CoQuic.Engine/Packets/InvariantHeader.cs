using System;

namespace CoQuic.Engine;

/// <summary>
/// What every version of QUIC agrees on (RFC 8999 §5): enough to route a datagram and to answer one of an unknown
/// version.
/// </summary>
internal readonly ref struct InvariantHeader
{
    private const byte HeaderForm = 0x80;

    private InvariantHeader(bool isLong, QuicVersion version, ReadOnlySpan<byte> destination, ReadOnlySpan<byte> source)
    {
        IsLong = isLong;
        Version = version;
        DestinationConnectionId = destination;
        SourceConnectionId = source;
    }

    public bool IsLong { get; }

    /// <summary>The version of a long header; a short header does not tell.</summary>
    public QuicVersion Version { get; }

    /// <summary>Up to 255 bytes in a long header; in a short one as many as the reader asked for.</summary>
    public ReadOnlySpan<byte> DestinationConnectionId { get; }

    /// <summary>Up to 255 bytes; empty in a short header.</summary>
    public ReadOnlySpan<byte> SourceConnectionId { get; }

    public static bool IsLongHeader(byte firstByte) => (firstByte & HeaderForm) != 0;

    /// <summary>Reads the invariant fields of a datagram's first packet.</summary>
    /// <param name="datagram">The datagram.</param>
    /// <param name="shortHeaderConnectionIdLength">
    /// The length of our own connection IDs, which a short header does not tell.
    /// </param>
    /// <param name="header">The fields: views of the datagram.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> datagram, int shortHeaderConnectionIdLength, out InvariantHeader header)
    {
        header = default;
        var reader = new QuicReader(datagram);
        if (!reader.TryReadByte(out byte firstByte))
            return false;
        if (IsLongHeader(firstByte))
            return TryReadLong(ref reader, out header);
        if (!reader.TryReadBytes(shortHeaderConnectionIdLength, out ReadOnlySpan<byte> destination))
            return false;
        header = new InvariantHeader(false, default, destination, default);
        return true;
    }

    /// <summary>Reads what follows the first byte of a long header.</summary>
    public static bool TryReadLong(scoped ref QuicReader reader, out InvariantHeader header)
    {
        header = default;
        QuicReader ahead = reader;
        if (!ahead.TryReadUInt32(out uint version)
            || !ahead.TryReadByteLengthPrefixed(out ReadOnlySpan<byte> destination)
            || !ahead.TryReadByteLengthPrefixed(out ReadOnlySpan<byte> source))
        {
            return false;
        }

        header = new InvariantHeader(true, new QuicVersion(version), destination, source);
        reader = ahead;
        return true;
    }
}
