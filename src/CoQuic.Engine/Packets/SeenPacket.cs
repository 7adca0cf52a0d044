using System;

namespace CoQuic.Engine;

/// <summary>A packet that was sent or received, without protection, for who watches a connection. Its spans belong to the packet.</summary>
internal readonly ref struct SeenPacket
{
    /// <summary>The fields that header protection does not cover.</summary>
    public required ProtectedPacket Header { get; init; }

    /// <summary>The first byte, without protection.</summary>
    public required byte FirstByte { get; init; }

    public required ulong PacketNumber { get; init; }

    /// <summary>The frames.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }

    public bool IsShort => Header.Type == PacketType.OneRtt;

    /// <summary>The latency spin bit of a 1-RTT packet (RFC 9000 §17.4).</summary>
    public bool Spin => IsShort && (FirstByte & PacketHeader.SpinBit) != 0;

    /// <summary>The key phase bit of a 1-RTT packet.</summary>
    public bool KeyPhase => IsShort && (FirstByte & PacketHeader.KeyPhaseBit) != 0;

    public int PacketNumberLength => 1 + (FirstByte & PacketHeader.PacketNumberLengthMask);

    /// <summary>A packet of ours that was just sealed.</summary>
    /// <param name="packet">The packet as on the wire.</param>
    /// <param name="headerLength">The length of its header, packet number included.</param>
    /// <param name="firstByte">Its first byte, without protection.</param>
    /// <param name="packetNumber">Its number.</param>
    /// <param name="payload">Its frames.</param>
    public static SeenPacket Sealed(
        ReadOnlySpan<byte> packet, int headerLength, byte firstByte, ulong packetNumber, ReadOnlySpan<byte> payload)
    {
        // A short header is its first byte, the destination connection ID and the packet number.
        int shortIdLength = headerLength - 2 - (firstByte & PacketHeader.PacketNumberLengthMask);
        PacketParser.TryReadNext(packet, shortIdLength, out ProtectedPacket header);
        return new SeenPacket { Header = header, FirstByte = firstByte, PacketNumber = packetNumber, Payload = payload };
    }
}
