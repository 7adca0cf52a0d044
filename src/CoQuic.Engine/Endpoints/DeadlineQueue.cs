using System;

namespace CoQuic.Engine;

/// <summary>Something with one deadline that a <see cref="DeadlineQueue{T}"/> keeps in order.</summary>
internal interface IHasDeadline
{
    /// <summary>Where the queue keeps it; −1 when it is not queued. The queue's own.</summary>
    int DeadlineIndex { get; set; }
}

/// <summary>
/// Deadlines in a binary heap that knows where each entry is: setting one is logarithmic, reading the earliest is free, and no
/// call walks every connection. Entries that are due at the same instant come in the order in which they were set.
/// </summary>
/// <typeparam name="T">What has a deadline.</typeparam>
internal sealed class DeadlineQueue<T>
    where T : class, IHasDeadline
{
    private const int InitialCapacity = 16;

    private Entry[] _heap = new Entry[InitialCapacity];
    private int _count;
    private ulong _nextOrder;

    /// <summary>The earliest deadline; none when nothing is queued.</summary>
    public TimeUs? Earliest => _count == 0 ? null : _heap[0].Deadline;

    /// <summary>Sets, moves or removes an item's deadline.</summary>
    public void Set(T item, TimeUs? deadline)
    {
        int index = item.DeadlineIndex;
        if (deadline is not { } due)
        {
            if (index >= 0)
                RemoveAt(index);
            return;
        }

        if (index < 0)
        {
            if (_count == _heap.Length)
                Array.Resize(ref _heap, 2 * _count);
            Place(_count, new Entry(due, _nextOrder++, item));
            SiftUp(_count++);
        }
        else if (_heap[index].Deadline != due)
        {
            Place(index, new Entry(due, _nextOrder++, item));
            Restore(index);
        }
    }

    /// <summary>Takes out the earliest item if it is due.</summary>
    public bool TryTakeDue(TimeUs now, out T item)
    {
        if (_count == 0 || _heap[0].Deadline > now)
        {
            item = null!;
            return false;
        }

        item = _heap[0].Item;
        RemoveAt(0);
        return true;
    }

    private void RemoveAt(int index)
    {
        _heap[index].Item.DeadlineIndex = -1;
        Entry last = _heap[--_count];
        _heap[_count] = default;
        if (index == _count)
            return;
        Place(index, last);
        Restore(index);
    }

    private void Restore(int index)
    {
        SiftUp(index);
        SiftDown(_heap[index].Item.DeadlineIndex);
    }

    private void SiftUp(int index)
    {
        while (index > 0)
        {
            int parent = (index - 1) / 2;
            if (!_heap[index].IsBefore(_heap[parent]))
                return;
            Swap(index, parent);
            index = parent;
        }
    }

    private void SiftDown(int index)
    {
        while (true)
        {
            int child = (2 * index) + 1;
            if (child >= _count)
                return;
            if (child + 1 < _count && _heap[child + 1].IsBefore(_heap[child]))
                child++;
            if (!_heap[child].IsBefore(_heap[index]))
                return;
            Swap(index, child);
            index = child;
        }
    }

    private void Swap(int left, int right)
    {
        Entry entry = _heap[left];
        Place(left, _heap[right]);
        Place(right, entry);
    }

    private void Place(int index, Entry entry)
    {
        _heap[index] = entry;
        entry.Item.DeadlineIndex = index;
    }

    private readonly record struct Entry(TimeUs Deadline, ulong Order, T Item)
    {
        public bool IsBefore(Entry other) =>
            Deadline < other.Deadline || (Deadline == other.Deadline && Order < other.Order);
    }
}
