using System;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// X25519 of the base point, from multiples of it that are computed once: the scalar in 64 digits from −8 to 8, and one addition for each
/// ("High-speed high-security signatures", Bernstein et al., 2011, §4). Steps and memory accesses are the same for every scalar.
/// </summary>
internal static class X25519Base
{
    private const int Digits = 64;
    private const int DigitBits = 4;

    /// <summary>One row for two digits: the odd ones come first, and are multiplied by 16 together.</summary>
    private const int Rows = Digits / 2;

    /// <summary>A row has the multiples from 0 to 8.</summary>
    private const int RowLength = (1 << (DigitBits - 1)) + 1;

    /// <summary>j 256^i times the base point, for each row i and column j.</summary>
    private static readonly EdwardsPoint25519.Addend[] Multiples = Precompute();

    /// <summary>The multiple of the base point by a clamped scalar.</summary>
    /// <param name="scalar">32 bytes, clamped (RFC 7748 §5).</param>
    public static FieldElement25519 Multiply(ReadOnlySpan<byte> scalar)
    {
        Span<sbyte> digits = stackalloc sbyte[Digits];
        Recode(scalar, digits);
        EdwardsPoint25519 sum = AddDigits(EdwardsPoint25519.Neutral, digits[1..]);
        for (int bit = 0; bit < DigitBits; bit++)
            sum = sum.Double();
        sum = AddDigits(sum, digits);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(digits));
        return sum.ToU();
    }

    /// <summary>Four bits a digit, least significant first; one above 7 becomes negative, and the next one more.</summary>
    private static void Recode(ReadOnlySpan<byte> scalar, Span<sbyte> digits)
    {
        int carry = 0;
        for (int i = 0; i < Digits; i++)
        {
            int digit = ((scalar[i / 2] >> (DigitBits * (i & 1))) & 0xf) + carry;
            // The last digit is 7 at most before the carry, since a scalar has 255 bits.
            carry = i < Digits - 1 ? (digit + 8) >> DigitBits : 0;
            digits[i] = (sbyte)(digit - (carry << DigitBits));
        }
    }

    /// <summary>Adds the multiples that every other digit stands for, the first one's first.</summary>
    private static EdwardsPoint25519 AddDigits(EdwardsPoint25519 sum, ReadOnlySpan<sbyte> digits)
    {
        for (int row = 0; row < Rows; row++)
            sum = sum.Add(Select(Multiples.AsSpan(RowLength * row, RowLength), digits[2 * row]));
        return sum;
    }

    /// <summary>Reads a whole row and keeps the multiple that a digit stands for: where it lies tells nothing about the digit.</summary>
    private static EdwardsPoint25519.Addend Select(ReadOnlySpan<EdwardsPoint25519.Addend> row, int digit)
    {
        int sign = digit >> 31;
        (FieldElement25519 sum, FieldElement25519 difference, FieldElement25519 product) = Read(row, (digit ^ sign) - sign);

        // The negative of a point has −x for x.
        ulong isNegative = (ulong)-sign;
        FieldElement25519 negative = FieldElement25519.Zero - product;
        FieldElement25519.SwapIf(isNegative, ref sum, ref difference);
        FieldElement25519.SwapIf(isNegative, ref product, ref negative);
        return new EdwardsPoint25519.Addend(sum, difference, product);
    }

    /// <summary>The limbs of all multiples in a row, in vectors of four of which the last overlap, masked to those of one column.</summary>
    private static EdwardsPoint25519.Addend Read(ReadOnlySpan<EdwardsPoint25519.Addend> row, int column)
    {
        var read = default(EdwardsPoint25519.Addend);
        Span<ulong> destination = MemoryMarshal.Cast<EdwardsPoint25519.Addend, ulong>(new Span<EdwardsPoint25519.Addend>(ref read));
        ReadOnlySpan<ulong> limbs = MemoryMarshal.Cast<EdwardsPoint25519.Addend, ulong>(row);
        Vector256<ulong> a = default, b = default, c = default, d = default;
        for (int j = 0; j < RowLength; j++)
        {
            // All ones where j is the column, zero elsewhere.
            Vector256<ulong> mask = Vector256.Create((ulong)(long)(((column ^ j) - 1) >> 31));
            ReadOnlySpan<ulong> multiple = limbs.Slice(destination.Length * j, destination.Length);
            a |= Vector256.Create(multiple) & mask;
            b |= Vector256.Create(multiple[4..]) & mask;
            c |= Vector256.Create(multiple[8..]) & mask;
            d |= Vector256.Create(multiple[^4..]) & mask;
        }

        a.CopyTo(destination);
        b.CopyTo(destination[4..]);
        c.CopyTo(destination[8..]);
        d.CopyTo(destination[^4..]);
        return read;
    }

    private static EdwardsPoint25519.Addend[] Precompute()
    {
        var points = new EdwardsPoint25519[Rows * RowLength];
        EdwardsPoint25519 first = EdwardsPoint25519.Base;
        for (int row = 0; row < Rows; row++)
        {
            Span<EdwardsPoint25519> multiples = points.AsSpan(RowLength * row, RowLength);
            multiples[0] = EdwardsPoint25519.Neutral;
            for (int j = 1; j < RowLength; j++)
                multiples[j] = multiples[j - 1].Add(first);
            // From 8 times to 256 times.
            first = multiples[RowLength - 1];
            for (int bit = DigitBits - 1; bit < 2 * DigitBits; bit++)
                first = first.Double();
        }

        return Normalize(points);
    }

    /// <summary>Brings points to Z = 1 with one inversion: that of the product of all, from which each is taken in turn.</summary>
    private static EdwardsPoint25519.Addend[] Normalize(ReadOnlySpan<EdwardsPoint25519> points)
    {
        var productsBefore = new FieldElement25519[points.Length];
        FieldElement25519 product = FieldElement25519.One;
        for (int i = 0; i < points.Length; i++)
        {
            productsBefore[i] = product;
            product *= points[i].Z;
        }

        var normalized = new EdwardsPoint25519.Addend[points.Length];
        FieldElement25519 inverse = product.Invert();
        for (int i = points.Length - 1; i >= 0; i--)
        {
            normalized[i] = points[i].AsAddend(inverse * productsBefore[i]);
            inverse *= points[i].Z;
        }

        return normalized;
    }
}
