using System;

namespace CoQuic.Engine;

/// <content>Frames that came in (RFC 9000 §19): each is read, and given to the machine whose rule it is.</content>
internal sealed partial class Connection
{
    /// <summary>Processes the payload of a packet, frame by frame.</summary>
    /// <returns>The error that closes the connection, or none.</returns>
    private TransportError? ReceiveFrames(
        TimeUs now,
        EncryptionLevel level,
        ConnectionId destination,
        ReadOnlyMemory<byte> payload,
        out bool isAckEliciting,
        out bool isNonProbing)
    {
        isAckEliciting = false;
        isNonProbing = false;
        if (payload.IsEmpty)
            return new TransportError(TransportErrorCode.ProtocolViolation, "a packet without frames (RFC 9000 §12.4)");

        PacketType packetType = PacketTypes.Of(level);
        var reader = new QuicReader(payload.Span);
        while (reader.Remaining > 0 && State < ConnectionState.Closing)
        {
            if (FrameReader.ReadType(ref reader, packetType, out FrameRule rule, out ulong type) is { } misplaced)
                return misplaced;
            isAckEliciting |= rule.IsAckEliciting;
            isNonProbing |= !rule.IsProbing;
            if (ReceiveFrame(now, level, destination, type, payload, ref reader) is { } error)
                return error.InFrame(type);
        }

        return null;
    }

    private TransportError? ReceiveFrame(
        TimeUs now, EncryptionLevel level, ConnectionId destination, ulong type, ReadOnlyMemory<byte> payload, ref QuicReader reader)
    {
        if (FrameType.IsStream(type))
            return OnStreamFrame(type, payload, ref reader);
        switch (type)
        {
            case FrameType.Padding:
                PaddingFrame.TryRead(ref reader, out _);
                return null;
            case FrameType.Ping:
                return null;
            case FrameType.Ack or FrameType.AckEcn:
                return OnAckFrame(now, level, type, ref reader);
            case FrameType.Crypto:
                _streams.OnMemoryGivenToOthers();
                return CryptoFrame.TryRead(ref reader, out CryptoFrame crypto)
                    ? OnCryptoFrame(now, level, crypto.Offset, DataBefore(payload, reader, crypto.Data.Length))
                    : FrameReader.Malformed(type);
            case FrameType.ConnectionCloseTransport or FrameType.ConnectionCloseApplication:
                return OnConnectionCloseFrame(now, type, ref reader);
            case FrameType.HandshakeDone:
                return OnHandshakeDone(now);
            case FrameType.NewToken:
                return OnNewToken(type, ref reader);
            case FrameType.NewConnectionId or FrameType.RetireConnectionId:
                return OnConnectionIdFrame(type, destination, ref reader);
            case FrameType.PathChallenge or FrameType.PathResponse:
                return OnPathFrame(now, type, destination, ref reader);
            case FrameType.Datagram or FrameType.DatagramWithLength:
                return OnDatagramFrame(type, payload, ref reader);
            default:
                return OnStreamControlFrame(type, ref reader);
        }
    }

    /// <summary>The data of a frame that was just read as a slice of the packet: it ends where the reader stands.</summary>
    private static ReadOnlyMemory<byte> DataBefore(ReadOnlyMemory<byte> payload, in QuicReader reader, int length) =>
        payload.Slice(reader.Position - length, length);

    private TransportError? OnStreamFrame(ulong type, ReadOnlyMemory<byte> payload, ref QuicReader reader)
    {
        if (!StreamFrame.TryRead(ref reader, type, out StreamFrame frame))
            return FrameReader.Malformed(type);
        ReadOnlyMemory<byte> data = DataBefore(payload, reader, frame.Data.Length);
        return _streams.OnStreamFrame(frame.StreamId, frame.Offset, data, frame.IsFin, owned: true);
    }

    private TransportError? OnDatagramFrame(ulong type, ReadOnlyMemory<byte> payload, ref QuicReader reader)
    {
        int start = reader.Position - VarInt.Size(type);
        if (!DatagramFrame.TryRead(ref reader, type, out DatagramFrame frame))
            return FrameReader.Malformed(type);
        if (_datagramLimits.CheckReceived(reader.Position - start) is { } error)
            return error;
        ReadOnlyMemory<byte> data = DataBefore(payload, reader, frame.Data.Length);
        _qlog?.OnDatagram(isSent: false, data.Length);
        _streams.OnMemoryGivenToOthers();
        _gathered.OnDatagram(Bytes.Wrap(data));
        return null;
    }

