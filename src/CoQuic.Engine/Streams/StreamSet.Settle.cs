using System.Diagnostics;

namespace CoQuic.Engine;

/// <content>What became of the frames that were sent: lost information goes out again as far as it still matters (RFC 9000 §13.3).</content>
internal sealed partial class StreamSet
{
    /// <summary>A frame that this set wrote was acknowledged.</summary>
    public void OnFrameAcked(in SentFrame frame)
    {
        if (frame.Kind is not (SentFrameKind.Stream or SentFrameKind.ResetStream)
            || !_table.TryGetActive(frame.StreamId, out Stream? stream) || stream.Sending is not { } sending)
            return;
        if (frame.Kind == SentFrameKind.ResetStream)
            sending.OnResetAcked();
        else
            OnStreamAcked(stream.Id, sending, frame);
        OnChanged(stream);
    }

    /// <summary>A frame that this set wrote was lost.</summary>
    public void OnFrameLost(in SentFrame frame)
    {
        switch (frame.Kind)
        {
            case SentFrameKind.MaxData:
                _receiveLimit.OnUpdateLost(frame.Value);
                break;
            case SentFrameKind.DataBlocked:
                _sendLimit.OnBlockedLost(frame.Value);
                break;
            case SentFrameKind.MaxStreams:
                AcceptLimit(frame.StreamKind).OnUpdateLost(frame.Value);
                break;
            case SentFrameKind.StreamsBlocked:
                OpenLimit(frame.StreamKind).OnBlockedLost(frame.Value);
                break;
            default:
                OnStreamFrameLost(frame);
                break;
        }
    }

    private void OnStreamAcked(StreamId id, SendingPart sending, in SentFrame frame)
    {
        ulong before = sending.Buffer.BufferedBytes;
        bool isProgress = sending.OnAcked(frame.Offset, frame.Length, frame.HasFin);
        ulong after = sending.Buffer.BufferedBytes;
        BufferedBytes -= before - after;
        if (isProgress)
            _events.Enqueue(StreamEvent.SendProgress(id, sending.Buffer.Released, after));
    }

    private void OnStreamFrameLost(in SentFrame frame)
    {
        // A stream that is over has nothing to repeat.
        if (!_table.TryGetActive(frame.StreamId, out Stream? stream))
            return;
        switch (frame.Kind)
        {
            case SentFrameKind.Stream:
                stream.Sending?.OnLost(frame.Offset, frame.Length, frame.HasFin);
                break;
            case SentFrameKind.ResetStream:
                stream.Sending?.OnResetLost();
                break;
            case SentFrameKind.StreamDataBlocked:
                stream.Sending?.Limit.OnBlockedLost(frame.Value);
                break;
            case SentFrameKind.StopSending:
                stream.Receiving?.OnStopSendingLost();
                break;
            case SentFrameKind.MaxStreamData:
                stream.Receiving?.Limit.OnUpdateLost(frame.Value);
                break;
            default:
                Debug.Fail("a record of a frame that streams do not send");
                break;
        }

        OnChanged(stream);
    }
}
