using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <content>The transmit pass: packets are written straight into the outgoing chunk, coalesced, padded, sealed in place and recorded.</content>
internal sealed partial class Connection
{
    /// <summary>Datagrams that one drain sends at most: the bound on the work of one call.</summary>
    private const int MaximumDatagramsPerDrain = 256;

    /// <summary>With less room left in a datagram, no further packet is coalesced into it.</summary>
    private const int SmallestUsefulRoom = 128;

    private static readonly EncryptionLevel[] SendingLevels =
        [EncryptionLevel.Initial, EncryptionLevel.ZeroRtt, EncryptionLevel.Handshake, EncryptionLevel.OneRtt];

    private readonly SettledPackets _probed = new();
    private readonly ConnectionCounters _counters = new();

    /// <summary>The bytes of frames that a 1-RTT packet has when it is alone in its datagram.</summary>
    private int RoomInPacket =>
        CurrentPath.MaximumDatagramSize - PacketBuilder.TagLength
        - PacketBuilder.ShortHeaderSize(CurrentPath.RemoteId.Id, PacketNumber.MaximumLength);

    /// <summary>A packet with nothing but an acknowledgment never needs a whole datagram: chunks are not used up for it.</summary>
    private int RoomFor(Path path) =>
        HasEliciting(EncryptionLevel.OneRtt) ? path.SendableDatagramSize : Math.Min(DatagramSizes.Smallest, path.SendableDatagramSize);

    private void Transmit(TimeUs now, DatagramRuns runs, List<Effect> effects)
    {
        IsSendContinuationPending = false;
        if (!IsAlive)
            return;
        EndWithWornOutKeys();
        if (_closeReason is { } reason)
        {
            TransmitClose(now, reason, runs, effects);
            return;
        }

        AntiAmplification amplification = CurrentPath.Amplification;
        bool wasAtLimit = amplification.IsAtLimit;
        bool isPacketDue = IsPacketDue(now);
        int sent = isPacketDue && OwesConnectionIdsForPaths && TryTransmitDatagram(now, runs, effects) ? 1 : 0;
        TransmitPathProbes(now, runs, effects);
        while (isPacketDue && sent < MaximumDatagramsPerDrain && !_keys.AreWornOut && TryTransmitDatagram(now, runs, effects))
            sent++;
        IsSendContinuationPending = sent == MaximumDatagramsPerDrain || _keys.AreWornOut;
        if (!IsSendContinuationPending)
            TransmitMtuProbe(now, runs, effects);
        NoteWhatStopped(now, wantsToSend: isPacketDue && HasEliciting(ApplicationLevel) && _keys.CanSend(ApplicationLevel));
        if (amplification.IsAtLimit != wasAtLimit)
            _loss.Rearm(now, RecoveryContext);
    }

    /// <summary>Whether a packet of any level has something to carry: what arrives in a transfer mostly asks for none yet.</summary>
    private bool IsPacketDue(TimeUs now)
    {
        foreach (EncryptionLevel level in SendingLevels)
        {
            if (_keys.CanSend(level) && (_spaces[level].Probes > 0 || IsAckDue(now, level) || HasEliciting(level)))
                return true;
        }

        return false;
    }

    /// <summary>
    /// RFC 9000 §9.5: a server answers a client on another path with another of the client's connection IDs, so that those which it was
    /// not told yet go before anything else.
    /// </summary>
    private bool OwesConnectionIdsForPaths => _role == Role.Client && IsHandshakeConfirmed && _localIds.TryGetPending(out _, out _);

    /// <summary>RFC 9001 §6.6: keys that may seal no more, and cannot be updated, end the connection while it can still say so.</summary>
    private void EndWithWornOutKeys()
    {
        if (!_keys.AreWornOut)
            return;
        _keys.UpdateIfDue(_loss.LargestAcknowledged(PacketNumberSpaceId.ApplicationData));
        if (_keys.AreWornOut)
            BeginClose(new TransportError(TransportErrorCode.AeadLimitReached, "the peer allows no update of worn-out keys (RFC 9001 §6.6)"));
    }

    /// <summary>
    /// RFC 9002 §7.8: the window may grow only when it, or the pacer, was what stopped sending; want of data or of credit, and the
    /// bound on one drain, leave it unused.
    /// </summary>
    private void NoteWhatStopped(TimeUs now, bool wantsToSend)
    {
        PathRecovery recovery = CurrentPath.Recovery;
        recovery.IsAppLimited = !wantsToSend;
        recovery.IsInterrupted = IsSendContinuationPending;
        _isPacingBlocked = !IsSendContinuationPending
            && recovery.AvailableWindow >= (ulong)CurrentPath.MaximumDatagramSize
            && !recovery.Pacer.CanSend(now, CurrentPath.MaximumDatagramSize)
            && (wantsToSend || _spaces.HasPendingHandshake);
    }

    private bool TryTransmitDatagram(TimeUs now, DatagramRuns runs, List<Effect> effects)
    {
        // RFC 9000 §8.1: at the limit a server waits for the client; what is left below a full datagram is not worth a packet.
        Path path = CurrentPath;
        if (path.Amplification.IsAtLimit)
            return false;
        EcnCodepoint mark = MarkFor(path);
        int length = WriteDatagram(now, path, mark, runs.Reserve(RoomFor(path), effects));
        if (length == 0)
            return false;
        Commit(runs, path, length, new DatagramAddressing(Handle, path.Route, mark), effects);
        if (_role == Role.Client && _hasSentHandshakePacket)
            DiscardKeys(now, EncryptionLevel.Initial);
        return true;
    }

    /// <summary>How the next datagram is marked. A client's first flight is not: it has to get through.</summary>
    private EcnCodepoint MarkFor(Path path) =>
        _role == Role.Client && !HasProcessedPacket ? EcnCodepoint.NotEct : path.Ecn.Mark;

