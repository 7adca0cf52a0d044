namespace CoQuic.Engine;

/// <summary>The fields of a received ACK frame (RFC 9000 §19.3), its ranges apart.</summary>
/// <param name="LargestAcknowledged">Largest Acknowledged.</param>
/// <param name="AckDelay">ACK Delay as on the wire.</param>
internal readonly record struct ReceivedAck(ulong LargestAcknowledged, ulong AckDelay);

/// <summary>The ranges of a received ACK frame, read one by one in descending order; the first holds Largest Acknowledged.</summary>
internal interface IAckRanges
{
    bool TryNext(out PacketNumberRange range);
}
