using System;

namespace CoQuic.Engine;

/// <summary>Stream offsets from <paramref name="Start"/> up to, not including, <paramref name="End"/>.</summary>
internal readonly record struct OffsetRange(ulong Start, ulong End)
{
    public ulong Length => End - Start;

    public bool IsEmpty => End <= Start;
}

/// <summary>
/// Disjoint, sorted, non-touching half-open ranges of stream offsets. Adding at the end and taking from the front are O(1);
/// everything else is a binary search and a move of what lies behind.
/// </summary>
internal sealed class OffsetRanges
{
    private OffsetRange[] _ranges = [];
    private int _head;
    private int _count;

    public int Count => _count;

    public bool IsEmpty => _count == 0;

    /// <summary>The lowest range; there must be one.</summary>
    public OffsetRange First => _ranges[_head];

    public OffsetRange this[int index] => _ranges[_head + index];

    public void Clear() => _head = _count = 0;

    public bool Contains(ulong offset)
    {
        int index = FirstEndingAfter(offset);
        return index < _count && this[index].Start <= offset;
    }

    /// <summary>Adds [start, end) and joins it with every range that it overlaps or touches.</summary>
    public void Add(ulong start, ulong end)
    {
        if (start >= end)
            return;
        int first = start == 0 ? 0 : FirstEndingAfter(start - 1);
        int last = first;
        for (; last < _count && this[last].Start <= end; last++)
        {
            start = Math.Min(start, this[last].Start);
            end = Math.Max(end, this[last].End);
        }

        Replace(first, last - first, new OffsetRange(start, end), default);
    }

    /// <summary>Takes [start, end) out.</summary>
    public void Remove(ulong start, ulong end)
    {
        int first = FirstEndingAfter(start);
        if (start >= end || first == _count || this[first].Start >= end)
            return;
        var left = new OffsetRange(this[first].Start, start);
        var right = default(OffsetRange);
        int last = first;
        for (; last < _count && this[last].Start < end; last++)
            right = new OffsetRange(end, this[last].End);

        if (left.IsEmpty)
            (left, right) = (right, default);
        Replace(first, last - first, left, right);
    }

    /// <summary>Finds the first part of [start, end) that is in no range.</summary>
    public bool TryGetGap(ulong start, ulong end, out OffsetRange gap)
    {
        int index = FirstEndingAfter(start);
        for (; index < _count && this[index].Start <= start; index++)
            start = this[index].End;

        ulong limit = index < _count ? Math.Min(end, this[index].Start) : end;
        gap = new OffsetRange(start, limit);
        return !gap.IsEmpty;
    }

    /// <summary>The index of the first range whose end lies beyond the offset.</summary>
    private int FirstEndingAfter(ulong offset)
    {
        // Sending and receiving mostly go on where they stopped: look at the end before searching.
        if (_count == 0 || this[_count - 1].End <= offset)
            return _count;
        int low = 0;
        int high = _count - 1;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (this[middle].End <= offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>Puts up to two ranges (those that are not empty, in order) in the place of some.</summary>
    private void Replace(int index, int removed, OffsetRange first, OffsetRange second)
    {
        int added = (first.IsEmpty ? 0 : 1) + (second.IsEmpty ? 0 : 1);
        if (index == 0 && removed > 0 && removed >= added)
        {
            _head += removed - added;
            _count -= removed - added;
        }
        else
        {
            MoveTail(index, removed, added);
        }

        if (added > 0)
            _ranges[_head + index] = first;
        if (added > 1)
            _ranges[_head + index + 1] = second;
        if (_count == 0)
            _head = 0;
    }

    private void MoveTail(int index, int removed, int added)
    {
        int newCount = _count - removed + added;
        if (_head + newCount > _ranges.Length)
            MakeRoom(newCount);
        int tail = _count - index - removed;
        Array.Copy(_ranges, _head + index + removed, _ranges, _head + index + added, tail);
        _count = newCount;
    }

    private void MakeRoom(int needed)
    {
        OffsetRange[] old = _ranges;
        if (needed > old.Length / 2)
            _ranges = new OffsetRange[Math.Max(4, needed * 2)];
        Array.Copy(old, _head, _ranges, 0, _count);
        _head = 0;
    }
}
