using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// The function X25519 (RFC 7748 §5): the Montgomery ladder, whose steps and memory accesses are the same for every scalar.
/// </summary>
internal static class X25519
{
    public const int ScalarSize = 32;
    public const int PointSize = FieldElement25519.Size;

    /// <summary>a24 = (486662 − 2) / 4, of the curve's equation.</summary>
    private const uint A24 = 121665;

    /// <summary>The bits of a scalar that decide: bit 254 is always set, bit 255 never.</summary>
    private const int HighestBit = 254;

    /// <summary>The public key of a private key (RFC 7748 §6.1).</summary>
    public static void MultiplyBase(ReadOnlySpan<byte> scalar, Span<byte> result)
    {
        Span<byte> clamped = stackalloc byte[ScalarSize];
        Clamp(scalar, clamped);
        X25519Base.Multiply(clamped).Write(result);
        CryptographicOperations.ZeroMemory(clamped);
    }

    /// <summary>The multiple of a point by a scalar, which is clamped first.</summary>
    /// <param name="scalar">32 bytes.</param>
    /// <param name="point">A u-coordinate, 32 bytes; any are taken.</param>
    /// <param name="result">Where the u-coordinate of the product goes, 32 bytes; all zeros for a point of small order.</param>
    public static void Multiply(ReadOnlySpan<byte> scalar, ReadOnlySpan<byte> point, Span<byte> result)
    {
        Span<byte> clamped = stackalloc byte[ScalarSize];
        Clamp(scalar, clamped);
        Climb(clamped, FieldElement25519.Read(point)).Write(result);
        CryptographicOperations.ZeroMemory(clamped);
    }

    /// <summary>RFC 7748 §5: a multiple of the cofactor, of a fixed length.</summary>
    private static void Clamp(ReadOnlySpan<byte> scalar, Span<byte> clamped)
    {
        scalar[..ScalarSize].CopyTo(clamped);
        clamped[0] &= 0xf8;
        clamped[31] &= 0x7f;
        clamped[31] |= 0x40;
    }

    /// <summary>The ladder, with the names of RFC 7748 §5.</summary>
    private static FieldElement25519 Climb(ReadOnlySpan<byte> scalar, in FieldElement25519 x1)
    {
        FieldElement25519 x2 = FieldElement25519.One;
        FieldElement25519 z2 = FieldElement25519.Zero;
        FieldElement25519 x3 = x1;
        FieldElement25519 z3 = FieldElement25519.One;
        ulong swap = 0;
        for (int t = HighestBit; t >= 0; t--)
        {
            ulong bit = (ulong)(scalar[t >> 3] >> (t & 7)) & 1;
            swap ^= bit;
            FieldElement25519.SwapIf(swap, ref x2, ref x3);
            FieldElement25519.SwapIf(swap, ref z2, ref z3);
            swap = bit;

            FieldElement25519 a = x2 + z2;
            FieldElement25519 b = x2 - z2;
            FieldElement25519 da = (x3 - z3) * a;
            FieldElement25519 cb = (x3 + z3) * b;
            x3 = (da + cb).Square();
            z3 = x1 * (da - cb).Square();

            FieldElement25519 aa = a.Square();
            FieldElement25519 bb = b.Square();
            FieldElement25519 e = aa - bb;
            x2 = aa * bb;
            z2 = e * (aa + e.Times(A24));
        }
        FieldElement25519.SwapIf(swap, ref x2, ref x3);
        FieldElement25519.SwapIf(swap, ref z2, ref z3);
        return x2 * z2.Invert();
    }
}
