using System;
using System.Collections.Generic;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>
/// An endpoint that behaves as the ABI promises, over one that behaves well: everything in which the two differ is in this folder. Its
/// results hold no effects but those of the ABI, in the ABI's order; <c>docs/abi.md</c> lists what is promised.
/// </summary>
/// <remarks>The parts: inputs here, what becomes of results in CoquicEndpoint.Results.</remarks>
internal sealed partial class CoquicEndpoint : IDisposable
{
    private const byte LongHeaderForm = 0x80;

    private readonly ISources _sources;
    private readonly EndpointConfig _config;
    private readonly QuicEndpoint _endpoint;
    private readonly EndingConnections _endings = new();
    private readonly ReceivedBytes _received = new();
    private readonly RememberedTokens _tokens = new();
    private readonly EarlyWrites _earlyWrites = new();
    private readonly HashSet<ConnectionHandle> _resumable = [];
    private bool _isCalendarAnchored;

    /// <param name="config">Its configuration.</param>
    /// <param name="sources">Where the calendar comes from.</param>
    public CoquicEndpoint(EndpointConfig config, ISources sources)
    {
        _sources = sources;
        _config = config;
        _endpoint = new QuicEndpoint(config);
    }

    /// <summary>Connections held, closing and draining ones included.</summary>
    public int ConnectionCount => _endpoint.ConnectionCount - _endings.HiddenCount;

    /// <summary>When the timer input is due: what the last result said.</summary>
    public TimeUs? NextWakeup { get; private set; }

    /// <summary>Whether the last call was cut short by its bound.</summary>
    public bool HasSendContinuationPending => _endpoint.HasSendContinuationPending;

    /// <summary>Whether streams of any connection have something to send that their own limits allow.</summary>
    public bool HasPendingStreamSend => _earlyWrites.HasWrites || _endpoint.HasPendingStreamSend;

    /// <summary>Opens a connection.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="input">What to open.</param>
    /// <param name="connection">The new connection; <see cref="ConnectionHandle.None"/> when the open was refused.</param>
    public EndpointResult Open(TimeUs now, OpenConnection input, out ConnectionHandle connection)
    {
        AnchorCalendar(now);
        bool isStillborn = input.InitialDestinationConnectionId is { IsEmpty: true };
        OpenConnection request = isStillborn ? input with { InitialDestinationConnectionId = null } : input;
        QuicVersion version = input.InitialVersion ?? _config.SupportedVersions[0];
        if (input.Token.IsEmpty)
            request = request with { Token = _tokens.NewestOf(input.ServerName, version) };
        EndpointResult opened = _endpoint.OpenConnection(now, request, out connection);
        if (opened.LocalError is not null)
            return Project(opened);
        _tokens.OnOpened(connection, input.ServerName, version, request.Token);
        _earlyWrites.OnOpened(connection, opened);
        return Project(isStillborn ? Abandon(now, opened, connection) : opened);
    }

    /// <summary>Takes one datagram in. Its bytes are copied.</summary>
    public EndpointResult ReceiveDatagram(
        TimeUs now, ReadOnlySpan<byte> datagram, RouteHandle? route, EcnCodepoint ecn, ReadOnlySpan<byte> identity)
    {
        AnchorCalendar(now);
        ConnectionHandle addressed = _endings.Any ? _endpoint.ConnectionOf(datagram) : ConnectionHandle.None;
        var input = new OwnedDatagram(_received.Copy(datagram), 0, route, ecn, _received.CopyIdentity(identity));
        EndpointResult received = Project(_endpoint.ReceiveOwnedDatagram(now, input), addressed);
        if (!_endings.HasAnyGone && HasShortHeader(datagram))
            received = WithoutStatelessAnswer(received);
        return _earlyWrites.Any ? Release(now, received) : received;
    }

    public EndpointResult TimerExpired(TimeUs now)
    {
        AnchorCalendar(now);
        return Project(_endpoint.TimerExpired(now));
    }

