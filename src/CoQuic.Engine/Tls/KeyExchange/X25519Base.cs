using System;

namespace CoQuic.Engine;

/// <summary>
/// X25519 of the base point, from multiples of it that are computed once: a ladder that climbs from the lowest bit, with one addition a
/// step in place of an addition and a doubling (Oliveira et al., "How to (pre-)compute a ladder", 2017). Steps and memory accesses are
/// the same for every scalar.
/// </summary>
internal static class X25519Base
{
    /// <summary>Clamped scalars are multiples of 8: these bits decide, from bit 3 on.</summary>
    private const int Bits = 252;
    private const int FirstBit = 3;

    /// <summary>(u + 1) / (u − 1) of the base point times 2^i, for each bit i.</summary>
    private static readonly FieldElement25519[] Multiples = Precompute();

    /// <summary>u = 9 (RFC 7748 §4.1).</summary>
    private static ReadOnlySpan<byte> BasePoint =>
    [
        9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    /// <summary>
    /// u of the base point minus a point S of order 4, which has u = 1. It is a root of u² − 273750.5 u + 1, as the product of u(P + S)
    /// and u(P − S) is 1; the other root would do as well, with −S.
    /// </summary>
    private static ReadOnlySpan<byte> BaseMinusFourth =>
    [
        0x90, 0x82, 0xd4, 0x37, 0x01, 0x1e, 0x6b, 0x81, 0x07, 0x12, 0x4d, 0xeb, 0x51, 0x6a, 0x0f, 0x44,
        0x1d, 0xb7, 0xa2, 0xdc, 0x46, 0x5f, 0x38, 0x52, 0xcb, 0x54, 0x83, 0x1d, 0x11, 0x32, 0x51, 0x21,
    ];

    /// <summary>The multiple of the base point by a clamped scalar.</summary>
    /// <param name="scalar">32 bytes, clamped (RFC 7748 §5).</param>
    public static FieldElement25519 Multiply(ReadOnlySpan<byte> scalar)
    {
        // Before step i, sum = S + (the lower bits of scalar / 8) P, and difference = 2^i P − sum. From S none of them comes to a point
        // that the formulas do not cover, and three doublings make it vanish in the end.
        FieldElement25519 sumX = FieldElement25519.One;
        FieldElement25519 sumZ = FieldElement25519.One;
        FieldElement25519 differenceX = FieldElement25519.Read(BaseMinusFourth);
        FieldElement25519 differenceZ = FieldElement25519.One;
        FieldElement25519[] multiples = Multiples;
        ulong swap = 0;
        for (int i = 0; i < Bits; i++)
        {
            // A set bit adds to the sum, a clear one to the difference; the other stays, and is the difference that the addition takes.
            int t = i + FirstBit;
            ulong isClear = (ulong)(~scalar[t >> 3] >> (t & 7)) & 1;
            FieldElement25519.SwapIf(swap ^ isClear, ref sumX, ref differenceX);
            FieldElement25519.SwapIf(swap ^ isClear, ref sumZ, ref differenceZ);
            swap = isClear;

            FieldElement25519 a = (sumX + sumZ).Carried();
            FieldElement25519 b = (sumX - sumZ) * multiples[i];
            sumX = differenceZ * (a + b).Square();
            sumZ = differenceX * (a - b).Square();
        }

        FieldElement25519.SwapIf(swap, ref sumX, ref differenceX);
        FieldElement25519.SwapIf(swap, ref sumZ, ref differenceZ);
        for (int i = 0; i < FirstBit; i++)
            X25519.Double(ref sumX, ref sumZ);
        return sumX * sumZ.Invert();
    }

    private static FieldElement25519[] Precompute()
    {
        var multiples = new FieldElement25519[Bits];
        FieldElement25519 x = FieldElement25519.Read(BasePoint);
        FieldElement25519 z = FieldElement25519.One;
        for (int i = 0; i < Bits; i++)
        {
            multiples[i] = (x + z) * (x - z).Invert();
            X25519.Double(ref x, ref z);
        }

        return multiples;
    }
}
