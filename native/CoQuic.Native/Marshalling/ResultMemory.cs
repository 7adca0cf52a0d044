using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace CoQuic.Native;

/// <summary>
/// Memory of results. Small ones come from the allocator; large ones, of which a transfer has one a call, are kept for the next:
/// given back, their pages would be the system's, and be fetched and cleared again for every call.
/// </summary>
internal static unsafe class ResultMemory
{
    private const nuint SmallestKept = 16 * 1024;
    private const nuint LargestKept = 1024 * 1024;

    /// <summary>How many are kept in the process: as many threads may hand theirs to and fro.</summary>
    private const int MostKept = 4;

    private static readonly nint[] Kept = new nint[MostKept];

    /// <summary>Memory for a result, whose head says how much it is.</summary>
    public static ResultBlock* Allocate(nuint size)
    {
        ResultBlock* block = size >= SmallestKept ? TakeKept(size) : null;
        if (block == null)
        {
            nuint capacity = size is >= SmallestKept and <= LargestKept ? nuint.Min(2 * size, LargestKept) : size;
            block = (ResultBlock*)NativeMemory.Alloc(capacity);
            block->Capacity = capacity;
        }

        return block;
    }

    public static void Free(ResultBlock* block)
    {
        if (block != null && block->Capacity is >= SmallestKept and <= LargestKept)
        {
            foreach (ref nint place in Kept.AsSpan())
            {
                if (Interlocked.CompareExchange(ref place, (nint)block, 0) == 0)
                    return;
            }
        }

        NativeMemory.Free(block);
    }

    /// <returns>One that is large enough; null when there is none. One that is too small makes room for a larger one.</returns>
    private static ResultBlock* TakeKept(nuint size)
    {
        foreach (ref nint place in Kept.AsSpan())
        {
            var block = (ResultBlock*)Interlocked.Exchange(ref place, 0);
            if (block != null && block->Capacity >= size)
                return block;
            NativeMemory.Free(block);
        }

        return null;
    }
}
