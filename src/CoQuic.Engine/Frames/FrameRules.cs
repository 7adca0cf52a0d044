using System;

namespace CoQuic.Engine;

/// <summary>The packets that may carry a frame: the column "Pkts" of RFC 9000 Table 3.</summary>
[Flags]
internal enum FramePackets : byte
{
    None = 0,
    Initial = 1,
    Handshake = 2,
    ZeroRtt = 4,
    OneRtt = 8,
}

/// <summary>The column "Spec" of RFC 9000 Table 3, letter by letter.</summary>
[Flags]
internal enum FrameTraits : byte
{
    None = 0,

    /// <summary>N: packets with nothing else are not ack-eliciting.</summary>
    NotAckEliciting = 1,

    /// <summary>C: packets with nothing else do not count toward bytes in flight.</summary>
    NotInFlight = 2,

    /// <summary>P: packets with nothing else can probe a new path.</summary>
    Probing = 4,

    /// <summary>F: the contents are flow controlled.</summary>
    FlowControlled = 8,
}

/// <summary>
/// A row of RFC 9000 Table 3: the frame types from <paramref name="First"/> to <paramref name="Last"/>.
/// </summary>
internal readonly record struct FrameRule(
    ulong First, ulong Last, string Name, FramePackets Packets, FrameTraits Traits)
{
    public bool IsAckEliciting => (Traits & FrameTraits.NotAckEliciting) == 0;

    public bool CountsInFlight => (Traits & FrameTraits.NotInFlight) == 0;

    public bool IsProbing => (Traits & FrameTraits.Probing) != 0;

    public bool IsFlowControlled => (Traits & FrameTraits.FlowControlled) != 0;

    public bool MayAppearIn(PacketType type) => (Packets & FrameRules.PacketsOf(type)) != 0;
}

/// <summary>What each frame may do (RFC 9000 §12.4 Table 3, RFC 9221 §4), as data.</summary>
internal static class FrameRules
{
    private const FramePackets IH01 = FramePackets.Initial | FramePackets.Handshake | FramePackets.ZeroRtt | FramePackets.OneRtt;
    private const FramePackets IH_1 = FramePackets.Initial | FramePackets.Handshake | FramePackets.OneRtt;
    private const FramePackets __01 = FramePackets.ZeroRtt | FramePackets.OneRtt;
    private const FramePackets ___1 = FramePackets.OneRtt;

    private const FrameTraits N = FrameTraits.NotAckEliciting;
    private const FrameTraits C = FrameTraits.NotInFlight;
    private const FrameTraits P = FrameTraits.Probing;
    private const FrameTraits F = FrameTraits.FlowControlled;

    private static readonly FrameRule[] Table =
    [
        new(0x00, 0x00, "PADDING", IH01, N | P),
        new(0x01, 0x01, "PING", IH01, FrameTraits.None),
        new(0x02, 0x03, "ACK", IH_1, N | C),
        new(0x04, 0x04, "RESET_STREAM", __01, FrameTraits.None),
        new(0x05, 0x05, "STOP_SENDING", __01, FrameTraits.None),
        new(0x06, 0x06, "CRYPTO", IH_1, FrameTraits.None),
        new(0x07, 0x07, "NEW_TOKEN", ___1, FrameTraits.None),
        new(0x08, 0x0f, "STREAM", __01, F),
        new(0x10, 0x10, "MAX_DATA", __01, FrameTraits.None),
        new(0x11, 0x11, "MAX_STREAM_DATA", __01, FrameTraits.None),
        new(0x12, 0x13, "MAX_STREAMS", __01, FrameTraits.None),
        new(0x14, 0x14, "DATA_BLOCKED", __01, FrameTraits.None),
        new(0x15, 0x15, "STREAM_DATA_BLOCKED", __01, FrameTraits.None),
        new(0x16, 0x17, "STREAMS_BLOCKED", __01, FrameTraits.None),
        new(0x18, 0x18, "NEW_CONNECTION_ID", __01, P),
        new(0x19, 0x19, "RETIRE_CONNECTION_ID", __01, FrameTraits.None),
        new(0x1a, 0x1a, "PATH_CHALLENGE", __01, P),
        new(0x1b, 0x1b, "PATH_RESPONSE", ___1, P),
        new(0x1c, 0x1c, "CONNECTION_CLOSE", IH01, N),
        new(0x1d, 0x1d, "CONNECTION_CLOSE", __01, N),
        new(0x1e, 0x1e, "HANDSHAKE_DONE", ___1, FrameTraits.None),
        new(0x30, 0x31, "DATAGRAM", __01, FrameTraits.None),
    ];

    // The row of each type, or -1: every type that we know fits in one byte.
    private static readonly sbyte[] RowOfType = MapTypes();

    public static ReadOnlySpan<FrameRule> All => Table;

    /// <summary>The rule of a frame type.</summary>
    /// <returns>False when we do not know the type.</returns>
    public static bool TryGet(ulong type, out FrameRule rule)
    {
        int row = type < (ulong)RowOfType.Length ? RowOfType[type] : -1;
        rule = row < 0 ? default : Table[row];
        return row >= 0;
    }

    public static FramePackets PacketsOf(PacketType type) => type switch
    {
        PacketType.Initial => FramePackets.Initial,
        PacketType.ZeroRtt => FramePackets.ZeroRtt,
        PacketType.Handshake => FramePackets.Handshake,
        PacketType.OneRtt => FramePackets.OneRtt,
        PacketType.Retry or PacketType.VersionNegotiation or _ => FramePackets.None,
    };

    private static sbyte[] MapTypes()
    {
        sbyte[] rows = new sbyte[FrameType.DatagramWithLength + 1];
        Array.Fill(rows, (sbyte)-1);
        for (int row = 0; row < Table.Length; row++)
            Array.Fill(rows, (sbyte)row, (int)Table[row].First, (int)(Table[row].Last - Table[row].First + 1));
        return rows;
    }
}
