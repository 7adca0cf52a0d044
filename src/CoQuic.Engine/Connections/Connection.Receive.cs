using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <content>Datagrams that came in: cut into packets, opened, checked, and given to the frames' machines.</content>
internal sealed partial class Connection
{
    /// <summary>Keys of the previous phase are kept for so many probe timeouts (RFC 9001 §6.5).</summary>
    private const int KeyRetentionPtos = 3;

    private readonly EarlyPackets _early = new();

    // When the packet that is being received arrived, if it has waited for its keys.
    private TimeUs? _earlyArrival;

    /// <summary>A datagram comes that lies in other memory than the one before, or behind one for another connection.</summary>
    public void BeginRun() => _streams.OnMemoryGivenToOthers();

    /// <summary>Takes one datagram over. What cannot be opened changes nothing.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="datagram">The datagram; decrypted in place, and slices of it are given out.</param>
    /// <param name="destination">The connection ID that led here.</param>
    /// <param name="input">How the datagram arrived.</param>
    /// <param name="runs">Where an answer in the closing state is written.</param>
    /// <param name="effects">Where it goes.</param>
    /// <param name="drops">Counts what is dropped.</param>
    public void ReceiveDatagram(
        TimeUs now,
        Memory<byte> datagram,
        ConnectionId destination,
        in OwnedDatagram input,
        DatagramRuns runs,
        List<Effect> effects,
        DropCounters drops)
    {
        _counters.DatagramsReceived++;
        _counters.BytesReceived += (ulong)datagram.Length;
        if (!IsAlive || _closeReason is not null)
        {
            drops.Count(DropReason.ConnectionEnding);
            if (_closing is not null)
                AnswerWhileClosing(datagram.Length, runs, effects);
            return;
        }

        bool wasAtLimit = CurrentPath.Amplification.IsAtLimit;
        if (!_arrivals.TryBegin(input, datagram.Length, destination))
        {
            drops.Count(DropReason.UnknownRoute);
            return;
        }

        _inspector?.OnDatagramReceived(datagram.Length);
        ReceivePackets(now, datagram, destination, input, drops);
        ReceiveEarlyPackets(now, drops);
        if (wasAtLimit && IsAlive)
            _loss.Rearm(now, RecoveryContext);
    }

    /// <summary>RFC 9001 §5.7: packets whose keys have come, or will not come any more, are taken as if they arrived now.</summary>
    private void ReceiveEarlyPackets(TimeUs now, DropCounters drops)
    {
        if (_early.Count == 0)
            return;
        foreach (EncryptionLevel level in SendingLevels)
        {
            while (!IsAwaited(level) && _early.TryTake(level, out EarlyPacket packet))
            {
                _earlyArrival = packet.ArrivedAt;
                BeginRun();
                ReceivePackets(now, packet.Bytes, packet.Destination, packet.Arrival, drops);
                _earlyArrival = null;
            }
        }
    }

    private void ReceivePackets(
        TimeUs now, Memory<byte> datagram, ConnectionId destination, in OwnedDatagram arrival, DropCounters drops)
    {
        Memory<byte> rest = datagram;
        while (!rest.IsEmpty && IsAlive && _closeReason is null)
        {
            if (!PacketParser.TryReadNext(rest.Span, destination.Length, out ProtectedPacket packet))
            {
                drops.Count(DropReason.Malformed);
                LookForReset(now, datagram.Span, rest.Length);
                break;
            }

            // RFC 9000 §12.2: coalesced packets all go to the same connection ID.
            if (packet.DestinationConnectionId != destination)
                break;
            DropReason? dropped = ForbiddenInitial(packet, datagram.Length)
                ?? ReceivePacket(now, rest[..packet.Length], packet, arrival);
            if (dropped is { } reason)
            {
                drops.Count(reason);
                _counters.PacketsDropped++;
                _qlog?.OnPacketDropped(now, packet, reason);
                LookForReset(now, datagram.Span, rest.Length);
            }
            else if (packet.Type is PacketType.Retry or PacketType.VersionNegotiation)
            {
                _qlog?.OnUnprotectedPacketReceived(now, packet);
            }

            _inspector?.OnPacketPassed(packet.Length);
            rest = rest[packet.Length..];
        }
    }

