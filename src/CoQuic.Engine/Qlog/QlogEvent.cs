using System;

namespace CoQuic.Engine;

/// <summary>One event of a connection, as the qlog draft for QUIC defines it. Each case names its event.</summary>
public abstract record QlogEvent
{
    private protected QlogEvent()
    {
    }
}

/// <summary>connection_started.</summary>
/// <param name="Role">Our role.</param>
/// <param name="OriginalDestinationId">The destination of the client's first Initial: it names the trace's file.</param>
/// <param name="LocalId">Our connection ID.</param>
/// <param name="RemoteId">The peer's, as far as it is known.</param>
public sealed record QlogConnectionStarted(
    Role Role, ConnectionId OriginalDestinationId, ConnectionId LocalId, ConnectionId RemoteId) : QlogEvent;

/// <summary>connection_closed.</summary>
/// <param name="Reason">How it ended.</param>
public sealed record QlogConnectionClosed(CloseReason Reason) : QlogEvent;

/// <summary>connection_id_updated.</summary>
/// <param name="IsLocal">Whether we changed our own ID, or send to another of the peer's.</param>
/// <param name="Old">The ID until now.</param>
/// <param name="New">The ID from now on.</param>
public sealed record QlogConnectionIdUpdated(bool IsLocal, ConnectionId Old, ConnectionId New) : QlogEvent;

/// <summary>The states of a connection in qlog.</summary>
public enum QlogConnectionState : byte
{
    /// <summary>attempted.</summary>
    Attempted,

    /// <summary>handshake_complete.</summary>
    HandshakeComplete,

    /// <summary>handshake_confirmed.</summary>
    HandshakeConfirmed,

    /// <summary>closing.</summary>
    Closing,

    /// <summary>draining.</summary>
    Draining,

    /// <summary>closed.</summary>
    Closed,
}

/// <summary>connection_state_updated.</summary>
/// <param name="Old">The state until now.</param>
/// <param name="New">The state from now on.</param>
public sealed record QlogConnectionStateUpdated(QlogConnectionState? Old, QlogConnectionState New) : QlogEvent;

/// <summary>tuple_assigned: the path that packets take from now on.</summary>
/// <param name="TupleId">Our name for it, the route's; none for the first.</param>
public sealed record QlogTupleAssigned(RouteHandle? TupleId) : QlogEvent;

/// <summary>migration_state_updated: to complete when the new path is validated, to started otherwise.</summary>
/// <param name="TupleId">The route that the connection moves to.</param>
/// <param name="IsComplete">Whether it has moved.</param>
public sealed record QlogMigrationStateUpdated(RouteHandle? TupleId, bool IsComplete) : QlogEvent;

/// <summary>mtu_updated.</summary>
/// <param name="Old">The largest datagram until now, in bytes.</param>
/// <param name="New">From now on.</param>
public sealed record QlogMtuUpdated(int Old, int New) : QlogEvent;

/// <summary>version_information.</summary>
/// <param name="ServerVersions">The server's versions, where they are known.</param>
/// <param name="ClientVersions">The client's.</param>
/// <param name="Chosen">The version of the connection.</param>
public sealed record QlogVersionInformation(
    QlogList<QuicVersion>? ServerVersions, QlogList<QuicVersion>? ClientVersions, QuicVersion? Chosen) : QlogEvent;

/// <summary>alpn_information.</summary>
/// <param name="Offered">Our protocols, most preferred first.</param>
/// <param name="Role">Our role.</param>
/// <param name="Chosen">What the handshake settled; none before.</param>
public sealed record QlogAlpnInformation(QlogList<string> Offered, Role Role, string? Chosen) : QlogEvent;

/// <summary>parameters_set, or parameters_restored when they are remembered ones.</summary>
/// <param name="IsLocal">Whether they are ours.</param>
/// <param name="IsRestored">Whether they are remembered from an earlier connection.</param>
/// <param name="Parameters">The parameters.</param>
public sealed record QlogParametersSet(bool IsLocal, bool IsRestored, QlogParameters Parameters) : QlogEvent;

/// <summary>packet_sent.</summary>
/// <param name="Header">Its header.</param>
/// <param name="Frames">Its frames.</param>
/// <param name="Length">Its length in the datagram, in bytes.</param>
/// <param name="PayloadLength">The length of its frames, in bytes.</param>
/// <param name="IsMtuProbe">Whether it probes the path's MTU.</param>
public sealed record QlogPacketSent(
    QlogPacketHeader Header, QlogList<QlogFrame> Frames, int Length, int PayloadLength, bool IsMtuProbe) : QlogEvent;

/// <summary>packet_received.</summary>
/// <param name="Header">Its header.</param>
/// <param name="Frames">Its frames.</param>
/// <param name="Length">Its length in the datagram, in bytes.</param>
/// <param name="PayloadLength">The length of its frames, in bytes.</param>
public sealed record QlogPacketReceived(
    QlogPacketHeader Header, QlogList<QlogFrame> Frames, int Length, int PayloadLength) : QlogEvent;

/// <summary>packet_dropped.</summary>
/// <param name="Header">As much of its header as could be read.</param>
/// <param name="Length">Its length, in bytes.</param>
/// <param name="Reason">Why.</param>
public sealed record QlogPacketDropped(QlogPacketHeader Header, int Length, DropReason Reason) : QlogEvent;

