using System;

namespace CoQuic.Engine;

/// <summary>What of a connection changes slowly, as it is now.</summary>
internal readonly ref struct QlogView
{
    public required ConnectionState State { get; init; }

    public required CloseReason? CloseReason { get; init; }

    public required ConnectionKeys Keys { get; init; }

    public required LossDetector Loss { get; init; }

    public required ConnectionId RemoteId { get; init; }

    public required int DatagramSize { get; init; }

    public required TimeUs? AckDeadline { get; init; }

    public required EcnState Ecn { get; init; }
}

/// <summary>Compares what it sees with what it saw last, and tells the difference.</summary>
internal sealed class QlogChanges
{
    private static readonly EncryptionLevel[] Levels =
        [EncryptionLevel.Initial, EncryptionLevel.ZeroRtt, EncryptionLevel.Handshake, EncryptionLevel.OneRtt];

    private readonly Role _role;
    private readonly bool[] _canSend = new bool[Levels.Length];
    private readonly bool[] _canReceive = new bool[Levels.Length];
    private QlogConnectionState? _state;
    private ConnectionId _remoteId;
    private int _datagramSize;
    private ulong _sendingPhases;
    private ulong _receivingPhases;
    private TimeUs? _lossDeadline;
    private TimeUs? _ackDeadline;
    private bool? _isInSlowStart;
    private EcnState _ecn;
    private QlogRecoveryMetricsUpdated _metrics = new();

    public QlogChanges(Role role, ConnectionId remoteId)
    {
        _role = role;
        _remoteId = remoteId;
    }

    public void OnDatagramSize(int datagramSize) => _datagramSize = datagramSize;

    public void Observe(TimeUs now, in QlogView view, Action<QlogEvent> tell)
    {
        ObserveKeys(view.Keys, tell);
        ObserveIds(view.RemoteId, tell);
        ObserveDatagramSize(view.DatagramSize, tell);
        ObserveTimer(now, QlogTimer.LossDetection, ref _lossDeadline, view.Loss.Deadline, tell);
        ObserveTimer(now, QlogTimer.Ack, ref _ackDeadline, view.AckDeadline, tell);
        ObserveMetrics(view.Loss, tell);
        ObserveEcn(view.Ecn, tell);
        ObserveState(StateOf(view.State, view.CloseReason), tell);
        if (view.CloseReason is { } reason)
            tell(new QlogConnectionClosed(reason));
    }

    private void ObserveState(QlogConnectionState state, Action<QlogEvent> tell)
    {
        if (state == _state)
            return;
        tell(new QlogConnectionStateUpdated(_state, state));
        _state = state;
    }

    private void ObserveIds(ConnectionId remoteId, Action<QlogEvent> tell)
    {
        if (remoteId == _remoteId)
            return;
        tell(new QlogConnectionIdUpdated(IsLocal: false, _remoteId, remoteId));
        _remoteId = remoteId;
    }

    private void ObserveDatagramSize(int size, Action<QlogEvent> tell)
    {
        if (size == _datagramSize)
            return;
        tell(new QlogMtuUpdated(_datagramSize, size));
        _datagramSize = size;
    }

    private void ObserveEcn(EcnState state, Action<QlogEvent> tell)
    {
        if (state == _ecn)
            return;
        tell(new QlogEcnStateUpdated(_ecn, state));
        _ecn = state;
    }

    private void ObserveKeys(ConnectionKeys keys, Action<QlogEvent> tell)
    {
        foreach (EncryptionLevel level in Levels)
        {
            ObserveKeys(level, isServers: _role == Role.Server, keys.CanSend(level), ref _canSend[(int)level], tell);
            ObserveKeys(level, isServers: _role == Role.Client, keys.CanReceive(level), ref _canReceive[(int)level], tell);
        }

        bool hasSendingMoved = keys.KeyPhase != (_sendingPhases % 2 == 1);
        bool hasReceivingMoved = keys.ReceivingKeyPhase != (_receivingPhases % 2 == 1);
        // RFC 9001 §6.2: who answers an update changes both at once; who begins one changes what it sends first.
        QlogKeyTrigger trigger = hasSendingMoved && hasReceivingMoved ? QlogKeyTrigger.RemoteUpdate : QlogKeyTrigger.LocalUpdate;
        if (hasSendingMoved)
            tell(new QlogKeyUpdated(QlogPacketType.OneRtt, _role == Role.Server, ++_sendingPhases, trigger));
        if (hasReceivingMoved)
            tell(new QlogKeyUpdated(QlogPacketType.OneRtt, _role == Role.Client, ++_receivingPhases, trigger));
    }

