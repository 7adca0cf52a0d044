using System;

namespace CoQuic.Engine;

/// <summary>
/// The receiving side of one packet number space (RFC 9000 §13.2): what arrived, what is still to be acknowledged, and by when.
/// </summary>
internal sealed class AckTracker
{
    /// <summary>Ack-eliciting packets after which an ACK is due at once, unless configured otherwise (RFC 9000 §13.2.2).</summary>
    public const int DefaultAckElicitingThreshold = 2;

    /// <summary>ACKs sent in packets that elicit none before one should carry a PING, lest ranges pile up (RFC 9000 §13.2.4).</summary>
    private const int SilentAcksBeforePing = 32;

    /// <summary>With fewer ranges an ACK frame is small, and nobody needs to be asked for an acknowledgment.</summary>
    private const int RangesWorthForgetting = 4;

    private readonly ReceivedPacketNumbers _received = new();
    private readonly bool _acknowledgesImmediately;
    private readonly TimeSpan _maxAckDelay;
    private readonly AckThreshold _threshold;

    private TimeUs _largestReceivedTime;
    private ulong? _largestAckEliciting;
    private int _ackElicitingSinceAck;
    private int _silentAcks;

    // The peer knows that we received everything below: those ranges are kept against duplicates only.
    private ulong _reportFrom;

    /// <param name="space">Initial and Handshake packets are acknowledged at once (RFC 9000 §13.2.1).</param>
    /// <param name="maxAckDelay">The max_ack_delay that we advertise.</param>
    /// <param name="ackElicitingThreshold">Ack-eliciting packets after which an ACK is due at once, at first; at least 1.</param>
    /// <param name="maximumThreshold">Up to where that grows where many packets arrive in a round trip.</param>
    public AckTracker(
        PacketNumberSpaceId space,
        TimeSpan maxAckDelay,
        int ackElicitingThreshold = DefaultAckElicitingThreshold,
        int maximumThreshold = 0)
    {
        _acknowledgesImmediately = space != PacketNumberSpaceId.ApplicationData;
        _maxAckDelay = maxAckDelay;
        _threshold = new AckThreshold(ackElicitingThreshold, maximumThreshold);
    }

    /// <summary>The largest number received, from which truncated numbers are decoded (RFC 9000 §17.1).</summary>
    public ulong? LargestReceived => _received.IsEmpty ? null : _received.Largest;

    public EcnCounts EcnCounts { get; private set; }

    /// <summary>The path's round-trip time; zero while it is unknown.</summary>
    public TimeSpan RoundTrip { get; set; }

    /// <summary>When an ACK must have been sent; an instant that has come means now. Null when nothing asks for one.</summary>
    public TimeUs? Deadline { get; private set; }

    /// <summary>Whether an ack-eliciting packet waits for its ACK: a packet that is sent anyway carries one.</summary>
    public bool IsAckPending => _ackElicitingSinceAck > 0;

    /// <summary>Whether the next ACK should travel with an ack-eliciting frame, so that old ranges can be forgotten.</summary>
    public bool ShouldElicitAck => _silentAcks >= SilentAcksBeforePing && Ranges.Length >= RangesWorthForgetting;

    /// <summary>What an ACK frame sent now lists, the largest numbers first; at least the newest range once anything arrived.</summary>
    /// <remarks>A view: valid until the next packet.</remarks>
    public ReadOnlySpan<PacketNumberRange> Ranges
    {
        get
        {
            ReadOnlySpan<PacketNumberRange> all = _received.Ranges;
            int count = Math.Min(1, all.Length);
            while (count < all.Length && all[count].Largest >= _reportFrom)
                count++;
            return all[..count];
        }
    }

    /// <summary>Whether a packet was processed before, or is too old to tell (RFC 9000 §12.3): it is to be dropped.</summary>
    public bool IsDuplicate(ulong packetNumber) => _received.Contains(packetNumber);

    public bool IsAckDue(TimeUs now) => Deadline <= now;

    /// <summary>The host delay to report: how long the largest number has been waiting (RFC 9000 §13.2.5).</summary>
    public TimeSpan AckDelay(TimeUs now) => now - _largestReceivedTime;

    /// <summary>Takes a packet whose frames were processed, and which was no duplicate.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="packetNumber">Its number.</param>
    /// <param name="isAckEliciting">Whether it asks for an acknowledgment.</param>
    /// <param name="ecn">How its datagram was marked.</param>
    /// <param name="arrivedAt">When it arrived, if it has waited for its keys: that delay is reported too (RFC 9000 §13.2.5).</param>
    public void OnPacketReceived(
        TimeUs now, ulong packetNumber, bool isAckEliciting, EcnCodepoint ecn, TimeUs? arrivedAt = null)
    {
        if (_received.IsEmpty || packetNumber > _received.Largest)
            _largestReceivedTime = arrivedAt ?? now;
        _received.Add(packetNumber);
        _reportFrom = Math.Min(_reportFrom, packetNumber);
        EcnCounts = EcnCounts.Add(ecn);

        // RFC 9000 §13.2.1: what elicits no ACK never causes one, gaps or not.
        if (isAckEliciting)
            OnAckElicitingReceived(now, packetNumber, ecn);
    }

    /// <summary>An ACK frame with <see cref="Ranges"/> was sent.</summary>
    /// <param name="isAckEliciting">Whether its packet will be acknowledged in turn.</param>
    public void OnAckSent(bool isAckEliciting)
    {
        Deadline = null;
        _ackElicitingSinceAck = 0;
        _silentAcks = isAckEliciting ? 0 : _silentAcks + 1;
    }

    /// <summary>The peer acknowledged a packet in which we acknowledged up to this number: it knows (RFC 9000 §13.2.4).</summary>
    public void OnAckAcknowledged(ulong largestAcknowledged) => _reportFrom = Math.Max(_reportFrom, largestAcknowledged + 1);

    private void OnAckElicitingReceived(TimeUs now, ulong packetNumber, EcnCodepoint ecn)
    {
        _ackElicitingSinceAck++;
        _threshold.OnAckElicitingReceived(now, RoundTrip);
        bool isOutOfOrder = IsOutOfOrder(packetNumber);
        if (isOutOfOrder)
            _threshold.OnGap(now);
        bool isImmediate = _acknowledgesImmediately
            || _ackElicitingSinceAck >= _threshold.Value
            || ecn == EcnCodepoint.Ce
            || isOutOfOrder;
        TimeUs deadline = isImmediate ? now : now + _maxAckDelay;
        Deadline = Deadline is { } earlier ? TimeUs.Min(earlier, deadline) : deadline;
        _largestAckEliciting = Math.Max(_largestAckEliciting ?? 0, packetNumber);
    }

    /// <summary>Whether the packet comes after its successor, or leaves a gap to its predecessor (RFC 9000 §13.2.1).</summary>
    private bool IsOutOfOrder(ulong packetNumber)
    {
        if (_largestAckEliciting is not { } largest)
            return false;
        return packetNumber < largest || !_received.ContainsAll(largest + 1, packetNumber - 1);
    }
}
