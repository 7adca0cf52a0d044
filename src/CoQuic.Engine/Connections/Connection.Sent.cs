using System;

namespace CoQuic.Engine;

/// <content>
/// What packets carry: which frames are due, writing them, and telling their owners what became of them. Information is sent again,
/// never packets (RFC 9000 §13.3).
/// </content>
internal sealed partial class Connection
{
    /// <summary>The longest control frame: NEW_CONNECTION_ID with everything at its longest.</summary>
    private const int LargestControlFrame = 64;

    private bool _isPingPending;

    /// <summary>Whether there is anything to send at a level that asks for an acknowledgment.</summary>
    private bool HasEliciting(EncryptionLevel level) => level switch
    {
        EncryptionLevel.ZeroRtt => HasApplicationData,
        EncryptionLevel.OneRtt => _spaces.ApplicationData.Crypto.HasPending || HasApplicationFrames,
        EncryptionLevel.Initial or EncryptionLevel.Handshake or _ => _spaces[level].Crypto.HasPending,
    };

    private bool HasApplicationData => _datagrams.HasPending || _streams.HasPending;

    /// <summary>RFC 9000 §12.5: 0-RTT packets carry no ACK; 1-RTT packets acknowledge them.</summary>
    private bool IsAckDue(TimeUs now, EncryptionLevel level) =>
        level != EncryptionLevel.ZeroRtt && _spaces[level].Acks.IsAckDue(now);

    private bool HasApplicationFrames =>
        _isHandshakeDonePending || _isPingPending || _newTokens.HasPending || HasApplicationData
        || _localIds.TryGetPending(out _, out _) || _remoteIds.TryGetPendingRetirement(out _);

    /// <summary>Adds an ACK to a packet that is sent anyway, or for its sake (RFC 9000 §13.2.1).</summary>
    private void WriteAck(TimeUs now, EncryptionLevel level, bool isDue, ref QuicWriter writer, SentFrameList sent)
    {
        AckTracker tracker = _spaces[level].Acks;
        if (level == EncryptionLevel.ZeroRtt || !(isDue || tracker.IsAckPending))
            return;
        ulong delay = AckDelay.Encode(tracker.AckDelay(now), _config.Transport.AckDelayExponent);
        EcnCounts? counts = tracker.EcnCounts == default ? null : tracker.EcnCounts;
        var all = new OutgoingAckFrame(delay, tracker.Ranges, counts);
        if (!all.TryFit(writer.Remaining, out OutgoingAckFrame frame))
            return;
        frame.Write(ref writer);
        sent.Add(SentFrame.Ack(frame.LargestAcknowledged));
    }

    /// <summary>Fills the rest of a packet; STREAM frames come last, as the last of them may leave its length out.</summary>
    private void WriteEliciting(TimeUs now, EncryptionLevel level, ref QuicWriter writer, SentFrameList sent, bool mustElicit)
    {
        if (level != EncryptionLevel.ZeroRtt)
            WriteCrypto(level, ref writer, sent);
        bool needsPing = _isPingPending || (mustElicit && !HasEliciting(level) && !Carries(sent));
        if (needsPing && writer.Remaining > 0)
            WritePing(ref writer, sent);
        if (level is EncryptionLevel.Initial or EncryptionLevel.Handshake)
            return;
        if (level == EncryptionLevel.OneRtt)
            WriteControl(ref writer, sent);
        _datagrams.WriteFrames(RoomInPacket, ref writer, sent);
        _streams.WriteFrames(now, CurrentPath.Recovery.Rtt.SmoothedRtt, ref writer, sent);
    }

    /// <summary>Whether anything but an ACK was written.</summary>
    private static bool Carries(SentFrameList sent) => sent.Count > 0 && sent.Frames[^1].Kind != SentFrameKind.Ack;

    private void WritePing(ref QuicWriter writer, SentFrameList sent)
    {
        PingFrame.Write(ref writer);
        sent.Add(SentFrame.Ping());
        _isPingPending = false;
    }

    private void WriteCrypto(EncryptionLevel level, ref QuicWriter writer, SentFrameList sent)
    {
        SendBuffer buffer = _spaces[level].Crypto.Sending;
        while (buffer.TryGetNext(writer.Remaining, out ulong offset, out int length))
        {
            length = Math.Min(length, CryptoFrame.FittingLength(offset, writer.Remaining));
            if (length <= 0)
                return;
            CryptoFrame.WriteHeader(ref writer, offset, length);
            buffer.CopyTo(offset, writer.Free[..length]);
            writer.Advance(length);
            buffer.OnSent(offset, length, isFin: false);
            sent.Add(SentFrame.Crypto(offset, length));
        }
    }

