namespace CoQuic.Engine;

/// <summary>
/// Frame types (RFC 9000 §19, RFC 9221 §4). Where low bits are flags, the name is that of the type without them.
/// </summary>
internal static class FrameType
{
    public const ulong Padding = 0x00;
    public const ulong Ping = 0x01;
    public const ulong Ack = 0x02;
    public const ulong AckEcn = 0x03;
    public const ulong ResetStream = 0x04;
    public const ulong StopSending = 0x05;
    public const ulong Crypto = 0x06;
    public const ulong NewToken = 0x07;
    public const ulong Stream = 0x08;
    public const ulong MaxData = 0x10;
    public const ulong MaxStreamData = 0x11;
    public const ulong MaxStreamsBidirectional = 0x12;
    public const ulong MaxStreamsUnidirectional = 0x13;
    public const ulong DataBlocked = 0x14;
    public const ulong StreamDataBlocked = 0x15;
    public const ulong StreamsBlockedBidirectional = 0x16;
    public const ulong StreamsBlockedUnidirectional = 0x17;
    public const ulong NewConnectionId = 0x18;
    public const ulong RetireConnectionId = 0x19;
    public const ulong PathChallenge = 0x1a;
    public const ulong PathResponse = 0x1b;
    public const ulong ConnectionCloseTransport = 0x1c;
    public const ulong ConnectionCloseApplication = 0x1d;
    public const ulong HandshakeDone = 0x1e;
    public const ulong Datagram = 0x30;
    public const ulong DatagramWithLength = 0x31;

    public static bool IsStream(ulong type) => (type & ~0x07UL) == Stream;
}