    /// <summary>
    /// Initial packets that must be dropped before they are opened: to a server in a small datagram (RFC 9000 §14.1), to a client with
    /// a token (RFC 9000 §17.2.2).
    /// </summary>
    private DropReason? ForbiddenInitial(in ProtectedPacket packet, int datagramLength)
    {
        if (packet.Type != PacketType.Initial)
            return null;
        if (_role == Role.Server)
            return datagramLength < DatagramSizes.Smallest ? DropReason.TooSmall : null;
        return packet.Token.IsEmpty ? null : DropReason.Malformed;
    }

    /// <returns>Why the packet was dropped, if it was.</returns>
    private DropReason? ReceivePacket(TimeUs now, Memory<byte> bytes, in ProtectedPacket packet, in OwnedDatagram arrival)
    {
        if (packet.Type == PacketType.VersionNegotiation)
            return OnVersionNegotiation(bytes.Span);
        if (!(packet.HasFixedBit || _config.Transport.GreaseQuicBit))
            return DropReason.Malformed;
        if (packet.Type == PacketType.Retry)
            return OnRetry(now, bytes.Span);
        if (packet.Type != PacketType.OneRtt && !IsOfThisConnection(packet))
            return DropReason.Malformed;
        EncryptionLevel level = packet.Type.Level();
        if (!_keys.CanReceive(level) || !MayReceive(level))
            return KeepForItsKeys(now, level, bytes.Span, packet, arrival) ? null : DropReason.NoKeys;

        if (level == EncryptionLevel.Initial && !_keys.CanReceiveInitial(packet.Version))
            _keys.AddInitial(InitialKeysOf(packet.Version));
        AckTracker tracker = _spaces[level].Acks;
        Bytes wire = _inspector is null ? default : Bytes.CopyOf(bytes.Span);
        TimeSpan retention = KeyRetentionPtos * Pto;
        if (!_keys.TryOpen(now, retention, bytes.Span, packet, tracker.LargestReceived, out OpenedPacket opened))
            return OnUnopened();
        if (tracker.IsDuplicate(opened.PacketNumber))
            return DropReason.Duplicate;
        Memory<byte> payload = bytes.Slice(opened.PayloadOffset, opened.PayloadLength);
        if (_qlog is not null || _inspector is not null)
            WatchOpened(now, packet, opened, payload.Span, wire);
        OnPacketOpened(now, level, packet, payload, opened, arrival.Ecn);
        return null;
    }

    private DropReason OnUnopened()
    {
        if (_keys.IsIntegrityLimitReached)
            BeginClose(new TransportError(TransportErrorCode.AeadLimitReached, "too many packets that do not authenticate"));
        return DropReason.NotAuthentic;
    }

    /// <summary>RFC 9001 §5.7: before its handshake is complete an endpoint must not process 1-RTT packets.</summary>
    private bool MayReceive(EncryptionLevel level) => level != EncryptionLevel.OneRtt || State != ConnectionState.Handshaking;

    /// <summary>Whether the keys of a level are still to come.</summary>
    private bool IsAwaited(EncryptionLevel level) => level switch
    {
        EncryptionLevel.ZeroRtt => _role == Role.Server && _tls.ReadLevel == EncryptionLevel.Initial,
        EncryptionLevel.Handshake => _tls.ReadLevel == EncryptionLevel.Initial,
        EncryptionLevel.OneRtt => State == ConnectionState.Handshaking,
        EncryptionLevel.Initial or _ => false,
    };

