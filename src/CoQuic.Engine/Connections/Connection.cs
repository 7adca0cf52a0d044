using System;

namespace CoQuic.Engine;

/// <summary>
/// One QUIC connection. It owns the machines that hold the rules and coordinates them: it finds the right one, calls it and acts on
/// its answer. The parts follow what can happen to it: packets (Receive, Frames), TLS (Handshake), what it sends (Transmit, Sent,
/// PathProbes, Mtu), where it is (Paths), time (Timers), versions (Versions), tokens (AddressValidation), what is resumed (Resumption),
/// its end (Close), the application (Commands, Questions), and what it tells (Events, Watch).
/// </summary>
internal sealed partial class Connection : IHasDeadline, IServerParameters, IMovingConnection, IDisposable
{
    private readonly ConnectionSetup _setup;
    private readonly EndpointConfig _config;
    private readonly Role _role;
    private readonly ConnectionKeys _keys;
    private readonly PacketNumberSpaces _spaces;
    private readonly LossDetector _loss;
    private readonly PacketWriter _packets;
    private StreamSet _streams;
    private readonly DatagramQueue _datagrams = new();
    private readonly DatagramLimits _datagramLimits;
    private readonly IdleTimer _idle;
    private readonly TlsSession _tls;
    private readonly LocalConnectionIds _localIds;
    private readonly RemoteConnectionIds _remoteIds;
    private readonly PathFactory _pathFactory;
    private readonly PathSet _paths;
    private readonly PathFeedback _feedback;
    private readonly PathMoves _moves;
    private readonly PathArrivals _arrivals;
    private readonly NegotiatedVersion _version;
    private readonly TimeUs _startedAt;
    private TransportParameters? _peerParameters;

    /// <param name="now">The instant.</param>
    /// <param name="setup">What it is made from; kept.</param>
    /// <param name="initialKeys">A server: the keys that have opened the client's first Initial. The connection owns them.</param>
    public Connection(TimeUs now, ConnectionSetup setup, InitialKeys? initialKeys = null)
    {
        _setup = setup;
        _config = setup.Config;
        _role = setup.Config.Role;
        _startedAt = now;
        _version = new NegotiatedVersion(setup.Version, _config.SupportedVersions, setup.HasNegotiatedVersion);
        _validation = new ClientAddressValidation(setup.Token, setup.RetrySourceId);
        _keys = new ConnectionKeys(initialKeys ?? InitialKeys.Derive(setup.Version, setup.InitialDestinationId, _role), _config.AeadLimits);
        TransportConfig transport = _config.Transport;
        _spaces = new PacketNumberSpaces(transport);
        _streams = new StreamSet(StreamSettings.Of(_config));
        _datagramLimits = new DatagramLimits(transport.MaxDatagramFrameSize);
        _idle = new IdleTimer(now, transport.MaxIdleTimeout);
        _localIds = new LocalConnectionIds(setup.LocalId);
        _remoteIds = new RemoteConnectionIds(
            setup.RemoteId, (ulong)transport.ActiveConnectionIdLimit, new StatelessResetWatch(setup.Resets, this));
        _pathFactory = new PathFactory(_config);
        _paths = new PathSet(
            _pathFactory.Create(setup.Route, setup.AddressIdentity, _remoteIds.Current, setup.IsAddressValidated));
        _loss = new LossDetector(_role, CurrentPath.Recovery);
        _feedback = new PathFeedback(_paths, _loss);
        _moves = new PathMoves(_config, _paths, _pathFactory, _remoteIds, _loss, this);
        _arrivals = new PathArrivals(setup, _paths, _pathFactory, _remoteIds, _moves, this);
        _gathered = new GatheredEffects(Handle);
        _inspector = _config.EnablePacketInspection ? new PacketInspector(Handle) : null;
        _qlog = _config.EnableQlog ? new ConnectionQlog(now, setup, _gathered) : null;
        _qlog?.OnRecoveryParameters(CurrentPath.Recovery, CurrentPath.MaximumDatagramSize);
        _packets = new PacketWriter(setup, _keys, _loss, _version, _validation, _qlog, _inspector);
        _earlyData = new EarlyData(setup.Resumption.Remembered);
        _tls = NewTlsSession();
        setup.Router.TryAdd(setup.LocalId, this);
        if (setup.PreferredAddressId is { } preferred && setup.Router.TryAdd(preferred, this))
            _localIds.AddPreferredAddress(preferred);
        if (_role == Role.Client)
            StartHandshake(now);
    }

    /// <summary>The connection's name at its endpoint.</summary>
    public ConnectionHandle Handle => _setup.Handle;

    /// <summary>What it was made from.</summary>
    public ConnectionSetup Setup => _setup;

    /// <summary>Where it is in its life.</summary>
    public ConnectionState State { get; private set; }

    /// <summary>Whether any packet of the peer could be opened.</summary>
    public bool HasProcessedPacket { get; private set; }

    /// <inheritdoc/>
    public int DeadlineIndex { get; set; } = -1;

    /// <summary>Whether the endpoint has it among its connections, and no other under its handle: the endpoint's own.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Whether the endpoint has it in line for another turn: the endpoint's own.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Whether a server counts it as half-open: the endpoint's own.</summary>
    public bool IsCountedHalfOpen { get; set; }

    /// <summary>Whether the last drain stopped at its bound, with more to send at once.</summary>
    public bool IsSendContinuationPending { get; private set; }

    /// <summary>Whether streams have anything to send that their own limits allow.</summary>
    public bool HasPendingStreamSend => IsAlive && _streams.HasStreamsPending;

    /// <summary>Whether it still takes part in the protocol: neither closing nor gone.</summary>
    private bool IsAlive => State < ConnectionState.Closing;

    private bool IsHandshakeConfirmed => State == ConnectionState.Confirmed;

    private Path CurrentPath => _paths.Current;

    private RecoveryContext RecoveryContext => new(
        IsHandshakeConfirmed,
        _keys.CanSend(EncryptionLevel.Handshake),
        CurrentPath.Amplification.IsAtLimit,
        _peerParameters?.MaxAckDelay ?? RecoveryContext.DefaultMaxAckDelay,
        _peerParameters?.AckDelayExponent ?? RecoveryContext.DefaultAckDelayExponent);

    private TimeSpan Pto => _loss.Pto(RecoveryContext);

    /// <summary>A snapshot of what it has done so far.</summary>
    public ConnectionStatistics GetStatistics() => _counters.Snapshot(_loss, _streams, _datagrams, _paths);

    /// <summary>Forgets all secrets, and gives its connection IDs back.</summary>
    public void Dispose()
    {
        State = ConnectionState.Terminated;
        ReleaseConnectionIds();
        _keys.Dispose();
        _tls.Dispose();
    }

    private void ReleaseConnectionIds()
    {
        for (int index = 0; index < _localIds.ActiveCount; index++)
            _setup.Router.Remove(_localIds[index], this);
        _setup.Router.Remove(_setup.InitialDestinationId, this);
        _remoteIds.Release();
    }
}
