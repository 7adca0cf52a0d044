using System;
using System.Diagnostics;
using System.Globalization;

namespace CoQuic.Engine;

/// <summary>An instant: a count of microseconds on the caller's monotonic clock. The origin is the caller's choice.</summary>
/// <remarks>Durations are <see cref="TimeSpan"/>; adding saturates instead of overflowing, so "never" is <see cref="MaxValue"/>.</remarks>
/// <param name="Microseconds">Microseconds since the clock's origin; 0 is a legal instant.</param>
// F# Interactive and debuggers show values by ToString; without the attribute they list the properties as well, here and elsewhere.
public readonly record struct TimeUs(
    [property: DebuggerBrowsable(DebuggerBrowsableState.Never)] long Microseconds) : IComparable<TimeUs>, IComparable
{
    /// <summary>The clock's origin.</summary>
    public static readonly TimeUs Zero;

    /// <summary>Later than every instant that can occur: "never".</summary>
    public static readonly TimeUs MaxValue = new(long.MaxValue);

    /// <summary>The instant this many milliseconds after the origin.</summary>
    /// <param name="milliseconds">Milliseconds, fractions allowed.</param>
    public static TimeUs FromMilliseconds(double milliseconds) => new((long)(milliseconds * 1000));

    /// <summary>The earlier of two instants.</summary>
    /// <param name="left">One instant.</param>
    /// <param name="right">The other instant.</param>
    public static TimeUs Min(TimeUs left, TimeUs right) => left <= right ? left : right;

    /// <summary>The later of two instants.</summary>
    /// <param name="left">One instant.</param>
    /// <param name="right">The other instant.</param>
    public static TimeUs Max(TimeUs left, TimeUs right) => left >= right ? left : right;

    /// <summary>The earlier of two instants, of which either may be "never".</summary>
    internal static TimeUs? Earliest(TimeUs? left, TimeUs? right) =>
        left is { } first && right is { } second ? Min(first, second) : left ?? right;

    /// <summary>An instant later by a duration (microsecond resolution); saturates at <see cref="MaxValue"/>.</summary>
    public static TimeUs operator +(TimeUs instant, TimeSpan duration)
    {
        long microseconds = duration.Ticks / TimeSpan.TicksPerMicrosecond;
        if (microseconds > 0 && instant.Microseconds > long.MaxValue - microseconds)
            return MaxValue;
        return new TimeUs(instant.Microseconds + microseconds);
    }

    /// <summary>An instant earlier by a duration (microsecond resolution).</summary>
    public static TimeUs operator -(TimeUs instant, TimeSpan duration) =>
        new(instant.Microseconds - (duration.Ticks / TimeSpan.TicksPerMicrosecond));

    /// <summary>The duration between two instants.</summary>
    public static TimeSpan operator -(TimeUs later, TimeUs earlier) =>
        TimeSpan.FromTicks((later.Microseconds - earlier.Microseconds) * TimeSpan.TicksPerMicrosecond);

    /// <summary>Whether the left instant is earlier.</summary>
    public static bool operator <(TimeUs left, TimeUs right) => left.Microseconds < right.Microseconds;

    /// <summary>Whether the left instant is later.</summary>
    public static bool operator >(TimeUs left, TimeUs right) => left.Microseconds > right.Microseconds;

    /// <summary>Whether the left instant is not later.</summary>
    public static bool operator <=(TimeUs left, TimeUs right) => left.Microseconds <= right.Microseconds;

    /// <summary>Whether the left instant is not earlier.</summary>
    public static bool operator >=(TimeUs left, TimeUs right) => left.Microseconds >= right.Microseconds;

    /// <inheritdoc/>
    public int CompareTo(TimeUs other) => Microseconds.CompareTo(other.Microseconds);

    int IComparable.CompareTo(object? obj) => obj is TimeUs other ? CompareTo(other) : 1;

    /// <summary>Milliseconds with three decimals: <c>12.345 ms</c>.</summary>
    public override string ToString() =>
        this == MaxValue ? "never" : (Microseconds / 1000m).ToString("0.000", CultureInfo.InvariantCulture) + " ms";
}
