using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>
/// The packet numbers received in one space, as ranges in descending order: the form in which an ACK frame lists them.
/// Bounded: the oldest ranges give way, and what lies below counts as received, so nothing is ever processed twice.
/// </summary>
internal sealed class ReceivedPacketNumbers
{
    /// <summary>Ranges remembered (RFC 9000 §13.2.3): a peer that leaves more gaps than this has its oldest packets forgotten.</summary>
    public const int MaximumRanges = 64;

    private const int SmallestCapacity = 4;

    private PacketNumberRange[] _ranges = [];
    private int _count;

    // Numbers below were received, or came so late that they are dropped (RFC 9000 §13.2.3: a rising minimum packet number).
    private ulong _minimum;

    public bool IsEmpty => _count == 0;

    /// <summary>The largest number received; there is none while <see cref="IsEmpty"/>.</summary>
    public ulong Largest => _ranges[0].Largest;

    /// <summary>All ranges, the largest numbers first. A view: valid until the next packet.</summary>
    public ReadOnlySpan<PacketNumberRange> Ranges => _ranges.AsSpan(0, _count);

    public bool Contains(ulong packetNumber)
    {
        if (packetNumber < _minimum)
            return true;
        int index = IndexAtOrBelow(packetNumber);
        return index < _count && _ranges[index].Contains(packetNumber);
    }

    /// <summary>Adds a number that is not contained yet, joining the ranges that it touches.</summary>
    public void Add(ulong packetNumber)
    {
        Debug.Assert(!Contains(packetNumber), "A packet is processed once.");
        int below = IndexAtOrBelow(packetNumber);
        bool joinsBelow = below < _count && _ranges[below].Largest + 1 == packetNumber;
        bool joinsAbove = below > 0 && _ranges[below - 1].Smallest == packetNumber + 1;

        if (joinsBelow && joinsAbove)
            Merge(below);
        else if (joinsBelow)
            _ranges[below] = _ranges[below] with { Largest = packetNumber };
        else if (joinsAbove)
            _ranges[below - 1] = _ranges[below - 1] with { Smallest = packetNumber };
        else
            Insert(below, packetNumber);
    }

    /// <summary>Whether every number from the smallest to the largest given was received, as far as we remember.</summary>
    public bool ContainsAll(ulong smallest, ulong largest)
    {
        if (smallest > largest || largest < _minimum)
            return true;
        int index = IndexAtOrBelow(largest);
        return index < _count && _ranges[index].Contains(largest) && _ranges[index].Smallest <= Math.Max(smallest, _minimum);
    }

    /// <summary>The first range that begins at or below a number; one past the last when there is none.</summary>
    private int IndexAtOrBelow(ulong packetNumber)
    {
        // Packets mostly arrive in order, so the newest range answers first.
        if (_count == 0 || packetNumber >= _ranges[0].Smallest)
            return 0;
        int low = 1;
        int high = _count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_ranges[middle].Smallest <= packetNumber)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    private void Merge(int below)
    {
        _ranges[below - 1] = _ranges[below - 1] with { Smallest = _ranges[below].Smallest };
        _ranges.AsSpan(below + 1, _count - below - 1).CopyTo(_ranges.AsSpan(below));
        _count--;
    }

    private void Insert(int index, ulong packetNumber)
    {
        if (_count == MaximumRanges && !TryForgetOldest(index, packetNumber))
            return;
        if (_count == _ranges.Length)
            Array.Resize(ref _ranges, Math.Clamp(2 * _count, SmallestCapacity, MaximumRanges));
        _ranges.AsSpan(index, _count - index).CopyTo(_ranges.AsSpan(index + 1));
        _ranges[index] = new PacketNumberRange(packetNumber, packetNumber);
        _count++;
    }

    /// <summary>Makes room. A number older than everything remembered is itself what is forgotten.</summary>
    private bool TryForgetOldest(int index, ulong packetNumber)
    {
        if (index == _count)
        {
            _minimum = packetNumber + 1;
            return false;
        }

        _count--;
        _minimum = _ranges[_count].Largest + 1;
        return true;
    }
}
