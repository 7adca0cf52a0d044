using System;

namespace CoQuic.Engine;

/// <summary>
/// CONNECTION_CLOSE for a client whose connection is not made: an Initial packet with the reason (RFC 9000 §5.2.2, §8.1.2). It keeps no
/// state, and only an Initial that authenticates gets it.
/// </summary>
internal static class StatelessClose
{
    /// <summary>No answer is longer: far below what the smallest Initial allows (RFC 9000 §8.1).</summary>
    public const int MaximumLength = 128;

    private const int PacketNumberLength = 1;

    /// <summary>Writes the answer to a client's first datagram.</summary>
    /// <param name="initial">The packet that is answered.</param>
    /// <param name="code">The error code.</param>
    /// <param name="reason">A sentence for people; cut where the room ends.</param>
    /// <param name="room">Where to: <see cref="MaximumLength"/> bytes.</param>
    /// <returns>The answer's length.</returns>
    public static int Write(in IncomingInitial initial, TransportErrorCode code, ReadOnlySpan<byte> reason, Span<byte> room)
    {
        // The client's own choice of our connection ID stays: for one packet none has to be made.
        var header = new LongHeader(
            PacketType.Initial,
            initial.Packet.Version,
            initial.Packet.SourceConnectionId,
            initial.Packet.DestinationConnectionId,
            PacketNumber: 0,
            PacketNumberLength);
        PacketBuilder builder = PacketBuilder.Begin(room, header);
        ConnectionCloseFrame.Transport(code, 0, reason).FitInto(builder.Payload.Remaining).Write(ref builder.Payload);
        return builder.Seal(initial.Keys.Sending);
    }
}
