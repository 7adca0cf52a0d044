using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>A queue of memory that holds consecutive stream bytes: grows at the end, is released at the front, read by offset.</summary>
internal sealed class SendChunks
{
    // Pieces up to this size are copied together: keeping each would cost more than its bytes.
    private const int CopiedPiece = 512;

    private const int SmallestTail = 64;

    // Below what the runtime counts as a large object: those it gives back to the system, whose pages are cleared anew for each.
    private const int LargestTail = 64 * 1024;

    // What a stream that rests with nothing buffered may keep for its next small writes.
    private const int RestingTail = 1024;

    private Chunk[] _ring = [];
    private int _head;
    private int _count;

    // The array that copies go to, and how much of it is taken. Nobody else sees it, so it serves again when all is released.
    private byte[] _tail = [];
    private int _tailUsed;
    private bool _lastChunkIsTail;

    public ulong End { get; private set; }

    public void Append(ReadOnlyMemory<byte> memory)
    {
        if (memory.Length <= CopiedPiece)
        {
            AppendCopy(memory.Span);
            return;
        }

        Push(memory);
        _lastChunkIsTail = false;
    }

    public void AppendCopy(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_tailUsed == _tail.Length)
                StartTail(bytes.Length);
            int length = Math.Min(bytes.Length, _tail.Length - _tailUsed);
            bytes[..length].CopyTo(_tail.AsSpan(_tailUsed));
            _tailUsed += length;
            ExtendOrPushTail(length);
            bytes = bytes[length..];
        }
    }

    public void CopyTo(ulong offset, Span<byte> destination)
    {
        // A FIN alone copies nothing, and all chunks may be released by then.
        if (destination.IsEmpty)
            return;
        for (int index = IndexOf(offset); !destination.IsEmpty; index++)
        {
            Chunk chunk = At(index);
            ReadOnlySpan<byte> source = chunk.Memory.Span[(int)(offset - chunk.Offset)..];
            int length = Math.Min(source.Length, destination.Length);
            source[..length].CopyTo(destination);
            destination = destination[length..];
            offset += (ulong)length;
        }
    }

    /// <summary>Lets go of every chunk that lies wholly below the offset.</summary>
    public void ReleaseBelow(ulong offset)
    {
        while (_count > 0 && At(0).End <= offset)
        {
            At(0) = default;
            _head = (_head + 1) & (_ring.Length - 1);
            _count--;
        }

        if (_count == 0)
            (_tail, _tailUsed, _lastChunkIsTail) = (_tail.Length <= RestingTail ? _tail : [], 0, false);
    }

    private void StartTail(int wanted)
    {
        int size = Math.Clamp(Math.Max(_tail.Length * 2, wanted), SmallestTail, LargestTail);
        _tail = GC.AllocateUninitializedArray<byte>(size);
        _tailUsed = 0;
        _lastChunkIsTail = false;
    }

    private void ExtendOrPushTail(int length)
    {
        if (!_lastChunkIsTail)
        {
            Push(_tail.AsMemory(_tailUsed - length, length));
            _lastChunkIsTail = true;
            return;
        }

        ref Chunk last = ref At(_count - 1);
        int extended = last.Memory.Length + length;
        last = last with { Memory = _tail.AsMemory(_tailUsed - extended, extended) };
        End += (ulong)length;
    }

    private void Push(ReadOnlyMemory<byte> memory)
    {
        if (_count == _ring.Length)
            Grow();
        _count++;
        At(_count - 1) = new Chunk(End, memory);
        End += (ulong)memory.Length;
    }

    private void Grow()
    {
        var ring = new Chunk[Math.Max(1, _ring.Length * 2)];
        for (int index = 0; index < _count; index++)
            ring[index] = At(index);
        _ring = ring;
        _head = 0;
    }

    private ref Chunk At(int index) => ref _ring[(_head + index) & (_ring.Length - 1)];

    private int IndexOf(ulong offset)
    {
        Debug.Assert(_count > 0, "there are bytes to copy");
        int low = 0;
        int high = _count - 1;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (At(middle).End <= offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private readonly record struct Chunk(ulong Offset, ReadOnlyMemory<byte> Memory)
    {
        public ulong End => Offset + (ulong)Memory.Length;
    }
}
