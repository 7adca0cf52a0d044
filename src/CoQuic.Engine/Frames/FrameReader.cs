namespace CoQuic.Engine;

/// <summary>
/// Reads the type that begins every frame, and checks that this frame may stand in this packet (RFC 9000 §12.4).
/// </summary>
internal static class FrameReader
{
    /// <summary>Reads a frame type; what follows is for the frame's own reader.</summary>
    /// <param name="reader">The payload of a packet.</param>
    /// <param name="packetType">The packet that carries it.</param>
    /// <param name="rule">What the frame may do.</param>
    /// <param name="type">The type.</param>
    /// <returns>Null, or the error with which the connection closes.</returns>
    public static TransportError? ReadType(
        ref QuicReader reader, PacketType packetType, out FrameRule rule, out ulong type)
    {
        rule = default;
        int start = reader.Position;
        if (!reader.TryReadVarInt(out type))
            return new TransportError(TransportErrorCode.FrameEncodingError, "The packet ends within a frame type.");
        if (reader.Position - start != VarInt.Size(type))
            return new TransportError(TransportErrorCode.ProtocolViolation, type, "The frame type is not in its shortest form.");
        if (!FrameRules.TryGet(type, out rule))
            return new TransportError(TransportErrorCode.FrameEncodingError, type, "The frame type is unknown.");
        return rule.MayAppearIn(packetType)
            ? null
            : new TransportError(TransportErrorCode.ProtocolViolation, type, $"{rule.Name} may not appear in such a packet.");
    }

    /// <summary>The error for a frame whose own reader failed.</summary>
    public static TransportError Malformed(ulong type) =>
        new(TransportErrorCode.FrameEncodingError, type, "The frame is malformed.");
}
