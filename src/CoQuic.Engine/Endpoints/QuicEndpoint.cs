using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// A QUIC endpoint: many connections, and no socket, clock or thread. It takes one input at one instant and answers with the effects
/// that the host has to perform. Inputs on one endpoint are serialised by the caller, with instants that never go back.
/// </summary>
/// <remarks>The parts: what every input shares is here, inputs in QuicEndpoint.Inputs, datagrams in QuicEndpoint.Receive, and
/// those of new clients in QuicEndpoint.Accept.</remarks>
public sealed partial class QuicEndpoint : IDisposable
{
    /// <summary>Connections that one call drives at most; what remains is a pending continuation.</summary>
    private const int MaximumConnectionsPerCall = 64;

    private readonly EndpointConfig _config;
    private readonly StatelessResetTokens _resetTokens;
    private readonly StatelessResetTable _resets;
    private readonly Dictionary<ConnectionHandle, Connection> _connections = [];
    private readonly DatagramRouter _router = new();
    private readonly KnownCertificates _certificates = new();
    private readonly DeadlineQueue<Connection> _deadlines = new();
    private readonly Queue<Connection> _turns = new();
    private readonly List<Connection> _touched = [];
    private readonly DatagramRuns _runs = new();
    private readonly DropCounters _drops = new();
    private readonly OrphanDatagrams _orphans;
    private readonly StateSealer? _ticketSealer;
    private readonly IReplayGuard? _replayGuard;
    private CalendarAnchor _calendar;
    private ulong _lastHandle;
    private readonly List<Effect> _effects = [];
    private bool _isDisposed;

    /// <summary>Makes an endpoint.</summary>
    /// <param name="config">Its configuration.</param>
    /// <exception cref="ArgumentException">The configuration cannot work; the message lists every fault.</exception>
    public QuicEndpoint(EndpointConfig config)
    {
        IReadOnlyList<ConfigurationFault> faults = ConfigurationCheck.Faults(config);
        if (faults.Count > 0)
            throw new ArgumentException(string.Join("; ", faults), nameof(config));
        _config = config;
        _calendar = config.Calendar;
        _resetTokens = new StatelessResetTokens(ResetKeyOf(config));
        _resets = new StatelessResetTable(_resetTokens);
        _initials = new IncomingInitials(config.Transport.GreaseQuicBit);
        _orphans = new OrphanDatagrams(config.OrphanZeroRttBuffer);
        if (config.Role == Role.Client)
            return;
        _tokens = new AddressTokens(config);
        _ticketSealer = new StateSealer(config.TicketKeys.OrDrawn(config.Entropy), config.Entropy);
        _replayGuard = config.ReplayGuard ?? ReplayGuard.ForEndpoint(config.TicketKeys, config.Calendar);
    }

    /// <summary>Whether it opens connections or accepts them.</summary>
    public Role Role => _config.Role;

    /// <summary>The connections it holds, closing and draining ones included.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>When <see cref="TimerExpired"/> is due; none when only input can bring something about.</summary>
    public TimeUs? NextWakeup => _orphans.NextExpiry is { } expiry && !(_deadlines.Earliest <= expiry) ? expiry : _deadlines.Earliest;

    /// <summary>Whether a bound cut the last call short: call <see cref="TimerExpired"/> without waiting.</summary>
    public bool HasSendContinuationPending => _turns.Count > 0;

    /// <summary>
    /// Whether streams of any connection have something to send that their own limits allow: the connection's credit or congestion control
    /// holds it back, or a bound cut the last call short. Walks all connections.
    /// </summary>
    public bool HasPendingStreamSend
    {
        get
        {
            foreach (Connection connection in _connections.Values)
            {
                if (connection.HasPendingStreamSend)
                    return true;
            }

            return false;
        }
    }

    /// <summary>Whether a connection is still held.</summary>
    /// <param name="connection">Its handle.</param>
    public bool Contains(ConnectionHandle connection) => _connections.ContainsKey(connection);

    /// <summary>What a connection has done so far; none when it is not held any more.</summary>
    /// <param name="connection">Its handle.</param>
    public ConnectionStatistics? GetStatistics(ConnectionHandle connection) =>
        _connections.TryGetValue(connection, out Connection? found) ? found.GetStatistics() : null;

