using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CoQuic.Engine;

/// <summary>
/// GHASH (NIST SP 800-38D §6.4) with the carry-less multiplication of the processor.
/// </summary>
/// <remarks>
/// Blocks are byte-reversed and multiplied as POLYVAL does (RFC 8452 §3, §A): with the hash key times x, a product
/// needs no bit reflection, and its reduction takes two multiplications. Up to 16 blocks, each with its own power of
/// the key, share one.
/// </remarks>
internal sealed class GhashKey : IDisposable
{
    public const int BlockLength = 16;

    /// <summary>The most blocks that share a reduction.</summary>
    public const int MaximumBlocks = KeyMemory<Vector128<ulong>>.Length;

    // The upper half of x^127 + x^126 + x^121 + 1, by which POLYVAL reduces.
    private const ulong Polynomial = 0xc200000000000000;

    // Descending, H^16 to H^1: n blocks take the last n, so that two neighbours always lie as a wide vector wants them.
    private Vector128<ulong>[] _powers = KeyMemory<Vector128<ulong>>.Take();

    /// <summary>Makes the powers of a hash key.</summary>
    /// <param name="hashKey">The zero block, encrypted.</param>
    public GhashKey(Vector128<byte> hashKey)
    {
        Vector128<ulong> key = TimesX(Reverse(hashKey));
        Vector128<ulong> power = key;
        _powers[^1] = key;
        for (int i = MaximumBlocks - 2; i >= 0; i--)
        {
            power = Multiply(power, key);
            _powers[i] = power;
        }
    }

    public static bool IsSupported => Pclmulqdq.IsSupported && Ssse3.IsSupported && BitConverter.IsLittleEndian;

