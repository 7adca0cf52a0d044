using System;

namespace CoQuic.Engine;

/// <content>Datagrams from the network: each finds its connection, makes a new one, is answered without state, or is dropped.</content>
public sealed partial class QuicEndpoint
{
    // Who got the datagram before this one, of the same run.
    private Connection? _receiver;

    /// <summary>Takes a run of datagrams in. The caller's bytes stay as they are: the same input can be recorded and fed again.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="input">The datagrams.</param>
    public EndpointResult ReceiveDatagram(TimeUs now, in InboundDatagram input) => ReceiveOwnedDatagram(
        now,
        new OwnedDatagram(input.Bytes.ToArray(), input.SegmentSize, input.Route, input.Ecn, input.AddressValidationIdentity));

    /// <summary>Takes a run of datagrams over: decrypts in place, and hands out slices as stream data.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="input">The datagrams, whose memory nobody else uses any more.</param>
    public EndpointResult ReceiveOwnedDatagram(TimeUs now, in OwnedDatagram input)
    {
        Begin();
        Memory<byte> rest = input.Buffer;
        while (!rest.IsEmpty)
        {
            int size = input.SegmentSize > 0 ? Math.Min(input.SegmentSize, rest.Length) : rest.Length;
            ReceiveOne(now, rest[..size], input);
            rest = rest[size..];
        }

        _receiver = null;
        return Finish(now);
    }

    /// <summary>The connection that a datagram is addressed to; none when that is nobody's connection ID.</summary>
    /// <param name="datagram">The datagram as received.</param>
    public ConnectionHandle ConnectionOf(ReadOnlySpan<byte> datagram) =>
        TryReadDestination(datagram, out _, out ConnectionId destination)
            ? _router.Find(destination)?.Handle ?? ConnectionHandle.None
            : ConnectionHandle.None;

    private void ReceiveOne(TimeUs now, Memory<byte> datagram, in OwnedDatagram input)
    {
        Connection? before = _receiver;
        _receiver = null;
        bool isRead = TryReadDestination(datagram.Span, out InvariantHeader header, out ConnectionId destination);
        if (isRead && _router.Find(destination) is { } connection && !BeginsAnother(connection, datagram.Span, header, input))
            Deliver(now, connection, datagram, input, destination, before);
        else if (_resets.Find(datagram.Span) is { } lost)
            OnStatelessReset(now, lost);
        else if (!isRead)
            _drops.Count(DropReason.Malformed);
        else if (header.IsLong && Role == Role.Server)
            ReceiveFirst(now, datagram, header, input);
        else
            AnswerUnknownConnection(now, datagram.Length, destination, input);
    }

    /// <summary>
    /// Whether an Initial is no late copy of the one that began a connection. Clients draw the ID that they begin with at random (RFC
    /// 9000 §7.2), but there are programs whose runs all begin with the same one.
    /// </summary>
    private bool BeginsAnother(
        Connection connection, ReadOnlySpan<byte> datagram, in InvariantHeader header, in OwnedDatagram input) =>
        header.IsLong
        && Role == Role.Server
        && connection.LeavesInitialsOf(input.Route, header.DestinationConnectionId)
        && Speaks(header.Version)
        && IsOf(PacketType.Initial, datagram, header);

    /// <summary>RFC 9000 §10.3.1: a reset comes to a random ID; by its token it is known which connection the peer has lost.</summary>
    private void OnStatelessReset(TimeUs now, Connection connection)
    {
        connection.OnStatelessReset(now);
        Queue(connection);
    }

    /// <summary>
    /// RFC 9000 §10.3: a server that does not know a connection, perhaps any more, lets its peer know. Each answer is smaller than what
    /// it answers, so that two who know nothing of each other fall silent (RFC 9000 §10.3.3).
    /// </summary>
    private void AnswerUnknownConnection(TimeUs now, int datagramLength, ConnectionId destination, in OwnedDatagram input)
    {
        _drops.Count(DropReason.UnknownConnection);
        int length = Role == Role.Server && !destination.IsEmpty ? StatelessReset.LengthFor(datagramLength) : 0;
        if (length == 0 || !_limits.Resets.TryUse(now))
            return;
        StatelessReset.Write(_config.Entropy, _resetTokens.Of(destination), _runs.Reserve(length, _effects)[..length]);
        AnswerWithoutState(length, input);
    }

    /// <summary>RFC 9000 §5.2: long headers tell the length of their connection IDs, short ones leave it to the scheme.</summary>
    private bool TryReadDestination(ReadOnlySpan<byte> datagram, out InvariantHeader header, out ConnectionId destination)
    {
        destination = default;
        if (!InvariantHeader.TryRead(datagram, 0, out header))
            return false;
        if (!header.IsLong)
            return _config.ConnectionIds.TryRead(datagram[1..], out destination);
        if (header.DestinationConnectionId.Length > ConnectionId.MaximumLength)
            return VersionProfile.Find(header.Version) is null;
        destination = new ConnectionId(header.DestinationConnectionId);
        return true;
    }

    private void Deliver(
        TimeUs now,
        Connection connection,
        Memory<byte> datagram,
        in OwnedDatagram input,
        ConnectionId destination,
        Connection? before)
    {
        if (connection != before)
            connection.BeginRun();
        _receiver = connection;
        connection.ReceiveDatagram(now, datagram, destination, input, _runs, _effects, _drops);
        Queue(connection);
        if (connection.TryTakeVersionNegotiation(out QuicVersion version))
            Restart(now, connection, version);
    }

    /// <summary>RFC 9000 §6.2: a client begins again with a version that the server speaks, under the same handle.</summary>
    private void Restart(TimeUs now, Connection refused, QuicVersion version)
    {
        ConnectionSetup setup = refused.Setup;
        refused.GiveOutTold(_effects);
        Remove(refused);
        ConnectionId destination = DrawInitialDestination();
        var next = new Connection(now, setup with
        {
            Version = version,
            RemoteId = destination,
            InitialDestinationId = destination,
            OriginalDestinationId = destination,
            HasNegotiatedVersion = true,
            Token = TokenFor(setup, version),
            Resumption = setup.Resumption.Abandoned(),
        });
        Hold(next);
        Queue(next);
    }

    /// <summary>RFC 9369 §5: a token stays within its version. That of a client which asks in a reserved one is of the first configured.</summary>
    private Bytes TokenFor(ConnectionSetup refused, QuicVersion version) =>
        refused.Version.IsReserved && version == _config.SupportedVersions[0] ? refused.Token : Bytes.Empty;
}
