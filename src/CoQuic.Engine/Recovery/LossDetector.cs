using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// Decides which packets arrived and which are lost, and when to probe (RFC 9002 §6, §A), over all three packet number
/// spaces. It tells the path's estimators and controller; the connection tells the owners of what packets carried.
/// </summary>
internal sealed partial class LossDetector
{
    private readonly Role _role;
    private readonly SpaceRecovery[] _spaces = [new(), new(), new()];
    private readonly List<PathRecovery> _otherPaths = [];
    private bool _hasHandshakeAck;

    public LossDetector(Role role, PathRecovery path)
    {
        _role = role;
        Path = path;
    }

    /// <summary>The path that packets are sent on.</summary>
    public PathRecovery Path { get; private set; }

    /// <summary>What the last ACK frame newly acknowledged, the largest number first. Valid until the next call.</summary>
    /// <remarks>Packets that had been declared lost are among them: their frames need not be sent again.</remarks>
    public SettledPackets Acknowledged { get; } = new();

    /// <summary>What the last call declared lost, oldest first: the information in it is to be sent again. Valid until the next call.</summary>
    public SettledPackets Lost { get; } = new();

    /// <summary>Packets declared lost so far.</summary>
    public ulong PacketsLost { get; private set; }

    /// <summary>Packets among them that arrived after all.</summary>
    public ulong PacketsSpuriouslyLost =>
        _spaces[0].Log.SpuriouslyLost + _spaces[1].Log.SpuriouslyLost + _spaces[2].Log.SpuriouslyLost;

    /// <summary>Times that persistent congestion was established.</summary>
    public ulong PersistentCongestions { get; private set; }

    /// <summary>The number of the next packet of a space.</summary>
    public ulong NextPacketNumber(PacketNumberSpaceId space) => Of(space).Log.NextPacketNumber;

    /// <summary>The largest number that the peer acknowledged: it decides how many bytes of a number are sent (RFC 9000 §17.1).</summary>
    public ulong? LargestAcknowledged(PacketNumberSpaceId space) => Of(space).Log.LargestAcknowledged;

    /// <summary>Ack-eliciting packets of a space in flight.</summary>
    public int AckElicitingInFlight(PacketNumberSpaceId space) => Of(space).Log.AckElicitingInFlight;

    /// <summary>Whether the peer has left so much unacknowledged that nothing more may be sent in a space.</summary>
    public bool IsFull(PacketNumberSpaceId space) => Of(space).Log.IsFull;

    /// <summary>Leaves the next number unused, so that an ACK for it gives away who acknowledges unseen (RFC 9000 §21.4).</summary>
    public ulong SkipPacketNumber(PacketNumberSpaceId space) => Of(space).Log.Skip();

    /// <summary>A packet with the next number of its space was sent on the current path (RFC 9002 §A.5).</summary>
    /// <param name="now">When.</param>
    /// <param name="packet">What its builder knows; path and time are filled in here.</param>
    /// <param name="frames">What it carried; copied.</param>
    /// <param name="context">The connection's state.</param>
    public void OnPacketSent(TimeUs now, in SentPacket packet, ReadOnlySpan<SentFrame> frames, in RecoveryContext context) =>
        OnPacketSent(now, Path, packet, frames, context);

    /// <summary>A packet with the next number of its space was sent on some path, which is the current one or was added.</summary>
    public void OnPacketSent(
        TimeUs now, PathRecovery path, in SentPacket packet, ReadOnlySpan<SentFrame> frames, in RecoveryContext context)
    {
        SentPacket sent = path.OnPacketSent(now, packet);
        Of(packet.Space).Log.Append(sent, frames);
        if (packet.IsInFlight)
            Rearm(now, context);
    }

    /// <summary>
    /// An ACK frame arrived (RFC 9002 §A.7). Fills <see cref="Acknowledged"/> and <see cref="Lost"/>.
    /// </summary>
    /// <returns>PROTOCOL_VIOLATION when the peer acknowledges what was never sent.</returns>
    public TransportError? OnAckReceived<TRanges>(
        TimeUs now, PacketNumberSpaceId space, in ReceivedAck ack, TRanges ranges, in RecoveryContext context)
        where TRanges : IAckRanges, allows ref struct
    {
        Acknowledged.Clear();
        Lost.Clear();
        SentPacketLog log = Of(space).Log;
        while (ranges.TryNext(out PacketNumberRange range))
        {
            // RFC 9000 §13.1: an ACK for a packet that was never sent is an error of the connection.
            if (!log.TryAcknowledge(range, Acknowledged))
                return new TransportError(TransportErrorCode.ProtocolViolation, "An ACK frame acknowledges a packet that was never sent.");
        }

        if (Acknowledged.Count == 0)
            return null;
        OnNewlyAcknowledged(now, space, ack, context);
        return null;
    }

