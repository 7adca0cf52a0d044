using System;

namespace CoQuic.Engine;

/// <content>What the application wants. Each answers with the reason for refusing, or with none.</content>
internal sealed partial class Connection
{
    /// <summary>Writes to a stream; the bytes are held until they are acknowledged.</summary>
    public LocalErrorCode? SendStreamData(in SendStreamData input) =>
        IsAlive ? _streams.Send(input.StreamId, input.Bytes, input.Fin, input.Priority) : null;

    /// <summary>Writes a copy of bytes to a stream.</summary>
    public LocalErrorCode? SendStreamData(StreamId streamId, ReadOnlySpan<byte> bytes, bool fin, int priority) =>
        IsAlive ? _streams.SendCopy(streamId, bytes, fin, priority) : null;

    /// <summary>The application has used received bytes: the peer gets credit for as many.</summary>
    public LocalErrorCode? ConsumeStreamData(StreamId streamId, ulong bytes) =>
        IsAlive ? _streams.Consume(streamId, bytes) : null;

    /// <summary>Abandons the sending part of a stream.</summary>
    public LocalErrorCode? ResetStream(StreamId streamId, ulong errorCode) =>
        IsAlive ? _streams.Reset(streamId, errorCode) : null;

    /// <summary>Asks the peer to stop sending on a stream.</summary>
    public LocalErrorCode? StopSending(StreamId streamId, ulong errorCode) =>
        IsAlive ? _streams.StopSending(streamId, errorCode) : null;

    /// <summary>Asks for new packet protection keys (RFC 9001 §6): they come with the next packet for which the rules allow it.</summary>
    public void RequestKeyUpdate() => _keys.RequestUpdate();

    /// <summary>Queues a DATAGRAM; its bytes are held until it is sent.</summary>
    public LocalErrorCode? SendDatagram(in SendDatagramData input)
    {
        if (!IsAlive)
            return null;
        if (_datagramLimits.CheckSent(input.Bytes.Length, RoomInPacket) is { } refusal)
            return refusal;
        _qlog?.OnDatagram(isSent: true, input.Bytes.Length);
        _datagrams.Add(input.Bytes, input.Priority);
        return null;
    }

    /// <summary>Ends the connection with the application protocol's error code (RFC 9000 §10.2).</summary>
    public void CloseByApplication(ulong errorCode, string reason)
    {
        if (IsAlive)
            BeginClose(new CloseReason(CloseOrigin.Local, IsApplicationError: true, errorCode, 0, reason));
    }
}
