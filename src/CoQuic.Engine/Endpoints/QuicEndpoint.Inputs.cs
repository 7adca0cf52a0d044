using System;

namespace CoQuic.Engine;

/// <content>The inputs of the host and of the application.</content>
public sealed partial class QuicEndpoint
{
    private delegate LocalErrorCode? Command(Connection connection);

    /// <summary>Opens a connection; its first flight is among the effects.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="input">What to open.</param>
    /// <param name="connection">The new connection; <see cref="ConnectionHandle.None"/> when the open was refused.</param>
    public EndpointResult OpenConnection(TimeUs now, OpenConnection input, out ConnectionHandle connection)
    {
        ArgumentNullException.ThrowIfNull(input);
        Begin();
        connection = ConnectionHandle.None;
        ConnectionId localId = input.SourceConnectionId ?? _config.ConnectionIds.Generate(_config.Entropy);
        QuicVersion version = input.InitialVersion ?? FirstVersion(input);
        Connection? owner = _router.Find(localId);
        bool isPossible = Role == Role.Client
            && (owner is null || Continues(input, owner))
            && (Speaks(version) || version.IsReserved)
            && input.Token.Length <= ClientAddressValidation.MaximumTokenLength
            && input.InitialDestinationConnectionId is not { Length: < IncomingInitials.ShortestDestination };
        if (!isPossible)
            return Finish(now, new LocalError(null, LocalErrorCode.UnsupportedOperation, null));

        if (owner is not null)
            _router.Remove(localId, owner);
        ConnectionId destination = input.InitialDestinationConnectionId ?? DrawInitialDestination();
        DateTimeOffset calendarTime = _calendar.AtInstant(now);
        var opened = new Connection(now, new ConnectionSetup
        {
            Config = _config,
            ResetTokens = _resetTokens,
            Resets = _resets,
            Router = _router,
            Certificates = _certificates,
            Handle = NextHandle,
            Version = version,
            LocalId = localId,
            RemoteId = destination,
            InitialDestinationId = destination,
            OriginalDestinationId = input.OriginalDestinationConnectionId ?? destination,
            IsAddressValidated = true,
            RetrySourceId = input.RetrySourceConnectionId,
            HasNegotiatedVersion = input.HasReactedToVersionNegotiation,
            Route = input.Route,
            AddressIdentity = input.AddressValidationIdentity,
            ServerName = input.ServerName,
            Token = input.Token,
            CalendarTime = calendarTime,
            Resumption = ResumptionPlan.Of(_config, input, version, calendarTime),
            ZeroRtt = input.ZeroRtt,
        });
        Register(opened);
        Queue(opened);
        connection = opened.Handle;
        EndpointResult result = Finish(now);
        Effect created = new ConnectionLifecycleEventEffect(opened.Handle, Lifecycle.Created);
        return result with { Effects = [.. result.Effects, created] };
    }

    /// <summary>
    /// A host that obeys a Retry by itself goes on from the attempt that was answered, whose source ID it keeps (RFC 9000 §17.2.5.2):
    /// datagrams to that ID are the new connection's from then on.
    /// </summary>
    private static bool Continues(OpenConnection input, Connection attempt) =>
        input.RetrySourceConnectionId is not null
        && input.OriginalDestinationConnectionId == attempt.Setup.OriginalDestinationId
        && !attempt.HasObeyedRetry;

    /// <summary>
    /// A reserved version makes the server negotiate: whoever probes knows that negotiation works (RFC 9000 §6.3). A session goes on
    /// only in its own version (RFC 9369 §5).
    /// </summary>
    private QuicVersion FirstVersion(OpenConnection input)
    {
        if (_config.EnableReservedVersionProbe)
            return QuicVersion.DrawReserved(_config.Entropy);
        return ResumptionStates.VersionOf(input.ResumptionState) is { } version && Speaks(version)
            ? version
            : _config.SupportedVersions[0];
    }

