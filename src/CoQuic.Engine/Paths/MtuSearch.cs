using System;

namespace CoQuic.Engine;

/// <summary>
/// Which size to probe next (RFC 8899 §5.3.2): the most that may be sent, which is usually right; then what Ethernet carries; then
/// halves of what is left, and never more than twice what is known, so that a failure costs little.
/// </summary>
internal static class MtuSearch
{
    /// <summary>A gain below this is not worth a probe.</summary>
    public const int SmallestStep = 16;

    /// <summary>UDP payloads of an Ethernet frame over IPv4 and over IPv6.</summary>
    private static readonly int[] CommonSizes = [1472, 1452];

    /// <param name="known">The largest size that gets through.</param>
    /// <param name="refuted">The smallest size that does not; one more than the ceiling when there is none.</param>
    /// <param name="ceiling">The most that may be sent.</param>
    /// <param name="window">What congestion control admits.</param>
    /// <returns>The size; not above <paramref name="known"/> when no probe is worth while, or none is admitted.</returns>
    public static int Next(int known, int refuted, int ceiling, ulong window)
    {
        if (IsDone(known, refuted))
            return known;
        if (refuted > ceiling && (ulong)ceiling <= window)
            return ceiling;
        foreach (int common in CommonSizes)
        {
            if (known < common && common < refuted)
                return common;
        }

        int halfway = known + ((refuted - known) / 2);
        int size = Math.Min(halfway, 2 * known);
        return (ulong)size <= window || window < (ulong)(known + SmallestStep) ? size : (int)window;
    }

    /// <summary>Whether the size that gets through and the one that does not are neighbours.</summary>
    public static bool IsDone(int known, int refuted) =>
        refuted - known <= SmallestStep && !Array.Exists(CommonSizes, common => known < common && common < refuted);
}
