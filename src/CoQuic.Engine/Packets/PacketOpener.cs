using System;

namespace CoQuic.Engine;

/// <summary>A packet that was authentic.</summary>
/// <param name="PacketNumber">Its full packet number.</param>
/// <param name="FirstByte">The first byte of its header, without protection.</param>
/// <param name="PayloadOffset">Where its frames begin, counted from the packet's first byte.</param>
/// <param name="PayloadLength">How many bytes of frames there are; 0 is a PROTOCOL_VIOLATION (RFC 9000 §12.4).</param>
internal readonly record struct OpenedPacket(ulong PacketNumber, byte FirstByte, int PayloadOffset, int PayloadLength)
{
    /// <summary>Whether bits that must be zero are not: a PROTOCOL_VIOLATION (RFC 9000 §17.2, §17.3.1).</summary>
    public bool HasReservedBits =>
        (FirstByte & (IsLong ? PacketHeader.LongReservedBits : PacketHeader.ShortReservedBits)) != 0;

    /// <summary>The key phase of a 1-RTT packet.</summary>
    public bool KeyPhase => !IsLong && (FirstByte & PacketHeader.KeyPhaseBit) != 0;

    /// <summary>The latency spin bit of a 1-RTT packet (RFC 9000 §17.4).</summary>
    public bool Spin => !IsLong && (FirstByte & PacketHeader.SpinBit) != 0;

    private bool IsLong => InvariantHeader.IsLongHeader(FirstByte);
}

/// <summary>Removes a packet's protection in place (RFC 9001 §5). What is not authentic stays as it arrived.</summary>
internal static class PacketOpener
{
    /// <summary>Opens a packet with one key.</summary>
    /// <param name="protection">The protection of what the peer sends at this level.</param>
    /// <param name="packet">The whole packet and nothing else.</param>
    /// <param name="packetNumberOffset">Where its Packet Number field begins.</param>
    /// <param name="largestReceived">The largest packet number received in this space, if any.</param>
    /// <param name="opened">What was found.</param>
    public static bool TryOpen(
        PacketProtection protection, Span<byte> packet, int packetNumberOffset, ulong? largestReceived, out OpenedPacket opened)
    {
        opened = default;
        return HeaderProtection.TryRemove(protection.HeaderKey, packet, packetNumberOffset, out UnprotectedHeader header)
            && TryOpen(protection.Key, packet, header, largestReceived, out opened);
    }

    /// <summary>
    /// Opens a packet whose header is already without protection, with the key that its key phase chose.
    /// </summary>
    public static bool TryOpen(
        PacketKey key, Span<byte> packet, in UnprotectedHeader header, ulong? largestReceived, out OpenedPacket opened)
    {
        ulong number = PacketNumber.Decode(largestReceived, header.ReadPacketNumber(packet), 8 * header.PacketNumberLength);
        bool isAuthentic = key.TryOpen(number, packet[..header.Length], packet[header.Length..]);
        if (!isAuthentic)
            header.Restore(packet);
        int payloadLength = packet.Length - header.Length - PacketKey.TagLength;
        opened = isAuthentic ? new OpenedPacket(number, header.FirstByte, header.Length, payloadLength) : default;
        return isAuthentic;
    }
}
