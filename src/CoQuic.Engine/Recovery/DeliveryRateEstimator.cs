using System;

namespace CoQuic.Engine;

/// <summary>
/// Measures how fast a path delivers, by the longer of the times in which a flight was sent and acknowledged
/// (draft-cheng-iccrg-delivery-rate-estimation-02).
/// </summary>
internal sealed class DeliveryRateEstimator
{
    private ulong _delivered;
    private ulong _lost;
    private TimeUs _deliveredTime;
    private TimeUs _firstSentTime;

    // app_limited: what is delivered up to here was sent while there was too little to send; 0 when nothing was.
    private ulong _appLimitedUntil;

    private SentPacket? _newest;
    private ulong _newlyAcked;
    private ulong _newlyLost;

    /// <summary>Bytes lost so far.</summary>
    public ulong Lost => _lost;

    /// <summary>Writes on a packet that is sent now what a sample will need of this instant (§3.2).</summary>
    /// <param name="now">The instant.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="isFlightEmpty">Whether nothing was in flight before it: then a new interval begins.</param>
    public SentPacket Stamp(TimeUs now, in SentPacket packet, bool isFlightEmpty)
    {
        if (isFlightEmpty && packet.IsInFlight)
        {
            _firstSentTime = now;
            _deliveredTime = now;
        }

        return packet with
        {
            IsAppLimited = _appLimitedUntil != 0,
            Delivered = _delivered,
            DeliveredTime = _deliveredTime,
            FirstSentTime = _firstSentTime,
            Lost = _lost,
        };
    }

    /// <summary>A packet was delivered (UpdateRateSample, §3.3).</summary>
    public void OnPacketAcked(TimeUs now, in SentPacket packet)
    {
        _delivered += (ulong)packet.Size;
        _deliveredTime = now;
        _newlyAcked += (ulong)packet.Size;
        if (_newest is { } newest && packet.TimeSent <= newest.TimeSent)
            return;
        _newest = packet;
    }

    public void OnPacketLost(in SentPacket packet)
    {
        _lost += (ulong)packet.Size;
        _newlyLost += (ulong)packet.Size;
    }

    /// <summary>There is less to send than could be: what is in flight, and what follows until it is delivered, measures that (§3.4).</summary>
    public void OnAppLimited(ulong bytesInFlight) => _appLimitedUntil = Math.Max(1, _delivered + bytesInFlight);

    /// <summary>The sample of an ACK frame all of whose packets were told (GenerateRateSample, §3.3).</summary>
    /// <param name="minRtt">min_rtt: a shorter interval is not to be relied on.</param>
    /// <param name="bytesInFlight">Bytes in flight now.</param>
    public DeliverySample Take(TimeSpan minRtt, ulong bytesInFlight)
    {
        if (_delivered > _appLimitedUntil)
            _appLimitedUntil = 0;
        DeliverySample sample = new()
        {
            TotalDelivered = _delivered,
            PriorDelivered = _delivered,
            NewlyAcked = _newlyAcked,
            NewlyLost = _newlyLost,
            BytesInFlight = bytesInFlight,
        };
        if (_newest is { } newest)
            sample = Measure(sample, newest, minRtt);
        _newest = null;
        _newlyAcked = 0;
        _newlyLost = 0;
        return sample;
    }

    private DeliverySample Measure(in DeliverySample sample, in SentPacket newest, TimeSpan minRtt)
    {
        TimeSpan sendElapsed = newest.TimeSent - newest.FirstSentTime;
        TimeSpan ackElapsed = _deliveredTime - newest.DeliveredTime;
        TimeSpan interval = sendElapsed > ackElapsed ? sendElapsed : ackElapsed;
        _firstSentTime = newest.TimeSent;
        bool isReliable = interval > TimeSpan.Zero && interval >= minRtt;
        ulong delivered = _delivered - newest.Delivered;
        return sample with
        {
            Rate = isReliable ? (ulong)(delivered * (double)TimeSpan.TicksPerSecond / interval.Ticks) : 0,
            PriorDelivered = newest.Delivered,
            IsAppLimited = newest.IsAppLimited,
            SentInFlight = newest.BytesInFlight,
            Lost = _lost - newest.Lost,
        };
    }
}
