using System;
using System.Collections.Generic;
using CoQuic.Abi;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>
/// Stream data that a native library tells while one input is fed to it. A run of datagrams takes a call for each: what goes on where
/// the last data stopped becomes one effect with it, in one piece of memory for the run.
/// </summary>
/// <remarks>
/// Where the run's own memory was handed over, that is the piece: a library copies each datagram during its call, so that there is room
/// for what was in it.
/// </remarks>
internal sealed class ReceivedStreamData
{
    private Memory<byte> _memory;
    private int _used;

    // How far the memory may be written.
    private int _free;
    private bool _isRun;
    private int _expected;

    // The data that is being gathered, if any is, and where it begins. Its own view is of no use any more.
    private CoquicReceiveStreamDataEffect _gathered;
    private int _start;
    private bool _isOpen;

    /// <summary>An input begins.</summary>
    /// <param name="expected">As many bytes of stream data as it can bring, 0 to what a run of datagrams holds.</param>
    public void Begin(int expected)
    {
        Use(default, 0);
        _expected = expected;
        _isRun = false;
    }

    /// <summary>A run of datagrams begins whose memory is ours: as much of it as has been fed is written.</summary>
    /// <param name="run">The datagrams.</param>
    public void Begin(Memory<byte> run)
    {
        Use(run, 0);
        _expected = run.Length;
        _isRun = true;
    }

    /// <summary>The run has been fed up to here.</summary>
    /// <param name="end">Where the last datagram ends.</param>
    public void OnFed(int end)
    {
        if (_isRun)
            _free = end;
    }

    /// <summary>Takes data over, as new or as the rest of what is being gathered.</summary>
    public unsafe void Add(in CoquicReceiveStreamDataEffect told, List<Effect> effects)
    {
        var bytes = new ReadOnlySpan<byte>(told.Bytes.Data, (int)told.Bytes.Length);
        bool fits = bytes.Length <= _free - _used;
        bool isRest = fits && _isOpen && IsRest(told);
        if (!isRest)
            Finish(effects);
        if (!fits)
            Grow(bytes.Length);
        if (!isRest)
            Open(told);
        bytes.CopyTo(_memory.Span[_used..]);
        _used += bytes.Length;
        _gathered.Fin = told.Fin;
        _gathered.FinalSize = told.FinalSize;
    }

    /// <summary>Tells what was gathered, before something else is told.</summary>
    public void Finish(List<Effect> effects)
    {
        if (!_isOpen)
            return;
        _isOpen = false;
        effects.Add(new ReceiveStreamDataEffect(
            new ConnectionHandle(_gathered.Connection),
            new StreamId(_gathered.StreamId),
            _gathered.Offset,
            Bytes.Wrap(_memory[_start.._used]),
            _gathered.Fin != 0,
            _gathered.FinalSize.HasValue != 0 ? _gathered.FinalSize.Value : null));
    }

    private bool IsRest(in CoquicReceiveStreamDataEffect told) =>
        told.Connection == _gathered.Connection
        && told.StreamId == _gathered.StreamId
        && told.Offset == _gathered.Offset + (ulong)(_used - _start)
        && _gathered.Fin == 0;

    private void Open(in CoquicReceiveStreamDataEffect told)
    {
        _gathered = told;
        _start = _used;
        _isOpen = true;
    }

    /// <summary>Data that came out of order makes more than the run has room for.</summary>
    private void Grow(int needed)
    {
        byte[] fresh = GC.AllocateUninitializedArray<byte>(Math.Max(needed, _expected));
        Use(fresh, fresh.Length);
        _isRun = false;
    }

    private void Use(Memory<byte> memory, int free)
    {
        _memory = memory;
        _used = 0;
        _free = free;
    }
}