    private bool KeepForItsKeys(
        TimeUs now, EncryptionLevel level, ReadOnlySpan<byte> bytes, in ProtectedPacket packet, in OwnedDatagram arrival)
    {
        bool isKept = IsAwaited(level) && _early.TryKeep(now, level, bytes, packet.DestinationConnectionId, arrival);
        if (isKept)
            _qlog?.OnPacketBuffered(now, packet);
        return isKept;
    }

    /// <summary>RFC 9000 §7.2: once the peer has chosen its connection ID, packets from another are dropped.</summary>
    private bool IsOfThisConnection(in ProtectedPacket packet) =>
        IsOfThisVersion(packet)
        && (packet.SourceConnectionId == _remoteIds.Current.Id || (_role == Role.Client && !HasProcessedPacket));

    private void OnPacketOpened(
        TimeUs now,
        EncryptionLevel level,
        in ProtectedPacket packet,
        Memory<byte> payload,
        in OpenedPacket opened,
        EcnCodepoint ecn)
    {
        _counters.PacketsReceived++;
        _counters.ReceivedEcn = _counters.ReceivedEcn.Add(ecn);
        if (!HasProcessedPacket && _role == Role.Client)
            OnPeerChoseId(packet.SourceConnectionId);
        HasProcessedPacket = true;
        _versionOfPacket = packet.Version;
        if (level == EncryptionLevel.Initial)
            FollowVersion(packet.Version);
        _idle.OnPacketReceived(now);
        if (_role == Role.Server && level == EncryptionLevel.Handshake)
            OnAddressValidated(now);
        if (level == EncryptionLevel.OneRtt)
            OnOneRttPacket(now);

        bool isAckEliciting = false;
        bool isNonProbing = false;
        TransportError? error = CheckOpened(opened)
            ?? ReceiveFrames(now, level, packet.DestinationConnectionId, payload, out isAckEliciting, out isNonProbing);
        if (error is not null)
            BeginClose(error);
        else if (_keys.CanReceive(level))
            NoteReceived(now, _spaces[level].Acks, opened.PacketNumber, isAckEliciting, ecn);
        if (error is null && level == EncryptionLevel.OneRtt && IsAlive)
            _arrivals.OnProcessed(now, opened, packet.DestinationConnectionId, isNonProbing);
    }

    /// <summary>What is wrong with a packet before any of its frames is looked at.</summary>
    private TransportError? CheckOpened(in OpenedPacket opened)
    {
        if (opened.HasReservedBits)
            return new TransportError(TransportErrorCode.ProtocolViolation, "reserved bits are set (RFC 9000 §17.2)");
        return _keys.IsOrderBroken
            ? new TransportError(TransportErrorCode.KeyUpdateError, "old keys behind newer ones (RFC 9001 §6.4)")
            : null;
    }

    private void NoteReceived(TimeUs now, AckTracker tracker, ulong packetNumber, bool isAckEliciting, EcnCodepoint ecn)
    {
        RttEstimator rtt = CurrentPath.Recovery.Rtt;
        tracker.RoundTrip = rtt.HasSample ? rtt.SmoothedRtt : TimeSpan.Zero;
        tracker.OnPacketReceived(now, packetNumber, isAckEliciting, ecn, _earlyArrival);
    }

    /// <summary>RFC 9000 §8.1: who sends a Handshake packet has received our Initial. Its keys are of no more use (RFC 9001 §4.9.1).</summary>
    private void OnAddressValidated(TimeUs now)
    {
        CurrentPath.Amplification.Validate();
        DiscardKeys(now, EncryptionLevel.Initial);
    }

    /// <summary>RFC 9000 §10.3.1: a datagram whose first packet could not be processed may be a stateless reset, whatever it looks like.</summary>
    private void LookForReset(TimeUs now, ReadOnlySpan<byte> datagram, int restLength)
    {
        bool isFirstPacket = restLength == datagram.Length;
        if (isFirstPacket
            && datagram.Length >= StatelessReset.MinimumLength
            && _remoteIds.IsStatelessReset(datagram[^StatelessResetToken.Length..]))
            OnStatelessReset(now);
    }
}