/// <summary>packet_buffered: its keys are not there yet.</summary>
/// <param name="Header">As much of its header as could be read.</param>
/// <param name="Length">Its length, in bytes.</param>
public sealed record QlogPacketBuffered(QlogPacketHeader Header, int Length) : QlogEvent;

/// <summary>stream_state_updated: opened, or closed in all its parts.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="IsLocal">Whether we opened it: then the part that is told of is the sending one, otherwise the receiving one.</param>
/// <param name="IsOpen">Which of the two.</param>
public sealed record QlogStreamStateUpdated(StreamId StreamId, bool IsLocal, bool IsOpen) : QlogEvent;

/// <summary>datagram_data_moved: a payload (RFC 9221) between application and transport.</summary>
/// <param name="IsSent">Whether the application sends it.</param>
/// <param name="Length">Its length, in bytes.</param>
public sealed record QlogDatagramDataMoved(bool IsSent, int Length) : QlogEvent;

/// <summary>What a timer of <see cref="QlogTimerUpdated"/> did.</summary>
public enum QlogTimerChange : byte
{
    /// <summary>set.</summary>
    Set,

    /// <summary>expired.</summary>
    Expired,

    /// <summary>cancelled.</summary>
    Cancelled,
}

/// <summary>The timers that <see cref="QlogTimerUpdated"/> tells of.</summary>
public enum QlogTimer : byte
{
    /// <summary>ack.</summary>
    Ack,

    /// <summary>pto: the timer of loss detection, which stands for a packet's time too (RFC 9002 §A.8).</summary>
    LossDetection,
}

/// <summary>timer_updated.</summary>
/// <param name="Timer">Which.</param>
/// <param name="Change">What it did.</param>
/// <param name="Delta">In how long it is due, when it was set.</param>
public sealed record QlogTimerUpdated(QlogTimer Timer, QlogTimerChange Change, TimeSpan? Delta) : QlogEvent;

/// <summary>What brought keys or took them.</summary>
public enum QlogKeyTrigger : byte
{
    /// <summary>tls: the handshake.</summary>
    Tls,

    /// <summary>remote_update.</summary>
    RemoteUpdate,

    /// <summary>local_update.</summary>
    LocalUpdate,
}

/// <summary>key_updated.</summary>
/// <param name="Level">The packets that they protect.</param>
/// <param name="IsServers">Whether they protect what the server sends.</param>
/// <param name="KeyPhase">The number of the 1-RTT key phase, from 0.</param>
/// <param name="Trigger">What brought them.</param>
public sealed record QlogKeyUpdated(QlogPacketType Level, bool IsServers, ulong? KeyPhase, QlogKeyTrigger Trigger) : QlogEvent;

/// <summary>key_discarded.</summary>
/// <param name="Level">The packets that they protected.</param>
/// <param name="IsServers">Whether they protected what the server sent.</param>
public sealed record QlogKeyDiscarded(QlogPacketType Level, bool IsServers) : QlogEvent;

/// <summary>recovery_parameters_set.</summary>
/// <param name="MaxDatagramSize">The first datagram size, in bytes.</param>
/// <param name="InitialCongestionWindow">The first congestion window, in bytes.</param>
/// <param name="InitialRtt">The round-trip time that is assumed before any is known.</param>
public sealed record QlogRecoveryParametersSet(int MaxDatagramSize, ulong InitialCongestionWindow, TimeSpan InitialRtt) : QlogEvent;

/// <summary>recovery_metrics_updated: what has changed since the last one.</summary>
public sealed record QlogRecoveryMetricsUpdated : QlogEvent
{
    /// <summary>min_rtt.</summary>
    public TimeSpan? MinRtt { get; init; }

    /// <summary>smoothed_rtt.</summary>
    public TimeSpan? SmoothedRtt { get; init; }

    /// <summary>latest_rtt.</summary>
    public TimeSpan? LatestRtt { get; init; }

    /// <summary>rtt_variance.</summary>
    public TimeSpan? RttVariance { get; init; }

    /// <summary>pto_count.</summary>
    public int? PtoCount { get; init; }

    /// <summary>congestion_window, in bytes.</summary>
    public ulong? CongestionWindow { get; init; }

    /// <summary>bytes_in_flight.</summary>
    public ulong? BytesInFlight { get; init; }

    /// <summary>ssthresh, in bytes.</summary>
    public ulong? SlowStartThreshold { get; init; }
}

/// <summary>congestion_state_updated.</summary>
/// <param name="IsSlowStart">Whether the window is being searched for, or congestion is avoided.</param>
public sealed record QlogCongestionStateUpdated(bool IsSlowStart) : QlogEvent;

/// <summary>packet_lost.</summary>
/// <param name="Header">Type and number.</param>
/// <param name="IsMtuProbe">Whether it probed the path's MTU.</param>
public sealed record QlogPacketLost(QlogPacketHeader Header, bool IsMtuProbe) : QlogEvent;

/// <summary>ecn_state_updated.</summary>
/// <param name="Old">The state until now.</param>
/// <param name="New">The state from now on.</param>
public sealed record QlogEcnStateUpdated(EcnState? Old, EcnState New) : QlogEvent;