    /// <summary>
    /// The peer reports packets that met congestion, in the ACK frame processed last and by counts that can be trusted (RFC 9002 §B.7).
    /// </summary>
    public void OnCongestionExperienced(TimeUs now)
    {
        if (Acknowledged.Count == 0 || Acknowledged[0].PathId != Path.Id)
            return;
        Path.Congestion.OnEcnCe(now, Acknowledged[0].TimeSent);
        Path.UpdatePacing(now);
    }

    /// <summary>Initial or Handshake keys are gone: their packets leave the flight (RFC 9002 §6.4, §A.11).</summary>
    public void OnKeysDiscarded(TimeUs now, PacketNumberSpaceId space, in RecoveryContext context)
    {
        SpaceRecovery discarded = Of(space);
        discarded.LossTime = null;
        Forget(discarded, space == PacketNumberSpaceId.Initial ? EncryptionLevel.Initial : EncryptionLevel.Handshake);
        discarded.Log.Clear();
        Lost.Clear();
        PtoCount = 0;
        Rearm(now, context);
    }

    /// <summary>
    /// The server refused early data: 0-RTT packets will never be acknowledged (RFC 9002 §6.4), and who does it all the same breaks the
    /// protocol (RFC 9001 §4.6.2). <see cref="Lost"/> lists them.
    /// </summary>
    public void OnZeroRttRejected(TimeUs now, in RecoveryContext context)
    {
        Lost.Clear();
        Forget(Of(PacketNumberSpaceId.ApplicationData), EncryptionLevel.ZeroRtt);
        Of(PacketNumberSpaceId.ApplicationData).Log.Disown(EncryptionLevel.ZeroRtt);
        Rearm(now, context);
    }

    /// <summary>A Retry makes a client begin again (RFC 9002 §6.3): <see cref="Lost"/> lists what it has sent so far.</summary>
    public void OnRetryReceived(TimeUs now, in RecoveryContext context)
    {
        Lost.Clear();
        Forget(Of(PacketNumberSpaceId.Initial), EncryptionLevel.Initial);
        Forget(Of(PacketNumberSpaceId.ApplicationData), EncryptionLevel.ZeroRtt);
        PtoCount = 0;
        Rearm(now, context);
    }

    /// <summary>Packets may be sent on one more path, besides the current one.</summary>
    public void AddPath(PathRecovery path)
    {
        if (path != Path && !_otherPaths.Contains(path))
            _otherPaths.Add(path);
    }

    /// <summary>A path is given up: what becomes of its packets concerns nobody but the owners of their frames.</summary>
    public void RemovePath(PathRecovery path) => _otherPaths.Remove(path);

    /// <summary>
    /// Packets are sent on another path from now on; the fate of older ones does not touch it (RFC 9000 §9.4). The path so far stays
    /// until it is removed, as the connection may return to it.
    /// </summary>
    public void OnPathChanged(TimeUs now, PathRecovery path, in RecoveryContext context)
    {
        PathRecovery old = Path;
        Path = path;
        _otherPaths.Remove(path);
        AddPath(old);
        PtoCount = 0;
        foreach (SpaceRecovery space in _spaces)
            space.Persistent.Reset();
        Rearm(now, context);
    }

    private SpaceRecovery Of(PacketNumberSpaceId space) => _spaces[(int)space];

