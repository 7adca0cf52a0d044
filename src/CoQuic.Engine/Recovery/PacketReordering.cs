using System;

namespace CoQuic.Engine;

/// <summary>
/// How many packets may overtake one before it counts as lost (RFC 9002 §6.1.1): more on a path that was seen to reorder.
/// </summary>
internal sealed class PacketReordering
{
    /// <summary>kPacketThreshold, from which it starts.</summary>
    public const int InitialThreshold = 3;

    /// <summary>The most: a peer that acknowledges late on purpose delays our repairs no further than to the time threshold.</summary>
    public const int MaximumThreshold = 64;

    public int Threshold { get; private set; } = InitialThreshold;

    /// <summary>A packet that was declared lost arrived after all, when so many later ones had been acknowledged.</summary>
    public void OnSpuriousLoss(ulong overtakenBy) =>
        Threshold = (int)Math.Clamp(unchecked(overtakenBy + 1), (ulong)Threshold, MaximumThreshold);
}
