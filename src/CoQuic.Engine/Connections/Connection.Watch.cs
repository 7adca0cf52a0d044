using System;

namespace CoQuic.Engine;

/// <content>Who watches: qlog events and packet inspection, both made only when they are asked for.</content>
internal sealed partial class Connection
{
    private readonly ConnectionQlog? _qlog;
    private readonly PacketInspector? _inspector;

    /// <summary>Shows a packet that was opened.</summary>
    /// <param name="now">When.</param>
    /// <param name="header">Its header as it arrived.</param>
    /// <param name="opened">What was under its protection.</param>
    /// <param name="payload">Its frames.</param>
    /// <param name="wire">The packet as it arrived; only when packets are inspected.</param>
    private void WatchOpened(
        TimeUs now, in ProtectedPacket header, in OpenedPacket opened, ReadOnlySpan<byte> payload, Bytes wire)
    {
        var packet = new SeenPacket
        {
            Header = header,
            FirstByte = opened.FirstByte,
            PacketNumber = opened.PacketNumber,
            Payload = payload,
        };
        int exponent = packet.IsShort ? RecoveryContext.AckDelayExponent : RecoveryContext.DefaultAckDelayExponent;
        _qlog?.OnPacketReceived(now, packet, exponent);
        if (_inspector is not null)
            Tell(_inspector.OnPacketOpened(packet, wire));
    }

    private void Observe() => _qlog?.Observe(new QlogView
    {
        State = State,
        CloseReason = _closeReason,
        Keys = _keys,
        Loss = _loss,
        RemoteId = CurrentPath.RemoteId.Id,
        DatagramSize = CurrentPath.MaximumDatagramSize,
        AckDeadline = _spaces.AckDeadline,
        Ecn = CurrentPath.Ecn.State,
    });
}
