using System;

namespace CoQuic.Engine;

/// <content>Frames that came in. Each answers with the error that closes the connection, or with none.</content>
internal sealed partial class StreamSet
{
    // The stream that was given received memory last, unless something else has been given some since.
    private Stream? _lastGiven;

    /// <summary>
    /// What comes next is in other memory, or others were given parts of the same: bytes are not moved across it
    /// (<see cref="Reassembler.Insert"/>).
    /// </summary>
    public void OnMemoryGivenToOthers() => _lastGiven = null;

    /// <summary>STREAM (RFC 9000 §19.8).</summary>
    /// <param name="id">The stream.</param>
    /// <param name="offset">Where the bytes belong.</param>
    /// <param name="data">The bytes.</param>
    /// <param name="isFin">Whether the stream ends with them.</param>
    /// <param name="owned">Whether nobody changes the memory from now on, so that slices of it may be given out.</param>
    public TransportError? OnStreamFrame(StreamId id, ulong offset, ReadOnlyMemory<byte> data, bool isFin, bool owned)
    {
        if (FindReceiving(id, out Stream? stream) is { } missing)
            return missing;
        if (stream?.Receiving is not { } receiving)
            return null;
        TransportError? error = receiving.OnStream(offset, data, isFin, owned, follows: stream == _lastGiven);
        _lastGiven = stream;
        OnChanged(stream);
        return error;
    }

    /// <summary>RESET_STREAM (RFC 9000 §19.4).</summary>
    public TransportError? OnResetStream(StreamId id, ulong errorCode, ulong finalSize)
    {
        if (FindReceiving(id, out Stream? stream) is { } missing)
            return missing;
        if (stream?.Receiving is not { } receiving)
            return null;
        TransportError? error = receiving.OnResetStream(finalSize, out bool isNews);
        if (isNews)
            _events.Enqueue(StreamEvent.PeerReset(id, errorCode, finalSize));
        OnChanged(stream);
        return error;
    }

    /// <summary>STREAM_DATA_BLOCKED (RFC 9000 §19.13): at most, it opens the stream.</summary>
    public TransportError? OnStreamDataBlocked(StreamId id) => FindReceiving(id, out _);

    /// <summary>STOP_SENDING (RFC 9000 §19.5): answered by RESET_STREAM with the same code (RFC 9000 §3.5).</summary>
    public TransportError? OnStopSending(StreamId id, ulong errorCode)
    {
        if (FindSending(id, out Stream? stream) is { } missing)
            return missing;
        if (stream?.Sending is not { } sending || !sending.State.CanSendStream())
            return null;
        ResetSending(sending, errorCode);
        _events.Enqueue(StreamEvent.PeerStopSending(id, errorCode));
        OnChanged(stream);
        return null;
    }

    /// <summary>MAX_STREAM_DATA (RFC 9000 §19.10).</summary>
    public TransportError? OnMaxStreamData(StreamId id, ulong limit)
    {
        if (FindSending(id, out Stream? stream) is { } missing)
            return missing;
        if (stream?.Sending is { } sending && sending.Limit.Raise(limit))
            OnChanged(stream);
        return null;
    }

    /// <summary>MAX_DATA (RFC 9000 §19.9).</summary>
    public void OnMaxData(ulong limit) => _sendLimit.Raise(limit);

    /// <summary>MAX_STREAMS (RFC 9000 §19.11).</summary>
    public TransportError? OnMaxStreams(StreamKind kind, ulong limit)
    {
        if (limit > StreamCounts.Maximum)
            return new TransportError(TransportErrorCode.FrameEncodingError, "MAX_STREAMS beyond 2^60");
        if (OpenLimit(kind).Raise(limit))
            _events.Enqueue(StreamEvent.StreamsAvailable(kind, limit));
        return null;
    }

    /// <summary>STREAMS_BLOCKED (RFC 9000 §19.14).</summary>
    public TransportError? OnStreamsBlocked(StreamKind kind, ulong limit)
    {
        if (limit > StreamCounts.Maximum)
            return new TransportError(TransportErrorCode.FrameEncodingError, "STREAMS_BLOCKED beyond 2^60");
        AcceptLimit(kind).OnPeerBlocked(limit);
        return null;
    }

    /// <summary>The stream whose receiving part a frame addresses; none when it is over and the frame late.</summary>
    private TransportError? FindReceiving(StreamId id, out Stream? stream)
    {
        stream = null;
        if (id.IsUnidirectional && id.IsInitiatedBy(_settings.Role))
            return new TransportError(TransportErrorCode.StreamStateError, "a frame for the receiver on a send-only stream");
        return Find(id, out stream);
    }

    /// <summary>The stream whose sending part a frame addresses; none when it is over and the frame late.</summary>
    private TransportError? FindSending(StreamId id, out Stream? stream)
    {
        stream = null;
        if (id.IsUnidirectional && !id.IsInitiatedBy(_settings.Role))
            return new TransportError(TransportErrorCode.StreamStateError, "a frame for the sender on a receive-only stream");
        return Find(id, out stream);
    }

    /// <summary>Looks a stream up and opens it when the peer may open it by mentioning it (RFC 9000 §2.1, §3.2, §4.6).</summary>
    private TransportError? Find(StreamId id, out Stream? stream)
    {
        StreamPresence presence = _table.Find(id, out stream);
        if (presence is StreamPresence.Active or StreamPresence.Retired)
            return null;
        if (presence == StreamPresence.Unopened && id.IsInitiatedBy(_settings.Role))
            return new TransportError(TransportErrorCode.StreamStateError, "a stream of ours that was not opened");
        if (presence == StreamPresence.Unopened && !AcceptLimit(id.Kind).Allows(id.Index))
            return new TransportError(TransportErrorCode.StreamLimitError, "more streams than the limit");
        stream = Open(id);
        return null;
    }
}