    private void Commit(DatagramRuns runs, Path path, int length, in DatagramAddressing addressing, List<Effect> effects)
    {
        path.Amplification.OnSent(length);
        _counters.DatagramsSent++;
        _counters.BytesSent += (ulong)length;
        _inspector?.OnDatagramSent(length, _gathered);
        runs.Commit(length, addressing, effects);
    }

    /// <summary>
    /// Writes the packets of one datagram (RFC 9000 §12.2). The last one written stays open until it is known whether another follows,
    /// since it is the one that takes the padding (RFC 9000 §14.1).
    /// </summary>
    private int WriteDatagram(TimeUs now, Path path, EcnCodepoint mark, Span<byte> room)
    {
        bool mayElicit = path.Recovery.CanSend(now, path.MaximumDatagramSize);
        bool mustExpand = false;
        int sealedLength = 0;
        PacketDraft open = default;
        foreach (EncryptionLevel level in SendingLevels)
        {
            int start = sealedLength + open.Length;
            if (room.Length - start < SmallestUsefulRoom || !TryDraft(now, path, level, room[start..], mayElicit, out PacketDraft next))
                continue;
            sealedLength += Complete(now, ref open, 0);
            open = next;
            open.Mark = mark;
            mustExpand |= level == EncryptionLevel.Initial && (open.IsAckEliciting || _role == Role.Client);
        }

        return sealedLength + Complete(now, ref open, mustExpand ? DatagramSizes.Smallest - sealedLength : 0);
    }

    /// <summary>Writes the frames that a packet of one level has to carry now; false when there are none.</summary>
    private bool TryDraft(
        TimeUs now, Path path, EncryptionLevel level, Span<byte> room, bool mayElicit, out PacketDraft draft)
    {
        draft = default;
        if (!_keys.CanSend(level))
            return false;
        PacketNumberSpace space = _spaces[level];
        bool isProbe = space.Probes > 0;
        bool isAckDue = IsAckDue(now, level);
        bool mustElicit = isProbe || (isAckDue && space.Acks.ShouldElicitAck);
        bool elicits = (mayElicit || isProbe) && !_loss.IsFull(PacketNumberSpaceIds.Of(level)) && (mustElicit || HasEliciting(level));
        if (!elicits && !isAckDue)
            return false;

        SentFrameList frames = space.Frames;
        frames.Clear();
        PacketBuilder builder = _packets.Begin(path, level, room);
        WriteAck(now, level, isAckDue, ref builder.Payload, frames);
        int acknowledgements = frames.Count;
        if (elicits)
            WriteEliciting(now, level, ref builder.Payload, frames, mustElicit);
        if (builder.Payload.Position == 0)
            return false;

        // What is coalesced behind it begins where this packet ends: nothing may make it longer when it is sealed (RFC 9001 §5.4.2).
        builder.PadTo(0);
        draft = new PacketDraft
        {
            Builder = builder,
            Path = path,
            Level = level,
            Frames = frames,
            HasAck = acknowledgements > 0,
            IsAckEliciting = frames.Count > acknowledgements,
        };
        return true;
    }

    /// <summary>Seals a packet and records it (RFC 9002 §A.5).</summary>
    /// <returns>Its length; 0 when there is none.</returns>
    private int Complete(TimeUs now, ref PacketDraft draft, int minimumLength)
    {
        if (!draft.IsOpen)
            return 0;
        bool isPadded = draft.Length < minimumLength;
        draft.Builder.PadTo(minimumLength);
        int length = _packets.Seal(ref draft.Builder, draft.Level, draft.IsMtuProbe);
        _keys.OnSealed(draft.Level, draft.Builder.PacketNumberValue);
        var packet = new SentPacket
        {
            PacketNumber = draft.Builder.PacketNumberValue,
            Level = draft.Level,
            Size = length,
            IsAckEliciting = draft.IsAckEliciting,
            IsInFlight = draft.IsAckEliciting || isPadded,
            IsMtuProbe = draft.IsMtuProbe,
            Ecn = draft.Mark,
        };
        _loss.OnPacketSent(now, draft.Path.Recovery, packet, draft.Frames.Frames, RecoveryContext);
        _feedback.OnPacketSent(draft.Path, packet);
        if (draft.HasAck)
            _spaces[packet.Space].Acks.OnAckSent(draft.IsAckEliciting);
        OnPacketSent(now, packet);
        draft = default;
        return length;
    }

    private void OnPacketSent(TimeUs now, in SentPacket packet)
    {
        _counters.PacketsSent++;
        _hasSentHandshakePacket |= packet.Level == EncryptionLevel.Handshake;
        if (packet.Level == EncryptionLevel.ZeroRtt && _earlyData.OnSent())
            TellZeroRtt(ZeroRttStatus.Attempted);
        if (!packet.IsAckEliciting)
            return;
        _idle.OnAckElicitingSent(now);
        _spaces[packet.Space].OnElicitingSent();
    }

    /// <summary>A packet whose frames are written, but which is not sealed.</summary>
    private ref struct PacketDraft
    {
        public PacketBuilder Builder;

        public EcnCodepoint Mark;

        public Path Path { get; init; }

        public EncryptionLevel Level { get; init; }

        public SentFrameList Frames { get; init; }

        public bool HasAck { get; init; }

        public bool IsAckEliciting { get; init; }

        public bool IsMtuProbe { get; init; }

        public readonly bool IsOpen => Frames is not null;

        /// <summary>The packet's length once sealed, without padding; 0 when there is none.</summary>
        public readonly int Length => IsOpen ? Builder.Length : 0;
    }
}
