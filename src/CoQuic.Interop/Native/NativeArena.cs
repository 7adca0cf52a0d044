using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;
using CoQuic.Abi;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>Unmanaged copies for the time of one call: what C structs point to.</summary>
internal sealed unsafe class NativeArena : IDisposable
{
    private readonly List<nint> _blocks = [];

    /// <summary>Room for values, all zero.</summary>
    public T* Allocate<T>(int count)
        where T : unmanaged
    {
        void* block = NativeMemory.AllocZeroed((nuint)Math.Max(1, count), (nuint)sizeof(T));
        _blocks.Add((nint)block);
        return (T*)block;
    }

    public CoquicBytes Copy(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return default;
        byte* copy = Allocate<byte>(bytes.Length);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        return new CoquicBytes { Data = copy, Length = (nuint)bytes.Length };
    }

    public CoquicBytes Copy(ConnectionId id) => Copy(id.Span);

    public CoquicBytes Copy(string text) => Copy(Encoding.UTF8.GetBytes(text));

    /// <summary>Frees everything.</summary>
    public void Dispose()
    {
        foreach (nint block in _blocks)
            NativeMemory.Free((void*)block);
        _blocks.Clear();
    }
}
