using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <content>A client's first datagrams at a server (RFC 9000 §5.2.2): what does not begin a connection leaves nothing behind.</content>
public sealed partial class QuicEndpoint
{
    private readonly IncomingInitials _initials;
    private readonly AddressTokens? _tokens;
    private readonly HalfOpenConnections _halfOpen = new();
    private readonly StatelessLimits _limits = new();

    /// <summary>A datagram with a long header to a server that belongs to no connection.</summary>
    private void ReceiveFirst(TimeUs now, Memory<byte> datagram, in InvariantHeader header, in OwnedDatagram input)
    {
        if (!Speaks(header.Version))
        {
            AnswerUnknownVersion(now, datagram.Span, header, input);
        }
        else if (IsOf(PacketType.ZeroRtt, datagram.Span, header))
        {
            KeepOrphan(now, datagram.Span, header, input);
        }
        else if (_initials.TryOpen(datagram.Span, out IncomingInitial initial, out DropReason reason))
        {
            if (!TryAdmit(now, datagram, initial, input))
                initial.Keys.Dispose();
        }
        else if (_config.EnableLongHeaderStatelessReset && IsOf(PacketType.Handshake, datagram.Span, header))
        {
            AnswerUnknownConnection(now, datagram.Length, new ConnectionId(header.DestinationConnectionId), input);
        }
        else
        {
            _drops.Count(reason);
        }
    }

    private static bool IsOf(PacketType type, ReadOnlySpan<byte> datagram, in InvariantHeader header) =>
        header.DestinationConnectionId.Length <= ConnectionId.MaximumLength
        && PacketHeader.LongType(datagram[0], VersionProfile.Of(header.Version)) == type;

