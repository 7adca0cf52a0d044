using System;

namespace CoQuic.Engine;

/// <summary>
/// Packets whose fate was decided in one step, with the frames that they carried. A list that is cleared and filled again:
/// what it holds is valid until the machine that filled it is called the next time.
/// </summary>
internal sealed class SettledPackets
{
    private const int InitialCapacity = 64;

    private readonly SentFrameList _frames = new();
    private SentPacket[] _packets = new SentPacket[InitialCapacity];
    private int[] _frameStarts = new int[InitialCapacity + 1];

    public int Count { get; private set; }

    public ReadOnlySpan<SentPacket> Packets => _packets.AsSpan(0, Count);

    public ref readonly SentPacket this[int index] => ref _packets[index];

    /// <summary>What one of the packets carried, in the order in which it was written.</summary>
    public ReadOnlySpan<SentFrame> FramesOf(int index) => _frames.Frames[_frameStarts[index].._frameStarts[index + 1]];

    public void Add(in SentPacket packet, ReadOnlySpan<SentFrame> frames)
    {
        if (Count == _packets.Length)
        {
            Array.Resize(ref _packets, 2 * Count);
            Array.Resize(ref _frameStarts, (2 * Count) + 1);
        }

        _packets[Count++] = packet;
        _frames.AddRange(frames);
        _frameStarts[Count] = _frames.Count;
    }

    public void Clear()
    {
        Count = 0;
        _frames.Clear();
    }
}
