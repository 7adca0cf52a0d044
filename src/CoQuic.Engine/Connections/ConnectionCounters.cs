using System;

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

    public ulong PacketsDropped { get; set; }

    public ulong PtoCount { get; set; }

    /// <summary>How received packets were marked.</summary>
    public EcnCounts ReceivedEcn { get; set; }

    public TimeSpan? HandshakeDuration { get; set; }

    public TimeSpan? ConfirmationDuration { get; set; }

    public ConnectionStatistics Snapshot(LossDetector loss, StreamSet streams, DatagramQueue datagrams, PathSet paths) => new()
    {
        LatestRtt = loss.Path.Rtt.LatestRtt,
        MinRtt = loss.Path.Rtt.MinRtt,
        SmoothedRtt = loss.Path.Rtt.SmoothedRtt,
        RttVar = loss.Path.Rtt.RttVar,
        CongestionWindow = loss.Path.Congestion.CongestionWindow,
        SlowStartThreshold = loss.Path.Congestion.SlowStartThreshold is var threshold && threshold < ulong.MaxValue ? threshold : null,
        IsInSlowStart = loss.Path.Congestion.IsInSlowStart,
        BytesInFlight = loss.Path.BytesInFlight,
        BytesSent = BytesSent,
        BytesReceived = BytesReceived,
        DatagramsSent = DatagramsSent,
        DatagramsReceived = DatagramsReceived,
        PacketsSent = PacketsSent,
        PacketsReceived = PacketsReceived,
        PacketsLost = loss.PacketsLost,
        PacketsSpuriouslyLost = loss.PacketsSpuriouslyLost,
        PacketsDropped = PacketsDropped,
        PersistentCongestions = loss.PersistentCongestions,
        ReceivedEct0 = ReceivedEcn.Ect0,
        ReceivedEct1 = ReceivedEcn.Ect1,
        ReceivedCe = ReceivedEcn.Ce,
        PtoCount = PtoCount,
        HandshakeDuration = HandshakeDuration,
        ConfirmationDuration = ConfirmationDuration,
        StreamBytesSent = streams.BytesSent,
        StreamBytesReceived = streams.BytesReceived,
        BufferedStreamBytes = streams.BufferedBytes,
        DroppedDatagramFrames = datagrams.Dropped,
        DatagramSize = paths.Current.MaximumDatagramSize,
        Paths = SnapshotOf(paths),
    };

    private static PathStatistics[] SnapshotOf(PathSet paths)
    {
        var statistics = new PathStatistics[paths.All.Length];
        for (int index = 0; index < statistics.Length; index++)
            statistics[index] = SnapshotOf(paths.All[index], paths.Current);
        return statistics;
    }

    private static PathStatistics SnapshotOf(Path path, Path current) => new()
    {
        Route = path.Route,
        IsCurrent = path == current,
        IsValidated = path.IsValidated,
        LatestRtt = path.Recovery.Rtt.LatestRtt,
        MinRtt = path.Recovery.Rtt.MinRtt,
        SmoothedRtt = path.Recovery.Rtt.SmoothedRtt,
        CongestionWindow = path.Recovery.Congestion.CongestionWindow,
        BytesInFlight = path.Recovery.BytesInFlight,
        DatagramSize = path.MaximumDatagramSize,
        Mtu = path.Mtu.State,
        Ecn = path.Ecn.State,
    };
}
