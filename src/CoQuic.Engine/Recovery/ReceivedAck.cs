namespace CoQuic.Engine;

/// <summary>The fields of a received ACK frame (RFC 9000 §19.3), its ranges apart.</summary>
/// <param name="LargestAcknowledged">Largest Acknowledged.</param>
/// <param name="AckDelay">ACK Delay as on the wire.</param>
/// <param name="EcnCounts">The ECN counts, when the frame has them and the path's ECN is valid (RFC 9000 §13.4.2).</param>
internal readonly record struct ReceivedAck(ulong LargestAcknowledged, ulong AckDelay, EcnCounts? EcnCounts);

/// <summary>The ranges of a received ACK frame, read one by one in descending order; the first holds Largest Acknowledged.</summary>
internal interface IAckRanges
{
    bool TryNext(out PacketNumberRange range);
}
