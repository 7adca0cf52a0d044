using System;

namespace CoQuic.Engine;

/// <summary>A snapshot of one connection.</summary>
public sealed record ConnectionStatistics
{
    /// <summary>The latest round-trip sample (RFC 9002 §5.1).</summary>
    public TimeSpan LatestRtt { get; init; }

    /// <summary>The smallest round-trip sample.</summary>
    public TimeSpan MinRtt { get; init; }

    /// <summary>The smoothed round-trip time.</summary>
    public TimeSpan SmoothedRtt { get; init; }

    /// <summary>The variation of the round-trip time.</summary>
    public TimeSpan RttVar { get; init; }

    /// <summary>The congestion window, in bytes.</summary>
    public ulong CongestionWindow { get; init; }

    /// <summary>Bytes sent and neither acknowledged nor lost.</summary>
    public ulong BytesInFlight { get; init; }

    /// <summary>UDP payload bytes sent.</summary>
    public ulong BytesSent { get; init; }

    /// <summary>UDP payload bytes received, whatever became of them.</summary>
    public ulong BytesReceived { get; init; }

    /// <summary>Datagrams sent.</summary>
    public ulong DatagramsSent { get; init; }

    /// <summary>Datagrams received.</summary>
    public ulong DatagramsReceived { get; init; }

    /// <summary>Packets sent.</summary>
    public ulong PacketsSent { get; init; }

    /// <summary>Packets received and opened.</summary>
    public ulong PacketsReceived { get; init; }

    /// <summary>Packets declared lost.</summary>
    public ulong PacketsLost { get; init; }

    /// <summary>Probe timeouts.</summary>
    public ulong PtoCount { get; init; }

    /// <summary>Stream bytes written by the application and not yet acknowledged.</summary>
    public ulong BufferedStreamBytes { get; init; }

    /// <summary>DATAGRAM payloads of the application that were given up without being sent.</summary>
    public ulong DroppedDatagramFrames { get; init; }

    /// <summary>The datagram size in use, in bytes.</summary>
    public int DatagramSize { get; init; }
}
