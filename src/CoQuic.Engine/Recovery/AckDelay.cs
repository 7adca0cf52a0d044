using System;

namespace CoQuic.Engine;

/// <summary>The ACK Delay field (RFC 9000 §19.3): microseconds divided by two to the power of ack_delay_exponent.</summary>
internal static class AckDelay
{
    /// <summary>No delay worth believing is longer: what a peer reports above it counts as this.</summary>
    private const ulong MaximumMicroseconds = 3_600_000_000;

    /// <summary>What the field of a received ACK frame means; saturates at an hour.</summary>
    /// <param name="field">Any value of the wire.</param>
    /// <param name="exponent">The sender's ack_delay_exponent, 0 to 20.</param>
    public static TimeSpan Decode(ulong field, int exponent)
    {
        ulong microseconds = field > (MaximumMicroseconds >> exponent) ? MaximumMicroseconds : field << exponent;
        return TimeSpan.FromTicks((long)microseconds * TimeSpan.TicksPerMicrosecond);
    }

    /// <summary>The field for a delay of ours, rounded down.</summary>
    public static ulong Encode(TimeSpan delay, int exponent) =>
        delay <= TimeSpan.Zero ? 0 : (ulong)(delay.Ticks / TimeSpan.TicksPerMicrosecond) >> exponent;
}
