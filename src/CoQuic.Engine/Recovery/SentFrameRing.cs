using System;

namespace CoQuic.Engine;

/// <summary>
/// The frame records of all tracked packets, oldest first, in one array that is used round and round.
/// A packet's records never wrap, so that they can be read as one span.
/// </summary>
internal sealed class SentFrameRing
{
    private const int SmallestCapacity = 4;

    // Positions count up for ever; the array holds position p at p modulo its length, a power of two once it holds any.
    private SentFrame[] _frames = [];
    private long _oldest;
    private long _next;

    /// <summary>Stores a packet's records.</summary>
    /// <returns>Where they begin.</returns>
    public long Append(ReadOnlySpan<SentFrame> frames)
    {
        long start = StartFor(frames.Length);
        while (start + frames.Length - _oldest > _frames.Length)
        {
            Grow();
            start = StartFor(frames.Length);
        }

        frames.CopyTo(_frames.AsSpan(Index(start)));
        _next = start + frames.Length;
        return start;
    }

    public ReadOnlySpan<SentFrame> Read(long start, int count) => _frames.AsSpan(Index(start), count);

    /// <summary>Everything before a position is free again.</summary>
    public void ReleaseBefore(long position) => _oldest = position;

    /// <summary>The next position from which this many records fit without wrapping.</summary>
    private long StartFor(int count)
    {
        int room = _frames.Length - Index(_next);
        return count <= room ? _next : _next + room;
    }

    private int Index(long position) => (int)(position & (_frames.Length - 1));

    private void Grow()
    {
        SentFrame[] larger = new SentFrame[Math.Max(SmallestCapacity, 2 * _frames.Length)];
        for (long position = _oldest; position < _next; position++)
            larger[position & (larger.Length - 1)] = _frames[Index(position)];
        _frames = larger;
    }
}
