using System;
using System.Collections.Generic;
using CoQuic.Abi;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>
/// Stream data that a native library tells while one input is fed to it. A run of datagrams takes a call for each: what goes on where
/// the last effect stopped becomes part of it, in one piece of memory for the run.
/// </summary>
internal sealed class ReceivedStreamData
{
    private byte[] _memory = [];
    private int _used;
    private int _expected;
    private ReceiveStreamDataEffect? _last;

    /// <summary>An input begins.</summary>
    /// <param name="expected">As many bytes of stream data as it can bring, 0 to what a run of datagrams holds.</param>
    public void Begin(int expected)
    {
        _memory = [];
        _used = 0;
        _expected = expected;
        _last = null;
    }

    /// <summary>Takes one effect over, as a new one or as the rest of the last of these.</summary>
    public unsafe void Add(in CoquicReceiveStreamDataEffect told, List<Effect> effects)
    {
        var bytes = new ReadOnlySpan<byte>(told.Bytes.Data, (int)told.Bytes.Length);
        ReceiveStreamDataEffect? begun = effects.Count > 0 && ReferenceEquals(effects[^1], _last) ? _last : null;
        bool isRest = begun is not null && IsRest(told, begun) && bytes.Length <= _memory.Length - _used;
        if (!isRest && bytes.Length > _memory.Length - _used)
            Grow(bytes.Length);

        int start = isRest ? _used - begun!.Bytes.Length : _used;
        bytes.CopyTo(_memory.AsSpan(_used));
        _used += bytes.Length;
        _last = new ReceiveStreamDataEffect(
            new ConnectionHandle(told.Connection),
            new StreamId(told.StreamId),
            isRest ? begun!.Offset : told.Offset,
            Bytes.Wrap(_memory.AsMemory(start, _used - start)),
            told.Fin != 0,
            told.FinalSize.HasValue != 0 ? told.FinalSize.Value : null);
        if (isRest)
            effects[^1] = _last;
        else
            effects.Add(_last);
    }

    private static bool IsRest(in CoquicReceiveStreamDataEffect told, ReceiveStreamDataEffect begun) =>
        told.Connection == begun.Connection.Value
        && told.StreamId == begun.StreamId.Value
        && told.Offset == begun.Offset + (ulong)begun.Bytes.Length
        && !begun.Fin;

    private void Grow(int needed)
    {
        _memory = GC.AllocateUninitializedArray<byte>(Math.Max(needed, _expected));
        _used = 0;
    }
}
