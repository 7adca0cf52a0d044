using System;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>
/// Copies of what came in, for the engine to decrypt in place. Hardly ever does it keep one beyond the call, so that all lie in the same
/// memory, which stays in the processor's cache.
/// </summary>
internal sealed class ReceivedBytes
{
    /// <summary>Holds a datagram of any ordinary path, and a second one where the first is still in use.</summary>
    private const int SmallestMemory = 4 * 1024;

    private Memory<byte> _memory;
    private int _used;
    private Bytes _identity;

    /// <summary>A datagram's bytes, the engine's until <see cref="Reuse"/>.</summary>
    public Memory<byte> Copy(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length > _memory.Length - _used)
        {
            _memory = GC.AllocateUninitializedArray<byte>(Math.Max(SmallestMemory, datagram.Length));
            _used = 0;
        }

        Memory<byte> copy = _memory.Slice(_used, datagram.Length);
        _used += datagram.Length;
        datagram.CopyTo(copy.Span);
        return copy;
    }

    /// <summary>The engine is done with all datagrams.</summary>
    public void Reuse() => _used = 0;

    /// <summary>An address identity: the same as the last time, mostly.</summary>
    public Bytes CopyIdentity(ReadOnlySpan<byte> identity)
    {
        if (!identity.SequenceEqual(_identity.Span))
            _identity = Bytes.CopyOf(identity);
        return _identity;
    }
}
