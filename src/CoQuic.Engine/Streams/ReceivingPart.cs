using System;

namespace CoQuic.Engine;

/// <summary>
/// The receiving part of a stream: its state (RFC 9000 §3.2), its final size (RFC 9000 §4.5), the order of its bytes, and the
/// credit that we give the peer for it and, through it, for the connection.
/// </summary>
/// <param name="limit">Our limit for this stream.</param>
/// <param name="connectionLimit">Our limit for the connection, which every stream counts against.</param>
/// <param name="credit">What counts as consumption.</param>
/// <param name="outOfOrder">Whether new ranges are given out before those below them.</param>
internal sealed class ReceivingPart(
    ReceiveLimit limit,
    ReceiveLimit connectionLimit,
    ReceiveCredit credit,
    bool outOfOrder)
{
    // RFC 9000 §19.8: no byte of a stream lies beyond this offset.
    private const ulong LargestOffset = (1UL << 62) - 1;

    private readonly Reassembler _reassembler = new(outOfOrder);
    private bool _finDelivered;
    private bool _isAbandoned;

    public ReceivingState State { get; private set; }

    public ReceiveLimit Limit => limit;

    /// <summary>The stream's length, once FIN or RESET_STREAM has told it.</summary>
    public ulong? FinalSize { get; private set; }

    /// <summary>Whether it is over and the application is done with it: all bytes consumed, or reset, or abandoned.</summary>
    public bool IsFinished => State.IsTerminal() && limit.Consumed == limit.Received;

    /// <summary>Whether the application has something to read: bytes, or the end alone.</summary>
    public bool CanRead => _reassembler.CanRead || CanReadBareFin;

    /// <summary>Whether STOP_SENDING waits to be sent, for the first time or again.</summary>
    public bool IsStopSendingPending { get; private set; }

    /// <summary>The error code of STOP_SENDING: that of the first request.</summary>
    public ulong StopSendingCode { get; private set; }

    /// <summary>Whether MAX_STREAM_DATA is due; only while more data can come (RFC 9000 §3.2).</summary>
    public bool ShouldUpdateLimit => State == ReceivingState.Recv && !_isAbandoned && limit.ShouldUpdate;

    /// <summary>Memory that early bytes keep.</summary>
    public int HeldBytes => _reassembler.HeldBytes;

    private bool CanReadBareFin =>
        State == ReceivingState.DataRecvd && !_finDelivered && !_isAbandoned && _reassembler.ReadBytes == FinalSize;

    /// <summary>Takes a STREAM frame (RFC 9000 §19.8).</summary>
    public TransportError? OnStream(ulong offset, ReadOnlyMemory<byte> data, bool isFin, bool owned, bool follows = false)
    {
        if (offset > LargestOffset - (ulong)data.Length)
            return new TransportError(TransportErrorCode.FlowControlError, "a stream offset beyond 2^62 - 1");
        ulong end = offset + (ulong)data.Length;
        if (OnReceived(end, isFin) is { } error)
            return error;
        if (State is not (ReceivingState.Recv or ReceivingState.SizeKnown))
            return null;

        if (isFin)
            State = State.OnFin();
        if (_isAbandoned)
            Abandon();
        else if (!_reassembler.Insert(offset, data, owned, follows))
            return new TransportError(TransportErrorCode.InternalError, "too many gaps in the data of a stream");
        if (_reassembler.ContiguousEnd == FinalSize)
            State = State.OnAllData();
        return null;
    }

    /// <summary>Takes RESET_STREAM (RFC 9000 §19.4).</summary>
    /// <param name="finalSize">The final size that it tells.</param>
    /// <param name="isNews">Whether the application has to hear of it.</param>
    public TransportError? OnResetStream(ulong finalSize, out bool isNews)
    {
        isNews = false;
        if (OnReceived(finalSize, isFin: true) is { } error)
            return error;
        if (State is not (ReceivingState.Recv or ReceivingState.SizeKnown))
            return null;

        // What is ready to be read is still given out; what waits for missing bytes never will be.
        isNews = true;
        IsStopSendingPending = false;
        _reassembler.DiscardEarly();
        CreditRest();
        State = State.OnResetStream().OnResetRead();
        return null;
    }

    /// <summary>Gives out bytes for the application, and whether the stream ends behind them. Says so once.</summary>
    public bool TryRead(out ulong offset, out Bytes data, out bool isFin)
    {
        bool hasBytes = _reassembler.TryRead(out offset, out data);
        isFin = false;
        if (!hasBytes && !CanReadBareFin)
            return false;
        if (!hasBytes)
            offset = FinalSize.GetValueOrDefault();

        isFin = !_finDelivered && State != ReceivingState.ResetRead && offset + (ulong)data.Length == FinalSize;
        _finDelivered |= isFin;
        if (credit == ReceiveCredit.Automatic)
            Credit(Math.Min((ulong)data.Length, limit.Received - limit.Consumed));
        if (_finDelivered && _reassembler.ReadBytes == FinalSize)
            State = State.OnDataRead();
        return true;
    }

    /// <summary>The application is done with bytes that it was given.</summary>
    /// <returns>False when it was not given as many.</returns>
    public bool TryConsume(ulong bytes)
    {
        // A stream that was reset or abandoned has credited everything already.
        if (credit == ReceiveCredit.Automatic || _isAbandoned || State == ReceivingState.ResetRead)
            return true;
        if (bytes > _reassembler.ReadBytes - limit.Consumed)
            return false;
        Credit(bytes);
        return true;
    }

    /// <summary>The application will not read on (RFC 9000 §3.5). A second call changes nothing.</summary>
    public void StopSending(ulong errorCode)
    {
        if (_isAbandoned || IsFinished)
            return;
        _isAbandoned = true;
        IsStopSendingPending = State == ReceivingState.Recv;
        StopSendingCode = errorCode;
        Abandon();
    }

    public void OnStopSendingSent() => IsStopSendingPending = false;

    /// <summary>The frame was lost: send it again unless the peer has ended or reset the stream meanwhile (RFC 9000 §13.3).</summary>
    public void OnStopSendingLost() => IsStopSendingPending = State == ReceivingState.Recv;

    /// <summary>Checks offsets against limits and final size, and counts what is new (RFC 9000 §4.1, §4.5).</summary>
    private TransportError? OnReceived(ulong end, bool isFin)
    {
        if (end > FinalSize || (isFin && FinalSize is { } known && end != known) || (isFin && end < limit.Received))
            return new TransportError(TransportErrorCode.FinalSizeError, "the final size of a stream is contradicted");

        ulong fresh = end - Math.Min(end, limit.Received);
        if (!limit.TryReceive(fresh))
            return new TransportError(TransportErrorCode.FlowControlError, "more data than the stream's limit");
        if (!connectionLimit.TryReceive(fresh))
            return new TransportError(TransportErrorCode.FlowControlError, "more data than the connection's limit");
        if (isFin)
            FinalSize = end;
        return null;
    }

    /// <summary>Drops what was not read; with the final size known the part is over.</summary>
    private void Abandon()
    {
        _reassembler.Discard();
        CreditRest();
        if (FinalSize is not null)
            State = State.OnAllData().OnDataRead();
    }

    private void CreditRest() => Credit(limit.Received - limit.Consumed);

    private void Credit(ulong bytes)
    {
        limit.Consume(bytes);
        connectionLimit.Consume(bytes);
    }
}