    private TransportError? OnAckFrame(TimeUs now, EncryptionLevel level, ulong type, ref QuicReader reader)
    {
        if (!AckFrame.TryRead(ref reader, type, out AckFrame frame))
            return FrameReader.Malformed(type);
        PacketNumberSpaceId space = PacketNumberSpaceIds.Of(level);
        ulong? priorLargest = _loss.LargestAcknowledged(space);
        var ack = new ReceivedAck(frame.LargestAcknowledged, frame.AckDelay);
        if (_loss.OnAckReceived(now, space, ack, frame.Ranges, RecoveryContext) is { } error)
            return error;
        bool hasRisen = priorLargest is null || _loss.LargestAcknowledged(space) > priorLargest;
        _feedback.OnAcknowledged(now, space, frame.EcnCounts, hasRisen);
        for (int index = 0; index < _loss.Acknowledged.Count; index++)
        {
            foreach (ref readonly SentFrame acked in _loss.Acknowledged.FramesOf(index))
                OnFrameAcked(space, acked);
        }

        OnPacketsLost(now, space);
        return null;
    }

    private TransportError? OnConnectionCloseFrame(TimeUs now, ulong type, ref QuicReader reader)
    {
        if (!ConnectionCloseFrame.TryRead(ref reader, type, out ConnectionCloseFrame frame))
            return FrameReader.Malformed(type);
        OnPeerClose(now, frame.IsApplication, frame.ErrorCode, frame.FrameType, TextOf(frame.ReasonPhrase));
        return null;
    }

    /// <summary>RFC 9000 §19.20: only a server sends it, and for its client it confirms the handshake.</summary>
    private TransportError? OnHandshakeDone(TimeUs now)
    {
        if (_role == Role.Server)
            return new TransportError(TransportErrorCode.ProtocolViolation, "HANDSHAKE_DONE from a client");
        Confirm(now);
        return null;
    }

    private TransportError? OnConnectionIdFrame(ulong type, ConnectionId destination, ref QuicReader reader)
    {
        if (type == FrameType.NewConnectionId)
        {
            return NewConnectionIdFrame.TryRead(ref reader, out NewConnectionIdFrame issued)
                ? OnNewConnectionId(issued)
                : FrameReader.Malformed(type);
        }

        if (!RetireConnectionIdFrame.TryRead(ref reader, out RetireConnectionIdFrame frame))
            return FrameReader.Malformed(type);
        TransportError? error = _localIds.OnRetire(frame.SequenceNumber, destination, out ConnectionId? retired);
        if (retired is { } id)
        {
            _setup.Router.Remove(id, this);
            IssueConnectionIds();
        }

        return error;
    }

    /// <summary>RFC 9000 §8.2.2: every PATH_CHALLENGE is answered; a PATH_RESPONSE that nobody asked for is ignored.</summary>
    private TransportError? OnPathFrame(TimeUs now, ulong type, ConnectionId destination, ref QuicReader reader)
    {
        if (type == FrameType.PathChallenge)
        {
            if (!PathChallengeFrame.TryRead(ref reader, out PathChallengeFrame challenge))
                return FrameReader.Malformed(type);
            _arrivals.OnChallenge(now, destination, challenge.Data);
            return null;
        }

        if (!PathResponseFrame.TryRead(ref reader, out PathResponseFrame response))
            return FrameReader.Malformed(type);
        _moves.OnResponse(now, response.Data);
        return null;
    }

    private TransportError? OnStreamControlFrame(ulong type, ref QuicReader reader)
    {
        switch (type)
        {
            case FrameType.ResetStream when ResetStreamFrame.TryRead(ref reader, out ResetStreamFrame frame):
                return _streams.OnResetStream(frame.StreamId, frame.ApplicationErrorCode, frame.FinalSize);
            case FrameType.StopSending when StopSendingFrame.TryRead(ref reader, out StopSendingFrame frame):
                return _streams.OnStopSending(frame.StreamId, frame.ApplicationErrorCode);
            case FrameType.MaxData when MaxDataFrame.TryRead(ref reader, out MaxDataFrame frame):
                _streams.OnMaxData(frame.MaximumData);
                return null;
            case FrameType.MaxStreamData when MaxStreamDataFrame.TryRead(ref reader, out MaxStreamDataFrame frame):
                return _streams.OnMaxStreamData(frame.StreamId, frame.MaximumStreamData);
            case FrameType.MaxStreamsBidirectional or FrameType.MaxStreamsUnidirectional
                when MaxStreamsFrame.TryRead(ref reader, type, out MaxStreamsFrame frame):
                return _streams.OnMaxStreams(frame.Kind, frame.MaximumStreams);
            case FrameType.DataBlocked when DataBlockedFrame.TryRead(ref reader, out _):
                return null;
            case FrameType.StreamDataBlocked when StreamDataBlockedFrame.TryRead(ref reader, out StreamDataBlockedFrame frame):
                return _streams.OnStreamDataBlocked(frame.StreamId);
            case FrameType.StreamsBlockedBidirectional or FrameType.StreamsBlockedUnidirectional
                when StreamsBlockedFrame.TryRead(ref reader, type, out StreamsBlockedFrame frame):
                return _streams.OnStreamsBlocked(frame.Kind, frame.MaximumStreams);
            default:
                return FrameReader.Malformed(type);
        }
    }
}
