namespace CoQuic.Engine;

/// <summary>
/// Tells a connection's qlog events, when asked for. What happens to packets it is told; what changes slowly (states, keys, timers,
/// metrics) it looks at after each input, and tells what has changed.
/// </summary>
internal sealed class ConnectionQlog
{
    private readonly ConnectionSetup _setup;
    private readonly GatheredEffects _effects;
    private readonly QlogChanges _changes;
    private TimeUs _now;
    private bool _isOver;

    /// <summary>Begins a trace.</summary>
    /// <param name="now">When the connection began.</param>
    /// <param name="setup">What it was made from.</param>
    /// <param name="effects">Where events go.</param>
    public ConnectionQlog(TimeUs now, ConnectionSetup setup, GatheredEffects effects)
    {
        _setup = setup;
        _effects = effects;
        _now = now;
        _changes = new QlogChanges(setup.Config.Role, setup.RemoteId);
        EndpointConfig config = setup.Config;
        bool isClient = config.Role == Role.Client;
        var versions = new QlogList<QuicVersion>(config.SupportedVersions);
        Tell(new QlogConnectionStarted(config.Role, setup.OriginalDestinationId, setup.LocalId, setup.RemoteId));
        Tell(new QlogVersionInformation(isClient ? null : versions, isClient ? versions : null, setup.Version));
        Tell(new QlogAlpnInformation(new QlogList<string>(config.ApplicationProtocols), config.Role, Chosen: null));
    }

    /// <summary>The first sizes of recovery are known.</summary>
    public void OnRecoveryParameters(PathRecovery path, int datagramSize)
    {
        Tell(new QlogRecoveryParametersSet(datagramSize, path.Congestion.CongestionWindow, RttEstimator.InitialRtt));
        _changes.OnDatagramSize(datagramSize);
    }

    /// <summary>Transport parameters apply from now on.</summary>
    public void OnParameters(TransportParameters parameters, bool isLocal, bool isRestored) =>
        Tell(new QlogParametersSet(isLocal, isRestored, QlogParameters.Of(parameters)));

    /// <summary>The handshake has chosen the application protocol.</summary>
    public void OnProtocolChosen(string? protocol) => Tell(new QlogAlpnInformation(
        new QlogList<string>(_setup.Config.ApplicationProtocols), _setup.Config.Role, protocol));

    /// <summary>Something is told to the host: a change of path is for the trace as well.</summary>
    public void OnTold(Effect effect)
    {
        if (effect is not PathChangedEffect change)
            return;
        Tell(new QlogTupleAssigned(change.NewRoute));
        Tell(new QlogMigrationStateUpdated(change.NewRoute, change.IsValidated));
    }

    /// <summary>A packet was sealed.</summary>
    public void OnPacketSent(in SeenPacket packet, int length, bool isMtuProbe) => Tell(new QlogPacketSent(
        HeaderOf(packet),
        QlogFrames.Read(packet.Payload, _setup.Config.Transport.AckDelayExponent),
        length,
        packet.Payload.Length,
        isMtuProbe));

    /// <summary>A packet was opened.</summary>
    public void OnPacketReceived(TimeUs now, in SeenPacket packet, int ackDelayExponent)
    {
        _now = now;
        Tell(new QlogPacketReceived(
            HeaderOf(packet), QlogFrames.Read(packet.Payload, ackDelayExponent), packet.Header.Length, packet.Payload.Length));
    }

    /// <summary>A Retry or a Version Negotiation packet was obeyed: it has no packet number and no frames.</summary>
    public void OnUnprotectedPacketReceived(TimeUs now, in ProtectedPacket packet)
    {
        _now = now;
        Tell(new QlogPacketReceived(HeaderOf(packet), new QlogList<QlogFrame>([]), packet.Length, 0));
    }

    /// <summary>A packet was dropped.</summary>
    public void OnPacketDropped(TimeUs now, in ProtectedPacket packet, DropReason reason)
    {
        _now = now;
        Tell(new QlogPacketDropped(HeaderOf(packet), packet.Length, reason));
    }

    /// <summary>A packet waits for its keys.</summary>
    public void OnPacketBuffered(TimeUs now, in ProtectedPacket packet)
    {
        _now = now;
        Tell(new QlogPacketBuffered(HeaderOf(packet), packet.Length));
    }

    /// <summary>Packets were declared lost.</summary>
    public void OnPacketsLost(SettledPackets lost)
    {
        foreach (ref readonly SentPacket packet in lost.Packets)
        {
            var header = new QlogPacketHeader(TypeOf(PacketTypes.Of(packet.Level))) { PacketNumber = packet.PacketNumber };
            Tell(new QlogPacketLost(header, packet.IsMtuProbe));
        }
    }

    /// <summary>A timer of loss detection was due.</summary>
    public void OnTimerExpired(TimeUs now)
    {
        _now = now;
        Tell(new QlogTimerUpdated(QlogTimer.LossDetection, QlogTimerChange.Expired, null));
    }

    /// <summary>A stream was opened or is over.</summary>
    public void OnStream(in StreamEvent happened)
    {
        bool isLocal = happened.StreamId.IsInitiatedBy(_setup.Config.Role);
        if (happened.Kind is StreamEventKind.StreamOpened or StreamEventKind.StreamClosed)
            Tell(new QlogStreamStateUpdated(happened.StreamId, isLocal, happened.Kind == StreamEventKind.StreamOpened));
    }

    /// <summary>A DATAGRAM's payload came from the application, or goes to it.</summary>
    public void OnDatagram(bool isSent, int length) => Tell(new QlogDatagramDataMoved(isSent, length));

    /// <summary>Something is about to be sent or told: from now on events have this time.</summary>
    public void OnTurn(TimeUs now) => _now = now;

    /// <summary>Looks at what changes slowly; the last look is at how the connection ended.</summary>
    public void Observe(in QlogView view)
    {
        if (_isOver)
            return;
        _changes.Observe(_now, view, Tell);
        _isOver = view.CloseReason is not null;
    }

    private void Tell(QlogEvent happened)
    {
        if (!_isOver)
            _effects.Tell(new TraceEffect(_setup.Handle, new QlogRecord(_now, happened)));
    }

    private static QlogPacketHeader HeaderOf(in SeenPacket packet) => HeaderOf(packet.Header) with
    {
        PacketNumber = packet.PacketNumber,
        SpinBit = packet.IsShort ? packet.Spin : null,
        KeyPhaseBit = packet.IsShort ? packet.KeyPhase : null,
    };

    private static QlogPacketHeader HeaderOf(in ProtectedPacket packet)
    {
        bool isShort = packet.Type == PacketType.OneRtt;
        return new QlogPacketHeader(TypeOf(packet.Type))
        {
            Version = isShort ? null : packet.Version,
            DestinationConnectionId = packet.DestinationConnectionId,
            SourceConnectionId = isShort ? null : packet.SourceConnectionId,
            TokenLength = packet.Token.Length,
        };
    }

    private static QlogPacketType TypeOf(PacketType type) => type switch
    {
        PacketType.Initial => QlogPacketType.Initial,
        PacketType.ZeroRtt => QlogPacketType.ZeroRtt,
        PacketType.Handshake => QlogPacketType.Handshake,
        PacketType.Retry => QlogPacketType.Retry,
        PacketType.VersionNegotiation => QlogPacketType.VersionNegotiation,
        PacketType.OneRtt or _ => QlogPacketType.OneRtt,
    };
}
