using System;

namespace CoQuic.Engine;

/// <content>What goes out in 0-RTT and 1-RTT packets.</content>
internal sealed partial class StreamSet
{
    // With less room than this a STREAM frame that would have to be cut waits for the next packet.
    private const int SmallestCut = 32;

    /// <summary>Whether a packet could carry anything now: control frames, lost bytes, or new ones that the peer's limits allow.</summary>
    public bool HasPending => HasControlPending || HasDataPending;

    /// <summary>Whether STREAM frames could be sent now.</summary>
    public bool HasDataPending => !_creditless.IsEmpty || (_sendLimit.Available > 0 && !_fresh.IsEmpty);

    /// <summary>
    /// Whether streams have anything to send that their own limits allow, though the connection's, or congestion control, may hold it back.
    /// </summary>
    public bool HasStreamsPending => !_control.IsEmpty || !_creditless.IsEmpty || !_fresh.IsEmpty;

    /// <summary>The new bytes that the stream whose turn it is could send, as far as flow control goes; 0 when something goes before them.</summary>
    public ulong FreshBytes =>
        _creditless.IsEmpty && !HasControlPending && _fresh.TryPeek(out Stream? stream) && stream.Sending is { } sending
            ? Math.Min(_sendLimit.Available, sending.FreshBytes)
            : 0;

    /// <summary>Whether frames other than STREAM are due.</summary>
    public bool HasControlPending =>
        _receiveLimit.ShouldUpdate || _acceptBidi.ShouldUpdate || _acceptUni.ShouldUpdate
        || _openBidi.ShouldReportBlocked || _openUni.ShouldReportBlocked
        || IsDataBlockedPending || !_control.IsEmpty;

    // RFC 9000 §4.1: DATA_BLOCKED is for a sender that has data and no credit.
    private bool IsDataBlockedPending => _sendLimit.ShouldReportBlocked && !_fresh.IsEmpty;

    /// <summary>Writes as many frames as are due and fit, control frames first.</summary>
    /// <param name="now">The current instant.</param>
    /// <param name="smoothedRtt">The round-trip time, zero before the first sample; windows grow by it.</param>
    /// <param name="writer">
    /// The rest of a packet's payload, to its end: the last STREAM frame leaves its Length out when it fills it.
    /// </param>
    /// <param name="sent">Takes a record of each frame.</param>
    public void WriteFrames(TimeUs now, TimeSpan smoothedRtt, ref QuicWriter writer, SentFrameList sent)
    {
        if (HasControlPending)
            WriteControlFrames(now, smoothedRtt, ref writer, sent);
        WriteStreamFrames(ref writer, sent);
    }

    private void WriteControlFrames(TimeUs now, TimeSpan smoothedRtt, ref QuicWriter writer, SentFrameList sent)
    {
        if (_receiveLimit.ShouldUpdate && HasRoom(writer, 1))
        {
            ulong limit = _receiveLimit.Update(now, smoothedRtt);
            new MaxDataFrame(limit).Write(ref writer);
            sent.Add(SentFrame.MaxData(limit));
        }

        if (IsDataBlockedPending && HasRoom(writer, 1))
        {
            new DataBlockedFrame(_sendLimit.Limit).Write(ref writer);
            sent.Add(SentFrame.DataBlocked(_sendLimit.Limit));
            _sendLimit.OnBlockedSent();
        }

        WriteStreamCounts(StreamKind.Bidirectional, ref writer, sent);
        WriteStreamCounts(StreamKind.Unidirectional, ref writer, sent);
        while (_control.TryPeek(out Stream? stream) && TryWriteControl(stream, now, smoothedRtt, ref writer, sent))
            OnChanged(stream);
    }

    private void WriteStreamCounts(StreamKind kind, ref QuicWriter writer, SentFrameList sent)
    {
        StreamAcceptLimit accept = AcceptLimit(kind);
        if (accept.ShouldUpdate && HasRoom(writer, 1))
        {
            ulong limit = accept.Update();
            new MaxStreamsFrame(kind, limit).Write(ref writer);
            sent.Add(SentFrame.MaxStreams(kind, limit));
        }

        StreamOpenLimit open = OpenLimit(kind);
        if (open.ShouldReportBlocked && HasRoom(writer, 1))
        {
            new StreamsBlockedFrame(kind, open.Limit).Write(ref writer);
            sent.Add(SentFrame.StreamsBlocked(kind, open.Limit));
            open.OnBlockedSent();
        }
    }

