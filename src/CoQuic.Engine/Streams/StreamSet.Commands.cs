using System;

namespace CoQuic.Engine;

/// <content>What the application wants. Each answers with the reason for refusing, or with none; a refusal changes nothing.</content>
internal sealed partial class StreamSet
{
    /// <summary>Opens the next stream of a kind. The peer hears of it with its first frame.</summary>
    public LocalErrorCode? OpenNext(StreamKind kind, out StreamId id)
    {
        ulong index = _table.OpenedCount(StreamId.Create(_settings.Role, kind, 0));
        id = StreamId.Create(_settings.Role, kind, index);
        if (!OpenLimit(kind).TryOpen(index))
            return LocalErrorCode.InvalidStreamId;
        Open(id);
        return null;
    }

    /// <summary>Writes to a stream, which opens it when it is ours and new. Without bytes and without FIN nothing happens.</summary>
    /// <param name="id">The stream.</param>
    /// <param name="bytes">What to write: memory that nobody changes until it is released.</param>
    /// <param name="isFin">Whether the stream ends with them.</param>
    /// <param name="priority">The stream's priority from now on.</param>
    public LocalErrorCode? Send(StreamId id, Bytes bytes, bool isFin, int priority) =>
        Write(id, bytes.Span, bytes, isFin, priority);

    /// <summary>As <see cref="Send"/>, but the bytes are copied.</summary>
    public LocalErrorCode? SendCopy(StreamId id, ReadOnlySpan<byte> bytes, bool isFin, int priority) =>
        Write(id, bytes, null, isFin, priority);

    /// <summary>Abandons the sending part (RFC 9000 §3.1), which opens the stream when it is ours and new.</summary>
    public LocalErrorCode? Reset(StreamId id, ulong errorCode)
    {
        if (FindToSend(id, out Stream? stream) is { } refusal)
            return refusal;
        if (stream?.Sending is not { } sending || !ResetSending(sending, errorCode))
            return LocalErrorCode.SendSideClosed;
        OnChanged(stream);
        return null;
    }

    /// <summary>Asks the peer to stop (RFC 9000 §3.5); what was not read is dropped. After the end of the data nothing is sent.</summary>
    public LocalErrorCode? StopSending(StreamId id, ulong errorCode)
    {
        if (FindToRead(id, out Stream? stream) is { } refusal)
            return refusal;
        if (stream?.Receiving is not { } receiving)
            return null;
        receiving.StopSending(errorCode);
        OnChanged(stream);
        return null;
    }

    /// <summary>Says that bytes were consumed, which gives the peer credit with <see cref="ReceiveCredit.Explicit"/>.</summary>
    public LocalErrorCode? Consume(StreamId id, ulong bytes)
    {
        if (FindToRead(id, out Stream? stream) is { } refusal)
            return refusal;
        if (stream?.Receiving is not { } receiving)
            return null;
        if (!receiving.TryConsume(bytes))
            return LocalErrorCode.FlowControlViolation;
        OnChanged(stream);
        return null;
    }

    /// <param name="id">The stream.</param>
    /// <param name="bytes">What to write.</param>
    /// <param name="kept">The same in memory that may be kept; none has it copied.</param>
    /// <param name="isFin">Whether the stream ends with it.</param>
    /// <param name="priority">The stream's priority from now on.</param>
    private LocalErrorCode? Write(StreamId id, ReadOnlySpan<byte> bytes, Bytes? kept, bool isFin, int priority)
    {
        if (bytes.IsEmpty && !isFin)
            return null;
        if (FindToSend(id, out Stream? stream) is { } refusal)
            return refusal;
        if (stream?.Sending is not { CanWrite: true } sending)
            return LocalErrorCode.SendSideClosed;
        if (kept is { } memory)
            sending.Buffer.Append(memory);
        else
            sending.Buffer.AppendCopy(bytes);
        sending.OnWritten(isFin, priority);
        BufferedBytes += (ulong)bytes.Length;
        OnChanged(stream);
        return null;
    }

    private LocalErrorCode? FindToSend(StreamId id, out Stream? stream)
    {
        stream = null;
        bool isLocal = id.IsInitiatedBy(_settings.Role);
        if (id.IsUnidirectional && !isLocal)
            return LocalErrorCode.InvalidStreamDirection;

        StreamPresence presence = _table.Find(id, out stream);
        if (presence is StreamPresence.Active or StreamPresence.Retired)
            return null;
        bool mayOpen = isLocal ? OpenLimit(id.Kind).TryOpen(id.Index) : presence == StreamPresence.Untouched;
        if (!mayOpen)
            return LocalErrorCode.InvalidStreamId;
        stream = Open(id);
        return null;
    }

    private LocalErrorCode? FindToRead(StreamId id, out Stream? stream)
    {
        stream = null;
        if (id.IsUnidirectional && id.IsInitiatedBy(_settings.Role))
            return LocalErrorCode.InvalidStreamDirection;

        StreamPresence presence = _table.Find(id, out stream);
        if (presence == StreamPresence.Unopened)
            return LocalErrorCode.InvalidStreamId;
        if (presence == StreamPresence.Untouched)
            stream = Open(id);
        return null;
    }

    private bool ResetSending(SendingPart sending, ulong errorCode)
    {
        ulong before = sending.Buffer.BufferedBytes;
        bool isReset = sending.TryReset(errorCode);
        BufferedBytes -= before - sending.Buffer.BufferedBytes;
        return isReset;
    }
}
