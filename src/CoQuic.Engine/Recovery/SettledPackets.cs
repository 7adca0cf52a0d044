using System;

namespace CoQuic.Engine;

/// <summary>
/// Packets whose fate was decided in one step, with the frames that they carried. A list that is cleared and filled again:
/// what it holds is valid until the machine that filled it is called the next time.
/// </summary>
internal sealed class SettledPackets
{
    private const int SmallestCapacity = 4;

    private readonly SentFrameList _frames = new();
    private SentPacket[] _packets = [];

    // One more than the packets: where the frames of the next one will begin.
    private int[] _frameStarts = [0];

    public int Count { get; private set; }

    public ReadOnlySpan<SentPacket> Packets => _packets.AsSpan(0, Count);

    public ref readonly SentPacket this[int index] => ref _packets[index];

    /// <summary>What one of the packets carried, in the order in which it was written.</summary>
    public ReadOnlySpan<SentFrame> FramesOf(int index) => _frames.Frames[_frameStarts[index].._frameStarts[index + 1]];

    public void Add(in SentPacket packet, ReadOnlySpan<SentFrame> frames)
    {
        if (Count == _packets.Length)
            Grow();
        _packets[Count++] = packet;
        _frames.AddRange(frames);
        _frameStarts[Count] = _frames.Count;
    }

    public void Clear()
    {
        Count = 0;
        _frames.Clear();
    }

    private void Grow()
    {
        int capacity = Math.Max(SmallestCapacity, 2 * _packets.Length);
        Array.Resize(ref _packets, capacity);
        Array.Resize(ref _frameStarts, capacity + 1);
    }
}