    private void OnNewlyAcknowledged(
        TimeUs now, PacketNumberSpaceId space, in ReceivedAck ack, in RecoveryContext context)
    {
        _hasHandshakeAck |= space == PacketNumberSpaceId.Handshake;
        ref readonly SentPacket newest = ref Acknowledged[0];
        TimeSpan? rttSample = SampleRtt(now, space, ack, newest, context);
        BreakPersistentCongestion(space, newest.TimeSent);

        ulong priorBytesInFlight = Path.BytesInFlight;
        ReportSpuriousLosses(now, Of(space).Log);
        DetectLost(now, space, context);
        Path.OnPacketsAcked(now, Acknowledged, priorBytesInFlight, rttSample);
        foreach (PathRecovery other in _otherPaths)
            other.OnPacketsAcked(now, Acknowledged, other.BytesInFlight, rttSample: null);
        Path.UpdatePacing(now);

        // RFC 9002 §6.2.1: a client keeps backing off until it knows that the server may answer freely.
        if (HasPeerCompletedAddressValidation(context))
            PtoCount = 0;
        Rearm(now, context);
    }

    /// <summary>RFC 9002 §5.1: the largest acknowledged must be new, and something new must have been ack-eliciting.</summary>
    /// <returns>The sample, if there is one.</returns>
    private TimeSpan? SampleRtt(
        TimeUs now, PacketNumberSpaceId space, in ReceivedAck ack, in SentPacket newest, in RecoveryContext context)
    {
        if (newest.PacketNumber != ack.LargestAcknowledged || newest.PathId != Path.Id || !AnyAckEliciting())
            return null;
        // Acknowledgments of Initial and Handshake packets are not delayed on purpose; what is reported before the
        // handshake is confirmed is believed whole (RFC 9002 §5.3).
        bool isApplicationData = space == PacketNumberSpaceId.ApplicationData;
        int exponent = isApplicationData ? context.AckDelayExponent : RecoveryContext.DefaultAckDelayExponent;
        TimeSpan delay = space == PacketNumberSpaceId.Initial ? TimeSpan.Zero : AckDelay.Decode(ack.AckDelay, exponent);
        TimeSpan? limit = context.IsHandshakeConfirmed ? context.MaxAckDelay : null;
        Path.Rtt.OnSample(now, now - newest.TimeSent, delay, limit);
        return Path.Rtt.LatestRtt;
    }

    /// <summary>What was declared lost and is acknowledged now was only late.</summary>
    private void ReportSpuriousLosses(TimeUs now, SentPacketLog log)
    {
        foreach (ref readonly SentPacket packet in Acknowledged.Packets)
        {
            if (packet.WasDeclaredLost)
                Path.OnSpuriousLoss(now, packet, log.LargestAcknowledged!.Value - packet.PacketNumber);
        }
    }

    private bool AnyAckEliciting()
    {
        foreach (ref readonly SentPacket packet in Acknowledged.Packets)
        {
            if (packet.IsAckEliciting)
                return true;
        }

        return false;
    }

    private void BreakPersistentCongestion(PacketNumberSpaceId acknowledged, TimeUs timeSent)
    {
        for (int space = 0; space < _spaces.Length; space++)
        {
            if (space != (int)acknowledged)
                _spaces[space].Persistent.OnAcknowledgedElsewhere(timeSent);
        }
    }

    /// <summary>RFC 9002 §A.10, §B.8.</summary>
    private void DetectLost(TimeUs now, PacketNumberSpaceId spaceId, in RecoveryContext context)
    {
        SpaceRecovery space = Of(spaceId);
        space.LossTime = space.Log.DetectLost(LossRules.At(now, Path), space.Persistent, Lost);
        if (Lost.Count == 0)
            return;
        PacketsLost += (ulong)Lost.Count;
        Path.OnPacketsLost(now, Lost);
        foreach (PathRecovery other in _otherPaths)
            other.OnPacketsLost(now, Lost);
        if (space.Persistent.TryEstablish(PersistentCongestion.Duration(Path.Rtt, context.MaxAckDelay)))
        {
            PersistentCongestions++;
            Path.OnPersistentCongestion(now);
        }
    }

    /// <summary>Takes packets out of the flight that nobody can acknowledge; that is no sign of congestion (RFC 9002 §B.9).</summary>
    private void Forget(SpaceRecovery space, EncryptionLevel level)
    {
        int first = Lost.Count;
        space.Log.Abandon(level, Lost);
        foreach (ref readonly SentPacket packet in Lost.Packets[first..])
            OnPacketDiscarded(packet);
        space.Persistent.Reset();
    }

    private void OnPacketDiscarded(in SentPacket packet)
    {
        Path.OnPacketDiscarded(packet);
        foreach (PathRecovery other in _otherPaths)
            other.OnPacketDiscarded(packet);
    }
}
