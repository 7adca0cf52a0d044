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

    /// <summary>Packets for which a sender is woken: half of what may leave at once.</summary>
    private const int RunPackets = BurstPackets / 2;

    /// <summary>Faster than any link, slow enough that no product overflows: 1 TB/s.</summary>
    private const ulong MaximumRate = 1_000_000_000_000;

    private const long CreditPerByte = 1_000_000;

    private readonly long _granularityMicroseconds;
    private long _maximumDatagramSize;
    private long _runPackets = RunPackets;
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

    /// <summary>Changes the rate; what was earned at the old one stays.</summary>
    /// <param name="now">From when on.</param>
    /// <param name="bytesPerSecond">The new rate, or null before there is an RTT sample: then the window alone limits.</param>
    /// <param name="isSmooth">Whether each packet has its own time, as models of the path's queue want it, and not each run of packets.</param>
    public void SetRate(TimeUs now, ulong? bytesPerSecond, bool isSmooth = false)
    {
        Refill(now);
        _runPackets = isSmooth ? 1 : RunPackets;
        _rate = bytesPerSecond is { } rate ? (long)Math.Clamp(rate, 1, MaximumRate) : 0;
        _credit = Math.Min(_credit, Capacity);
    }

    public void OnMaximumDatagramSizeChanged(int maximumDatagramSize) => _maximumDatagramSize = maximumDatagramSize;

    /// <summary>Whether so many bytes may leave now. More than a burst may leave when a burst may.</summary>
    public bool CanSend(TimeUs now, int bytes)
    {
        Refill(now);
        return _rate == 0 || _credit >= Math.Min(bytes * CreditPerByte, Capacity);
    }

    /// <summary>Counts bytes in flight that were sent, those that did not ask (probes) included.</summary>
    public void OnSent(TimeUs now, int bytes)
    {
        Refill(now);
        _credit = Math.Max(_credit - (bytes * CreditPerByte), -Capacity);
    }

    /// <summary>When to try again; null when a full datagram may leave now.</summary>
    /// <remarks>
    /// Half a burst is earned first, or half a timer granularity's worth, so that a sender is woken for a run and not for each packet, while
    /// the bucket still has room for what a late wake-up earns.
    /// </remarks>
    public TimeUs? NextRelease(TimeUs now)
    {
        if (CanSend(now, (int)_maximumDatagramSize))
            return null;
        long wanted = Math.Max(_runPackets * _maximumDatagramSize * CreditPerByte, _rate * _granularityMicroseconds / 2);
        long microseconds = (wanted - _credit + _rate - 1) / _rate;
        return now + TimeSpan.FromTicks(microseconds * TimeSpan.TicksPerMicrosecond);
    }

    private void Refill(TimeUs now)
    {
        long elapsed = now.Microseconds - _refilled.Microseconds;
        if (elapsed <= 0)
            return;
        _refilled = now;
        // A rate of one byte per second earns one millionth of a byte in each microsecond: no division, no rounding.
        bool isFull = _rate == 0 || elapsed > (Capacity - _credit) / _rate;
        _credit = isFull ? Capacity : _credit + (_rate * elapsed);
    }
}
