using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>The sending part of a stream: its state (RFC 9000 §3.1), its bytes, and what the peer lets it send.</summary>
/// <param name="limit">The peer's initial limit for this stream, in bytes.</param>
/// <param name="lowWaterMark">Buffered bytes below which the application is told that it may write more.</param>
internal sealed class SendingPart(ulong limit, ulong lowWaterMark)
{
    private ulong? _resetCode;

    public SendingState State { get; private set; }

    public SendBuffer Buffer { get; } = new();

    public SendLimit Limit { get; } = new(limit);

    /// <summary>Of the latest write; higher goes first where streams and datagrams compete.</summary>
    public int Priority { get; private set; }

    public bool IsFinished => State.IsTerminal();

    /// <summary>Whether RESET_STREAM waits to be sent, for the first time or again.</summary>
    public bool IsResetPending { get; private set; }

    /// <summary>The error code of RESET_STREAM: that of the first reset.</summary>
    public ulong ResetCode => _resetCode ?? 0;

    /// <summary>The final size that RESET_STREAM tells: what was ever sent (RFC 9000 §4.5).</summary>
    public ulong FinalSize => Buffer.SentEnd;

    /// <summary>Whether lost bytes or a FIN alone wait: they need no credit (RFC 9000 §4.1).</summary>
    public bool HasCreditless => State.CanSendStream() && Buffer.HasCreditless;

    /// <summary>Whether bytes that were never sent may be sent as far as this stream's limit goes.</summary>
    public bool CanSendFresh => State.CanSendStream() && Buffer.HasUnsent && Limit.Available > 0;

    /// <summary>How many bytes that were never sent may be sent as far as this stream's limit goes.</summary>
    public ulong FreshBytes => CanSendFresh ? Math.Min(Buffer.End - Buffer.SentEnd, Limit.Available) : 0;

    /// <summary>Whether STREAM_DATA_BLOCKED is due: once for each limit (RFC 9000 §4.1).</summary>
    public bool IsBlockedPending => State.CanSendStream() && Buffer.HasUnsent && Limit.ShouldReportBlocked;

    /// <summary>Whether the application may write: the stream was neither ended nor reset.</summary>
    public bool CanWrite => State.CanSendStream() && !Buffer.HasFin;

    /// <summary>The application has written to <see cref="Buffer"/>.</summary>
    /// <param name="fin">Whether the stream ends with that.</param>
    /// <param name="priority">The stream's priority from now on.</param>
    public void OnWritten(bool fin, int priority)
    {
        Priority = priority;
        if (fin)
            Buffer.AppendFin();
    }

    /// <summary>Abandons the stream (RFC 9000 §3.1). A second reset changes nothing.</summary>
    /// <returns>False when all data was acknowledged before.</returns>
    public bool TryReset(ulong errorCode)
    {
        if (State == SendingState.DataRecvd)
            return false;
        if (_resetCode is not null)
            return true;
        _resetCode = errorCode;
        IsResetPending = true;
        State = State.OnReset();
        Buffer.Discard();
        return true;
    }

    /// <summary>Bytes that may be sent next, within this stream's limit and the connection's.</summary>
    public bool TryGetNext(int maximumLength, ulong connectionCredit, out ulong offset, out int length, out bool isFin)
    {
        ulong credit = Math.Min(Limit.Available, connectionCredit);
        return Buffer.TryGetNext(maximumLength, Buffer.SentEnd + credit, out offset, out length, out isFin);
    }

    /// <summary>A STREAM frame was written.</summary>
    /// <returns>How many of its bytes were sent for the first time.</returns>
    public ulong OnSent(ulong offset, int length, bool isFin)
    {
        ulong before = Buffer.SentEnd;
        Buffer.OnSent(offset, length, isFin);
        ulong fresh = Buffer.SentEnd - before;
        Limit.Use(fresh);
        State = isFin ? State.OnFinSent() : State.OnStreamSent();
        return fresh;
    }

    public void OnBlockedSent()
    {
        Limit.OnBlockedSent();
        State = State.OnStreamSent();
    }

    public void OnResetSent() => IsResetPending = false;

    /// <summary>A STREAM frame was acknowledged.</summary>
    /// <returns>Whether the application should hear of it: the buffer fell below the mark, or is empty.</returns>
    public bool OnAcked(ulong offset, int length, bool isFin)
    {
        ulong before = Buffer.BufferedBytes;
        Buffer.OnAcked(offset, length, isFin);
        if (Buffer.IsAllAcked)
            State = State.OnAllAcked();

        ulong after = Buffer.BufferedBytes;
        return (before >= lowWaterMark && after < lowWaterMark) || (before > 0 && after == 0);
    }

    public void OnLost(ulong offset, int length, bool isFin)
    {
        if (State.CanSendStream())
            Buffer.OnLost(offset, length, isFin);
    }

    public void OnResetAcked()
    {
        State = State.OnResetAcked();
        IsResetPending = false;
    }

    public void OnResetLost()
    {
        Debug.Assert(_resetCode is not null, "only what was sent is lost");
        IsResetPending = State == SendingState.ResetSent;
    }
}
