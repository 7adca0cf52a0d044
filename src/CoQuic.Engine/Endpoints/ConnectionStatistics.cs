using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;

namespace CoQuic.Engine;

/// <summary>A snapshot of one connection.</summary>
public sealed record ConnectionStatistics
{
    private readonly PathList _paths;

    /// <summary>The latest round-trip sample (RFC 9002 §5.1).</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public TimeSpan LatestRtt { get; init; }

    /// <summary>The smallest round-trip sample.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public TimeSpan MinRtt { get; init; }

    /// <summary>The smoothed round-trip time.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public TimeSpan SmoothedRtt { get; init; }

    /// <summary>The variation of the round-trip time.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public TimeSpan RttVar { get; init; }

    /// <summary>The congestion window, in bytes.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ulong CongestionWindow { get; init; }

    /// <summary>ssthresh (RFC 9002 §B.2), in bytes; none until congestion was met.</summary>
    public ulong? SlowStartThreshold { get; init; }

    /// <summary>Whether the controller is still searching for the window.</summary>
    public bool IsInSlowStart { get; init; }

    /// <summary>Bytes sent and neither acknowledged nor lost.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ulong BytesInFlight { get; init; }

    /// <summary>UDP payload bytes sent.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ulong BytesSent { get; init; }

    /// <summary>UDP payload bytes received, whatever became of them.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ulong BytesReceived { get; init; }

    /// <summary>Datagrams sent.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ulong DatagramsSent { get; init; }

    /// <summary>Datagrams received.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ulong DatagramsReceived { get; init; }

    /// <summary>Packets sent.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ulong PacketsSent { get; init; }

    /// <summary>Packets received and opened.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ulong PacketsReceived { get; init; }

    /// <summary>Packets declared lost.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ulong PacketsLost { get; init; }

    /// <summary>Packets among them that had arrived after all.</summary>
    public ulong PacketsSpuriouslyLost { get; init; }

    /// <summary>Packets received that were dropped: not authentic, repeated, without keys, or too late.</summary>
    public ulong PacketsDropped { get; init; }

    /// <summary>Times that everything was lost for longer than three probe timeouts (RFC 9002 §7.6).</summary>
    public ulong PersistentCongestions { get; init; }

    /// <summary>Packets received with ECT(0) (RFC 9000 §13.4).</summary>
    public ulong ReceivedEct0 { get; init; }

    /// <summary>Packets received with ECT(1).</summary>
    public ulong ReceivedEct1 { get; init; }

    /// <summary>Packets received with CE: the path to here is congested.</summary>
    public ulong ReceivedCe { get; init; }

    /// <summary>Probe timeouts.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ulong PtoCount { get; init; }

    /// <summary>How long the TLS handshake took, until it was complete (RFC 9001 §4.1.1); none before.</summary>
    public TimeSpan? HandshakeDuration { get; init; }

    /// <summary>How long it took until the handshake was confirmed (RFC 9001 §4.1.2); none before.</summary>
    public TimeSpan? ConfirmationDuration { get; init; }

    /// <summary>Bytes sent on streams, each counted once however often it was sent.</summary>
    public ulong StreamBytesSent { get; init; }

    /// <summary>Bytes received on streams, each counted once, gaps before them included.</summary>
    public ulong StreamBytesReceived { get; init; }

    /// <summary>Stream bytes written by the application and not yet acknowledged.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ulong BufferedStreamBytes { get; init; }

    /// <summary>DATAGRAM payloads of the application that were given up without being sent.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ulong DroppedDatagramFrames { get; init; }

    /// <summary>The datagram size in use, in bytes.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public int DatagramSize { get; init; }

    /// <summary>The paths that the connection knows, the oldest first: the current one, those being tried, and those left lately.</summary>
    public IReadOnlyList<PathStatistics> Paths
    {
        get => _paths.Items;
        init => _paths = new PathList(value);
    }

    /// <summary>The figures, a group a line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        ConnectionStatistics: smoothed RTT {SmoothedRtt.TotalMilliseconds} ms, least {MinRtt.TotalMilliseconds} ms
          sent {BytesSent} bytes in {DatagramsSent} datagrams, {PacketsLost} packets lost, {PtoCount} probe timeouts
          received {BytesReceived} bytes in {DatagramsReceived} datagrams
          window {CongestionWindow} bytes, {BytesInFlight} in flight, {BufferedStreamBytes} buffered
        """);

    /// <summary>Snapshots are equal when their paths are.</summary>
    private readonly struct PathList(IReadOnlyList<PathStatistics> items) : IEquatable<PathList>
    {
        public IReadOnlyList<PathStatistics> Items => items ?? [];

        public bool Equals(PathList other) => Items.SequenceEqual(other.Items);

        public override bool Equals(object? obj) => obj is PathList other && Equals(other);

        public override int GetHashCode() => Items.Count;
    }
}

/// <summary>A snapshot of one path of a connection.</summary>
public sealed record PathStatistics
{
    /// <summary>Its route; none when the host named none.</summary>
    public RouteHandle? Route { get; init; }

    /// <summary>Whether all goes here that is no probe.</summary>
    public bool IsCurrent { get; init; }

    /// <summary>Whether it is known to work, by the handshake or by validation (RFC 9000 §8.2).</summary>
    public bool IsValidated { get; init; }

    /// <summary>The latest round-trip sample; zero before the first.</summary>
    public TimeSpan LatestRtt { get; init; }

    /// <summary>The smallest round-trip sample; zero before the first.</summary>
    public TimeSpan MinRtt { get; init; }

    /// <summary>The smoothed round-trip time, a guess before the first sample.</summary>
    public TimeSpan SmoothedRtt { get; init; }

    /// <summary>The congestion window, in bytes.</summary>
    public ulong CongestionWindow { get; init; }

    /// <summary>Bytes sent here and neither acknowledged nor lost.</summary>
    public ulong BytesInFlight { get; init; }

    /// <summary>The largest datagram sent here, probes apart, in bytes.</summary>
    public int DatagramSize { get; init; }

    /// <summary>Where the search for a larger one is.</summary>
    public MtuState Mtu { get; init; }

    /// <summary>What is known of ECN here (RFC 9000 §13.4.2).</summary>
    public EcnState Ecn { get; init; }
}
