using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>An ACK to be sent (RFC 9000 §19.3), a view of the ranges that the receiving side remembers.</summary>
/// <param name="ackDelay">The ACK Delay field, already divided by 2 to the power of our ack_delay_exponent.</param>
/// <param name="ranges">At least one; descending, with a gap between any two.</param>
/// <param name="ecnCounts">The counts to report, which make it type 0x03.</param>
internal readonly ref struct OutgoingAckFrame(
    ulong ackDelay, ReadOnlySpan<PacketNumberRange> ranges, EcnCounts? ecnCounts)
{
    private readonly ReadOnlySpan<PacketNumberRange> _ranges = ranges;
    private readonly ulong _ackDelay = ackDelay;
    private readonly EcnCounts? _ecnCounts = ecnCounts;

    public int RangeCount => _ranges.Length;

    public ulong LargestAcknowledged => _ranges[0].Largest;

    public int Size
    {
        get
        {
            int size = FixedSize + VarInt.Size((ulong)_ranges.Length - 1);
            for (int i = 1; i < _ranges.Length; i++)
                size += RangeSize(i);
            return size;
        }
    }

    /// <summary>All but the ranges after the first and their count.</summary>
    private int FixedSize
    {
        get
        {
            int size = 1 + VarInt.Size(LargestAcknowledged) + VarInt.Size(_ackDelay) + VarInt.Size(_ranges[0].Count - 1);
            return _ecnCounts is { } ecn
                ? size + VarInt.Size(ecn.Ect0) + VarInt.Size(ecn.Ect1) + VarInt.Size(ecn.Ce)
                : size;
        }
    }

    /// <summary>The same frame with as many of the largest ranges as fit (RFC 9000 §13.2.3).</summary>
    /// <returns>False when not even the first range fits.</returns>
    public bool TryFit(int room, out OutgoingAckFrame frame)
    {
        // The count is never shorter for fewer ranges than for all of them, so this errs on the safe side.
        int size = FixedSize + VarInt.Size((ulong)_ranges.Length - 1);
        int count = 1;
        while (count < _ranges.Length && size + RangeSize(count) <= room)
            size += RangeSize(count++);
        frame = new OutgoingAckFrame(_ackDelay, _ranges[..count], _ecnCounts);
        return size <= room;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)(_ecnCounts is null ? FrameType.Ack : FrameType.AckEcn));
        writer.WriteVarInt(LargestAcknowledged);
        writer.WriteVarInt(_ackDelay);
        writer.WriteVarInt((ulong)_ranges.Length - 1);
        writer.WriteVarInt(_ranges[0].Count - 1);
        for (int i = 1; i < _ranges.Length; i++)
        {
            writer.WriteVarInt(Gap(i));
            writer.WriteVarInt(_ranges[i].Count - 1);
        }

        if (_ecnCounts is not { } ecn)
            return;
        writer.WriteVarInt(ecn.Ect0);
        writer.WriteVarInt(ecn.Ect1);
        writer.WriteVarInt(ecn.Ce);
    }

    private ulong Gap(int index)
    {
        Debug.Assert(_ranges[index].Largest + 1 < _ranges[index - 1].Smallest, "ranges descend and do not touch");
        return _ranges[index - 1].Smallest - _ranges[index].Largest - 2;
    }

    private int RangeSize(int index) => VarInt.Size(Gap(index)) + VarInt.Size(_ranges[index].Count - 1);
}
