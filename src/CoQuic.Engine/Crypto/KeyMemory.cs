using System;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Threading;

namespace CoQuic.Engine;

/// <summary>
/// Memory for expanded keys: pinned, so that the garbage collector leaves no copy behind when it is zeroed. What is given back is used
/// again, by any thread: the runtime takes a quarter of a microsecond to allocate it, and a connection has some thirty keys.
/// </summary>
internal static class KeyMemory<T>
    where T : unmanaged
{
    /// <summary>How long each array is.</summary>
    public const int Length = 16;

    /// <summary>How many arrays are kept unused: enough for those of a hundred connections that end at once.</summary>
    private const int MaximumUnused = 2048;

    private static readonly T[] Zeros = new T[Length];
    private static readonly ConcurrentQueue<T[]> Unused = new();

    /// <summary>An array of zeros.</summary>
    public static T[] Take() => Unused.TryDequeue(out T[]? memory) ? memory : GC.AllocateArray<T>(Length, pinned: true);

    /// <summary>Zeroes an array and takes it back, once; who held it has zeros from then on, which nobody writes to.</summary>
    public static void Return(ref T[] memory)
    {
        T[] returned = Interlocked.Exchange(ref memory, Zeros);
        if (ReferenceEquals(returned, Zeros))
            return;
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(returned.AsSpan()));
        if (Unused.Count < MaximumUnused)
            Unused.Enqueue(returned);
    }
}
