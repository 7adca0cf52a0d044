namespace CoQuic.Engine;

/// <summary>
/// The first byte of a packet (RFC 9000 §17.2, §17.3.1), and how versions 1 and 2 number the long packet types
/// (RFC 9000 §17.2, RFC 9369 §3.2).
/// </summary>
internal static class PacketHeader
{
    public const byte FixedBit = 0x40;

    public const byte LongHeaderForm = 0x80;

    public const byte SpinBit = 0x20;

    public const byte KeyPhaseBit = 0x04;

    public const byte PacketNumberLengthMask = 0x03;

    /// <summary>Bits that must be zero in a long header, once its protection is off.</summary>
    public const byte LongReservedBits = 0x0c;

    /// <summary>Bits that must be zero in a short header, once its protection is off.</summary>
    public const byte ShortReservedBits = 0x18;

    private const int LongTypeShift = 4;

    public static PacketType LongType(byte firstByte, VersionProfile version) =>
        version.LongTypes[(firstByte >> LongTypeShift) & 3];

    /// <summary>Form, fixed bit and type of a long header; the other bits are zero.</summary>
    public static byte LongFirstByte(PacketType type, VersionProfile version) =>
        (byte)(LongHeaderForm | FixedBit | (version.LongTypeNumber(type) << LongTypeShift));

    /// <summary>Form, fixed bit, spin bit and key phase of a short header; the other bits are zero.</summary>
    public static byte ShortFirstByte(bool spin, bool keyPhase) =>
        (byte)(FixedBit | (spin ? SpinBit : 0) | (keyPhase ? KeyPhaseBit : 0));
}
