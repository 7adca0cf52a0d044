using System;
using System.Buffers.Binary;

namespace CoQuic.Engine;

/// <summary>Puts header protection on and takes it off, in place (RFC 9001 §5.4.1).</summary>
internal static class HeaderProtection
{
    private const byte LongHeaderMask = 0x0f;
    private const byte ShortHeaderMask = 0x1f;

    /// <summary>Protects the header of a packet whose payload is already encrypted.</summary>
    /// <param name="key">The header protection key.</param>
    /// <param name="packet">The whole packet.</param>
    /// <param name="packetNumberOffset">Where its Packet Number field begins.</param>
    /// <param name="packetNumberLength">How long that field is.</param>
    public static void Apply(HeaderProtectionKey key, Span<byte> packet, int packetNumberOffset, int packetNumberLength)
    {
        Span<byte> mask = stackalloc byte[HeaderProtectionKey.MaskLength];
        key.Mask(SampleOf(packet, packetNumberOffset), mask);
        packet[0] ^= (byte)(mask[0] & FirstByteMask(packet[0]));
        ApplyToNumber(packet.Slice(packetNumberOffset, packetNumberLength), mask);
    }

    /// <summary>Takes the protection off a header.</summary>
    /// <param name="key">The header protection key.</param>
    /// <param name="packet">The whole packet.</param>
    /// <param name="packetNumberOffset">Where its Packet Number field begins.</param>
    /// <param name="header">What was found; it can put the protection back.</param>
    /// <returns>False, with nothing changed, when the packet is too short to have a sample (RFC 9001 §5.4.2).</returns>
    public static bool TryRemove(
        HeaderProtectionKey key, Span<byte> packet, int packetNumberOffset, out UnprotectedHeader header)
    {
        header = default;
        if (packet.Length < packetNumberOffset + PacketNumber.MaximumLength + HeaderProtectionKey.SampleLength)
            return false;

        byte protectedFirstByte = packet[0];
        ReadOnlySpan<byte> numberField = packet.Slice(packetNumberOffset, PacketNumber.MaximumLength);
        uint protectedNumber = BinaryPrimitives.ReadUInt32BigEndian(numberField);

        Span<byte> mask = stackalloc byte[HeaderProtectionKey.MaskLength];
        key.Mask(SampleOf(packet, packetNumberOffset), mask);
        packet[0] ^= (byte)(mask[0] & FirstByteMask(packet[0]));
        int length = (packet[0] & PacketHeader.PacketNumberLengthMask) + 1;
        ApplyToNumber(packet.Slice(packetNumberOffset, length), mask);

        header = new UnprotectedHeader(packet[0], packetNumberOffset, length, protectedFirstByte, protectedNumber);
        return true;
    }

    /// <summary>RFC 9001 §5.4.2: the sample is where it would be if the packet number had 4 bytes.</summary>
    private static ReadOnlySpan<byte> SampleOf(ReadOnlySpan<byte> packet, int packetNumberOffset) =>
        packet.Slice(packetNumberOffset + PacketNumber.MaximumLength, HeaderProtectionKey.SampleLength);

    private static byte FirstByteMask(byte firstByte) =>
        InvariantHeader.IsLongHeader(firstByte) ? LongHeaderMask : ShortHeaderMask;

    private static void ApplyToNumber(Span<byte> numberField, ReadOnlySpan<byte> mask)
    {
        for (int i = 0; i < numberField.Length; i++)
            numberField[i] ^= mask[i + 1];
    }
}

/// <summary>A header whose protection is off, while the payload is still encrypted.</summary>
internal readonly struct UnprotectedHeader(
    byte firstByte, int packetNumberOffset, int packetNumberLength, byte protectedFirstByte, uint protectedNumber)
{
    /// <summary>The first byte, readable but not yet authentic.</summary>
    public byte FirstByte { get; } = firstByte;

    public int PacketNumberLength { get; } = packetNumberLength;

    /// <summary>The header's length: where the payload begins.</summary>
    public int Length => packetNumberOffset + PacketNumberLength;

    /// <summary>Which of two keys opens a 1-RTT packet (RFC 9001 §6).</summary>
    public bool KeyPhase => (FirstByte & PacketHeader.KeyPhaseBit) != 0;

    /// <summary>The low bits of the packet number.</summary>
    public uint ReadPacketNumber(ReadOnlySpan<byte> packet)
    {
        uint number = 0;
        foreach (byte part in packet.Slice(packetNumberOffset, PacketNumberLength))
            number = (number << 8) | part;
        return number;
    }

    /// <summary>Puts the protection back, so that the packet is as it arrived.</summary>
    public void Restore(Span<byte> packet)
    {
        packet[0] = protectedFirstByte;
        BinaryPrimitives.WriteUInt32BigEndian(packet[packetNumberOffset..], protectedNumber);
    }
}
