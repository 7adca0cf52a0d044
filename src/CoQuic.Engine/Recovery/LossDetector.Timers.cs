using System;

namespace CoQuic.Engine;

/// <content>The loss detection timer (RFC 9002 §6.2, §A.8, §A.9).</content>
internal sealed partial class LossDetector
{
    /// <summary>Datagrams sent when a PTO expires: two survive the loss of one (RFC 9002 §6.2.4).</summary>
    private const int ProbesPerPto = 2;

    /// <summary>The backoff stops growing when it has reached decades, lest it overflow.</summary>
    private const int MaximumBackoffExponent = 30;

    private PacketNumberSpaceId _ptoSpace;
    private bool _isAntiDeadlock;

    /// <summary>pto_count: PTOs in a row without an acknowledgment.</summary>
    public int PtoCount { get; private set; }

    /// <summary>When <see cref="OnTimeout"/> has work to do; null while nothing is timed.</summary>
    public TimeUs? Deadline { get; private set; }

    /// <summary>The current PTO of application data without backoff: other timers are multiples of it (RFC 9000 §10.2, §8.2.4).</summary>
    public TimeSpan Pto(in RecoveryContext context) => Path.Rtt.PtoBase + context.MaxAckDelay;

    /// <summary>Sets the timer anew (RFC 9002 §A.8).</summary>
    /// <remarks>
    /// The connection calls it when the context changes: Handshake keys become available, the handshake is confirmed,
    /// the amplification limit is reached or lifted. The deadline may then lie in the past (RFC 9002 §6.2.2.1).
    /// </remarks>
    public void Rearm(TimeUs now, in RecoveryContext context)
    {
        (Deadline, _) = EarliestLossTime();
        if (Deadline is not null)
            return;
        // What is sent on a PTO counts against the amplification limit, so at the limit there is nothing to wait for.
        if (!context.IsAtAmplificationLimit)
            Deadline = ArmPto(now, context);
    }

    /// <summary>The timer expired (RFC 9002 §A.9). Fills <see cref="Lost"/> when packets are lost; nothing happens before the deadline.</summary>
    public TimeoutAction OnTimeout(TimeUs now, in RecoveryContext context)
    {
        Lost.Clear();
        if (Deadline is null || now < Deadline)
            return new TimeoutAction(TimeoutKind.None);

        (TimeUs? lossTime, PacketNumberSpaceId lossSpace) = EarliestLossTime();
        if (lossTime is not null)
        {
            DetectLost(now, lossSpace, context);
            Path.UpdatePacing(now);
            Rearm(now, context);
            return new TimeoutAction(TimeoutKind.PacketsLost, lossSpace);
        }

        TimeoutAction probes = new(TimeoutKind.SendProbes, _ptoSpace, _isAntiDeadlock ? 1 : ProbesPerPto);
        PtoCount++;
        Rearm(now, context);
        return probes;
    }

    /// <summary>
    /// The oldest ack-eliciting packets in flight of a space: what probes repeat when there is nothing new to send
    /// (RFC 9002 §6.2.4). They are not lost, and stay in flight.
    /// </summary>
    public void CopyOldestInFlight(PacketNumberSpaceId space, int maximum, SettledPackets into)
    {
        into.Clear();
        Of(space).Log.CopyOldestOutstanding(maximum, into);
    }

    /// <summary>Whether anything waits for an acknowledgment in a space.</summary>
    public bool HasElicitingInFlight(PacketNumberSpaceId space) => Of(space).Log.AckElicitingInFlight > 0;

    private (TimeUs? Time, PacketNumberSpaceId Space) EarliestLossTime()
    {
        TimeUs? earliest = null;
        PacketNumberSpaceId space = PacketNumberSpaceId.Initial;
        for (int i = 0; i < _spaces.Length; i++)
        {
            if (_spaces[i].LossTime is not { } time || time >= earliest)
                continue;
            earliest = time;
            space = (PacketNumberSpaceId)i;
        }

        return (earliest, space);
    }

    private TimeUs? ArmPto(TimeUs now, in RecoveryContext context)
    {
        TimeUs? earliest = null;
        for (int i = 0; i < _spaces.Length; i++)
        {
            PacketNumberSpaceId space = (PacketNumberSpaceId)i;
            SentPacketLog log = _spaces[i].Log;
            // RFC 9002 §6.2.1: before confirmation the peer may be unable to read or acknowledge application data.
            bool isTimed = space != PacketNumberSpaceId.ApplicationData || context.IsHandshakeConfirmed;
            if (log.AckElicitingInFlight == 0 || !isTimed)
                continue;
            TimeUs time = log.LastAckElicitingTime + PtoPeriod(space, context);
            if (time >= earliest)
                continue;
            earliest = time;
            _ptoSpace = space;
        }

        _isAntiDeadlock = earliest is null;
        return earliest ?? ArmAntiDeadlock(now, context);
    }

    /// <summary>
    /// A server at its amplification limit waits for the client, so a client that is not sure of the server probes even
    /// with nothing in flight (RFC 9002 §6.2.2.1).
    /// </summary>
    private TimeUs? ArmAntiDeadlock(TimeUs now, in RecoveryContext context)
    {
        if (HasPeerCompletedAddressValidation(context))
            return null;
        _ptoSpace = context.HasHandshakeKeys ? PacketNumberSpaceId.Handshake : PacketNumberSpaceId.Initial;
        return now + PtoPeriod(_ptoSpace, context);
    }

    /// <summary>RFC 9002 §6.2.1: max_ack_delay belongs to application data alone; each PTO in a row doubles the period.</summary>
    private TimeSpan PtoPeriod(PacketNumberSpaceId space, in RecoveryContext context)
    {
        TimeSpan period = space == PacketNumberSpaceId.ApplicationData ? Pto(context) : Path.Rtt.PtoBase;
        long factor = 1L << Math.Min(PtoCount, MaximumBackoffExponent);
        return period.Ticks > long.MaxValue / factor ? TimeSpan.MaxValue : period * factor;
    }

    /// <summary>PeerCompletedAddressValidation (RFC 9002 §A.8): clients need no validation by the server's peer.</summary>
    private bool HasPeerCompletedAddressValidation(in RecoveryContext context) =>
        _role == Role.Server || _hasHandshakeAck || context.IsHandshakeConfirmed;
}
