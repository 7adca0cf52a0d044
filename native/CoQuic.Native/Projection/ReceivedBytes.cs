using System;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>
/// Copies of what came in, for the engine to keep. Datagrams lie one behind the other in chunks, which costs a few nanoseconds each; an
/// array for each would cost hundreds. No byte is written twice.
/// </summary>
internal sealed class ReceivedBytes
{
    /// <summary>Holds a few dozen datagrams, so that one that is kept for long keeps little else.</summary>
    private const int ChunkSize = 32 * 1024;

    private Memory<byte> _rest;
    private Bytes _identity;

    /// <summary>A datagram's bytes, owned.</summary>
    public Memory<byte> Copy(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length > _rest.Length)
            _rest = GC.AllocateUninitializedArray<byte>(Math.Max(ChunkSize, datagram.Length));
        Memory<byte> copy = _rest[..datagram.Length];
        _rest = _rest[datagram.Length..];
        datagram.CopyTo(copy.Span);
        return copy;
    }

    /// <summary>An address identity: the same as the last time, mostly.</summary>
    public Bytes CopyIdentity(ReadOnlySpan<byte> identity)
    {
        if (!identity.SequenceEqual(_identity.Span))
            _identity = Bytes.CopyOf(identity);
        return _identity;
    }
}
