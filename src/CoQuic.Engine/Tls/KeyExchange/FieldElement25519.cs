using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace CoQuic.Engine;

/// <summary>
/// A number modulo p = 2^255 − 19 in five limbs of 51 bits, least significant first (RFC 7748 §4.1). No operation branches
/// on a value or uses one as an index.
/// </summary>
/// <remarks>
/// What is read, and products, have limbs below 2^51 + 2^13; a sum or a difference of two such elements has limbs below 2^52.6.
/// Products take limbs below 2^52.7: one addition or subtraction needs no carrying before the next product, two would.
/// </remarks>
internal readonly struct FieldElement25519
{
    public const int Size = 32;

    private const int LimbBits = 51;
    private const ulong LimbMask = (1UL << LimbBits) - 1;

    // The limbs of 2p: added before a subtraction, so that no limb falls below zero.
    private const ulong TwiceLowestLimb = (1UL << 52) - 38;
    private const ulong TwiceOtherLimb = (1UL << 52) - 2;

    public static readonly FieldElement25519 Zero;
    public static readonly FieldElement25519 One = new(1, 0, 0, 0, 0);

    private readonly ulong _limb0;
    private readonly ulong _limb1;
    private readonly ulong _limb2;
    private readonly ulong _limb3;
    private readonly ulong _limb4;

    private FieldElement25519(ulong limb0, ulong limb1, ulong limb2, ulong limb3, ulong limb4)
    {
        _limb0 = limb0;
        _limb1 = limb1;
        _limb2 = limb2;
        _limb3 = limb3;
        _limb4 = limb4;
    }

    /// <summary>Reads 32 bytes, least significant first; the highest bit is ignored, and numbers from p on are taken (RFC 7748 §5).</summary>
    public static FieldElement25519 Read(ReadOnlySpan<byte> bytes)
    {
        ulong word0 = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        ulong word1 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        ulong word2 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        ulong word3 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]);
        return new FieldElement25519(
            word0 & LimbMask,
            ((word0 >> 51) | (word1 << 13)) & LimbMask,
            ((word1 >> 38) | (word2 << 26)) & LimbMask,
            ((word2 >> 25) | (word3 << 39)) & LimbMask,
            (word3 >> 12) & LimbMask);
    }

    /// <summary>Writes the number itself, below p, in 32 bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        FieldElement25519 carried = Carry(_limb0, _limb1, _limb2, _limb3, _limb4);
        // Now below 2p. The carry out of (number + 19) tells whether p still has to be taken away.
        ulong excess = (carried._limb0 + 19) >> LimbBits;
        excess = (carried._limb1 + excess) >> LimbBits;
        excess = (carried._limb2 + excess) >> LimbBits;
        excess = (carried._limb3 + excess) >> LimbBits;
        excess = (carried._limb4 + excess) >> LimbBits;

        ulong limb0 = carried._limb0 + (19 * excess);
        ulong limb1 = carried._limb1 + (limb0 >> LimbBits);
        ulong limb2 = carried._limb2 + (limb1 >> LimbBits);
        ulong limb3 = carried._limb3 + (limb2 >> LimbBits);
        ulong limb4 = carried._limb4 + (limb3 >> LimbBits);
        limb0 &= LimbMask;
        limb1 &= LimbMask;
        limb2 &= LimbMask;
        limb3 &= LimbMask;
        limb4 &= LimbMask;

        BinaryPrimitives.WriteUInt64LittleEndian(bytes, limb0 | (limb1 << 51));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], (limb1 >> 13) | (limb2 << 38));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], (limb2 >> 26) | (limb3 << 25));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], (limb3 >> 39) | (limb4 << 12));
    }

    public static FieldElement25519 operator +(in FieldElement25519 a, in FieldElement25519 b) => new(
        a._limb0 + b._limb0, a._limb1 + b._limb1, a._limb2 + b._limb2, a._limb3 + b._limb3, a._limb4 + b._limb4);

    public static FieldElement25519 operator -(in FieldElement25519 a, in FieldElement25519 b) => new(
        a._limb0 + TwiceLowestLimb - b._limb0,
        a._limb1 + TwiceOtherLimb - b._limb1,
        a._limb2 + TwiceOtherLimb - b._limb2,
        a._limb3 + TwiceOtherLimb - b._limb3,
        a._limb4 + TwiceOtherLimb - b._limb4);

    // AggressiveOptimization, here and for squares: the first handshake of a process calls them two thousand times.

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static FieldElement25519 operator *(in FieldElement25519 a, in FieldElement25519 b)
    {
        ulong a0 = a._limb0 << Column.FirstShift;
        ulong a1 = a._limb1 << Column.FirstShift;
        ulong a2 = a._limb2 << Column.FirstShift;
        ulong a3 = a._limb3 << Column.FirstShift;
        ulong a4 = a._limb4 << Column.FirstShift;
        ulong b0 = b._limb0 << Column.SecondShift;
        ulong b1 = b._limb1 << Column.SecondShift;
        ulong b2 = b._limb2 << Column.SecondShift;
        ulong b3 = b._limb3 << Column.SecondShift;
        ulong b4 = b._limb4 << Column.SecondShift;
        // 2^255 = 19: what passes the fifth limb comes back to the first.
        ulong folded1 = 19 * b1;
        ulong folded2 = 19 * b2;
        ulong folded3 = 19 * b3;
        ulong folded4 = 19 * b4;
        return Reduce(
            Column.Of(a0, b0).Plus(a1, folded4).Plus(a2, folded3).Plus(a3, folded2).Plus(a4, folded1),
            Column.Of(a0, b1).Plus(a1, b0).Plus(a2, folded4).Plus(a3, folded3).Plus(a4, folded2),
            Column.Of(a0, b2).Plus(a1, b1).Plus(a2, b0).Plus(a3, folded4).Plus(a4, folded3),
            Column.Of(a0, b3).Plus(a1, b2).Plus(a2, b1).Plus(a3, b0).Plus(a4, folded4),
            Column.Of(a0, b4).Plus(a1, b3).Plus(a2, b2).Plus(a3, b1).Plus(a4, b0));
    }

    /// <summary>The same number with limbs as a product has them, so that it may be added to again before it is multiplied.</summary>
    public FieldElement25519 Carried() => Carry(_limb0, _limb1, _limb2, _limb3, _limb4);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public FieldElement25519 Square()
    {
        // Equal products come in pairs, and shifted one bit further a factor counts twice.
        ulong single0 = _limb0 << Column.FirstShift;
        ulong single1 = _limb1 << Column.FirstShift;
        ulong single2 = _limb2 << Column.FirstShift;
        ulong single3 = _limb3 << Column.FirstShift;
        ulong single4 = _limb4 << Column.FirstShift;
        ulong twice0 = _limb0 << Column.SecondShift;
        ulong twice1 = _limb1 << Column.SecondShift;
        ulong twice2 = _limb2 << Column.SecondShift;
        ulong twice3 = _limb3 << Column.SecondShift;
        ulong twice4 = _limb4 << Column.SecondShift;
        ulong folded3 = 19 * twice3;
        ulong folded4 = 19 * twice4;
        return Reduce(
            Column.Of(single0, twice0).Plus(twice1, folded4).Plus(twice2, folded3),
            Column.Of(twice0, twice1).Plus(twice2, folded4).Plus(single3, folded3),
            Column.Of(twice0, twice2).Plus(single1, twice1).Plus(twice3, folded4),
            Column.Of(twice0, twice3).Plus(twice1, twice2).Plus(single4, folded4),
            Column.Of(twice0, twice4).Plus(twice1, twice3).Plus(single2, twice2));
    }

    /// <summary>The product with a small number, at most 17 bits.</summary>
    public FieldElement25519 Times(uint factor)
    {
        ulong shifted = (ulong)factor << Column.SecondShift;
        return Reduce(
            Column.Of(_limb0 << Column.FirstShift, shifted),
            Column.Of(_limb1 << Column.FirstShift, shifted),
            Column.Of(_limb2 << Column.FirstShift, shifted),
            Column.Of(_limb3 << Column.FirstShift, shifted),
            Column.Of(_limb4 << Column.FirstShift, shifted));
    }

    /// <summary>The inverse: the power of p − 2. Zero stays zero.</summary>
    public FieldElement25519 Invert()
    {
        FieldElement25519 power2 = Square();
        FieldElement25519 power9 = power2.SquareTimes(2) * this;
        FieldElement25519 power11 = power9 * power2;
        // Each name says how many ones the exponent has, in binary.
        FieldElement25519 ones5 = power11.Square() * power9;
        FieldElement25519 ones10 = ones5.SquareTimes(5) * ones5;
        FieldElement25519 ones20 = ones10.SquareTimes(10) * ones10;
        FieldElement25519 ones40 = ones20.SquareTimes(20) * ones20;
        FieldElement25519 ones50 = ones40.SquareTimes(10) * ones10;
        FieldElement25519 ones100 = ones50.SquareTimes(50) * ones50;
        FieldElement25519 ones200 = ones100.SquareTimes(100) * ones100;
        FieldElement25519 ones250 = ones200.SquareTimes(50) * ones50;
        return ones250.SquareTimes(5) * power11;
    }

    /// <summary>Exchanges two elements if <paramref name="bit"/> is 1, in the same time as if it is 0.</summary>
    public static void SwapIf(ulong bit, ref FieldElement25519 a, ref FieldElement25519 b)
    {
        ulong mask = 0 - bit;
        ulong difference0 = mask & (a._limb0 ^ b._limb0);
        ulong difference1 = mask & (a._limb1 ^ b._limb1);
        ulong difference2 = mask & (a._limb2 ^ b._limb2);
        ulong difference3 = mask & (a._limb3 ^ b._limb3);
        ulong difference4 = mask & (a._limb4 ^ b._limb4);
        a = a.Xor(difference0, difference1, difference2, difference3, difference4);
        b = b.Xor(difference0, difference1, difference2, difference3, difference4);
    }

    private FieldElement25519 Xor(ulong limb0, ulong limb1, ulong limb2, ulong limb3, ulong limb4) =>
        new(_limb0 ^ limb0, _limb1 ^ limb1, _limb2 ^ limb2, _limb3 ^ limb3, _limb4 ^ limb4);

    private FieldElement25519 SquareTimes(int count)
    {
        FieldElement25519 power = this;
        for (int i = 0; i < count; i++)
            power = power.Square();
        return power;
    }

    /// <summary>
    /// Carries each column's upper part into the next, the last one's times 19 into the first; then once more, since a column of five
    /// products has more than 51 bits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static FieldElement25519 Reduce(Column column0, Column column1, Column column2, Column column3, Column column4) =>
        Carry(
            column0.Lower + (19 * column4.Upper),
            column1.Lower + column0.Upper,
            column2.Lower + column1.Upper,
            column3.Lower + column2.Upper,
            column4.Lower + column3.Upper);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static FieldElement25519 Carry(ulong limb0, ulong limb1, ulong limb2, ulong limb3, ulong limb4)
    {
        limb1 += limb0 >> LimbBits;
        limb2 += limb1 >> LimbBits;
        limb3 += limb2 >> LimbBits;
        limb4 += limb3 >> LimbBits;
        limb0 = (limb0 & LimbMask) + (19 * (limb4 >> LimbBits));
        return new FieldElement25519(
            limb0, limb1 & LimbMask, limb2 & LimbMask, limb3 & LimbMask, limb4 & LimbMask);
    }

    /// <summary>
    /// A sum of products of limbs, each product split at 2^51, so that nothing is carried while summing: a lower part has 51 bits, an
    /// upper one fewer than 61. Of the factors of a product, one comes shifted left by 6 bits and one by 7: so the upper of its two
    /// words begins at 2^51.
    /// </summary>
    private readonly record struct Column(ulong Lower, ulong Upper)
    {
        public const int FirstShift = 6;
        public const int SecondShift = 7;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Column Of(ulong a, ulong b) => new((a * b) >> (FirstShift + SecondShift), UpperWord(a, b));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Column Plus(ulong a, ulong b) =>
            new(Lower + ((a * b) >> (FirstShift + SecondShift)), Upper + UpperWord(a, b));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ulong UpperWord(ulong a, ulong b) =>
            Bmi2.X64.IsSupported ? Bmi2.X64.MultiplyNoFlags(a, b) : Math.BigMul(a, b, out _);
    }
}
