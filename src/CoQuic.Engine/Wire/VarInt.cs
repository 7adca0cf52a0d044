using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>
/// Variable-length integers (RFC 9000 §16): 62 bits in 1, 2, 4 or 8 bytes, the length in the two high bits.
/// </summary>
internal static class VarInt
{
    /// <summary>The largest value that can be written, 2^62 − 1.</summary>
    public const ulong MaxValue = (1UL << 62) - 1;

    public const int MaximumSize = 8;

    /// <summary>The fewest bytes that hold a value: 1, 2, 4 or 8.</summary>
    public static int Size(ulong value)
    {
        Debug.Assert(value <= MaxValue, "a variable-length integer has 62 bits");
        if (value < 1 << 6)
            return 1;
        if (value < 1 << 14)
            return 2;
        return value < 1 << 30 ? 4 : 8;
    }
}