    private static void ObserveKeys(EncryptionLevel level, bool isServers, bool has, ref bool had, Action<QlogEvent> tell)
    {
        if (has == had)
            return;
        had = has;
        ulong? phase = level == EncryptionLevel.OneRtt ? 0UL : null;
        QlogPacketType type = TypeOf(level);
        tell(has ? new QlogKeyUpdated(type, isServers, phase, QlogKeyTrigger.Tls) : new QlogKeyDiscarded(type, isServers));
    }

    private static void ObserveTimer(TimeUs now, QlogTimer timer, ref TimeUs? before, TimeUs? deadline, Action<QlogEvent> tell)
    {
        if (deadline == before)
            return;
        before = deadline;
        tell(deadline is { } due
            ? new QlogTimerUpdated(timer, QlogTimerChange.Set, due > now ? due - now : TimeSpan.Zero)
            : new QlogTimerUpdated(timer, QlogTimerChange.Cancelled, null));
    }

    private void ObserveMetrics(LossDetector loss, Action<QlogEvent> tell)
    {
        PathRecovery path = loss.Path;
        bool hasRtt = path.Rtt.HasSample;
        ulong threshold = path.Congestion.SlowStartThreshold;
        var current = new QlogRecoveryMetricsUpdated
        {
            MinRtt = hasRtt ? path.Rtt.MinRtt : null,
            SmoothedRtt = hasRtt ? path.Rtt.SmoothedRtt : null,
            LatestRtt = hasRtt ? path.Rtt.LatestRtt : null,
            RttVariance = hasRtt ? path.Rtt.RttVar : null,
            PtoCount = loss.PtoCount,
            CongestionWindow = path.Congestion.CongestionWindow,
            BytesInFlight = path.BytesInFlight,
            SlowStartThreshold = threshold == ulong.MaxValue ? null : threshold,
        };
        if (current != _metrics)
            tell(Difference(current, _metrics));
        _metrics = current;
        if (path.Congestion.IsInSlowStart == _isInSlowStart)
            return;
        _isInSlowStart = path.Congestion.IsInSlowStart;
        tell(new QlogCongestionStateUpdated(path.Congestion.IsInSlowStart));
    }

    private static QlogRecoveryMetricsUpdated Difference(QlogRecoveryMetricsUpdated now, QlogRecoveryMetricsUpdated before) => new()
    {
        MinRtt = now.MinRtt == before.MinRtt ? null : now.MinRtt,
        SmoothedRtt = now.SmoothedRtt == before.SmoothedRtt ? null : now.SmoothedRtt,
        LatestRtt = now.LatestRtt == before.LatestRtt ? null : now.LatestRtt,
        RttVariance = now.RttVariance == before.RttVariance ? null : now.RttVariance,
        PtoCount = now.PtoCount == before.PtoCount ? null : now.PtoCount,
        CongestionWindow = now.CongestionWindow == before.CongestionWindow ? null : now.CongestionWindow,
        BytesInFlight = now.BytesInFlight == before.BytesInFlight ? null : now.BytesInFlight,
        SlowStartThreshold = now.SlowStartThreshold == before.SlowStartThreshold ? null : now.SlowStartThreshold,
    };

    private static QlogConnectionState StateOf(ConnectionState state, CloseReason? reason) => state switch
    {
        ConnectionState.Draining => QlogConnectionState.Draining,
        ConnectionState.Terminated => QlogConnectionState.Closed,
        ConnectionState.Closing => QlogConnectionState.Closing,
        _ when reason is not null => QlogConnectionState.Closing,
        ConnectionState.Confirmed => QlogConnectionState.HandshakeConfirmed,
        ConnectionState.Complete => QlogConnectionState.HandshakeComplete,
        _ => QlogConnectionState.Attempted,
    };

    private static QlogPacketType TypeOf(EncryptionLevel level) => level switch
    {
        EncryptionLevel.Initial => QlogPacketType.Initial,
        EncryptionLevel.ZeroRtt => QlogPacketType.ZeroRtt,
        EncryptionLevel.Handshake => QlogPacketType.Handshake,
        _ => QlogPacketType.OneRtt,
    };
}
