using System;

namespace CoQuic.Engine;

/// <summary>
/// Memory for bytes that arrived before their turn: blocks of fixed size at fixed offsets, so that what is kept never exceeds
/// the flow control window by more than a block at each end, whatever the fragments a peer cuts.
/// </summary>
internal sealed class ReassemblyBlocks
{
    private const int BlockShift = 12;

    private const int BlockSize = 1 << BlockShift;

    // Block number n is at n modulo the length; the lowest number in use is _base.
    private byte[]?[] _ring = [];
    private ulong _base;
    private int _held;

    /// <summary>The memory that is kept, in bytes.</summary>
    public int HeldBytes => _held * BlockSize;

    public void Write(ulong offset, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int start = (int)offset & (BlockSize - 1);
            int length = Math.Min(bytes.Length, BlockSize - start);
            bytes[..length].CopyTo(BlockFor(offset >> BlockShift).AsSpan(start));
            bytes = bytes[length..];
            offset += (ulong)length;
        }
    }

    /// <summary>The bytes from an offset up to an end or the end of the block, whichever comes first. All were written.</summary>
    public ReadOnlyMemory<byte> Read(ulong offset, ulong end)
    {
        int start = (int)offset & (BlockSize - 1);
        int length = (int)Math.Min(end - offset, (ulong)(BlockSize - start));
        return BlockFor(offset >> BlockShift).AsMemory(start, length);
    }

    /// <summary>Lets go of every block that lies wholly below an offset, which never falls. Slices that were read stay as they are.</summary>
    public void ReleaseBelow(ulong offset)
    {
        ulong newBase = offset >> BlockShift;
        for (; _base < newBase && _held > 0; _base++)
        {
            ref byte[]? block = ref _ring[_base & (ulong)(_ring.Length - 1)];
            if (block is not null)
                _held--;
            block = null;
        }

        _base = newBase;
    }

    public void Clear()
    {
        _ring = [];
        _held = 0;
    }

    private byte[] BlockFor(ulong number)
    {
        if (number - _base >= (ulong)_ring.Length)
            Grow(number);
        ref byte[]? block = ref _ring[number & (ulong)(_ring.Length - 1)];
        if (block is null)
        {
            block = GC.AllocateUninitializedArray<byte>(BlockSize);
            _held++;
        }

        return block;
    }

    private void Grow(ulong number)
    {
        var ring = new byte[]?[Math.Max(4, (int)System.Numerics.BitOperations.RoundUpToPowerOf2(number - _base + 1))];
        for (ulong old = 0; old < (ulong)_ring.Length; old++)
            ring[(_base + old) & (ulong)(ring.Length - 1)] = _ring[(_base + old) & (ulong)(_ring.Length - 1)];
        _ring = ring;
    }
}
