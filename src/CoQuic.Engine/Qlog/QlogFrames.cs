using System;
using System.Collections.Generic;
using System.Text;

namespace CoQuic.Engine;

/// <summary>Turns the payload of a packet, sent or received, into the frames that qlog shows.</summary>
internal static class QlogFrames
{
    /// <summary>Reads all frames; what cannot be read becomes one unknown frame, and is the last.</summary>
    /// <param name="payload">The frames.</param>
    /// <param name="ackDelayExponent">The ack_delay_exponent of who wrote them (RFC 9000 §18.2).</param>
    public static QlogList<QlogFrame> Read(ReadOnlySpan<byte> payload, int ackDelayExponent)
    {
        var frames = new List<QlogFrame>();
        var reader = new QuicReader(payload);
        while (reader.Remaining > 0)
        {
            int left = reader.Remaining;
            QlogFrame? frame = reader.TryReadVarInt(out ulong type) ? ReadOne(ref reader, type, ackDelayExponent) : null;
            frames.Add(frame ?? new QlogUnknownFrame(type, left));
            if (frame is null)
                break;
        }

        return new QlogList<QlogFrame>(frames);
    }

    private static QlogFrame? ReadOne(ref QuicReader reader, ulong type, int ackDelayExponent)
    {
        if (FrameType.IsStream(type))
        {
            return StreamFrame.TryRead(ref reader, type, out StreamFrame stream)
                ? new QlogStreamFrame(stream.StreamId, stream.Offset, stream.Data.Length, stream.IsFin)
                : null;
        }

        return type switch
        {
            FrameType.Padding when PaddingFrame.TryRead(ref reader, out PaddingFrame frame) => new QlogPaddingFrame(frame.Size),
            FrameType.Ping => new QlogPingFrame(),
            FrameType.Ack or FrameType.AckEcn => ReadAck(ref reader, type, ackDelayExponent),
            FrameType.Crypto when CryptoFrame.TryRead(ref reader, out CryptoFrame frame) =>
                new QlogCryptoFrame(frame.Offset, frame.Data.Length),
            FrameType.NewToken when NewTokenFrame.TryRead(ref reader, out NewTokenFrame frame) =>
                new QlogNewTokenFrame(frame.Token.Length),
            FrameType.ConnectionCloseTransport or FrameType.ConnectionCloseApplication => ReadClose(ref reader, type),
            FrameType.HandshakeDone => new QlogHandshakeDoneFrame(),
            FrameType.Datagram or FrameType.DatagramWithLength when DatagramFrame.TryRead(ref reader, type, out DatagramFrame frame) =>
                new QlogDatagramFrame(frame.Data.Length),
            _ => ReadConnectionControl(ref reader, type) ?? ReadStreamControl(ref reader, type),
        };
    }

    private static QlogAckFrame? ReadAck(ref QuicReader reader, ulong type, int ackDelayExponent)
    {
        if (!AckFrame.TryRead(ref reader, type, out AckFrame frame))
            return null;
        var ranges = new List<QlogAckRange>(frame.RangeCount);
        AckRangeEnumerator all = frame.Ranges;
        while (all.TryNext(out PacketNumberRange range))
            ranges.Add(new QlogAckRange(range.Smallest, range.Largest));
        EcnCounts? counts = frame.EcnCounts;
        return new QlogAckFrame(
            AckDelay.Decode(frame.AckDelay, ackDelayExponent), new QlogList<QlogAckRange>(ranges), counts?.Ect0, counts?.Ect1, counts?.Ce);
    }

    private static QlogConnectionCloseFrame? ReadClose(ref QuicReader reader, ulong type) =>
        ConnectionCloseFrame.TryRead(ref reader, type, out ConnectionCloseFrame frame)
            ? new QlogConnectionCloseFrame(
                frame.IsApplication, frame.ErrorCode, frame.FrameType, Encoding.UTF8.GetString(frame.ReasonPhrase))
            : null;

    private static QlogFrame? ReadConnectionControl(ref QuicReader reader, ulong type) => type switch
    {
        FrameType.NewConnectionId when NewConnectionIdFrame.TryRead(ref reader, out NewConnectionIdFrame frame) =>
            new QlogNewConnectionIdFrame(frame.SequenceNumber, frame.RetirePriorTo, frame.ConnectionId),
        FrameType.RetireConnectionId when RetireConnectionIdFrame.TryRead(ref reader, out RetireConnectionIdFrame frame) =>
            new QlogRetireConnectionIdFrame(frame.SequenceNumber),
        FrameType.PathChallenge when PathChallengeFrame.TryRead(ref reader, out PathChallengeFrame frame) =>
            new QlogPathChallengeFrame(frame.Data),
        FrameType.PathResponse when PathResponseFrame.TryRead(ref reader, out PathResponseFrame frame) =>
            new QlogPathResponseFrame(frame.Data),
        FrameType.MaxData when MaxDataFrame.TryRead(ref reader, out MaxDataFrame frame) => new QlogMaxDataFrame(frame.MaximumData),
        FrameType.DataBlocked when DataBlockedFrame.TryRead(ref reader, out DataBlockedFrame frame) =>
            new QlogDataBlockedFrame(frame.MaximumData),
        FrameType.MaxStreamsBidirectional or FrameType.MaxStreamsUnidirectional
            when MaxStreamsFrame.TryRead(ref reader, type, out MaxStreamsFrame frame) =>
            new QlogMaxStreamsFrame(frame.Kind, frame.MaximumStreams),
        FrameType.StreamsBlockedBidirectional or FrameType.StreamsBlockedUnidirectional
            when StreamsBlockedFrame.TryRead(ref reader, type, out StreamsBlockedFrame frame) =>
            new QlogStreamsBlockedFrame(frame.Kind, frame.MaximumStreams),
        _ => null,
    };

    private static QlogFrame? ReadStreamControl(ref QuicReader reader, ulong type) => type switch
    {
        FrameType.ResetStream when ResetStreamFrame.TryRead(ref reader, out ResetStreamFrame frame) =>
            new QlogResetStreamFrame(frame.StreamId, frame.ApplicationErrorCode, frame.FinalSize),
        FrameType.StopSending when StopSendingFrame.TryRead(ref reader, out StopSendingFrame frame) =>
            new QlogStopSendingFrame(frame.StreamId, frame.ApplicationErrorCode),
        FrameType.MaxStreamData when MaxStreamDataFrame.TryRead(ref reader, out MaxStreamDataFrame frame) =>
            new QlogMaxStreamDataFrame(frame.StreamId, frame.MaximumStreamData),
        FrameType.StreamDataBlocked when StreamDataBlockedFrame.TryRead(ref reader, out StreamDataBlockedFrame frame) =>
            new QlogStreamDataBlockedFrame(frame.StreamId, frame.MaximumStreamData),
        _ => null,
    };
}