    /// <summary>Time has passed: what is due at every connection is done, and work that was cut short goes on.</summary>
    /// <param name="now">The instant.</param>
    public EndpointResult TimerExpired(TimeUs now)
    {
        Begin();
        while (_orphans.TryExpire(now))
            _drops.Count(DropReason.OrphanZeroRtt);

        // Who is due gets in line behind those that inputs have put there, however many: nobody is kept waiting for a lull.
        for (int due = 0; due < MaximumConnectionsPerCall && _deadlines.TryTakeDue(now, out Connection connection); due++)
        {
            connection.OnTimeout(now);
            Queue(connection);
        }

        return FinishTurns(now);
    }

    /// <summary>The calendar as the host knows it now: certificates are judged by it.</summary>
    /// <param name="now">The instant on the monotonic clock.</param>
    /// <param name="utc">The same instant on the calendar.</param>
    public EndpointResult AnchorCalendar(TimeUs now, DateTimeOffset utc)
    {
        Begin();
        _calendar = new CalendarAnchor(utc, now);
        return Finish(now);
    }

    /// <summary>
    /// The host heard that a datagram was too big for its path (RFC 9000 §14.2.1). Only reductions count, never below 1200 bytes, and
    /// only for connections that know the route and whose connection IDs the quoted packet has.
    /// </summary>
    /// <param name="now">The instant.</param>
    /// <param name="input">The notice.</param>
    public EndpointResult UpdatePathMtu(TimeUs now, in PathMtuUpdate input)
    {
        Begin();

        // Notices are rare, and hosts hand on only those whose addresses are theirs: an index would cost more than this walk.
        foreach (Connection connection in _connections.Values)
        {
            if (connection.OnPathMtuUpdate(now, input))
                Queue(connection);
        }

        return Finish(now);
    }

    /// <summary>Writes to a stream. The bytes are held, not copied, until they are acknowledged.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="input">Stream, bytes and end.</param>
    public EndpointResult SendStreamData(TimeUs now, ConnectionHandle connection, in SendStreamData input)
    {
        SendStreamData data = input;
        return Perform(now, connection, input.StreamId, found => found.SendStreamData(data));
    }

    /// <summary>Writes to a stream bytes that the caller may change afterwards: they are copied.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="streamId">The stream.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="fin">Whether the stream ends behind them.</param>
    /// <param name="priority">Higher goes first where streams and datagrams compete.</param>
    public EndpointResult SendStreamData(
        TimeUs now, ConnectionHandle connection, StreamId streamId, ReadOnlySpan<byte> bytes, bool fin, int priority = 0)
    {
        Begin();
        return _connections.TryGetValue(connection, out Connection? found)
            ? Conclude(now, found, streamId, found.SendStreamData(streamId, bytes, fin, priority))
            : Refuse(now, connection);
    }

    /// <summary>
    /// Queues a DATAGRAM (RFC 9221): it is sent once, as soon as congestion control allows it, and before streams. When too many wait,
    /// the oldest of the lowest priority is given up, which <see cref="ConnectionStatistics.DroppedDatagramFrames"/> counts.
    /// </summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="input">The payload.</param>
    public EndpointResult SendDatagram(TimeUs now, ConnectionHandle connection, in SendDatagramData input)
    {
        SendDatagramData data = input;
        return Perform(now, connection, null, found => found.SendDatagram(data));
    }

    /// <summary>The application has used received bytes: with <see cref="ReceiveCredit.Explicit"/> the peer gets credit.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="streamId">The stream.</param>
    /// <param name="bytes">How many, not more than were given out.</param>
    public EndpointResult ConsumeStreamData(TimeUs now, ConnectionHandle connection, StreamId streamId, ulong bytes) =>
        Perform(now, connection, streamId, found => found.ConsumeStreamData(streamId, bytes));

    /// <summary>Abandons the sending part of a stream (RFC 9000 §19.4).</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="streamId">The stream.</param>
    /// <param name="applicationErrorCode">The application protocol's error code, below 2^62.</param>
    public EndpointResult ResetStream(
        TimeUs now, ConnectionHandle connection, StreamId streamId, ulong applicationErrorCode) =>
        Perform(now, connection, streamId, found => found.ResetStream(streamId, applicationErrorCode));

