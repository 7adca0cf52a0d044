using System;

namespace CoQuic.Engine;

/// <content>Datagrams from the network: each finds its connection, makes a new one, is answered without state, or is dropped.</content>
public sealed partial class QuicEndpoint
{
    /// <summary>The smallest datagram that may carry a client's Initial (RFC 9000 §14.1).</summary>
    private const int SmallestInitialDatagram = 1200;

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

        return Finish(now);
    }

    private void ReceiveOne(TimeUs now, Memory<byte> datagram, in OwnedDatagram input)
    {
        if (!TryReadDestination(datagram.Span, out InvariantHeader header, out ConnectionId destination))
        {
            _drops.Count(DropReason.Malformed);
            return;
        }

        if (_router.Find(destination) is { } connection)
            Deliver(now, connection, datagram, input, destination);
        else if (header.IsLong && Role == Role.Server)
            ReceiveFirst(now, datagram, header, input);
        else
            _drops.Count(DropReason.UnknownConnection);
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
        TimeUs now, Connection connection, Memory<byte> datagram, in OwnedDatagram input, ConnectionId destination)
    {
        connection.ReceiveDatagram(now, datagram, destination, input, _runs, _effects, _drops);
        Queue(connection);
        if (connection.TryTakeVersionNegotiation(out QuicVersion version))
            Restart(now, connection, version);
    }

    /// <summary>RFC 9000 §6.2: a client begins again with a version that the server speaks, under the same handle.</summary>
    private void Restart(TimeUs now, Connection refused, QuicVersion version)
    {
        ConnectionSetup setup = refused.Setup;
        Remove(refused);
        ConnectionId destination = DrawInitialDestination();
        var next = new Connection(now, setup with
        {
            Version = version,
            RemoteId = destination,
            OriginalDestinationId = destination,
            HasNegotiatedVersion = true,
        });
        _connections.Add(next.Handle, next);
        Queue(next);
    }

    /// <summary>A datagram to a server that belongs to no connection (RFC 9000 §5.2.2).</summary>
    private void ReceiveFirst(TimeUs now, Memory<byte> datagram, in InvariantHeader header, in OwnedDatagram input)
    {
        if (!Speaks(header.Version))
            AnswerUnknownVersion(datagram.Span, header, input);
        else if (!IsAcceptableInitial(datagram.Span, header, out DropReason reason))
            _drops.Count(reason);
        else if (_config.MaxServerConnections > 0 && ConnectionCount >= _config.MaxServerConnections)
            Refuse(datagram.Span, input);
        else
            Accept(now, datagram, header, input);
    }

    private bool Speaks(QuicVersion version)
    {
        foreach (QuicVersion supported in _config.SupportedVersions)
        {
            if (supported == version)
                return true;
        }

        return false;
    }

    private static bool IsAcceptableInitial(ReadOnlySpan<byte> datagram, in InvariantHeader header, out DropReason reason)
    {
        reason = DropReason.UnknownConnection;
        if (PacketHeader.LongType(datagram[0], VersionProfile.Of(header.Version)) != PacketType.Initial)
            return false;
        reason = DropReason.TooSmall;
        if (datagram.Length < SmallestInitialDatagram)
            return false;

        // RFC 9000 §7.2: a client's first destination connection ID has at least 8 bytes, and no ID has more than 20.
        reason = DropReason.Malformed;
        return header.DestinationConnectionId.Length >= InitialDestinationLength
            && header.SourceConnectionId.Length <= ConnectionId.MaximumLength;
    }

    /// <summary>Makes a connection, but keeps it only when its first packet authenticates: garbage makes no state and no event.</summary>
    private void Accept(TimeUs now, Memory<byte> datagram, in InvariantHeader header, in OwnedDatagram input)
    {
        var destination = new ConnectionId(header.DestinationConnectionId);
        var accepted = new Connection(now, new ConnectionSetup
        {
            Config = _config,
            ResetTokens = _resetTokens,
            Router = _router,
            Handle = NextHandle,
            Version = header.Version,
            LocalId = _config.ConnectionIds.Generate(_config.Entropy),
            RemoteId = new ConnectionId(header.SourceConnectionId),
            OriginalDestinationId = destination,
            Route = input.Route,
            CalendarTime = _calendar.AtInstant(now),
        });
        _router.TryAdd(destination, accepted);
        accepted.ReceiveDatagram(now, datagram, destination, input, _runs, _effects, _drops);
        if (!accepted.HasProcessedPacket)
        {
            accepted.Dispose();
            return;
        }

        Register(accepted);
        _effects.Add(new ConnectionLifecycleEventEffect(accepted.Handle, Lifecycle.Accepted));
        Queue(accepted);
    }

    /// <summary>RFC 9000 §5.2.2: a server that takes no more connections says so to who asks with a genuine Initial.</summary>
    private void Refuse(Span<byte> datagram, in OwnedDatagram input)
    {
        _drops.Count(DropReason.TooManyConnections);
        int length = ConnectionRefusal.Write(datagram, _runs.Reserve(ConnectionRefusal.MaximumLength, _effects));
        AnswerWithoutState(length, input);
    }

    /// <summary>RFC 9000 §6.1: a server tells the versions that it speaks; a small datagram gets no answer.</summary>
    private void AnswerUnknownVersion(ReadOnlySpan<byte> datagram, in InvariantHeader header, in OwnedDatagram input)
    {
        bool isAnswerable = datagram.Length >= SmallestInitialDatagram && header.Version != QuicVersion.Negotiation;
        if (!isAnswerable)
        {
            _drops.Count(DropReason.UnknownVersion);
            return;
        }

        Span<byte> room = _runs.Reserve(VersionNegotiationPacket.Size(header, _config.SupportedVersions.Count), _effects);
        int length = VersionNegotiationPacket.Write(room, header, _config.SupportedVersions);
        AnswerWithoutState(length, input);
    }

    /// <summary>Sends what was written in the room reserved last, if anything was, back to where the datagram came from.</summary>
    private void AnswerWithoutState(int length, in OwnedDatagram input)
    {
        if (length == 0)
            return;
        _runs.Commit(length, new DatagramAddressing(ConnectionHandle.None, input.Route), _effects);
        _runs.Flush(_effects);
    }
}
