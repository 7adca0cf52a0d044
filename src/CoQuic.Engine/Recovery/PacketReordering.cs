using System;

namespace CoQuic.Engine;

/// <summary>
/// How many packets may overtake one before it counts as lost (RFC 9002 §6.1.1), and how late it may come (RFC 9002 §6.1.2): more, and
/// later, on a path that was seen to reorder.
/// </summary>
internal sealed class PacketReordering
{
    /// <summary>kPacketThreshold, from which it starts.</summary>
    public const int InitialThreshold = 3;

    /// <summary>The most: a peer that acknowledges late on purpose delays our repairs no further than to the time threshold.</summary>
    public const int MaximumThreshold = 64;

    /// <summary>kTimeThreshold in eighths of a round trip, from which it starts.</summary>
    public const int InitialTimeEighths = 9;

    /// <summary>The most: two round trips.</summary>
    public const int MaximumTimeEighths = 16;

    public int Threshold { get; private set; } = InitialThreshold;

    /// <summary>How long a packet is waited for, in eighths of a round trip.</summary>
    public int TimeEighths { get; private set; } = InitialTimeEighths;

    /// <summary>A packet that was declared lost arrived after all.</summary>
    /// <param name="overtakenBy">So many later ones had been acknowledged.</param>
    /// <param name="age">How long ago it was sent.</param>
    /// <param name="roundTrip">The round trip that the time threshold counts in.</param>
    public void OnSpuriousLoss(ulong overtakenBy, TimeSpan age, TimeSpan roundTrip)
    {
        Threshold = (int)Math.Clamp(unchecked(overtakenBy + 1), (ulong)Threshold, MaximumThreshold);
        if (roundTrip > TimeSpan.Zero)
            TimeEighths = (int)Math.Clamp((8 * age.Ticks / roundTrip.Ticks) + 1, TimeEighths, MaximumTimeEighths);
    }
}
