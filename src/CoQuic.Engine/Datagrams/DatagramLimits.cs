namespace CoQuic.Engine;

/// <summary>
/// How large DATAGRAM frames may be in each direction: max_datagram_frame_size counts the whole frame, type and length included
/// (RFC 9221 §3).
/// </summary>
/// <param name="local">Our max_datagram_frame_size; 0 when we take none.</param>
internal sealed class DatagramLimits(ulong local)
{
    private ulong _peer;

    /// <summary>The peer's max_datagram_frame_size is known. Until then nothing may be sent.</summary>
    public void OnPeerLimit(ulong maxDatagramFrameSize) => _peer = maxDatagramFrameSize;

    /// <summary>Judges a frame that came in.</summary>
    /// <param name="frameSize">Its size in bytes, type and length included.</param>
    public TransportError? CheckReceived(int frameSize)
    {
        if (local == 0)
            return new TransportError(TransportErrorCode.ProtocolViolation, "DATAGRAM to one that takes none (RFC 9221 §3)");
        return (ulong)frameSize > local
            ? new TransportError(TransportErrorCode.ProtocolViolation, "DATAGRAM larger than max_datagram_frame_size (RFC 9221 §3)")
            : null;
    }

    /// <summary>Judges a payload that the application wants to send.</summary>
    /// <param name="dataLength">Its length in bytes.</param>
    /// <param name="roomInPacket">The bytes of frames that a 1-RTT packet has on the path.</param>
    public LocalErrorCode? CheckSent(int dataLength, int roomInPacket)
    {
        if (_peer == 0)
            return LocalErrorCode.DatagramNotSupported;
        int frameSize = DatagramFrame.SizeFor(dataLength);
        return (ulong)frameSize > _peer || frameSize > roomInPacket ? LocalErrorCode.DatagramTooLarge : null;
    }
}
