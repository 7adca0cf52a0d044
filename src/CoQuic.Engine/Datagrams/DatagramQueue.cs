using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// DATAGRAM payloads that wait for a packet (RFC 9221 §5): the highest priority first, and those of one priority in the order in which
/// they came. Each is sent once (RFC 9221 §5.2). When too much waits, the oldest of the lowest priority is given up.
/// </summary>
internal sealed class DatagramQueue
{
    /// <summary>The most payloads that wait; an application that sends faster than the path carries loses the oldest.</summary>
    public const int MaximumCount = 1024;

    /// <summary>The most bytes of payload that wait: about a second of 8 Mbit/s.</summary>
    public const int MaximumBytes = 1 << 20;

    // The highest priority first; none is empty.
    private readonly List<Level> _levels = [];
    private Queue<Bytes>? _spare;
    private ulong _nextNumber;

    /// <summary>How many payloads wait.</summary>
    public int Count { get; private set; }

    /// <summary>How many bytes of payload wait.</summary>
    public int BufferedBytes { get; private set; }

    /// <summary>Whether any payload waits.</summary>
    public bool HasPending => Count > 0;

    /// <summary>Payloads that were given up: too many waited, or they did not fit in a packet any more.</summary>
    public ulong Dropped { get; private set; }

    /// <summary>Takes a payload, and keeps it as it is until it is sent.</summary>
    public void Add(Bytes payload, int priority)
    {
        int index = IndexOf(priority);
        if (index == _levels.Count || _levels[index].Priority != priority)
            _levels.Insert(index, new Level(priority, TakeSpare()));
        _levels[index].Payloads.Enqueue(payload);
        Count++;
        BufferedBytes += payload.Length;
        while (Count > MaximumCount || BufferedBytes > MaximumBytes)
            Drop(_levels.Count - 1);
    }

    /// <summary>Gives up all that waits.</summary>
    public void Clear()
    {
        Dropped += (ulong)Count;
        _levels.Clear();
        (Count, BufferedBytes) = (0, 0);
    }

    /// <summary>Writes frames in order, as many as fit. The first that does not fit waits for the next packet.</summary>
    /// <param name="roomInPacket">The bytes of frames that a whole packet has on the path: who needs more will never be sent.</param>
    /// <param name="writer">The rest of a packet's payload.</param>
    /// <param name="sent">Takes a record of each frame.</param>
    public void WriteFrames(int roomInPacket, ref QuicWriter writer, SentFrameList sent)
    {
        while (_levels.Count > 0)
        {
            Bytes payload = _levels[0].Payloads.Peek();
            int size = DatagramFrame.SizeFor(payload.Length);
            if (size > roomInPacket)
            {
                Drop(0);
                continue;
            }

            if (size > writer.Remaining)
                return;
            new DatagramFrame(payload.Span).Write(ref writer);
            sent.Add(SentFrame.Datagram(_nextNumber++));
            RemoveFirst(0);
        }
    }

    private void Drop(int level)
    {
        RemoveFirst(level);
        Dropped++;
    }

    private void RemoveFirst(int level)
    {
        Queue<Bytes> payloads = _levels[level].Payloads;
        Count--;
        BufferedBytes -= payloads.Dequeue().Length;
        if (payloads.Count > 0)
            return;
        _levels.RemoveAt(level);
        _spare = payloads;
    }

    /// <summary>Where the level of a priority is, or belongs.</summary>
    private int IndexOf(int priority)
    {
        int index = 0;
        while (index < _levels.Count && _levels[index].Priority > priority)
            index++;
        return index;
    }

    /// <summary>With one priority at a time, which is the rule, sending allocates nothing.</summary>
    private Queue<Bytes> TakeSpare()
    {
        Queue<Bytes> taken = _spare ?? new Queue<Bytes>();
        _spare = null;
        return taken;
    }

    private readonly record struct Level(int Priority, Queue<Bytes> Payloads);
}
