namespace CoQuic.Engine;

/// <summary>Sizes of UDP payloads (RFC 9000 §14).</summary>
internal static class DatagramSizes
{
    /// <summary>
    /// The smallest allowed maximum datagram size: every path carries it, datagrams with Initial packets are expanded to it, and an
    /// Initial in a smaller one is dropped by servers (RFC 9000 §14.1).
    /// </summary>
    public const int Smallest = 1200;
}
