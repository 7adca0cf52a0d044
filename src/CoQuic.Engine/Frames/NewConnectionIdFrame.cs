using System;

namespace CoQuic.Engine;

/// <summary>NEW_CONNECTION_ID (RFC 9000 §19.15): another connection ID that the receiver may send to.</summary>
/// <param name="SequenceNumber">Its number among the sender's IDs.</param>
/// <param name="RetirePriorTo">IDs with lower numbers are to be retired; at most the sequence number.</param>
/// <param name="ConnectionId">1 to 20 bytes.</param>
/// <param name="StatelessResetToken">The token that goes with it.</param>
internal readonly record struct NewConnectionIdFrame(
    ulong SequenceNumber, ulong RetirePriorTo, ConnectionId ConnectionId, StatelessResetToken StatelessResetToken)
{
    public int Size => 1 + VarInt.Size(SequenceNumber) + VarInt.Size(RetirePriorTo)
        + 1 + ConnectionId.Length + StatelessResetToken.Length;

    /// <summary>Reads the fields that follow the frame type.</summary>
    public static bool TryRead(ref QuicReader reader, out NewConnectionIdFrame frame)
    {
        frame = default;
        QuicReader ahead = reader;
        if (!ahead.TryReadVarInt(out ulong sequenceNumber)
            || !ahead.TryReadVarInt(out ulong retirePriorTo)
            || !ahead.TryReadByteLengthPrefixed(out ReadOnlySpan<byte> connectionId)
            || !ahead.TryReadBytes(StatelessResetToken.Length, out ReadOnlySpan<byte> token))
        {
            return false;
        }

        if (retirePriorTo > sequenceNumber || connectionId.Length is < 1 or > ConnectionId.MaximumLength)
            return false;
        frame = new NewConnectionIdFrame(
            sequenceNumber, retirePriorTo, new ConnectionId(connectionId), new StatelessResetToken(token));
        reader = ahead;
        return true;
    }

    public void Write(ref QuicWriter writer)
    {
        writer.WriteByte((byte)FrameType.NewConnectionId);
        writer.WriteVarInt(SequenceNumber);
        writer.WriteVarInt(RetirePriorTo);
        writer.WriteByteLengthPrefixed(ConnectionId.Span);
        writer.WriteBytes(StatelessResetToken.Span);
    }
}