    /// <summary>Writes the frames that are due on one stream.</summary>
    /// <returns>False when there is no room for all of them.</returns>
    private static bool TryWriteControl(
        Stream stream, TimeUs now, TimeSpan smoothedRtt, ref QuicWriter writer, SentFrameList sent)
    {
        if (stream.Sending is { } sending && !TryWriteSendingControl(stream.Id, sending, ref writer, sent))
            return false;
        return stream.Receiving is not { } receiving
            || TryWriteReceivingControl(stream.Id, receiving, now, smoothedRtt, ref writer, sent);
    }

    private static bool TryWriteSendingControl(StreamId id, SendingPart sending, ref QuicWriter writer, SentFrameList sent)
    {
        if (!HasRoom(writer, 3))
            return false;
        if (sending.IsResetPending)
        {
            new ResetStreamFrame(id, sending.ResetCode, sending.FinalSize).Write(ref writer);
            sent.Add(SentFrame.ResetStream(id));
            sending.OnResetSent();
        }
        else if (sending.IsBlockedPending)
        {
            new StreamDataBlockedFrame(id, sending.Limit.Limit).Write(ref writer);
            sent.Add(SentFrame.StreamDataBlocked(id, sending.Limit.Limit));
            sending.OnBlockedSent();
        }

        return true;
    }

    private static bool TryWriteReceivingControl(
        StreamId id, ReceivingPart receiving, TimeUs now, TimeSpan smoothedRtt, ref QuicWriter writer, SentFrameList sent)
    {
        if (!HasRoom(writer, 2))
            return false;
        if (receiving.IsStopSendingPending)
        {
            new StopSendingFrame(id, receiving.StopSendingCode).Write(ref writer);
            sent.Add(SentFrame.StopSending(id));
            receiving.OnStopSendingSent();
        }
        else if (receiving.ShouldUpdateLimit)
        {
            ulong limit = receiving.Limit.Update(now, smoothedRtt);
            new MaxStreamDataFrame(id, limit).Write(ref writer);
            sent.Add(SentFrame.MaxStreamData(id, limit));
        }

        return true;
    }

    /// <summary>Whether a frame of a type and some variable-length integers fits, however large they are.</summary>
    private static bool HasRoom(in QuicWriter writer, int fields) => writer.Remaining >= 1 + (fields * VarInt.MaximumSize);

    private void WriteStreamFrames(ref QuicWriter writer, SentFrameList sent)
    {
        while (_creditless.TryPeek(out Stream? stream) && TryWriteStream(stream, ref writer, sent))
        {
            // Lost bytes go first; a stream leaves the queue when it has none.
        }

        while (_sendLimit.Available > 0 && _fresh.TryPeek(out Stream? stream) && TryWriteStream(stream, ref writer, sent))
        {
            if (_settings.SendFairness)
                _fresh.Rotate(stream);
        }
    }

    /// <summary>Writes the next STREAM frame of a stream (RFC 9000 §19.8), its bytes straight from the send buffer.</summary>
    /// <returns>False when there is no room for a useful one.</returns>
    private bool TryWriteStream(Stream stream, ref QuicWriter writer, SentFrameList sent)
    {
        if (stream.Sending is not { } sending
            || !sending.TryGetNext(writer.Remaining, _sendLimit.Available, out ulong offset, out int wanted, out bool isFin))
            return false;

        int header = StreamFrame.HeaderSizeWithoutLength(stream.Id, offset);
        int length = FittingLength(wanted, writer.Remaining - header, out bool hasLength);
        if (length < wanted && length < SmallestCut)
            return false;

        isFin &= length == wanted;
        if (hasLength)
            StreamFrame.WriteHeader(ref writer, stream.Id, offset, length, isFin);
        else
            StreamFrame.WriteHeaderWithoutLength(ref writer, stream.Id, offset, isFin);
        sending.Buffer.CopyTo(offset, writer.Free[..length]);
        writer.Advance(length);
        _sendLimit.Use(sending.OnSent(offset, length, isFin));
        sent.Add(SentFrame.Stream(stream.Id, offset, length, isFin));
        OnChanged(stream);
        return true;
    }

    /// <summary>How many of the wanted bytes fit, and whether the frame needs a Length: only one that fills the packet does not.</summary>
    private static int FittingLength(int wanted, int room, out bool hasLength)
    {
        hasLength = wanted < room;
        if (!hasLength)
            return room;
        return Math.Min(wanted, room - VarInt.Size((ulong)wanted));
    }
}