    /// <summary>How many datagrams and packets were dropped for a reason.</summary>
    /// <param name="reason">The reason.</param>
    public ulong CountDropped(DropReason reason) => _drops[reason];

    /// <summary>
    /// A host that has copied whatever the last result shows says so: its memory is written again, where it would be fresh otherwise.
    /// </summary>
    /// <returns>
    /// Whether the memory of datagrams that the endpoint took over is the host's again, too. It is not while connections wait for their
    /// turn, or while the handshake may wait for an answer.
    /// </returns>
    public bool ReclaimMemory()
    {
        _runs.Reclaim();
        return _turns.Count == 0 && !_config.AsksForCertificateVerdicts && !_config.AsksForServerIdentities;
    }

    /// <summary>Forgets everything in silence: nothing is sent. Results handed out before stay valid.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        foreach (Connection connection in _connections.Values)
            connection.Dispose();
        _connections.Clear();
        _certificates.Dispose();
        _tokens?.Dispose();
        _ticketSealer?.Dispose();
    }

    private static Bytes ResetKeyOf(EndpointConfig config)
    {
        if (!config.StatelessResetKey.IsEmpty)
            return config.StatelessResetKey;
        byte[] key = new byte[ConfigurationCheck.MinimumResetKeyLength];
        config.Entropy.Fill(key);
        return Bytes.Wrap(key);
    }

    private ConnectionHandle NextHandle => new(_lastHandle + 1);

    /// <summary>Takes a connection in: from now on it has a handle, and time passes for it.</summary>
    private void Register(Connection connection)
    {
        _lastHandle = connection.Handle.Value;
        Hold(connection);
    }

    private void Hold(Connection connection)
    {
        _connections.Add(connection.Handle, connection);
        connection.IsHeld = true;
    }

    /// <summary>Puts a connection in line for a turn in this call.</summary>
    private void Queue(Connection connection)
    {
        if (_config.DefersSends && (_touched.Count == 0 || _touched[^1] != connection))
            _touched.Add(connection);
        if (connection.IsQueued)
            return;
        connection.IsQueued = true;
        _turns.Enqueue(connection);
    }

    /// <summary>Ends an input: who was touched by it tells, and sends unless that is deferred.</summary>
    private EndpointResult Finish(TimeUs now, LocalError? error = null)
    {
        if (!_config.DefersSends)
            return FinishTurns(now, error);
        foreach (Connection connection in _touched)
            connection.Report(now, _effects);
        _touched.Clear();
        return Result(now, error);
    }

    /// <summary>Gives the connections in line their turns, within the bound on the work of one call, and gathers the result.</summary>
    private EndpointResult FinishTurns(TimeUs now, LocalError? error = null)
    {
        int turns = Math.Min(_turns.Count, MaximumConnectionsPerCall);
        for (int turn = 0; turn < turns; turn++)
            TakeTurn(now, _turns.Dequeue());
        _touched.Clear();
        return Result(now, error);
    }

    private void TakeTurn(TimeUs now, Connection connection)
    {
        connection.IsQueued = false;
        if (!connection.IsHeld)
            return;
        connection.Drain(now, _runs, _effects);
        _halfOpen.Review(connection);
        if (connection.State == ConnectionState.Terminated)
            Remove(connection);
        else
            _deadlines.Set(connection, connection.NextDeadline(now));
        if (connection.IsSendContinuationPending)
            Queue(connection);
    }

    private void Remove(Connection connection)
    {
        _deadlines.Set(connection, null);
        _connections.Remove(connection.Handle);
        connection.IsHeld = false;
        connection.Dispose();
    }

    private EndpointResult Result(TimeUs now, LocalError? error)
    {
        Effect[] effects = _effects.Count == 0 ? [] : _effects.ToArray();
        _effects.Clear();
        bool isPending = HasSendContinuationPending;
        // Who defers hears by the flag alone that more is to be done, so that timers are not moved to and fro between inputs.
        TimeUs? wakeup = isPending && !_config.DefersSends ? now : NextWakeup;
        return new EndpointResult(effects, wakeup, error, isPending);
    }
}
