namespace CoQuic.Engine;

/// <summary>Sizes of UDP payloads, in bytes (RFC 9000 §14).</summary>
public static class DatagramSizes
{
    /// <summary>
    /// The smallest allowed maximum datagram size: every path carries it, datagrams with Initial packets are expanded to it, and an
    /// Initial in a smaller one is dropped by servers (RFC 9000 §14.1).
    /// </summary>
    public const int Smallest = 1200;

    /// <summary>The largest that UDP has, over IPv6 (RFC 9000 §18.2).</summary>
    public const int Largest = 65527;
}
