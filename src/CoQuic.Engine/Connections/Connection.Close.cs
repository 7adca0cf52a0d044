using System;
using System.Collections.Generic;
using System.Text;

namespace CoQuic.Engine;

/// <content>The end of a connection (RFC 9000 §10), by whichever side.</content>
internal sealed partial class Connection
{
    /// <summary>A reason that is longer is cut, so that the frame fits in every packet.</summary>
    private const int MaximumReasonLength = 256;

    private CloseReason? _closeReason;
    private ClosingPeriod? _closing;

    /// <summary>A CONNECTION_CLOSE that is sent again belongs to no connection any more: its end has been told.</summary>
    private DatagramAddressing LastAddressing => new(ConnectionHandle.None, CurrentPath.Route);

    /// <summary>We end the connection: CONNECTION_CLOSE goes out with the next drain.</summary>
    private void BeginClose(CloseReason reason)
    {
        if (_closeReason is not null)
            return;
        _closeReason = reason;
        TellClosed(reason);
    }

    /// <summary>The peer broke the protocol, or something stopped us.</summary>
    private void BeginClose(TransportError error) => BeginClose(
        new CloseReason(CloseOrigin.Local, IsApplicationError: false, (ulong)error.Code, error.FrameType, error.Reason));

    /// <summary>CONNECTION_CLOSE from the peer: from now on nothing is sent (RFC 9000 §10.2.2).</summary>
    private void OnPeerClose(TimeUs now, bool isApplicationError, ulong code, ulong frameType, string reason)
    {
        if (_closeReason is null)
        {
            _closeReason = new CloseReason(CloseOrigin.Peer, isApplicationError, code, frameType, reason);
            TellClosed(_closeReason);
        }

        State = ConnectionState.Draining;
        _closing = new ClosingPeriod(now, Pto, Bytes.Empty);
    }

    /// <summary>A stateless reset: the peer knows nothing of the connection any more (RFC 9000 §10.3.1).</summary>
    public void OnStatelessReset(TimeUs now)
    {
        if (State >= ConnectionState.Draining)
            return;
        if (_closeReason is null)
        {
            _closeReason = new CloseReason(CloseOrigin.StatelessReset, false, 0, 0, "the peer has lost the connection's state");
            TellClosed(_closeReason);
        }

        State = ConnectionState.Draining;
        _closing = new ClosingPeriod(now, Pto, Bytes.Empty);
    }

    /// <summary>The connection ends, and nobody is told but the application (RFC 9000 §10.1).</summary>
    private void EndInSilence(CloseOrigin origin, string reason)
    {
        _closeReason = new CloseReason(origin, false, 0, 0, reason);
        TellClosed(_closeReason);
        State = ConnectionState.Terminated;
    }

    /// <summary>CONNECTION_CLOSE goes out at every level that the peer may be able to read, and the closing state begins.</summary>
    private void TransmitClose(TimeUs now, CloseReason reason, DatagramRuns runs, List<Effect> effects)
    {
        TimeSpan pto = Pto;
        Span<byte> room = runs.Reserve(DatagramSizes.Smallest, effects);
        int length = CurrentPath.Amplification.IsAtLimit ? 0 : WriteCloseDatagram(room, reason);
        Bytes datagram = Bytes.CopyOf(room[..length]);
        if (length > 0)
            Commit(runs, CurrentPath, length, new DatagramAddressing(Handle, CurrentPath.Route), effects);
        State = ConnectionState.Closing;
        _closing = new ClosingPeriod(now, pto, datagram);
    }

    /// <summary>
    /// RFC 9000 §10.2.3: until the handshake is confirmed the peer may lack the newest keys, so older ones are used too. A client's
    /// datagram with an Initial is expanded, by its last packet (RFC 9000 §14.1).
    /// </summary>
    private int WriteCloseDatagram(Span<byte> room, CloseReason reason)
    {
        int sealedLength = 0;
        bool mustExpand = false;
        PacketBuilder open = default;
        EncryptionLevel? openLevel = null;
        foreach (EncryptionLevel level in SendingLevels)
        {
            int start = sealedLength + (openLevel is null ? 0 : open.Length);
            // Nobody can be sure that the server takes 0-RTT packets; an Initial is more likely to be heard.
            if (level == EncryptionLevel.ZeroRtt || !_keys.CanSend(level) || room.Length - start < SmallestUsefulRoom)
                continue;
            if (openLevel is { } previous)
                sealedLength += _packets.Seal(ref open, previous);
            open = _packets.Begin(CurrentPath, level, room[start..]);
            openLevel = level;
            CloseFrameOf(reason, level).FitInto(open.Payload.Remaining).Write(ref open.Payload);
            open.PadTo(0);
            mustExpand |= level == EncryptionLevel.Initial && _role == Role.Client;
        }

        if (openLevel is not { } last)
            return sealedLength;
        if (mustExpand)
            open.PadTo(DatagramSizes.Smallest - sealedLength);
        return sealedLength + _packets.Seal(ref open, last);
    }

    /// <summary>RFC 9000 §10.2.3: an application's close before 1-RTT must not show its code and reason to who can read Initials.</summary>
    private static ConnectionCloseFrame CloseFrameOf(CloseReason reason, EncryptionLevel level)
    {
        byte[] phrase = Encoding.UTF8.GetBytes(reason.Reason);
        Span<byte> shortened = phrase.AsSpan(0, Math.Min(phrase.Length, MaximumReasonLength));
        if (!reason.IsApplicationError)
            return ConnectionCloseFrame.Transport((TransportErrorCode)reason.Code, reason.FrameType, shortened);
        return level == EncryptionLevel.OneRtt
            ? ConnectionCloseFrame.Application(reason.Code, shortened)
            : ConnectionCloseFrame.Transport(TransportErrorCode.ApplicationError, 0, default);
    }

    /// <summary>A datagram came in after the end (RFC 9000 §10.2.1).</summary>
    private void AnswerWhileClosing(int size, DatagramRuns runs, List<Effect> effects)
    {
        if (!_closing!.TryAnswer(size, out Bytes answer))
            return;
        answer.Span.CopyTo(runs.Reserve(answer.Length, effects));
        Commit(runs, CurrentPath, answer.Length, LastAddressing, effects);
    }
}