    /// <summary>RFC 9000 §5.2.2: 0-RTT packets may have overtaken their Initial.</summary>
    private void KeepOrphan(TimeUs now, ReadOnlySpan<byte> datagram, in InvariantHeader header, in OwnedDatagram input)
    {
        if (!_orphans.TryKeep(now, new ConnectionId(header.DestinationConnectionId), datagram, input))
            _drops.Count(DropReason.OrphanZeroRtt);
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

    /// <returns>Whether a connection was made, which owns the packet's keys.</returns>
    private bool TryAdmit(TimeUs now, Memory<byte> datagram, in IncomingInitial initial, in OwnedDatagram input)
    {
        JudgedToken token = _tokens!.Judge(initial.Packet, input.AddressValidationIdentity, _calendar.AtInstant(now));
        switch (Admissions.Decide(_config, initial, token, new ServerLoad(ConnectionCount, _halfOpen.Count)))
        {
            case Admission.Accept:
                Accept(now, datagram, initial, token, input);
                return true;
            case Admission.Retry:
                SendRetry(now, initial, input);
                break;
            case Admission.Refuse:
                _drops.Count(DropReason.TooManyConnections);
                Refuse(now, initial, TransportErrorCode.ConnectionRefused, "the server takes no more connections"u8, input);
                break;
            case Admission.RefuseToken:
                _drops.Count(DropReason.InvalidToken);
                Refuse(now, initial, TransportErrorCode.InvalidToken, "the Retry token is not good here"u8, input);
                break;
            case Admission.RefuseChangedHello:
                _drops.Count(DropReason.ChangedClientHello);
                Refuse(now, initial, TransportErrorCode.ProtocolViolation, "another ClientHello after the Retry"u8, input);
                break;
            case Admission.DropChangedHello:
                _drops.Count(DropReason.ChangedClientHello);
                break;
        }

        return false;
    }

    private void Accept(
        TimeUs now, Memory<byte> datagram, in IncomingInitial initial, in JudgedToken token, in OwnedDatagram input)
    {
        ConnectionId destination = initial.Packet.DestinationConnectionId;
        ConnectionId localId = _config.ConnectionIds.Generate(_config.Entropy);
        bool hasPreferredAddress = _config.PreferredAddress is not null && !localId.IsEmpty;
        bool isRetried = token.Standing == TokenStanding.Retry;
        var setup = new ConnectionSetup
        {
            Config = _config,
            ResetTokens = _resetTokens,
            Resets = _resets,
            Router = _router,
            Certificates = _certificates,
            Handle = NextHandle,
            Version = initial.Packet.Version,
            LocalId = localId,
            PreferredAddressId = hasPreferredAddress ? _config.ConnectionIds.Generate(_config.Entropy) : null,
            RemoteId = initial.Packet.SourceConnectionId,
            InitialDestinationId = destination,
            OriginalDestinationId = isRetried ? token.Retry.OriginalDestinationId : destination,
            RetrySourceId = isRetried ? destination : null,
            IsAddressValidated = token.Standing is TokenStanding.Retry or TokenStanding.NewToken,
            AddressIdentity = input.AddressValidationIdentity,
            Tokens = _tokens,
            Route = input.Route,
            CalendarTime = _calendar.AtInstant(now),
            TicketSealer = _config.TicketsPerConnection > 0 ? _ticketSealer : null,
            ReplayGuard = _replayGuard,
        };
        var accepted = new Connection(now, setup, initial.Keys);
        _router.Set(destination, accepted);
        Register(accepted);
        _halfOpen.Add(accepted);
        accepted.ReceiveDatagram(now, datagram, destination, input, _runs, _effects, _drops);
        while (_orphans.TryTake(destination, out OwnedDatagram orphan))
            accepted.ReceiveDatagram(now, orphan.Buffer, destination, orphan, _runs, _effects, _drops);
        _effects.Add(new ConnectionLifecycleEventEffect(accepted.Handle, Lifecycle.Accepted));
        Queue(accepted);
    }

    /// <summary>RFC 9000 §17.2.5.1: all that is known of the client goes into the token, and nothing is kept.</summary>
    private void SendRetry(TimeUs now, in IncomingInitial initial, in OwnedDatagram input)
    {
        ConnectionId original = initial.Packet.DestinationConnectionId;
        ConnectionId source = DrawRetrySource();
        bool isHelloCompared = _config.RetryHandshakeValidationPolicy != RetryHandshakeValidationPolicy.Disabled;
        var scope = new TokenScope(
            initial.Packet.Version,
            _calendar.AtInstant(now).ToUnixTimeMilliseconds(),
            AddressDigest.OfEndpoint(input.AddressValidationIdentity));
        byte[] token = _tokens!.Issue(new RetryToken(
            scope, original, source, isHelloCompared ? ClientHelloDigest.Of(initial.Payload) : default));

        ConnectionId client = initial.Packet.SourceConnectionId;
        var writer = new QuicWriter(_runs.Reserve(RetryPacket.Size(client, source, token.Length), _effects));
        RetryPacket.Write(initial.Packet.Version, client, source, original, token, ref writer);
        AnswerWithoutState(writer.Position, input);
    }

    /// <summary>An ID that leads the client's next Initial here; one too short to be the first that a client sends to is drawn anew.</summary>
    private ConnectionId DrawRetrySource()
    {
        ConnectionId id = _config.ConnectionIds.Generate(_config.Entropy);
        return id.Length >= IncomingInitials.ShortestDestination ? id : DrawInitialDestination();
    }

    /// <summary>Says why no connection is made, to whoever asks with a genuine Initial.</summary>
    private void Refuse(
        TimeUs now, in IncomingInitial initial, TransportErrorCode code, ReadOnlySpan<byte> reason, in OwnedDatagram input)
    {
        if (!_limits.Refusals.TryUse(now))
            return;
        int length = StatelessClose.Write(initial, code, reason, _runs.Reserve(StatelessClose.MaximumLength, _effects));
        AnswerWithoutState(length, input);
    }

    /// <summary>RFC 9000 §6.1: a server tells the versions that it speaks; a small datagram gets no answer.</summary>
    private void AnswerUnknownVersion(TimeUs now, ReadOnlySpan<byte> datagram, in InvariantHeader header, in OwnedDatagram input)
    {
        bool isAnswerable = datagram.Length >= DatagramSizes.Smallest && header.Version != QuicVersion.Negotiation;
        if (!isAnswerable || !_limits.VersionNegotiations.TryUse(now))
        {
            _drops.Count(DropReason.UnknownVersion);
            return;
        }

        // RFC 9000 §6.3: a version that nobody speaks keeps clients used to unknown ones.
        IReadOnlyList<QuicVersion> versions = _config.Transport.GreaseReservedVersions
            ? [.. _config.SupportedVersions, QuicVersion.DrawReserved(_config.Entropy)]
            : _config.SupportedVersions;
        Span<byte> room = _runs.Reserve(VersionNegotiationPacket.Size(header, versions.Count), _effects);
        int length = VersionNegotiationPacket.Write(room, header, versions);
        AnswerWithoutState(length, input);
    }

    /// <summary>Sends what was written in the room reserved last back to where the datagram came from.</summary>
    private void AnswerWithoutState(int length, in OwnedDatagram input)
    {
        _runs.Commit(length, new DatagramAddressing(ConnectionHandle.None, input.Route), _effects);
        _runs.Flush(_effects);
    }
}