    /// <summary>A notice about a path's MTU; without a route it is about none.</summary>
    public EndpointResult UpdatePathMtu(TimeUs now, PathMtuUpdate? input) =>
        input is { } update ? Project(_endpoint.UpdatePathMtu(now, update)) : Nothing(null);

    public EndpointResult SendStream(
        TimeUs now, ConnectionHandle connection, StreamId stream, ReadOnlySpan<byte> bytes, bool fin, int priority) =>
        _earlyWrites.TryKeep(connection, stream, bytes, fin, priority)
            ? Nothing(null)
            : Refusal(connection) ?? Project(_endpoint.SendStreamData(now, connection, stream, bytes, fin, priority));

    public EndpointResult SendDatagram(TimeUs now, ConnectionHandle connection, in SendDatagramData input) =>
        Refusal(connection) ?? Project(_endpoint.SendDatagram(now, connection, input));

    public EndpointResult ResetStream(TimeUs now, ConnectionHandle connection, StreamId stream, ulong errorCode) =>
        Refusal(connection) ?? Project(_endpoint.ResetStream(now, connection, stream, errorCode));

    public EndpointResult StopSending(TimeUs now, ConnectionHandle connection, StreamId stream, ulong errorCode) =>
        Refusal(connection) ?? Project(_endpoint.StopSending(now, connection, stream, errorCode));

    public EndpointResult Close(TimeUs now, ConnectionHandle connection, ulong errorCode, string reason) =>
        Refusal(connection) ?? Project(_endpoint.CloseConnection(now, connection, errorCode, reason));

    public EndpointResult RequestKeyUpdate(TimeUs now, ConnectionHandle connection) =>
        Refusal(connection) ?? Project(_endpoint.RequestKeyUpdate(now, connection));

    public EndpointResult RequestMigration(TimeUs now, ConnectionHandle connection, in RequestMigration input) =>
        Refusal(connection) ?? Project(_endpoint.RequestMigration(now, connection, input));

    /// <summary>The caller has a copy of the result: what it was copied from serves the next call.</summary>
    public void OnResultCopied()
    {
        if (_endpoint.ReclaimMemory())
            _received.Reuse();
    }

    /// <summary>Forgets everything in silence.</summary>
    public void Dispose() => _endpoint.Dispose();

    /// <summary>RFC 8999 §5.2.</summary>
    private static bool HasShortHeader(ReadOnlySpan<byte> datagram) => !datagram.IsEmpty && (datagram[0] & LongHeaderForm) == 0;

    /// <summary>The ABI has no calendar: ours is that of the first input.</summary>
    private void AnchorCalendar(TimeUs now)
    {
        if (_isCalendarAnchored)
            return;
        _isCalendarAnchored = true;
        _endpoint.AnchorCalendar(now, _sources.UtcNow);
    }

    /// <summary>A connection to nowhere (RFC 9000 §7.2 wants an ID of 8 bytes at least) has failed as soon as it is created.</summary>
    private EndpointResult Abandon(TimeUs now, EndpointResult opened, ConnectionHandle connection)
    {
        EndpointResult closed = _endpoint.CloseConnection(now, connection, 0, "");
        var effects = new List<Effect>();
        foreach (Effect effect in (IEnumerable<Effect>)[.. closed.Effects, .. opened.Effects])
        {
            if (effect.Connection != connection || effect is not SendDatagramEffect)
                effects.Add(effect);
        }

        return closed with { Effects = effects };
    }

    /// <summary>What a handle gets that the engine still holds, but the caller may not use any more.</summary>
    private EndpointResult? Refusal(ConnectionHandle connection)
    {
        bool isGone = _endings.IsHidden(connection)
            || (_config.EnableMinimalClosingStateRetention && _endings.IsClosing(connection));
        return isGone ? Nothing(new LocalError(connection, LocalErrorCode.UnsupportedOperation, null)) : null;
    }

    private EndpointResult Nothing(LocalError? error) =>
        new([], NextWakeup, error, _endpoint.HasSendContinuationPending);
}
