using System;

namespace CoQuic.Engine;

/// <summary>Private keys of secp256r1: whole numbers from 1 to n − 1.</summary>
internal static class Secp256r1Scalars
{
    /// <summary>
    /// A draw is out of range once in 2^32; a source that fails this often does not give random bytes.
    /// </summary>
    private const int MaximumDraws = 64;

    /// <summary>n, the order of the group.</summary>
    private static ReadOnlySpan<byte> Order =>
    [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];

    /// <summary>Draws until the number is in range, so that every private key is equally likely.</summary>
    public static byte[] Draw(IEntropy entropy)
    {
        byte[] scalar = new byte[Secp256r1KeyShare.ScalarSize];
        for (int i = 0; i < MaximumDraws; i++)
        {
            entropy.Fill(scalar);
            if (IsInRange(scalar))
                return scalar;
        }
        throw new InvalidOperationException("The entropy source does not give random bytes.");
    }

    private static bool IsInRange(ReadOnlySpan<byte> scalar) =>
        scalar.ContainsAnyExcept((byte)0) && scalar.SequenceCompareTo(Order) < 0;
}
