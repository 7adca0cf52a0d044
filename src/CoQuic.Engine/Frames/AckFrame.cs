using System;

namespace CoQuic.Engine;

/// <summary>
/// A received ACK (RFC 9000 §19.3). Its ranges stay in the packet and were checked when the frame was read, so that
/// walking them cannot fail and allocates nothing.
/// </summary>
internal readonly ref struct AckFrame
{
    private readonly ReadOnlySpan<byte> _ranges;
    private readonly ulong _firstAckRange;

    private AckFrame(
        ulong largest, ulong delay, ulong firstAckRange, int additionalRanges, ReadOnlySpan<byte> ranges, EcnCounts? ecn)
    {
        LargestAcknowledged = largest;
        AckDelay = delay;
        _firstAckRange = firstAckRange;
        RangeCount = additionalRanges + 1;
        _ranges = ranges;
        EcnCounts = ecn;
    }

    public ulong LargestAcknowledged { get; }

    /// <summary>
    /// The ACK Delay field, still to be multiplied by 2 to the power of the sender's ack_delay_exponent.
    /// </summary>
    public ulong AckDelay { get; }

    /// <summary>How many ranges there are, the first included.</summary>
    public int RangeCount { get; }

    /// <summary>The counts of type 0x03.</summary>
    public EcnCounts? EcnCounts { get; }

    /// <summary>The ranges in descending order; the first holds <see cref="LargestAcknowledged"/>.</summary>
    public AckRangeEnumerator Ranges => new(LargestAcknowledged, _firstAckRange, RangeCount - 1, _ranges);

    /// <summary>
    /// Reads the fields that follow the frame type 0x02 or 0x03. Fails if a packet number would fall below zero.
    /// </summary>
    public static bool TryRead(scoped ref QuicReader reader, ulong type, out AckFrame frame)
    {
        frame = default;
        QuicReader ahead = reader;
        if (!ahead.TryReadVarInt(out ulong largest)
            || !ahead.TryReadVarInt(out ulong delay)
            || !ahead.TryReadVarInt(out ulong rangeCount)
            || !ahead.TryReadVarInt(out ulong firstAckRange)
            || firstAckRange > largest)
        {
            return false;
        }

        ReadOnlySpan<byte> ranges = ahead.Rest;
        if (!TrySkipRanges(ref ahead, largest - firstAckRange, rangeCount))
            return false;
        ranges = ranges[..^ahead.Remaining];

        EcnCounts? ecn = null;
        if (type == FrameType.AckEcn && !TryReadEcnCounts(ref ahead, out ecn))
            return false;
        frame = new AckFrame(largest, delay, firstAckRange, (int)rangeCount, ranges, ecn);
        reader = ahead;
        return true;
    }

    private static bool TrySkipRanges(scoped ref QuicReader reader, ulong smallest, ulong count)
    {
        // A range has at least two bytes: a count that cannot be true is refused before the walk.
        if (count > (ulong)reader.Remaining / 2)
            return false;
        for (; count > 0; count--)
        {
            if (!reader.TryReadVarInt(out ulong gap) || !reader.TryReadVarInt(out ulong length))
                return false;
            if (gap + 2 > smallest || length > smallest - gap - 2)
                return false;
            smallest -= gap + 2 + length;
        }

        return true;
    }

    private static bool TryReadEcnCounts(scoped ref QuicReader reader, out EcnCounts? counts)
    {
        counts = null;
        if (!reader.TryReadVarInt(out ulong ect0) || !reader.TryReadVarInt(out ulong ect1) || !reader.TryReadVarInt(out ulong ce))
            return false;
        counts = new EcnCounts(ect0, ect1, ce);
        return true;
    }
}

/// <summary>Walks the ranges of an <see cref="AckFrame"/>, the largest packet numbers first.</summary>
internal ref struct AckRangeEnumerator : IAckRanges
{
    private QuicReader _reader;
    private ulong _largest;
    private ulong _length;
    private int _following;
    private bool _atEnd;

    public AckRangeEnumerator(ulong largest, ulong firstAckRange, int following, ReadOnlySpan<byte> ranges)
    {
        _reader = new QuicReader(ranges);
        _largest = largest;
        _length = firstAckRange;
        _following = following;
    }

    /// <inheritdoc/>
    public bool TryNext(out PacketNumberRange range)
    {
        range = default;
        if (_atEnd)
            return false;
        range = new PacketNumberRange(_largest - _length, _largest);
        _atEnd = _following-- == 0;
        if (!_atEnd && _reader.TryReadVarInt(out ulong gap) && _reader.TryReadVarInt(out _length))
            _largest = range.Smallest - gap - 2;
        return true;
    }
}
