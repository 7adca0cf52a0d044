using System;

namespace CoQuic.Engine;

/// <summary>
/// A leaky bucket that spreads packets over time (RFC 9002 §7.7). Credit is counted in millionths of a byte, so that
/// nothing is lost to rounding however short the intervals.
/// </summary>
internal sealed class Pacer
{
    /// <summary>Packets that may leave at once, the size of an initial window (RFC 9002 §7.7).</summary>
    public const int BurstPackets = 10;

    /// <summary>Faster than any link, slow enough that no product overflows: 1 TB/s.</summary>
    private const ulong MaximumRate = 1_000_000_000_000;

    private const long CreditPerByte = 1_000_000;

    private readonly long _granularityMicroseconds;
    private long _maximumDatagramSize;
    private bool _isSmooth;

    // The credit that a sender was told to wait for; 0 while nobody waits.
    private long _awaited;
    private long _rate;
    private long _credit;
    private TimeUs _refilled;

    /// <param name="maximumDatagramSize">The size of a full datagram, in bytes.</param>
    /// <param name="granularity">How late the host's timers may be: a burst makes up for it.</param>
    public Pacer(int maximumDatagramSize, TimeSpan granularity)
    {
        _granularityMicroseconds = (long)granularity.TotalMicroseconds;
        _maximumDatagramSize = maximumDatagramSize;
        _credit = Capacity;
    }

    /// <summary>Bytes per second, 0 while nothing is paced.</summary>
    public ulong Rate => (ulong)_rate;

    /// <summary>The most bytes that leave at once: ten packets, or what the rate allows in one tick of a coarse timer.</summary>
    public long Burst => Math.Max(BurstPackets * _maximumDatagramSize, _rate * _granularityMicroseconds / CreditPerByte);

    private long Capacity => Burst * CreditPerByte;

    /// <summary>Who was told when to come, and comes late, finds what was earned meanwhile. Nobody else finds more than a burst.</summary>
    private long Limit => _awaited > 0 ? 2 * Capacity : Capacity;

    /// <summary>Changes the rate; what was earned at the old one stays.</summary>
    /// <param name="now">From when on.</param>
    /// <param name="bytesPerSecond">The new rate, or null before there is an RTT sample: then the window alone limits.</param>
    /// <param name="isSmooth">Whether each packet has its own time, as models of the path's queue want it, and not each run of packets.</param>
    public void SetRate(TimeUs now, ulong? bytesPerSecond, bool isSmooth = false)
    {
        Refill(now);
        _isSmooth = isSmooth;
        _rate = bytesPerSecond is { } rate ? (long)Math.Clamp(rate, 1, MaximumRate) : 0;
        _credit = Math.Min(_credit, Limit);
    }

    public void OnMaximumDatagramSizeChanged(int maximumDatagramSize) => _maximumDatagramSize = maximumDatagramSize;

    /// <summary>
    /// Whether so many bytes may leave now. More than a burst may leave when a burst may; who waits for a run gets no part of it.
    /// </summary>
    public bool CanSend(TimeUs now, int bytes)
    {
        Refill(now);
        return _rate == 0 || _credit >= Math.Max(_awaited, Math.Min(bytes * CreditPerByte, Capacity));
    }

    /// <summary>Counts bytes in flight that were sent, those that did not ask (probes) included.</summary>
    public void OnSent(TimeUs now, int bytes)
    {
        Refill(now);
        _credit = Math.Max(_credit - (bytes * CreditPerByte), -Capacity);
        _awaited = 0;
    }

    /// <summary>When to try again; null when a full datagram may leave now.</summary>
    /// <param name="now">The current instant.</param>
    /// <param name="waitingBytes">
    /// What waits to be sent, in bytes: it leaves as one run, up to a burst, so that a sender is woken for a run and not for each packet. What
    /// is no more than a packet waits for its own turn alone. Nobody is woken twice within half the timers' granularity.
    /// </param>
    public TimeUs? NextRelease(TimeUs now, ulong waitingBytes)
    {
        if (CanSend(now, (int)_maximumDatagramSize))
            return null;
        long packet = _maximumDatagramSize;
        long run = _isSmooth ? packet : (long)Math.Clamp(waitingBytes, (ulong)packet, (ulong)(BurstPackets * packet));
        _awaited = run * CreditPerByte;
        long missing = Math.Max(_awaited, _rate * _granularityMicroseconds / 2) - _credit;
        long microseconds = Math.Max(0, (missing + _rate - 1) / _rate);
        return now + TimeSpan.FromTicks(microseconds * TimeSpan.TicksPerMicrosecond);
    }

    private void Refill(TimeUs now)
    {
        long elapsed = now.Microseconds - _refilled.Microseconds;
        if (elapsed <= 0)
            return;
        _refilled = now;
        // A rate of one byte per second earns one millionth of a byte in each microsecond: no division, no rounding.
        // What is left of a late run stays until it has been sent.
        long limit = Math.Max(Limit, _credit);
        bool isFull = _rate == 0 || elapsed > (limit - _credit) / _rate;
        _credit = isFull ? limit : _credit + (_rate * elapsed);
    }
}
