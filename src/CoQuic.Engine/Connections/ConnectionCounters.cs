namespace CoQuic.Engine;

/// <summary>What a connection counts for its statistics.</summary>
internal sealed class ConnectionCounters
{
    public ulong BytesSent { get; set; }

    public ulong BytesReceived { get; set; }

    public ulong DatagramsSent { get; set; }

    public ulong DatagramsReceived { get; set; }

    public ulong PacketsSent { get; set; }

    public ulong PacketsReceived { get; set; }

    public ulong PtoCount { get; set; }

    public ConnectionStatistics Snapshot(LossDetector loss, StreamSet streams, DatagramQueue datagrams, int datagramSize) => new()
    {
        LatestRtt = loss.Path.Rtt.LatestRtt,
        MinRtt = loss.Path.Rtt.MinRtt,
        SmoothedRtt = loss.Path.Rtt.SmoothedRtt,
        RttVar = loss.Path.Rtt.RttVar,
        CongestionWindow = loss.Path.Congestion.CongestionWindow,
        BytesInFlight = loss.Path.BytesInFlight,
        BytesSent = BytesSent,
        BytesReceived = BytesReceived,
        DatagramsSent = DatagramsSent,
        DatagramsReceived = DatagramsReceived,
        PacketsSent = PacketsSent,
        PacketsReceived = PacketsReceived,
        PacketsLost = loss.PacketsLost,
        PtoCount = PtoCount,
        BufferedStreamBytes = streams.BufferedBytes,
        DroppedDatagramFrames = datagrams.Dropped,
        DatagramSize = datagramSize,
    };
}