    /// <summary>Asks the peer to stop sending on a stream (RFC 9000 §19.5).</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="streamId">The stream.</param>
    /// <param name="applicationErrorCode">The application protocol's error code, below 2^62.</param>
    public EndpointResult StopSending(
        TimeUs now, ConnectionHandle connection, StreamId streamId, ulong applicationErrorCode) =>
        Perform(now, connection, streamId, found => found.StopSending(streamId, applicationErrorCode));

    /// <summary>Ends a connection at once (RFC 9000 §10.2).</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="applicationErrorCode">The application protocol's error code, below 2^62.</param>
    /// <param name="reason">A sentence for the peer; cut at 256 bytes.</param>
    public EndpointResult CloseConnection(
        TimeUs now, ConnectionHandle connection, ulong applicationErrorCode, string reason) =>
        Perform(now, connection, null, found =>
        {
            SendDeferred(now, found);
            found.CloseByApplication(applicationErrorCode, reason);
            return null;
        });

    /// <summary>Asks for new packet protection keys (RFC 9001 §6).</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    public EndpointResult RequestKeyUpdate(TimeUs now, ConnectionHandle connection) =>
        Perform(now, connection, null, static found =>
        {
            found.RequestKeyUpdate();
            return null;
        });

    /// <summary>
    /// Answers a <see cref="CertificateVerdictNeededEffect"/>. An answer that is late, or to another question, is a local error.
    /// </summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="questionId">The question's number.</param>
    /// <param name="verdict">The verdict.</param>
    public EndpointResult AnswerCertificate(
        TimeUs now, ConnectionHandle connection, ulong questionId, CertificateVerdict verdict)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        return Perform(now, connection, null, found => found.AnswerCertificate(now, questionId, verdict));
    }

    /// <summary>
    /// Answers a <see cref="ServerIdentityNeededEffect"/>. An answer that is late, or to another question, is a local error.
    /// </summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="questionId">The question's number.</param>
    /// <param name="name">
    /// The name for which <see cref="EndpointConfig.ServerIdentities"/> has the identity; null refuses the client with
    /// unrecognized_name.
    /// </param>
    public EndpointResult AnswerIdentity(TimeUs now, ConnectionHandle connection, ulong questionId, string? name) =>
        Perform(now, connection, null, found => found.AnswerIdentity(now, questionId, name));

    /// <summary>
    /// Moves a client's connection to another route (RFC 9000 §9.2), or to the address that its server prefers (RFC 9000 §9.6). The new
    /// route is validated first; a <see cref="PathChangedEffect"/> tells that the connection has moved, or that it stays.
    /// </summary>
    /// <remarks>
    /// Refused on servers, before the handshake is confirmed, where either side does not allow it, without an unused connection ID of the
    /// peer, and when the address is not one that the server offered.
    /// </remarks>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="input">The new route.</param>
    public EndpointResult RequestMigration(TimeUs now, ConnectionHandle connection, in RequestMigration input)
    {
        RequestMigration request = input;
        return Perform(now, connection, null, found => found.RequestMigration(now, request));
    }

    private EndpointResult Perform(TimeUs now, ConnectionHandle handle, StreamId? streamId, Command command)
    {
        Begin();
        return _connections.TryGetValue(handle, out Connection? connection)
            ? Conclude(now, connection, streamId, command(connection))
            : Refuse(now, handle);
    }

    private EndpointResult Conclude(TimeUs now, Connection connection, StreamId? streamId, LocalErrorCode? refusal)
    {
        Queue(connection);
        return Finish(now, refusal is { } code ? new LocalError(connection.Handle, code, streamId) : null);
    }

    private EndpointResult Refuse(TimeUs now, ConnectionHandle handle) =>
        Finish(now, new LocalError(handle, LocalErrorCode.UnsupportedOperation, null));

    /// <summary>A close drops what is not sent yet, but not what only waited for the end of the host's turn.</summary>
    private void SendDeferred(TimeUs now, Connection connection)
    {
        if (connection.IsQueued)
            connection.Drain(now, _runs, _effects);
    }

    private void Begin() => ObjectDisposedException.ThrowIf(_isDisposed, this);

    private ConnectionId DrawInitialDestination()
    {
        Span<byte> bytes = stackalloc byte[IncomingInitials.ShortestDestination];
        _config.Entropy.Fill(bytes);
        return new ConnectionId(bytes);
    }
}