    private void WriteControl(ref QuicWriter writer, SentFrameList sent)
    {
        if (_isHandshakeDonePending && writer.Remaining >= LargestControlFrame)
        {
            HandshakeDoneFrame.Write(ref writer);
            sent.Add(SentFrame.HandshakeDone());
            _isHandshakeDonePending = false;
        }

        WriteNewTokens(ref writer, sent);
        while (writer.Remaining >= LargestControlFrame && _localIds.TryGetPending(out ulong sequence, out ConnectionId id))
        {
            new NewConnectionIdFrame(sequence, 0, id, _setup.ResetTokens.Of(id)).Write(ref writer);
            sent.Add(SentFrame.NewConnectionId(sequence));
            _localIds.OnSent(sequence);
        }

        while (writer.Remaining >= LargestControlFrame && _remoteIds.TryGetPendingRetirement(out ulong retired))
        {
            new RetireConnectionIdFrame(retired).Write(ref writer);
            sent.Add(SentFrame.RetireConnectionId(retired));
            _remoteIds.OnRetirementSent(retired);
        }
    }

    private void OnFrameAcked(PacketNumberSpaceId space, in SentFrame frame)
    {
        switch (frame.Kind)
        {
            case SentFrameKind.Ack:
                _spaces[space].Acks.OnAckAcknowledged(frame.Value);
                break;
            case SentFrameKind.Crypto:
                _spaces[space].Crypto.Sending.OnAcked(frame.Offset, frame.Length, isFin: false);
                break;
            case SentFrameKind.RetireConnectionId:
                _remoteIds.OnRetirementAcked(frame.Sequence);
                break;
            case SentFrameKind.NewToken:
                _newTokens.OnAcked(frame.Sequence);
                break;
            case SentFrameKind.NewConnectionId or SentFrameKind.HandshakeDone or SentFrameKind.Datagram
                or SentFrameKind.PathChallenge or SentFrameKind.PathResponse or SentFrameKind.Ping:
                break;
            default:
                _streams.OnFrameAcked(frame);
                break;
        }
    }

    /// <summary>
    /// What loss detection has just declared lost goes to its owners. Of lost handshake data one packet may be repeated beyond the
    /// congestion window (RFC 9002 §7.3.2): with nothing in flight no timer of its space runs, and 1-RTT packets that fill the window
    /// may not be acknowledged before it arrives.
    /// </summary>
    private void OnPacketsLost(TimeUs now, PacketNumberSpaceId space)
    {
        _qlog?.OnPacketsLost(_loss.Lost);
        _feedback.OnLost(now);
        if (space != PacketNumberSpaceId.ApplicationData && _loss.Lost.Count > 0)
            _spaces[space].RequestProbes(1);
        for (int index = 0; index < _loss.Lost.Count; index++)
            OnFramesLost(space, _loss.Lost.FramesOf(index));
    }

    private void OnFramesLost(PacketNumberSpaceId space, ReadOnlySpan<SentFrame> frames)
    {
        foreach (ref readonly SentFrame frame in frames)
            OnFrameLost(space, frame);
    }

    private void OnFrameLost(PacketNumberSpaceId space, in SentFrame frame)
    {
        switch (frame.Kind)
        {
            case SentFrameKind.Crypto:
                _spaces[space].Crypto.Sending.OnLost(frame.Offset, frame.Length, isFin: false);
                break;
            case SentFrameKind.HandshakeDone:
                _isHandshakeDonePending = true;
                break;
            case SentFrameKind.NewConnectionId:
                _localIds.OnLost(frame.Sequence);
                break;
            case SentFrameKind.RetireConnectionId:
                _remoteIds.OnRetirementLost(frame.Sequence);
                break;
            case SentFrameKind.NewToken:
                _newTokens.OnLost(frame.Sequence);
                break;
            case SentFrameKind.Ack or SentFrameKind.Datagram or SentFrameKind.PathChallenge
                or SentFrameKind.PathResponse or SentFrameKind.Ping:
                // RFC 9000 §13.3: these are not repeated; what they said is said anew or not at all.
                break;
            default:
                _streams.OnFrameLost(frame);
                break;
        }
    }
}
