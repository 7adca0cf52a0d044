using System;

namespace CoQuic.Engine;

/// <summary>The records of one packet while it is built: cleared and used again for the next.</summary>
internal sealed class SentFrameList
{
    private const int SmallestCapacity = 4;

    private SentFrame[] _frames = [];

    public int Count { get; private set; }

    public ReadOnlySpan<SentFrame> Frames => _frames.AsSpan(0, Count);

    public void Add(SentFrame frame)
    {
        if (Count == _frames.Length)
            MakeRoom(1);
        _frames[Count++] = frame;
    }

    public void AddRange(ReadOnlySpan<SentFrame> frames)
    {
        if (Count + frames.Length > _frames.Length)
            MakeRoom(frames.Length);
        frames.CopyTo(_frames.AsSpan(Count));
        Count += frames.Length;
    }

    public void Clear() => Count = 0;

    private void MakeRoom(int count) =>
        Array.Resize(ref _frames, Math.Max(Math.Max(SmallestCapacity, 2 * _frames.Length), Count + count));
}
