using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace CoQuic.Engine;

/// <summary>
/// Puts the bytes of one stream (or of CRYPTO data at one level) in order: duplicates and overlaps go, each byte comes out once
/// (RFC 9000 §2.2). Bytes that arrive in order pass through as slices; those that are early are copied.
/// </summary>
/// <remarks>The caller bounds offsets, by flow control or by a CRYPTO limit, before it inserts.</remarks>
/// <param name="outOfOrder">Whether every new range is given out at once, before those below it.</param>
internal sealed class Reassembler(bool outOfOrder = false)
{
    /// <summary>
    /// The most separate ranges that are kept: RFC 9000 §21.7 asks to limit them. A 64 MiB window of full packets that loses one
    /// in fifteen has fewer.
    /// </summary>
    public const int MaximumRanges = 4096;

    /// <summary>Slices that may wait to be read, each keeping its datagram's chunk alive, before bytes are copied instead.</summary>
    public const int MaximumReadySlices = 256;

    // Slices that are ready to be read: older ones, and the newest, which may still be joined by what comes next.
    private Queue<Slice>? _older;
    private Slice _newest;
    private readonly OffsetRanges _early = new();
    private readonly ReassemblyBlocks _blocks = new();

    /// <summary>Every byte below this offset was given out or is ready (out of order: has arrived).</summary>
    public ulong ReadyEnd { get; private set; }

    /// <summary>Every byte below this offset has arrived.</summary>
    public ulong ContiguousEnd => HasStoredNext ? _early.First.End : ReadyEnd;

    /// <summary>Bytes that were given out.</summary>
    public ulong ReadBytes { get; private set; }

    /// <summary>Memory that keeps early bytes.</summary>
    public int HeldBytes => _blocks.HeldBytes;

    public bool CanRead => !_newest.IsEmpty || HasOlder || HasStoredNext;

    private bool HasOlder => _older is { Count: > 0 };

    private int ReadySlices => (_older?.Count ?? 0) + (_newest.IsEmpty ? 0 : 1);

    private bool HasStoredNext => !_early.IsEmpty && _early.First.Start <= ReadyEnd;

    /// <summary>Takes bytes that arrived.</summary>
    /// <param name="offset">Where they belong.</param>
    /// <param name="data">The bytes.</param>
    /// <param name="owned">Whether nobody changes the memory from now on, so that slices of it can be given out.</param>
    /// <param name="follows">
    /// Whether, of this memory, nothing was given out to others since the last bytes were taken: they may be moved together, to be
    /// given out as one.
    /// </param>
    /// <returns>False when there are more than <see cref="MaximumRanges"/> separate ranges: the connection must end.</returns>
    public bool Insert(ulong offset, ReadOnlyMemory<byte> data, bool owned, bool follows = false)
    {
        if (!follows)
            SealNewest();
        ulong start = Math.Max(offset, ReadyEnd);
        ulong end = offset + (ulong)data.Length;
        while (start < end && _early.TryGetGap(start, end, out OffsetRange gap))
        {
            Keep(gap, data.Slice((int)(gap.Start - offset), (int)gap.Length), owned);
            start = Math.Max(gap.End, ReadyEnd);
        }

        return _early.Count <= MaximumRanges;
    }

    /// <summary>Gives out bytes: the next ones of the stream, or (out of order) the next ones that arrived.</summary>
    public bool TryRead(out ulong offset, out Bytes data)
    {
        if (TryTakeReady(out Slice slice))
            (offset, data) = (slice.Offset, slice.Data);
        else if (HasStoredNext)
            (offset, data) = (ReadyEnd, TakeStored());
        else
            (offset, data) = (0, default);

        ReadBytes += (ulong)data.Length;
        return !data.IsEmpty;
    }

    /// <summary>Drops what waits for missing bytes; what is ready stays readable.</summary>
    public void DiscardEarly()
    {
        _early.Clear();
        _blocks.Clear();
    }

    /// <summary>Drops everything that was not read.</summary>
    public void Discard()
    {
        DiscardEarly();
        _older?.Clear();
        _newest = default;
    }

    private void Keep(OffsetRange range, ReadOnlyMemory<byte> data, bool owned)
    {
        if (outOfOrder)
        {
            MakeReady(range.Start, data, owned);
            _early.Add(range.Start, range.End);
            SkipArrived();
        }
        else if (range.Start == ReadyEnd && ReadySlices < MaximumReadySlices)
        {
            MakeReady(range.Start, data, owned);
            ReadyEnd = range.End;
            _blocks.ReleaseBelow(ReadyEnd);
        }
        else
        {
            _blocks.Write(range.Start, data.Span);
            _early.Add(range.Start, range.End);
        }
    }

    private void MakeReady(ulong offset, ReadOnlyMemory<byte> data, bool owned)
    {
        if (owned && TryJoinNewest(offset, data))
            return;
        SealNewest();
        bool keepsChunk = owned && ReadySlices < MaximumReadySlices;
        _newest = new Slice(offset, keepsChunk ? Bytes.Wrap(data) : Bytes.CopyOf(data.Span));
    }

    /// <summary>
    /// Moves bytes down to those before them: between them there are headers and tags, which are of no more use. What came in as one
    /// run of datagrams so goes on as one slice.
    /// </summary>
    private bool TryJoinNewest(ulong offset, ReadOnlyMemory<byte> data)
    {
        if (_newest.IsEmpty
            || _newest.End != offset
            || !MemoryMarshal.TryGetArray(_newest.Data.Memory, out ArraySegment<byte> before)
            || !MemoryMarshal.TryGetArray(data, out ArraySegment<byte> next)
            || before.Array != next.Array
            || before.Offset + before.Count > next.Offset)
        {
            return false;
        }

        var joined = new Memory<byte>(before.Array, before.Offset, before.Count + next.Count);
        next.AsSpan().CopyTo(joined.Span[before.Count..]);
        _newest = new Slice(_newest.Offset, Bytes.Wrap(joined));
        return true;
    }

    /// <summary>Nothing joins the newest slice any more.</summary>
    private void SealNewest()
    {
        if (_newest.IsEmpty)
            return;
        _older ??= new Queue<Slice>();
        _older.Enqueue(_newest);
        _newest = default;
    }

    private bool TryTakeReady(out Slice slice)
    {
        if (HasOlder)
        {
            slice = _older!.Dequeue();
            return true;
        }

        slice = _newest;
        _newest = default;
        return !slice.IsEmpty;
    }

    private void SkipArrived()
    {
        if (!HasStoredNext)
            return;
        ReadyEnd = _early.First.End;
        _early.Remove(_early.First.Start, ReadyEnd);
    }

    private Bytes TakeStored()
    {
        ReadOnlyMemory<byte> stored = _blocks.Read(ReadyEnd, _early.First.End);
        ulong end = ReadyEnd + (ulong)stored.Length;
        _early.Remove(_early.First.Start, end);
        ReadyEnd = end;
        _blocks.ReleaseBelow(end);
        return Bytes.Wrap(stored);
    }

    private readonly record struct Slice(ulong Offset, Bytes Data)
    {
        public bool IsEmpty => Data.IsEmpty;

        public ulong End => Offset + (ulong)Data.Length;
    }
}