    private static Vector128<byte> Reversal =>
        Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);

    private static Vector256<byte> WideReversal => Vector256.Create(Reversal, Reversal);

    /// <summary>Takes in bytes, the last block filled up with zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Vector128<ulong> Update(Vector128<ulong> hash, ReadOnlySpan<byte> bytes)
    {
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        int blocks = bytes.Length / BlockLength;
        for (int done = 0; done < blocks;)
        {
            int count = Math.Min(blocks - done, MaximumBlocks);
            hash = UpdateBlocks(hash, ref Unsafe.Add(ref start, BlockLength * done), count);
            done += count;
        }

        ReadOnlySpan<byte> rest = bytes[(BlockLength * blocks)..];
        if (rest.IsEmpty)
            return hash;
        Span<byte> last = stackalloc byte[BlockLength];
        last.Clear();
        rest.CopyTo(last);
        return UpdateBlocks(hash, ref last[0], 1);
    }

    /// <summary>Takes in whole blocks, 1 to <see cref="MaximumBlocks"/> of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector128<ulong> UpdateBlocks(Vector128<ulong> hash, ref byte blocks, int count)
    {
        ref Vector128<ulong> powers = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_powers), MaximumBlocks - count);
        var product = default(Product);
        int i = 0;
        if (Pclmulqdq.V256.IsSupported && Avx2.IsSupported && count > 1)
            product = MultiplyPairs(hash, ref blocks, ref powers, count, out i);
        for (; i < count; i++)
        {
            Vector128<ulong> block = Reverse(Vector128.LoadUnsafe(ref blocks, (nuint)(BlockLength * i)));
            product.Add(i == 0 ? block ^ hash : block, Unsafe.Add(ref powers, i));
        }

        return product.Reduce();
    }

    /// <summary>Takes in the lengths, in bits, of associated data and text: the last block.</summary>
    public Vector128<ulong> UpdateLengths(Vector128<ulong> hash, int associatedDataLength, int textLength)
    {
        // Already reversed: the text's length is the lower half.
        Vector128<ulong> block = Vector128.Create(8UL * (ulong)textLength, 8UL * (ulong)associatedDataLength);
        return Multiply(hash ^ block, _powers[^1]);
    }

    /// <summary>The hash as a block.</summary>
    public static Vector128<byte> ToBlock(Vector128<ulong> hash) => Ssse3.Shuffle(hash.AsByte(), Reversal);

    /// <inheritdoc/>
    public void Dispose() => KeyMemory<Vector128<ulong>>.Return(ref _powers);

    /// <summary>Two blocks at a time, with the multiplication of 256-bit vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Product MultiplyPairs(
        Vector128<ulong> hash, ref byte blocks, ref Vector128<ulong> powers, int count, out int done)
    {
        ref ulong firstPower = ref Unsafe.As<Vector128<ulong>, ulong>(ref powers);
        Vector256<ulong> low = default;
        Vector256<ulong> middle = default;
        Vector256<ulong> high = default;
        Vector256<ulong> carried = Vector256.Create(hash, default);
        for (done = 0; done + 1 < count; done += 2)
        {
            // Two loads: one of 32 bytes would wait until the two stores that have just written them are through.
            nuint offset = (nuint)(BlockLength * done);
            Vector128<byte> even = Vector128.LoadUnsafe(ref blocks, offset);
            Vector128<byte> odd = Vector128.LoadUnsafe(ref blocks, offset + BlockLength);
            Vector256<ulong> pair = Avx2.Shuffle(Vector256.Create(even, odd), WideReversal).AsUInt64() ^ carried;
            carried = default;
            Vector256<ulong> power = Vector256.LoadUnsafe(ref firstPower, (nuint)(2 * done));
            low ^= Pclmulqdq.V256.CarrylessMultiply(pair, power, 0x00);
            high ^= Pclmulqdq.V256.CarrylessMultiply(pair, power, 0x11);
            middle ^= Pclmulqdq.V256.CarrylessMultiply(pair, power, 0x01) ^ Pclmulqdq.V256.CarrylessMultiply(pair, power, 0x10);
        }

        return new Product
        {
            Low = low.GetLower() ^ low.GetUpper(),
            Middle = middle.GetLower() ^ middle.GetUpper(),
            High = high.GetLower() ^ high.GetUpper(),
        };
    }

    private static Vector128<ulong> Reverse(Vector128<byte> block) => Ssse3.Shuffle(block, Reversal).AsUInt64();

    private static Vector128<ulong> Multiply(Vector128<ulong> left, Vector128<ulong> right)
    {
        var product = default(Product);
        product.Add(left, right);
        return product.Reduce();
    }

    /// <summary>Multiplies by x (mulX_POLYVAL, RFC 8452 §A), without a branch on the key.</summary>
    private static Vector128<ulong> TimesX(Vector128<ulong> value)
    {
        ulong low = value.GetElement(0);
        ulong high = value.GetElement(1);
        ulong carry = 0 - (high >> 63);
        return Vector128.Create((low << 1) ^ (carry & 1), ((high << 1) | (low >> 63)) ^ (carry & Polynomial));
    }

    /// <summary>A sum of carry-less products of 256 bits; the middle one stands 64 bits above the low one.</summary>
    private struct Product
    {
        public Vector128<ulong> Low;
        public Vector128<ulong> Middle;
        public Vector128<ulong> High;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector128<ulong> left, Vector128<ulong> right)
        {
            Low ^= Pclmulqdq.CarrylessMultiply(left, right, 0x00);
            High ^= Pclmulqdq.CarrylessMultiply(left, right, 0x11);
            Middle ^= Pclmulqdq.CarrylessMultiply(left, right, 0x01) ^ Pclmulqdq.CarrylessMultiply(left, right, 0x10);
        }

        /// <summary>Divides by x^128 modulo the polynomial: each step clears 64 bits from below.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector128<ulong> Reduce()
        {
            Vector128<ulong> low = Low ^ Sse2.ShiftLeftLogical128BitLane(Middle, 8);
            Vector128<ulong> high = High ^ Sse2.ShiftRightLogical128BitLane(Middle, 8);
            Vector128<ulong> polynomial = Vector128.CreateScalar(Polynomial);
            low = Swap(low) ^ Pclmulqdq.CarrylessMultiply(low, polynomial, 0x00);
            low = Swap(low) ^ Pclmulqdq.CarrylessMultiply(low, polynomial, 0x00);
            return high ^ low;
        }

        private static Vector128<ulong> Swap(Vector128<ulong> value) => Sse2.Shuffle(value.AsUInt32(), 0x4e).AsUInt64();
    }
}
