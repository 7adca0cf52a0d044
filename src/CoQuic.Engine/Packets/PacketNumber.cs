using System.Diagnostics;
using System.Numerics;

namespace CoQuic.Engine;

/// <summary>Packet numbers on the wire: only the low bytes of one are sent (RFC 9000 §17.1).</summary>
internal static class PacketNumber
{
    /// <summary>The last packet number; a sender that reaches it closes (RFC 9000 §12.3).</summary>
    public const ulong MaxValue = VarInt.MaxValue;

    public const int MaximumLength = 4;

    /// <summary>How many bytes of a packet number to send, 1 to 4 (RFC 9000 §17.1, §A.2).</summary>
    /// <param name="packetNumber">The packet number.</param>
    /// <param name="largestAcknowledged">The largest number that the peer acknowledged in this space, if any.</param>
    public static int EncodedLength(ulong packetNumber, ulong? largestAcknowledged)
    {
        Debug.Assert(largestAcknowledged is null || packetNumber > largestAcknowledged, "packet numbers rise");
        ulong unacknowledged = largestAcknowledged is { } largest ? packetNumber - largest : packetNumber + 1;

        // The receiver must see twice the range, so that it can tell which side of its window the number lies on.
        int bits = BitOperations.Log2(unacknowledged) + (BitOperations.IsPow2(unacknowledged) ? 1 : 2);
        int length = (bits + 7) / 8;
        return length > MaximumLength ? MaximumLength : length;
    }

    /// <summary>The packet number that is nearest to the one expected next (RFC 9000 §A.3).</summary>
    /// <param name="largest">The largest number received in this space, if any.</param>
    /// <param name="truncated">The low bits that were sent.</param>
    /// <param name="bits">How many: 8, 16, 24 or 32.</param>
    public static ulong Decode(ulong? largest, uint truncated, int bits)
    {
        ulong expected = largest is { } number ? number + 1 : 0;
        ulong window = 1UL << bits;
        ulong half = window / 2;
        ulong candidate = (expected & ~(window - 1)) | truncated;
        if (candidate + half <= expected && candidate < (1UL << 62) - window)
            return candidate + window;
        if (candidate > expected + half && candidate >= window)
            return candidate - window;
        return candidate;
    }
}
