using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>
/// The bytes of one stream (or of CRYPTO data at one level) from the moment they are written until they are acknowledged:
/// which are unsent, which were lost and go first, which are acknowledged (RFC 9000 §2.2, §13.3).
/// </summary>
/// <remarks>
/// Appended memory is kept, not copied, and nobody may change it before it is released; small pieces are copied together, so
/// that a thousand one-byte writes cost one chunk. What a packet needs is copied straight into it by <see cref="CopyTo"/>.
/// </remarks>
internal sealed class SendBuffer
{
    private readonly SendChunks _chunks = new();
    private readonly OffsetRanges _acked = new();
    private readonly OffsetRanges _lost = new();
    private FinState _fin;

    private enum FinState : byte
    {
        None,
        Pending,
        InFlight,
        Acked,
    }

    /// <summary>The offset after the last byte that was written.</summary>
    public ulong End => _chunks.End;

    /// <summary>The offset after the last byte that was ever sent.</summary>
    public ulong SentEnd { get; private set; }

    /// <summary>Every byte below this offset is acknowledged, and its memory is free again.</summary>
    public ulong Released { get; private set; }

    /// <summary>Bytes that were written and are not released.</summary>
    public ulong BufferedBytes => End - Released;

    /// <summary>Whether the end of the stream was written: <see cref="End"/> is its final size.</summary>
    public bool HasFin => _fin != FinState.None;

    /// <summary>Whether bytes or the FIN wait to be sent for the first time.</summary>
    public bool HasUnsent => SentEnd < End;

    /// <summary>Whether there is something to send that needs no flow control credit: lost bytes, or a FIN alone.</summary>
    public bool HasCreditless => !_lost.IsEmpty || (_fin == FinState.Pending && !HasUnsent);

    /// <summary>Whether all bytes and the FIN are acknowledged.</summary>
    public bool IsAllAcked => _fin == FinState.Acked && Released == End;

    /// <summary>Adds bytes at the end.</summary>
    /// <param name="bytes">Memory that nobody changes until it is released.</param>
    public void Append(Bytes bytes) => _chunks.Append(bytes.Memory);

    /// <summary>Adds a copy of bytes at the end.</summary>
    public void AppendCopy(ReadOnlySpan<byte> bytes) => _chunks.AppendCopy(bytes);

    /// <summary>Ends the stream after what was written.</summary>
    public void AppendFin()
    {
        if (_fin == FinState.None)
            _fin = FinState.Pending;
    }

    /// <summary>Finds what to send next: what was lost first, then what was never sent, then a FIN alone.</summary>
    /// <param name="maximumLength">The most bytes to send; with 0 only a FIN alone is found.</param>
    /// <param name="limit">The flow control limit: bytes that were never sent must lie below this offset.</param>
    /// <param name="offset">Where the bytes begin.</param>
    /// <param name="length">How many they are.</param>
    /// <param name="isFin">Whether the stream ends with them.</param>
    public bool TryGetNext(int maximumLength, ulong limit, out ulong offset, out int length, out bool isFin)
    {
        ulong end;
        if (!_lost.IsEmpty)
            (offset, end) = (_lost.First.Start, _lost.First.End);
        else
            (offset, end) = (SentEnd, Math.Max(SentEnd, Math.Min(End, limit)));

        length = (int)Math.Min((ulong)maximumLength, end - offset);
        isFin = HasFin && offset + (ulong)length == End;
        return length > 0 || (isFin && _fin == FinState.Pending);
    }

    /// <summary>Finds what to send next where no flow control applies: CRYPTO data (RFC 9000 §7.5).</summary>
    public bool TryGetNext(int maximumLength, out ulong offset, out int length) =>
        TryGetNext(maximumLength, ulong.MaxValue, out offset, out length, out _);

    /// <summary>Copies bytes that were written and not released.</summary>
    public void CopyTo(ulong offset, Span<byte> destination)
    {
        Debug.Assert(offset >= Released && offset + (ulong)destination.Length <= End, "only buffered bytes can be sent");
        _chunks.CopyTo(offset, destination);
    }

    public void OnSent(ulong offset, int length, bool isFin)
    {
        ulong end = offset + (ulong)length;
        Debug.Assert(offset <= SentEnd && end <= End, "bytes are sent for the first time in order");
        _lost.Remove(offset, end);
        SentEnd = Math.Max(SentEnd, end);
        if (isFin && _fin == FinState.Pending)
            _fin = FinState.InFlight;
    }

    public void OnAcked(ulong offset, int length, bool isFin)
    {
        ulong end = offset + (ulong)length;
        Debug.Assert(end <= SentEnd, "only what was sent is acknowledged");
        if (isFin)
            _fin = FinState.Acked;
        _lost.Remove(offset, end);
        if (offset > Released)
            _acked.Add(offset, end);
        else
            Release(end);
    }

    /// <summary>Marks for sending again whatever of the range was not acknowledged meanwhile in another packet.</summary>
    public void OnLost(ulong offset, int length, bool isFin)
    {
        ulong end = offset + (ulong)length;
        if (isFin && _fin == FinState.InFlight)
            _fin = FinState.Pending;
        ulong start = Math.Max(offset, Released);
        while (start < end && _acked.TryGetGap(start, end, out OffsetRange gap))
        {
            _lost.Add(gap.Start, gap.End);
            start = gap.End;
        }
    }

    /// <summary>Forgets all bytes: the stream is reset, and nothing is sent again (RFC 9000 §3.3).</summary>
    public void Discard()
    {
        _lost.Clear();
        _acked.Clear();
        Released = End;
        _chunks.ReleaseBelow(End);
    }

    private void Release(ulong end)
    {
        Released = Math.Max(Released, end);
        while (!_acked.IsEmpty && _acked.First.Start <= Released)
        {
            Released = Math.Max(Released, _acked.First.End);
            _acked.Remove(_acked.First.Start, _acked.First.End);
        }

        _chunks.ReleaseBelow(Released);
    }
}
